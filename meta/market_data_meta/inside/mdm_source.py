"""What differs in the source of two releases: files that are not Python any more, changed lines, and the names in them.

``python -I -S mdm_source.py BEFORE AFTER ANSWER`` reads the files of two unpacked releases with the grammar of the
interpreter that runs it, and writes a ``SourceChanges`` as JSON. Nothing of the files is executed. A source may be
made to exhaust a parser, so this runs in a process of its own.
"""

from __future__ import annotations

import ast
import dataclasses
import json
import sys
from collections.abc import Iterable, Iterator, Mapping
from difflib import SequenceMatcher
from pathlib import Path
from typing import Any

LINES, LETTERS, PLACES = 20, 200, 2000
"""How many lines of a place are kept, how much of a line, and how many places of a release."""


@dataclasses.dataclass(frozen=True)
class SourceFault:
    """A file that cannot be compiled: the line, what Python says of it, and the line's text."""

    file: str
    line: int | None
    text: str
    source: str


@dataclasses.dataclass(frozen=True)
class DefinedName:
    """A name that a file defines. ``owner`` is the class or the function (of a parameter); empty for the module."""

    owner: str
    name: str


@dataclasses.dataclass(frozen=True)
class ChangedPlace:
    """Lines of a file that differ: where, as they were and as they are, and the names that are gone or new there.

    ``line`` is that of the later release; None where the whole file is gone.
    """

    file: str
    line: int | None
    before: tuple[str, ...]
    after: tuple[str, ...]
    gone: tuple[DefinedName, ...] = ()
    new: tuple[DefinedName, ...] = ()


@dataclasses.dataclass(frozen=True)
class SourceChanges:
    """What differs in the Python files of two releases. A fault that the earlier release has too is not among them."""

    faults: tuple[SourceFault, ...] = ()
    places: tuple[ChangedPlace, ...] = ()


def source_changes(before: Path, after: Path) -> SourceChanges:
    """What differs between the Python files of two folders."""
    faults, places = [], []
    for file in sorted({*_python_files(before), *_python_files(after)}):
        was, now = _content(before / file), _content(after / file)
        if was == now:
            continue
        if now is None:
            places.append(ChangedPlace(file, None, (), ()))
            continue
        fault = _fault(file, now)
        if fault and (was is None or _fault(file, was) is None):
            faults.append(fault)
        if was is not None:
            places += _places(file, was, now, readable=not fault)
    return SourceChanges(tuple(faults), tuple(places[:PLACES]))


def _python_files(folder: Path) -> Iterator[str]:
    return (file.relative_to(folder).as_posix() for file in folder.rglob("*.py") if file.is_file())


def _content(file: Path) -> bytes | None:
    return file.read_bytes() if file.is_file() else None


def _fault(file: str, content: bytes) -> SourceFault | None:
    try:
        compile(content, file, "exec", dont_inherit=True)
    except SyntaxError as error:
        lines = _lines(content)
        source = lines[error.lineno - 1] if error.lineno and error.lineno <= len(lines) else ""
        return SourceFault(file, error.lineno, str(error.msg)[:LETTERS], source.strip()[:LETTERS])
    except (ValueError, RecursionError, MemoryError, OverflowError) as error:
        return SourceFault(file, None, f"{type(error).__name__}: {error}"[:LETTERS], "")
    return None


def _lines(content: bytes) -> list[str]:
    return content.decode("utf-8", errors="replace").splitlines()


def _places(file: str, was: bytes, now: bytes, *, readable: bool) -> Iterator[ChangedPlace]:
    """The places of a file, in its order; without names where it cannot be read as Python."""
    lines_before, lines_after = _lines(was), _lines(now)
    names_before, names_after = (_names(was), _names(now)) if readable else ({}, {})
    gone = _lines_of_missing(names_before, names_after)
    new = _lines_of_missing(names_after, names_before)
    for tag, i, i_end, j, j_end in SequenceMatcher(None, lines_before, lines_after, autojunk=False).get_opcodes():
        if tag != "equal":
            yield ChangedPlace(
                file,
                min(j + 1, max(len(lines_after), 1)),
                _shown(lines_before[i:i_end]),
                _shown(lines_after[j:j_end]),
                tuple(name for name, line in gone.items() if i < line <= i_end),
                tuple(name for name, line in new.items() if j < line <= j_end),
            )


