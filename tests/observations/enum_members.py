"""An enum: each member's value, text and JSON, and by what it can be looked up."""

from __future__ import annotations

import copy
import enum
import json
import pickle
from collections.abc import Iterator
from typing import Any

from describing import Json
from instances import attempt
from unit import Observation


def observe_enum(location: str, kind: type[enum.Enum]) -> Iterator[Observation]:
    """A member's observations are its own: one that is added changes none of the others."""
    yield (
        f"{location}[is a]",
        lambda: {base.__name__: True for base in (str, int, float, enum.Flag) if issubclass(kind, base)},
    )
    yield f"{location}[lookups]", lambda: {name: attempt(lambda v=value: kind(v)) for name, value in _WRONG.items()}
    for name, member in kind.__members__.items():
        yield f"{location}[{name}]", lambda name=name, member=member: _member(kind, name, member)


_WRONG: dict[str, Any] = {"None": None, "empty": "", "unknown": "no such member", "999": 999, "True": True}


def _member(kind: type[enum.Enum], name: str, member: enum.Enum) -> Json:
    value: Any = member.value
    others = [other for other in kind if other is not member]
    return {
        "value": attempt(lambda: value),
        "name": member.name,
        "by name": attempt(lambda: kind[name] is member),
        "by value": attempt(lambda: kind(value) is member),
        "by its name as value": attempt(lambda: kind(name) is member),
        "by other case": attempt(lambda: kind(str(value).swapcase()) is member),
        "by padded value": attempt(lambda: kind(f" {value} ") is member),
        "by value as text": attempt(lambda: kind(str(value)) is member),
        "str": str(member),
        "format": attempt(lambda: f"{member}|{member!s:>4}"),
        "json": attempt(lambda: json.dumps({"v": member})),
        "json key": attempt(lambda: json.dumps({member: 1})),
        "equals its value": attempt(lambda: [member == value, hash(member) == hash(value), bool(member)]),
        "sorts before": _before(member, others),
        "copies": attempt(lambda: [copy.deepcopy(member) is member, pickle.loads(pickle.dumps(member)) is member]),  # noqa: S301 - pickled here
    }


def _before(member: Any, others: list[Any]) -> Json:
    """The members that it is less than, by name: each for itself, so that another one changes nothing."""
    try:
        return {other.name: bool(member < other) for other in others}
    except TypeError:
        return "has no order"
