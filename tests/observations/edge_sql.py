"""What a database would answer to a statement, made up from the statement: plausible rows, always the same."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from typing import Any

from describing import Json, describe
from plausible import plausible


def statement(query: Any, context: Any = None) -> str:
    """The text of a statement, whatever it is made of, with its white space as single blanks."""
    if isinstance(query, bytes):
        query = query.decode()
    if hasattr(query, "as_string"):
        try:
            query = query.as_string(context)
        except TypeError:
            query = query.as_string()
    return _ARRAY.sub(_in_order, " ".join(str(query).split()))


_ARRAY = re.compile(r"(ARRAY\[|'\{)([^\[\]{}:]+,[^\[\]{}:]+)(\]|\}')")


def _in_order(array: re.Match[str]) -> str:
    """The elements of a literal array in order: they may come from a set, which has another order in each run."""
    return f"{array[1]}{','.join(sorted(part.strip() for part in array[2].split(',')))}{array[3]}"


def parameters(given: Any) -> Json:
    """The parameters of a statement; what a driver wraps for its protocol is shown with what it holds."""
    if isinstance(given, dict):
        return {key: parameters(value) for key, value in given.items()}
    if isinstance(given, list | tuple):
        return [parameters(value) for value in given][:40]
    if hasattr(given, "obj") and "json" in type(given).__name__.lower():
        return {type(given).__name__: describe(given.obj)}
    return describe(given)


def columns(text: str) -> list[str]:
    """The names of the columns that a statement returns; none where it returns no rows."""
    returning = re.search(r"\bRETURNING (.+?)(?:\)|;|$)", text, re.IGNORECASE)
    if returning:
        listed = returning.group(1)
    elif re.match(r"\(?\s*(SELECT|WITH|SHOW|VALUES)\b", text, re.IGNORECASE):
        listed = _selected(text)
    else:
        return []
    return [_column(part) for part in _parts(listed)]


def _selected(text: str) -> str:
    """What stands between the outermost SELECT and its FROM."""
    start, depth = None, 0
    for match in re.finditer(r"\(|\)|\bSELECT\b|\bFROM\b", text, re.IGNORECASE):
        found = match.group().upper()
        if found in "()":
            depth += 1 if found == "(" else -1
        elif depth == 0 and found == "SELECT" and start is None:
            start = match.end()
        elif depth == 0 and found == "FROM" and start is not None:
            return text[start : match.start()]
    return text[start:] if start is not None else "value"


def _parts(listed: str) -> list[str]:
    parts, depth = [""], 0
    for character in listed:
        depth += (character in "([") - (character in ")]")
        if character == "," and depth == 0:
            parts.append("")
        else:
            parts[-1] += character
    return [part.strip() for part in parts if part.strip()]


def _column(part: str) -> str:
    if part.endswith("*"):
        return "id"
    name = re.search(r'"?([A-Za-z_]\w*)"?(?:\s*\([^()]*\))?(?:::\w+)?$', part.split(" LIMIT ", maxsplit=1)[0])
    if name is None:
        return re.sub(r"\W.*", "", part) or "?column?"
    return name.group(1)


def rows(text: str, mood: str = "well") -> list[tuple[Any, ...]]:
    """The rows that come back: two that differ, and one of zeros; one where a total is asked for, or none at all."""
    names = columns(text)
    if not names or mood == "empty":
        return []
    first = tuple(_value(name) for name in names)
    single = re.search(r"\bLIMIT 1\b|^SELECT (count|sum|max|min|exists|\d)|^SHOW|\bRETURNING\b", text, re.IGNORECASE)
    return [first] if single else [first, tuple(map(_next, first)), tuple(map(_nothing, first))]


def _value(name: str) -> Any:
    value = plausible(name)
    return "abc" if value is None else value


def _next(value: Any) -> Any:
    if isinstance(value, bool | dict):
        return value
    if isinstance(value, datetime):
        return value + timedelta(minutes=1)
    return value + "d" if isinstance(value, str) else value + 1


def _nothing(value: Any) -> Any:
    """A number that is nothing, which is not to be taken for one that is not there; any other value as it is."""
    return value if isinstance(value, bool | dict | datetime | str) else type(value)(0)


def copied_out(text: str) -> list[bytes]:
    """What a COPY TO sends: two lines, in the form that is asked for."""
    if re.search(r"\bCSV\b", text, re.IGNORECASE):
        return [b"id,symbol\n", b"3,abc\n4,abcd\n"]
    return [b'{"id": 3, "symbol": "abc"}\n', b'{"id": 4, "symbol": "abcd"}\n']
