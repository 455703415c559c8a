"""Which functions of the observed packages run in a unit: so it is known which units a changed function can touch.

A tracer of the interpreter would take three times as long: so the functions say it themselves. Their files are compiled
with one more statement at the beginning of each function of a module or a class; what is nested in one runs with it.
"""

from __future__ import annotations

import ast
import builtins
import importlib.machinery
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from types import CodeType
from typing import Any

_MARK = "__observed_call__"


class Execution:
    """What has run in this process: numbers of ``functions``, which are ``file:name`` with dots within classes."""

    def __init__(self) -> None:
        self.functions: list[str] = []
        self._ran: set[int] = set()
        self._before: frozenset[int] = frozenset()
        self._code: dict[str, CodeType] = {}

    def begin(self) -> None:
        """Take what has run so far for what any unit rests on."""
        self._before = frozenset(self._ran)

    def since_begin(self) -> list[int]:
        """What has run since, and not before."""
        return sorted(self._ran - self._before)

    def described(self) -> dict[str, Any]:
        """The functions, and which of them any unit rests on; nothing where nothing is noted."""
        return {"functions": self.functions, "ran_before": sorted(self._before)} if self.functions else {}

    def install(self, folders: Iterable[str], imports: Iterable[str]) -> None:
        """Have the modules of these top-level packages say what runs, wherever they are imported from now on."""
        setattr(builtins, _MARK, self._ran.add)
        own = [(Path(folder), Path(folder) / name) for folder in folders for name in imports]
        for site, package in own:
            for file in sorted(package.rglob("*.py")):
                self._compile(file, file.relative_to(site).as_posix())
        details: list[Any] = [
            (importlib.machinery.ExtensionFileLoader, importlib.machinery.EXTENSION_SUFFIXES),
            (self._loader(), importlib.machinery.SOURCE_SUFFIXES),
        ]
        hook = importlib.machinery.FileFinder.path_hook(*details)
        roots = tuple(str(package) for _, package in own if package.is_dir())

        def only_these(folder: str) -> Any:
            if folder in sites or folder.startswith(roots):
                return hook(folder)
            raise ImportError

        sites = {str(site) for site, _ in own}
        sys.path_hooks.insert(0, only_these)
        sys.path_importer_cache.clear()

    def _loader(self) -> type[importlib.machinery.SourceFileLoader]:
        known = self._code

        class Loader(importlib.machinery.SourceFileLoader):
            def get_code(self, fullname: str) -> CodeType | None:
                return known.get(str(self.path)) or super().get_code(fullname)

        return Loader

    def _compile(self, file: Path, name: str) -> None:
        try:
            tree = ast.parse(file.read_bytes())
            found = list(_functions_of(tree))
            for number, (_, function) in enumerate(found, len(self.functions)):
                _mark(function, number)
            self._code[str(file)] = compile(tree, str(file), "exec", dont_inherit=True)
        except (SyntaxError, ValueError, RecursionError):
            # Whoever imports it is to see what is wrong with it.
            return
        self.functions += [f"{name}:{qualified}" for qualified, _ in found]


def _functions_of(tree: ast.Module | ast.ClassDef, within: str = "") -> Iterator[tuple[str, ast.AST]]:
    """The functions that stand in a module, or in a class of it, with their names."""
    for node in tree.body:
        if isinstance(node, ast.ClassDef):
            yield from _functions_of(node, f"{within}{node.name}.")
        elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield f"{within}{node.name}", node


def _mark(function: Any, number: int) -> None:
    has_text = ast.get_docstring(function, clean=False) is not None
    first = function.body[0]
    call = ast.Call(ast.Name(_MARK, ast.Load()), [ast.Constant(number)], [])
    statement = ast.fix_missing_locations(ast.copy_location(ast.Expr(call), first))
    function.body.insert(1 if has_text else 0, statement)
