"""Which functions differ in two releases of a package, where nothing else does that could be noticed.

``python -I -S mdm_functions.py BEFORE AFTER ANSWER`` reads two unpacked releases with the grammar of the interpreter
that runs it, and writes ``ChangedFunctions`` as JSON. Nothing is executed. A source may be made to exhaust a parser, so
this runs in a process of its own.
"""

from __future__ import annotations
import __future__

import ast
import dataclasses
import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path


@dataclasses.dataclass(frozen=True)
class ChangedFunctions:
    """The functions whose bodies differ, as ``file:name``; ``other`` names a file in which something else differs.

    ``numbers`` and ``texts`` are those that the bodies speak of, on either side, and the constants that they name.
    ``callers`` are functions of the release before that name a private one of those that differ.
    A release that says more than the one before, to whom nothing of that one refers, has no other difference: imports,
    functions and constants of a module under names that its file did not have, and modules of nothing else.
    """

    functions: tuple[str, ...] = ()
    other: str = ""
    numbers: tuple[float, ...] = ()
    texts: tuple[str, ...] = ()
    callers: tuple[str, ...] = ()


_SHORT, _LARGE = 24, 1e9
"""Longer texts and larger numbers are nothing to be handed over."""


class _OtherDifferenceError(Exception):
    """More than bodies of functions differ in a file."""


def changed_functions(before: Path, after: Path) -> ChangedFunctions:
    """What differs between two folders into which releases have been unpacked."""
    was, now = _files(before), _files(after)
    versions = _version(before), _version(after)
    changed: list[str] = []
    values: set[float | str] = set()
    if gone := sorted(was.keys() - now.keys()):
        return ChangedFunctions(other=gone[0])
    for name in sorted(now):
        try:
            if name not in was:
                _require_inert(name, now[name], was)
            elif (old := was[name].read_bytes()) != (new := now[name].read_bytes()):
                others = [file for file in (*was.values(), *now.values()) if file not in (was[name], now[name])]
                for function, constants in _changed_in(name, old, new, versions, others).items():
                    changed.append(f"{name}:{function}")
                    values |= constants
        except (_OtherDifferenceError, SyntaxError, ValueError, RecursionError, MemoryError):
            return ChangedFunctions(other=name)
    numbers = sorted(value for value in values if not isinstance(value, str))
    texts = sorted(value for value in values if isinstance(value, str))
    return ChangedFunctions(tuple(changed), "", tuple(numbers), tuple(texts), _callers(was, changed))


def _callers(files: Mapping[str, Path], functions: Sequence[str]) -> tuple[str, ...]:
    """The functions whose bodies name a private one of these, in whatever file."""
    names = {function.rpartition(".")[2] for function in (each.partition(":")[2] for each in functions)}
    private = set(filter(_is_private, names))
    found: list[str] = []
    for file, path in files.items():
        content = path.read_bytes()
        if file.endswith(".py") and any(name.encode() in content for name in private):
            bodies = _take_bodies(ast.parse(content))
            found += [f"{file}:{name}" for name, parts in bodies.items() if _names_in(parts) & private]
    return tuple(each for each in found if each not in functions)


def _names_in(bodies: Sequence[ast.Module]) -> set[str]:
    parts = (part for body in bodies for part in ast.walk(body))
    return {name for part in parts for name in (getattr(part, "id", ""), getattr(part, "attr", ""))}


def _files(folder: Path) -> dict[str, Path]:
    """The files that count: of what the installer writes, what the release requires and offers."""
    return {
        ("dist-info/" + file.name if ".dist-info/" in name else name): file
        for file in sorted(folder.rglob("*"))
        if file.is_file()
        and "__pycache__" not in (name := file.relative_to(folder).as_posix())
        and (".dist-info/" not in name or file.name in ("METADATA", "entry_points.txt"))
    }


