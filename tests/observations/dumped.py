"""What a function reads that makes an instance of a class: another instance of it, written down."""

from __future__ import annotations

import collections.abc
import dataclasses
import inspect
import json
import pathlib
import re
import typing
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from given_files import file_with
from hints import hints_of, parameters_of
from plain_samples import Sample

_READS = re.compile(r"^(from|parse|load|decode|deserialize|read)", re.IGNORECASE)
_IS_FILE = re.compile(r"path|file", re.IGNORECASE)
_WRITES = ("to_dict", "as_dict", "asdict", "dict")
_MAPPINGS = (dict, collections.abc.Mapping, collections.abc.MutableMapping)
_WITHOUT = 6
"""Members that are left out, one at a time."""


def dumped(function: Any, name: str, annotation: Any, samples: Callable[..., list[Sample]]) -> list[Sample]:
    """An instance written down as this argument wants it, whole and without each of its members; else nothing."""
    kind, reader = _made_by(function), getattr(function, "__name__", "")
    as_wanted = _form(reader, name, annotation)
    if kind is None or as_wanted is None or not _READS.match(reader):
        return []
    try:
        left_out = [parameter.name for parameter, _ in parameters_of(kind)][:_WITHOUT]
    except ValueError:
        return []
    ways = {"own": ""} | {f"own without {member}": member for member in left_out}
    return [Sample(way, partial(_own, kind, left, as_wanted, samples)) for way, left in ways.items()]


def _own(kind: type, left: str, as_wanted: Callable[[Mapping[str, Any]], Any], samples: Callable[..., Any]) -> Any:
    """What the first instance that can be made writes down, without one member."""
    members = next(filter(None, map(_written, samples(kind))), None) or {}
    return as_wanted({name: value for name, value in members.items() if name != left})


def _form(reader: str, name: str, annotation: Any) -> Callable[[Mapping[str, Any]], Any] | None:
    """What makes of the members of an instance what a parameter of this name and annotation wants."""
    if (typing.get_origin(annotation) or annotation) in _MAPPINGS:
        return dict
    kinds = [kind for kind in typing.get_args(annotation) or (annotation,) if kind is not type(None)]
    if _IS_FILE.search(name) and (str in kinds or pathlib.Path in kinds):
        # What is written in JSON is read as YAML as well.
        file_name = "own.yaml" if "yaml" in reader else "own.json"
        kind = pathlib.Path if pathlib.Path in kinds else str
        return lambda members: file_with(kind, file_name, _text(members).encode())
    if annotation in (str, bytes) and "json" in f"{reader} {name}":
        return _text if annotation is str else lambda members: _text(members).encode()
    return None


def _made_by(function: Any) -> type | None:
    """The class that a class method says it makes an instance of."""
    kind, returns = getattr(function, "__self__", None), hints_of(function).get("return")
    is_own = returns in (kind, typing.Self, getattr(kind, "__name__", None))
    return kind if inspect.isclass(kind) and is_own else None


def _written(sample: Sample) -> Mapping[str, Any] | None:
    """The members of an instance by name, as it writes them itself; None where none can be made."""
    try:
        instance = sample.make()
        write = next((method for name in _WRITES if callable(method := getattr(instance, name, None))), None)
        if hasattr(instance, "model_dump"):
            members = instance.model_dump(mode="json")
        else:
            members = write() if write else dataclasses.asdict(instance)
    except Exception:
        return None
    return members if isinstance(members, Mapping) else None


def _text(members: Mapping[str, Any]) -> str:
    return json.dumps(members, default=str)
