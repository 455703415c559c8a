"""The files of the suite as text: where each check is, its docstring, and the skeleton of a new one. Pure functions.

A clause's rule is written once, in ``contracts/clauses``. The docstring of its check repeats it for whoever reads the
suite, and is filled from there.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from market_data_meta.errors import ErrorCode, MetaError

WIDTH = 120
"""Columns of a line of code."""
UNWRITTEN = "NotImplementedError"
"""What the body of a skeleton raises: the check could not run, so that it never passes."""

_Function = ast.FunctionDef | ast.AsyncFunctionDef


@dataclass(frozen=True)
class CheckSource:
    """One check as it is written: its clause, its docstring on one line, and whether it still lacks its body."""

    clause: str
    docstring: str
    unwritten: bool


def check_place(clause: str) -> str:
    """The test that decides a clause, as pytest names it: ``tests/conformance/test_chain.py::test_hard_pauses``."""
    area, slug = clause.split(".", 1)
    return f"tests/conformance/test_{area}.py::test_{slug.replace('-', '_')}"


def check_words(clause: str) -> str:
    """The same for a sentence: ``test_hard_pauses in tests/conformance/test_chain.py``."""
    file, _, function = check_place(clause).partition("::")
    return f"{function} in {file}"


def checks_of(file: str, area: str, text: str) -> list[CheckSource]:
    """The checks in the text of one file of the suite. Raises MetaError where it is not Python or has no check."""
    return [
        CheckSource(
            _clause(area, function), " ".join((ast.get_docstring(function) or "").split()), _is_unwritten(function)
        )
        for function in _checks(file, text)
    ]


def with_rules(file: str, area: str, text: str, rules: Mapping[str, str]) -> tuple[str, list[str]]:
    """The text with each check's docstring as its clause's rule says, and the clauses whose checks were changed.

    Nothing but a docstring that differs is changed. A check that has its body on the line of its name stays as it is.
    """
    line_end = "\r\n" if "\r\n" in text else "\n"
    lines = text.encode().splitlines(keepends=True)
    changed = []
    # From the end of the file to its beginning, so that what was read of a place holds until it is changed.
    for function in reversed(_checks(file, text)):
        clause = _clause(area, function)
        docstring = " ".join((ast.get_docstring(function) or "").split())
        first = function.body[0]
        if clause not in rules or docstring == rules[clause] or first.lineno == function.lineno:
            continue
        written = line_end.join(docstring_lines(rules[clause])).encode()
        if ast.get_docstring(function) is None:
            lines.insert(first.lineno - 1, written + line_end.encode())
        else:
            before = lines[first.lineno - 1][: first.col_offset]
            after = lines[(first.end_lineno or 0) - 1][first.end_col_offset :]
            lines[first.lineno - 1 : first.end_lineno] = [before + written.lstrip() + after]
        changed.append(clause)
    return b"".join(lines).decode(), sorted(changed)


def docstring_lines(rule: str, indent: str = "    ") -> list[str]:
    """The docstring of a check: the rule, on one line where it fits."""
    if '"""' in rule:
        rule, prefix = rule.replace("\\", "\\\\").replace('"""', '\\"\\"\\"'), ""
    else:
        prefix = "r" if "\\" in rule else ""
    whole = f'{indent}{prefix}"""{rule}"""'
    if len(whole) <= WIDTH:
        return [whole]
    lines = [f'{indent}{prefix}"""']
    for number, word in enumerate(rule.split()):
        if len(lines[-1]) + len(word) + 1 > WIDTH:
            lines.append(indent + word)
        else:
            lines[-1] += word if number == 0 else f" {word}"
    return [*lines, f'{indent}"""']


def skeleton(clause: str, rule: str, observing: Sequence[str] = ()) -> str:
    """The check of a new clause, with a body that cannot pass until it is written.

    ``observing`` are lines that make ``got`` of what the clause was observed of.
    """
    function = check_place(clause).partition("::")[2]
    kind = "async def" if any("await " in line for line in observing) else "def"
    so_far = ": got {got!r}, expected {clause.expect!r}" if observing else ""
    lines = [
        f"{kind} {function}(clause: ClauseCheck) -> None:",
        *docstring_lines(rule),
        *(f"    {line}".rstrip() for line in observing),
        "    # Look at the packages and end with what was got: clause.equal(what_was_looked_at, got, expected).",
        f'    raise {UNWRITTEN}(f"the check of {{clause.id}} is not written yet{so_far}")',
    ]
    return "\n".join(lines) + "\n"


def new_module(about: str) -> str:
    """The beginning of the file of a new area's checks."""
    return "\n".join([*docstring_lines(about, ""), "", "from __future__ import annotations", "", IMPORT, ""])


IMPORT = "from mdm_clause import ClauseCheck"
"""What a skeleton needs from its module."""


def _checks(file: str, text: str) -> list[_Function]:
    try:
        body = ast.parse(text).body
    except SyntaxError as error:
        raise MetaError(ErrorCode.BAD_CHECK, f"{file}:{error.lineno} is not Python", str(error.msg)) from None
    return list(_whole(file, body))


def _whole(file: str, body: list[ast.stmt]) -> Iterator[_Function]:
    for node in body:
        if isinstance(node, _Function) and node.name.startswith("test_"):
            if any("parametrize" in ast.unparse(decorator) for decorator in node.decorator_list):
                what = f"{file}:{node.lineno}: a clause has one check, not a parametrized one"
                raise MetaError(ErrorCode.BAD_CHECK, what)
            yield node


def _clause(area: str, function: _Function) -> str:
    return f"{area}.{function.name.removeprefix('test_').replace('_', '-')}"


def _is_unwritten(function: _Function) -> bool:
    return any(isinstance(node, ast.Raise) and UNWRITTEN in ast.unparse(node) for node in function.body)