def _changed_in(
    name: str, old: bytes, new: bytes, versions: tuple[str, str], others: Sequence[Path]
) -> dict[str, set[float | str]]:
    """The functions whose bodies differ in a file, each with the numbers and texts that they speak of.

    One that names a private constant which has another value differs. ``others`` are the other files.
    """
    if name == "dist-info/METADATA":
        if _requirements(old) != _requirements(new):
            raise _OtherDifferenceError
        return {}
    if not name.endswith(".py"):
        raise _OtherDifferenceError
    trees = _parsed(old), _parsed(new)
    if not {"__doc__", "getdoc"} & (_identifiers(trees[0]) | _identifiers(trees[1])):
        for tree in trees:
            _take_texts_for_readers(tree)
    # An import of one of these is no name more: it changes what the whole file means.
    known = _identifiers(trees[0]) | set(__future__.all_feature_names)
    added = [node for node in trees[1].body if _is_added(node, known)]
    trees[1].body = [node for node in trees[1].body if node not in added]
    for holder in (node for node in ast.walk(trees[1]) if isinstance(node, ast.ClassDef)):
        methods = [node for node in holder.body if _is_added_method(node, holder, known)]
        holder.body = [node for node in holder.body if node not in methods]
        added += methods
    named = [_literals(tree) for tree in trees]
    of_added = _constants([ast.Module(added, [])], named[1])
    bodies = [_take_bodies(tree) for tree in trees]
    constants = _take_changed_constants(*trees, others)
    if ast.dump(trees[0]) != ast.dump(_WithVersion(*versions).visit(trees[1])):
        raise _OtherDifferenceError
    return {
        function: _constants(body, named[0]) | _constants(bodies[1][function], named[1]) | of_added
        for function, body in bodies[0].items()
        if list(map(ast.dump, bodies[1][function])) != list(map(ast.dump, body)) or _names_in(body) & constants
    }


def _take_changed_constants(before: ast.Module, after: ast.Module, others: Sequence[Path]) -> set[str]:
    """Take the private constants out of modules without bodies that have other values; their names.

    None is taken that anything but bodies of the same file may use.
    """
    was, now = (
        {name: ast.dump(value) for node in tree.body for name, value in _valued(node).items()}
        for tree in (before, after)
    )
    changed = {name for name in filter(_is_private, was.keys() & now.keys()) if was[name] != now[name]}
    if changed:
        elsewhere = b"".join(file.read_bytes() for file in others)
        changed = {name for name in changed if name.encode() not in elsewhere}
    for tree in (before, after):
        tree.body = [node for node in tree.body if not (names := _valued(node).keys()) or names - changed]
        if changed & _identifiers(tree):
            raise _OtherDifferenceError
    return changed


def _require_inert(name: str, file: Path, was: Mapping[str, Path]) -> None:
    """A new file is a module beside others that defines names and does nothing. Raises what says that it is not."""
    folder, _, module = name.removesuffix(".py").rpartition("/")
    is_module = name.endswith(".py") and f"{folder}/__init__.py" in was
    taken = any(other.startswith(f"{folder}/{module}") for other in was)
    text = _parsed(file.read_bytes())
    if not is_module or taken or not all(_is_text(node) or _is_added(node, frozenset()) for node in text.body):
        raise _OtherDifferenceError


def _parsed(content: bytes) -> ast.Module:
    """A file, with a statement for each name of ``from a import b, c``."""
    tree = ast.parse(content)
    tree.body = [single for node in tree.body for single in _single_imports(node)]
    return tree


def _single_imports(node: ast.stmt) -> Iterator[ast.stmt]:
    if isinstance(node, ast.ImportFrom):
        yield from (ast.ImportFrom(node.module, [alias], node.level) for alias in node.names)
    else:
        yield node


def _is_text(node: ast.stmt) -> bool:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)


def _is_added(node: ast.stmt, known: frozenset[str]) -> bool:
    """Whether a statement does nothing but give something a name that the file does not know yet."""
    if isinstance(node, ast.Import | ast.ImportFrom):
        names = {alias.asname or alias.name.split(".")[0] for alias in node.names}
    elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
        calls = any(isinstance(part, ast.Call) for part in ast.walk(node.args))
        names = set() if node.decorator_list or calls else {node.name}
    else:
        names = set(_valued(node))
    return bool(names) and not names & known and not any(name.startswith("__") or name == "*" for name in names)


def _is_added_method(node: ast.stmt, holder: ast.ClassDef, known: frozenset[str]) -> bool:
    """Whether it is a private method of a name that the file does not know yet. A protocol demands each of its own."""
    if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) or node.name in known:
        return False
    is_plain = all(isinstance(each, ast.Name) and each.id == "staticmethod" for each in node.decorator_list)
    calls = any(isinstance(part, ast.Call) for part in ast.walk(node.args))
    return (
        _is_private(node.name)
        and is_plain
        and not calls
        and not any("Protocol" in ast.dump(base) for base in holder.bases)
    )


def _is_private(name: str) -> bool:
    return name.startswith("_") and not name.startswith("__")


def _is_literal(node: ast.expr) -> bool:
    try:
        ast.literal_eval(node)
    except (ValueError, TypeError, SyntaxError, RecursionError, MemoryError):
        return False
    return True


def _identifiers(tree: ast.AST) -> frozenset[str]:
    """All names of a file, and its texts, by which something may be asked for too."""
    found: set[str] = set()
    for node in ast.walk(tree):
        for value in (getattr(node, field, None) for field in ("id", "attr", "name", "asname", "arg", "value")):
            if isinstance(value, str):
                found |= {value, value.split(".")[0]}
    return frozenset(found)


