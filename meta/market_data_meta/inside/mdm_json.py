"""Frozen dataclasses as JSON and back, by the types of their fields.

The tool writes what a run is told, the environment under test reads it, and the other way round. Pydantic is not used:
it is itself among what is installed beside the packages under test.
"""

from __future__ import annotations

import dataclasses
import functools
import types
import typing
from collections.abc import Iterable, Mapping
from typing import Any, TypeVar

T = TypeVar("T")


def to_json(value: Any) -> Any:
    """The value as JSON has it. A field that is empty, and may be left out, is left out."""
    if dataclasses.is_dataclass(value):
        fields = ((field, getattr(value, field.name)) for field in dataclasses.fields(value))
        return {field.name: to_json(content) for field, content in fields if content or not _is_default(field, content)}
    if isinstance(value, Mapping):
        return {key: to_json(item) for key, item in value.items()}
    if isinstance(value, tuple | list):
        return [to_json(item) for item in value]
    return value


def from_json(kind: type[T], data: object) -> T:
    """The value of a dataclass that ``to_json`` has written. Raises ValueError that says what is wrong, and where."""
    value: T = _read(kind, data, kind.__name__)
    return value


def _is_default(field: dataclasses.Field[Any], content: object) -> bool:
    if field.default_factory is not dataclasses.MISSING:
        return bool(content == field.default_factory())
    return bool(content == field.default)


@functools.cache
def _types(kind: type) -> Mapping[str, Any]:
    return typing.get_type_hints(kind)


def _read(kind: Any, data: Any, place: str) -> Any:
    if kind is Any:
        return data
    if dataclasses.is_dataclass(kind):
        return _read_dataclass(kind, data, place)
    origin, arguments = typing.get_origin(kind), typing.get_args(kind)
    if origin in (typing.Union, types.UnionType):
        # The only union in use is with None.
        return None if data is None else _read(arguments[0], data, place)
    if origin is tuple:
        items = _checked(list, data, place)
        return tuple(items if _are_texts(arguments[0], items) else [_read(arguments[0], item, place) for item in items])
    if origin is Mapping:
        table = _checked(dict, data, place)
        if _are_texts(arguments[1], table.values()):
            return table
        return {key: _read(arguments[1], item, f"{place}/{key}") for key, item in table.items()}
    return _checked((int, float) if kind is float else kind, data, place)


def _are_texts(kind: Any, items: Iterable[Any]) -> bool:
    """Whether there is nothing to convert: records have hundreds of names, and are read by the hundred."""
    return kind is str and all(type(item) is str for item in items)


def _read_dataclass(kind: Any, data: Any, place: str) -> Any:
    fields = {field.name: field for field in dataclasses.fields(kind)}
    table = _checked(dict, data, place)
    if unknown := sorted(table.keys() - fields.keys()):
        raise ValueError(f"{place} has an unknown field {unknown[0]}")
    values = {}
    for name, field in fields.items():
        if not field.init:
            if name not in table or table[name] != field.default:
                raise ValueError(f"{place}/{name} is not {field.default!r}")
        elif name in table:
            values[name] = _read(_types(kind)[name], table[name], f"{place}/{name}")
        elif field.default is field.default_factory is dataclasses.MISSING:
            raise ValueError(f"{place}/{name} is missing")
    return kind(**values)


def _checked(kind: Any, data: Any, place: str) -> Any:
    if not isinstance(data, kind) or (isinstance(data, bool) and kind is not bool):
        raise ValueError(f"{place} is a {type(data).__name__}")
    return data
