"""Which data files a module opens beside itself: paths that its source builds from ``__file__``."""

from __future__ import annotations

import ast
import os
from collections.abc import Iterator
from pathlib import Path

from mdc_source import Module

_AS_IT_IS = {"Path", "resolve", "absolute", "abspath", "realpath", "str", "fspath"}


def data_files(module: Module) -> Iterator[Path]:
    """Yield each path with a literal part that the module builds from the place of its own file."""
    tree = module.tree
    assigned = [node for node in ast.walk(tree) if isinstance(node, ast.Assign)]
    names = {target.id: node.value for node in assigned for target in node.targets if isinstance(target, ast.Name)}
    yield from _outermost(tree, _Reader(module.path, names))


def _outermost(node: ast.AST, reader: _Reader) -> Iterator[Path]:
    for child in ast.iter_child_nodes(node):
        path = reader.path(child) if isinstance(child, ast.expr) and _joins(child) else None
        if path is None:
            yield from _outermost(child, reader)
        else:
            yield path


def _joins(node: ast.expr) -> bool:
    if isinstance(node, ast.BinOp):
        return isinstance(node.op, ast.Div)
    return isinstance(node, ast.Call) and _called(node) in {"join", "joinpath", "with_name"}


def _called(node: ast.Call) -> str:
    return node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")


class _Reader:
    """Works out path expressions of one module; what depends on anything but ``__file__`` is None."""

    def __init__(self, source: Path, names: dict[str, ast.expr]) -> None:
        self._source, self._names = source, names
        self._open: set[str] = set()

    def path(self, node: ast.expr) -> Path | None:
        """Give the path that the expression comes to."""
        if isinstance(node, ast.Name):
            return self._named(node.id)
        if isinstance(node, ast.Attribute) and node.attr == "parent":
            return base.parent if (base := self.path(node.value)) else None
        if isinstance(node, ast.Subscript):
            return self._ancestor(node)
        if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Div):
            base = self.path(node.left)
            return _extended(base, [node.right]) if base else None
        if isinstance(node, ast.Call):
            return self._call(node)
        return None

    def _named(self, name: str) -> Path | None:
        if name == "__file__":
            return self._source
        if name not in self._names or name in self._open:
            return None
        self._open.add(name)
        found = self.path(self._names[name])
        self._open.discard(name)
        return found

    def _ancestor(self, node: ast.Subscript) -> Path | None:
        if not (isinstance(node.value, ast.Attribute) and node.value.attr == "parents"):
            return None
        base, index = self.path(node.value.value), node.slice
        if base is None or not (isinstance(index, ast.Constant) and isinstance(index.value, int)):
            return None
        return base.parents[index.value]

    def _call(self, node: ast.Call) -> Path | None:
        parts = node.args
        if isinstance(node.func, ast.Attribute) and self.path(node.func.value) is not None:
            parts = [node.func.value, *parts]  # A method of a path: what it is called on goes first.
        base = self.path(parts[0]) if parts else None
        called = _called(node)
        if base is None:
            return None
        if called in {"join", "joinpath"}:
            return _extended(base, parts[1:])
        if called == "with_name":
            return _extended(base.parent, parts[1:])
        if called == "dirname":
            return base.parent
        return base if called in _AS_IT_IS else None


def _extended(base: Path, rest: list[ast.expr]) -> Path | None:
    texts = [part.value for part in rest if isinstance(part, ast.Constant) and isinstance(part.value, str)]
    return Path(os.path.normpath(base.joinpath(*texts))) if texts and len(texts) == len(rest) else None