def _literals(tree: ast.Module) -> dict[str, ast.expr]:
    """What the names stand for that a module or its classes give a value without calling anything."""
    holders: list[ast.Module | ast.ClassDef] = [tree, *(node for node in tree.body if isinstance(node, ast.ClassDef))]
    found: dict[str, ast.expr] = {}
    for node in (node for holder in holders for node in holder.body):
        found |= _valued(node)
    return found


def _valued(node: ast.stmt) -> dict[str, ast.expr]:
    """The names that a statement gives a value without calling anything, if that is all that it does."""
    targets = node.targets if isinstance(node, ast.Assign) else [node.target] if isinstance(node, ast.AnnAssign) else []
    value = node.value if isinstance(node, ast.Assign | ast.AnnAssign) else None
    if value is None or not _is_literal(value) or not all(isinstance(target, ast.Name) for target in targets):
        return {}
    return {target.id: value for target in targets if isinstance(target, ast.Name)}


def _constants(bodies: list[ast.Module], named: Mapping[str, ast.expr]) -> set[float | str]:
    """The numbers and short texts in what a function does, without what it says of itself."""
    statements = [statement for body in bodies for statement in body.body if not _is_text(statement)]
    parts = [part for statement in statements for part in ast.walk(statement)]
    names = _names_in([ast.Module(statements, [])])
    parts += [part for name in sorted(names & named.keys()) for part in ast.walk(named[name])]
    found: set[float | str] = set()
    for value in (part.value for part in parts if isinstance(part, ast.Constant)):
        if isinstance(value, str):
            found |= {value} if 0 < len(value) <= _SHORT else set()
        elif isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < _LARGE:
            found.add(value)
    return found


def _take_texts_for_readers(tree: ast.Module) -> None:
    """Take out what a module, its functions and its classes say of themselves.

    What has a decorator, or a class a base, may hand it on: as a description in a schema, or as a command's help.
    """
    for node in ast.walk(tree):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            bases = node.bases if isinstance(node, ast.ClassDef) else []
            is_handed_on = bases or getattr(node, "decorator_list", [])
            if not is_handed_on and node.body and _is_text(node.body[0]):
                del node.body[0]


def _take_bodies(tree: ast.Module) -> dict[str, list[ast.Module]]:
    """Take the bodies out of the functions of a module and of its classes, and hand them over by their names.

    What is known of a function without running it stays: what it says of itself, if anybody is told that, and whether
    it is a generator.
    """
    bodies: dict[str, list[ast.Module]] = {}
    holders: list[tuple[ast.Module | ast.ClassDef, str]] = [(tree, "")]
    while holders:
        holder, within = holders.pop()
        for node in holder.body:
            if isinstance(node, ast.ClassDef):
                holders.append((node, f"{within}{node.name}."))
            elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                bodies.setdefault(f"{within}{node.name}", []).append(ast.Module(node.body, []))
                kept = (ast.get_docstring(node, clean=False), any(_yields(part) for part in node.body))
                node.body = [ast.Expr(ast.Constant(repr(kept)))]
    return bodies


def _yields(node: ast.AST) -> bool:
    if isinstance(node, ast.Yield | ast.YieldFrom):
        return True
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda | ast.ClassDef):
        return False
    return any(_yields(part) for part in ast.iter_child_nodes(node))


class _WithVersion(ast.NodeTransformer):
    """Has a release say the version of the one before where it says its own."""

    def __init__(self, before: str, own: str) -> None:
        self._before, self._own = before, own

    def visit_Constant(self, node: ast.Constant) -> ast.Constant:
        return ast.Constant(self._before) if node.value == self._own else node


def _requirements(metadata: bytes) -> list[bytes]:
    """What a release says of itself, without its version and its description."""
    headers = metadata.replace(b"\r\n", b"\n").partition(b"\n\n")[0].split(b"\n")
    return sorted(line for line in headers if not line.startswith(b"Version:"))


def _version(folder: Path) -> str:
    for file in folder.glob("*.dist-info/METADATA"):
        for line in file.read_text(encoding="utf-8", errors="replace").splitlines():
            if line.startswith("Version:"):
                return line.partition(":")[2].strip()
    return ""


def _main(before: str, after: str, answer: str) -> None:
    changes = dataclasses.asdict(changed_functions(Path(before), Path(after)))
    Path(answer).write_text(json.dumps(changes), encoding="utf-8")


if __name__ == "__main__":
    _main(*sys.argv[1:])