def _shown(lines: Iterable[str]) -> tuple[str, ...]:
    return tuple(line[:LETTERS] for line in lines)[:LINES]


def _lines_of_missing(names: Mapping[DefinedName, int], others: Mapping[DefinedName, int]) -> dict[DefinedName, int]:
    """The names that the others lack, with their lines: what is in a class or function goes with that."""
    missing = {name: line for name, line in names.items() if name not in others}
    return {name: _line_of_owner(name, missing) for name in missing}


def _line_of_owner(name: DefinedName, missing: Mapping[DefinedName, int]) -> int:
    line, owner = missing[name], name.owner
    while owner:
        outer, _, inner = owner.rpartition(".")
        line, owner = missing.get(DefinedName(outer, inner), line), outer
    return line


def _names(content: bytes) -> dict[DefinedName, int]:
    """The names that a file defines, with the line of the first definition of each."""
    names: dict[DefinedName, int] = {}
    try:
        statements: list[tuple[ast.AST, str]] = [(node, "") for node in reversed(ast.parse(content).body)]
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return names
    while statements:
        node, owner = statements.pop()
        for name, line in _bound(node):
            names.setdefault(DefinedName(owner, name), line)
        if isinstance(node, ast.ClassDef):
            statements += [(child, _inner(owner, node.name)) for child in reversed(node.body)]
        elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            parameters = _parameters(node)
            for parameter in parameters:
                names.setdefault(DefinedName(_inner(owner, node.name), parameter.arg), parameter.lineno)
            if owner and parameters:
                for name, line in _attributes(node, parameters[0].arg):
                    names.setdefault(DefinedName(owner, name), line)
        else:
            children = [child for child in ast.iter_child_nodes(node) if isinstance(child, _HOLDS_STATEMENTS)]
            statements += [(child, owner) for child in reversed(children)]
    return names


_HOLDS_STATEMENTS = (ast.stmt, ast.excepthandler, ast.match_case)


def _inner(owner: str, name: str) -> str:
    return f"{owner}.{name}" if owner else name


def _bound(node: ast.AST) -> Iterator[tuple[str, int]]:
    """The names that a statement binds where it stands."""
    if isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
        yield node.name, node.lineno
    elif isinstance(node, ast.Import | ast.ImportFrom):
        yield from ((alias.asname or alias.name.split(".")[0], alias.lineno) for alias in node.names)
    elif isinstance(node, ast.Assign | ast.AnnAssign):
        targets: list[ast.expr] = node.targets if isinstance(node, ast.Assign) else [node.target]
        for target in targets:
            yield from ((part.id, part.lineno) for part in ast.walk(target) if isinstance(part, ast.Name))


def _parameters(node: ast.FunctionDef | ast.AsyncFunctionDef) -> list[ast.arg]:
    return [*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs]


def _attributes(node: ast.AST, itself: str) -> Iterator[tuple[str, int]]:
    """The attributes that a method gives to its object."""
    for part in ast.walk(node):
        if (
            isinstance(part, ast.Attribute)
            and isinstance(part.ctx, ast.Store)
            and isinstance(part.value, ast.Name)
            and part.value.id == itself
        ):
            yield part.attr, part.lineno


def _main(before: str, after: str, answer: str) -> None:
    changes: dict[str, Any] = dataclasses.asdict(source_changes(Path(before), Path(after)))
    Path(answer).write_text(json.dumps(changes), encoding="utf-8")


if __name__ == "__main__":
    _main(*sys.argv[1:])
