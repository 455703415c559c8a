"""Odd and boundary values for a field, by its type: where a value is converted, refused or kept as it is."""

from __future__ import annotations

import collections.abc
import datetime as dt
import decimal
import enum
import pathlib
import types
import typing
import uuid
from collections.abc import Callable, Iterator
from typing import Any

Odd = dict[str, Callable[[], Any]]
"""What makes each value, by its name in an observation."""

_UTC = dt.UTC
_WEST = dt.timezone(dt.timedelta(hours=-5))
_MOMENT = dt.datetime(2024, 3, 1, 14, 30, 15, 123_456)  # noqa: DTZ001 - one without a zone is wanted
ALWAYS: dict[str, Any] = {"None": None, "'x'": "x", "5": 5, "2.5": 2.5, "True": True}
"""Values that every field is tried with, so that a more precise annotation loses none."""
_BY_TYPE: dict[type, dict[str, Any]] = {
    int: {
        "5.0": 5.0,
        "'5'": "5",
        "' 5 '": " 5 ",
        "'5.0'": "5.0",
        "b'5'": b"5",
        "nan": float("nan"),
        "-1": -1,
        "0": 0,
        "2**63": 2**63,
        "Decimal": decimal.Decimal(5),
    },
    float: {
        "'2.5'": "2.5",
        "'1e3'": "1e3",
        "b'2.5'": b"2.5",
        "nan": float("nan"),
        "inf": float("inf"),
        "-1.0": -1.0,
        "0": 0,
        "1.5": 1.5,
        "100.5": 100.5,
        "Decimal": decimal.Decimal("2.5"),
    },
    decimal.Decimal: {
        "'2.50'": "2.50",
        "0.1": 0.1,
        "'1e3'": "1e3",
        "nan": float("nan"),
        "inf": float("inf"),
        "-1": -1,
        "0": 0,
        "long": decimal.Decimal("123456789.123456789"),
    },
    str: {
        "empty": "",
        "' a B '": " a B ",
        "b'x'": b"x",
        "accents": "Ünï",
        "long": "long" * 100,
        "symbol": "brk.b",
        "list": ["x"],
    },
    bytes: {"empty": b"", "text": "ü", "b'x'": b"x", "not utf-8": b"\xff"},
    bool: {
        "1": 1,
        "0": 0,
        "'yes'": "yes",
        "'off'": "off",
        "'True'": "True",
        "2": 2,
        "1.0": 1.0,
        "empty": "",
        "False": False,
    },
    dt.datetime: {
        "naive": _MOMENT,
        "utc": _MOMENT.replace(tzinfo=_UTC),
        "west": _MOMENT.replace(tzinfo=_WEST),
        "text Z": "2024-03-01T14:30:15.123456789Z",
        "text naive": "2024-03-01 14:30:15",
        "text west": "2024-03-01T14:30:15-05:00",
        "text date": "2024-03-01",
        "date": dt.date(2024, 3, 1),
        "epoch": 1_709_303_415,
        "epoch ms": 1_709_303_415_123,
        "epoch float": 1_709_303_415.25,
        "epoch text": "1709303415",
    },
    dt.date: {
        "date": dt.date(2024, 3, 1),
        "text date": "2024-03-01",
        "text midnight": "2024-03-01T00:00:00",
        "text time": "2024-03-01T10:00:00Z",
        "naive": _MOMENT,
        "epoch": 1_709_251_200,
        "compact": "20240301",
    },
    dt.time: {"text": "14:30", "text seconds": "14:30:15", "seconds": 52_200},
    dt.timedelta: {"seconds": 90, "iso": "PT90S", "clock": "00:01:30", "negative": -1, "text": "90"},
    uuid.UUID: {"text": "00000000-0000-0000-0000-000000000007", "hex": "0" * 31 + "7", "UUID": uuid.UUID(int=7)},
    pathlib.Path: {"text": "a/b", "path": pathlib.PurePosixPath("a/b"), "home": "~/a"},
    list: {
        "[]": [],
        "['5']": ["5"],
        "('5', '5')": ("5", "5"),
        "{'5'}": {"5"},
        "text": "5,6",
        "[None]": [None],
        "[5]": [5],
        "dict": {"a": 1},
    },
    dict: {
        "{}": {},
        "{'a': 1}": {"a": 1},
        "{'a': 'x'}": {"a": "x"},
        "{5: None}": {5: None},
        "pairs": [("a", 1)],
        "json": '{"a": 1}',
    },
}
_SEQUENCES = (list, tuple, set, frozenset, collections.abc.Sequence, collections.abc.Iterable, collections.abc.Set)
_MAPPINGS = (dict, collections.abc.Mapping, collections.abc.MutableMapping, collections.defaultdict)


def odd_values(annotation: Any) -> Odd:
    """The values that a field of this annotation is tried with."""
    found: Odd = {name: (lambda v=value: v) for name, value in ALWAYS.items()}
    for part in _parts(annotation):
        found |= _of(part)
    return found


def _of(part: Any) -> Odd:
    if isinstance(part, type) and issubclass(part, enum.Enum):
        return dict(_of_members({member.name: member for member in part}))
    if typing.get_origin(part) is typing.Literal:
        return dict(_of_texts(str(value) if isinstance(value, str) else value for value in typing.get_args(part)))
    kind = typing.get_origin(part) or part
    if kind in _SEQUENCES:
        kind = list
    elif kind in _MAPPINGS:
        kind = dict
    return {name: _anew(value) for name, value in _BY_TYPE.get(kind, {}).items()}


def _anew(value: Any) -> Callable[[], Any]:
    return (lambda: type(value)(value)) if isinstance(value, list | dict | set) else (lambda: value)


def _of_members(members: dict[str, enum.Enum]) -> Iterator[tuple[str, Callable[[], Any]]]:
    for name, member in members.items():
        yield f"member {name}", lambda m=member: m
        yield f"value of {name}", lambda m=member: m.value
        yield f"name {name}", lambda n=name: n
        if isinstance(member.value, str):
            yield f"other case of {name}", lambda m=member: m.value.swapcase()


def _of_texts(values: Any) -> Iterator[tuple[str, Callable[[], Any]]]:
    for value in values:
        yield f"{value!r}", lambda v=value: v
        if isinstance(value, str):
            yield f"other case of {value!r}", lambda v=value: v.swapcase()


def _parts(annotation: Any) -> Iterator[Any]:
    origin = typing.get_origin(annotation)
    if origin in (typing.Union, types.UnionType):
        for arg in typing.get_args(annotation):
            yield from _parts(arg)
    elif origin in (typing.Annotated, typing.ClassVar, typing.Final):
        yield from _parts(typing.get_args(annotation)[0])
    elif isinstance(annotation, typing.NewType):
        yield from _parts(annotation.__supertype__)
    elif isinstance(annotation, type) and not issubclass(annotation, enum.Enum):
        yield next((base for base in annotation.__mro__ if base in _BY_TYPE), annotation)
    elif annotation is not type(None):
        yield annotation
