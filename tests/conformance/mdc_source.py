"""The source of installed packages, read and not run: what it imports, and whether that exists.

An import behind ``except ImportError``, inside a function or under ``TYPE_CHECKING`` looks the same to this reader
as one at the top of the module. That is the point: at run time a guard turns a name that is gone into silence.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property, lru_cache
from importlib.util import find_spec
from pathlib import Path
from typing import Self

_SCOPES = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Lambda)


@dataclass(frozen=True)
class Module:
    """One source file, by the dotted name that imports it."""

    name: str
    path: Path
    file: str

    @property
    def package(self) -> str:
        """The package that a relative import starts from."""
        return self.name if self.path.name == "__init__.py" else self.name.rpartition(".")[0]

    @cached_property
    def text(self) -> bytes:
        """The file as it is on the disk; ``ast`` finds its encoding."""
        return self.path.read_bytes()

    @cached_property
    def tree(self) -> ast.Module:
        """The syntax tree. Raises ImportError for a file that Python cannot parse, as importing it would end so."""
        try:
            return ast.parse(self.text, filename=self.file)
        except SyntaxError as error:
            raise ImportError(f"{self.file}: {error.msg}") from error

    @cached_property
    def bound(self) -> frozenset[str]:
        """The names that the module binds at run time, on whichever branch."""
        return frozenset(bound_names(self.tree.body))


# Neighbouring checks may share a process, and each file is read once for all of them.
_module_at = lru_cache(maxsize=None)(Module)


@dataclass(frozen=True)
class Import:
    """One name that a file imports. ``module`` is None where a relative import leaves the top-level package."""

    file: str
    written: str
    module: str | None
    name: str | None

    def __str__(self) -> str:
        return f"{self.file}: {self.written}"


class Sources:
    """The source of some top-level packages, each in its folder."""

    def __init__(self, folders: Mapping[str, Path]) -> None:
        self._folders = dict(folders)
        self._read: dict[str, Module | None] = {}

    @classmethod
    def installed(cls, packages: Iterable[str]) -> Self:
        """Find packages beside this process's own, without importing them; one that is missing has no modules."""
        return cls({name: folder for name in packages if (folder := _folder(name))})

    def all(self) -> Iterator[Module]:
        """Each module of each package."""
        for package in self._folders:
            yield from self.modules(package)

    def modules(self, package: str) -> Iterator[Module]:
        """Each module of one top-level package, in order of its path."""
        folder = self._folders.get(package)
        if folder is None:
            return
        for path in sorted(folder.rglob("*.py")):
            relative = path.relative_to(folder.parent)
            parts = relative.with_suffix("").parts
            name = ".".join(parts[:-1] if parts[-1] == "__init__" else parts)
            yield _module_at(name, path, relative.as_posix())

    def exists(self, imported: Import) -> bool:
        """Whether the module is there and binds the name, as far as these packages can tell."""
        return imported.module is not None and self.has(imported.module, imported.name)

    def has(self, module: str, name: str | None, seen: frozenset[str] = frozenset()) -> bool:
        """Whether ``module`` is there and, where a ``name`` is given, binds it (``seen``: star imports on the way)."""
        found = self._module(module)
        if found is None or name is None or name == "*":
            return self._is_there(module)
        if name in found.bound or "__getattr__" in found.bound or self._is_there(f"{module}.{name}"):
            return True
        stars = {item.module for item in imports_of(found) if item.name == "*"} - seen - {module, None}
        return any(self.has(star, name, seen | {module}) for star in stars if star)

    def _module(self, name: str) -> Module | None:
        if name not in self._read:
            path = self._path(name)
            candidates = [path / "__init__.py", path.with_suffix(".py")] if path else []
            file = next((candidate for candidate in candidates if candidate.is_file()), None)
            self._read[name] = _module_at(name, file, self._file(name, file)) if file else None
        return self._read[name]

    def _file(self, name: str, path: Path) -> str:
        return path.relative_to(self._folders[name.partition(".")[0]].parent).as_posix()

    def _is_there(self, name: str) -> bool:
        path = self._path(name)
        # A folder without __init__.py is a namespace package: it can be imported as well.
        return path is not None and (self._module(name) is not None or path.is_dir())

    def _path(self, name: str) -> Path | None:
        top, *rest = name.split(".")
        return self._folders[top].joinpath(*rest) if top in self._folders else None


def _folder(package: str) -> Path | None:
    spec = find_spec(package)
    locations = list(spec.submodule_search_locations or ()) if spec else []
    return Path(locations[0]) if locations else None


def imports_of(module: Module) -> Iterator[Import]:
    """Yield each name that the module imports, wherever in the file the statement stands."""
    for node in statements(module.tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield Import(module.file, f"import {alias.name}", alias.name, None)
        elif isinstance(node, ast.ImportFrom):
            target = _absolute(module, node)
            for alias in node.names:
                written = f"from {'.' * node.level}{node.module or ''} import {alias.name}"
                yield Import(module.file, written, target, alias.name)


def statements(node: ast.AST) -> Iterator[ast.AST]:
    """Yield the statements below a node. An import is one, and expressions are most of a tree."""
    for part in ("body", "handlers", "orelse", "finalbody", "cases"):
        for child in getattr(node, part, ()) if not isinstance(node, ast.expr) else ():
            yield child
            yield from statements(child)


def _absolute(module: Module, node: ast.ImportFrom) -> str | None:
    if node.level == 0:
        return node.module
    parts = module.package.split(".")
    if node.level > len(parts):
        return None
    base = parts[: len(parts) - node.level + 1]
    return ".".join([*base, node.module] if node.module else base)


def bound_names(body: Iterable[ast.AST]) -> Iterator[str]:
    """Yield the names that statements of a module bind in it at run time, on whichever branch."""
    for node in body:
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            yield node.name
        elif isinstance(node, (ast.Import, ast.ImportFrom)):
            yield from ((alias.asname or alias.name).partition(".")[0] for alias in node.names)
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            yield node.id
        if isinstance(node, ast.If) and ast.unparse(node.test).endswith("TYPE_CHECKING"):
            yield from bound_names(node.orelse)
        elif not isinstance(node, _SCOPES) and not (isinstance(node, ast.AnnAssign) and node.value is None):
            yield from bound_names(ast.iter_child_nodes(node))


def exported_names(tree: ast.Module) -> list[str]:
    """Collect the names in ``__all__``, from each literal that is assigned, added or given to ``extend``."""
    names: list[str] = []
    for node in ast.walk(tree):
        if isinstance(node, (ast.Assign, ast.AnnAssign, ast.AugAssign)):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            names += _strings(node.value) if node.value and any(map(_is_all, targets)) else []
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and _is_all(node.func.value):
            names += [name for argument in node.args for name in _strings(argument)]
    return names


def _is_all(node: ast.AST) -> bool:
    return isinstance(node, ast.Name) and node.id == "__all__"


def _strings(node: ast.AST) -> list[str]:
    return [item.value for item in ast.walk(node) if isinstance(item, ast.Constant) and isinstance(item.value, str)]


def class_names(tree: ast.Module) -> Iterator[str]:
    """Yield the qualified name of each class in a file; ``<locals>`` stands for a function around it."""
    yield from _classes(tree, "")


def _classes(node: ast.AST, prefix: str) -> Iterator[str]:
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.ClassDef):
            yield prefix + child.name
            yield from _classes(child, f"{prefix}{child.name}.")
        elif isinstance(child, (ast.FunctionDef, ast.AsyncFunctionDef)):
            yield from _classes(child, f"{prefix}{child.name}.<locals>.")
        else:
            yield from _classes(child, prefix)
