"""Nearly the same arguments once more: what is skipped, kept or overwritten by too little of what it was handed."""

from __future__ import annotations

import contextlib
import copy
import dataclasses
import datetime as dt
import enum
import random
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from describing import field_names


def varied(arguments: Mapping[str, Any], chance: random.Random) -> dict[str, Any]:
    """The arguments, of which one is another, in one place: what nothing is known of stays as it is."""
    names = [name for name, value in arguments.items() if value is not None]
    if not names:
        return dict(arguments)
    name = chance.choice(names)
    return {**arguments, name: _another(arguments[name], chance)}


def _another(value: Any, chance: random.Random) -> Any:
    """A value of the same kind that differs in one place."""
    if isinstance(value, bool):
        return not value
    if isinstance(value, enum.Enum):
        return chance.choice([*type(value)])
    if type(value) in (int, float, Decimal):
        return value + 1
    if type(value) is str:
        return f"{value}2"
    if type(value) is dt.datetime:
        return value + dt.timedelta(seconds=1)
    if type(value) is list and value:
        place = chance.randrange(len(value))
        return [*value[:place], _another(value[place], chance), *value[place + 1 :]]
    if isinstance(value, dict) and value:
        key = chance.choice([*value])
        changed = copy.copy(value)
        changed[key] = _another(value[key], chance)
        return changed
    return _with_another_field(value, chance)


def _with_another_field(value: Any, chance: random.Random) -> Any:
    with contextlib.suppress(Exception):
        fields = {name: part for name, part in set_fields(value).items() if part is not None}
        name = chance.choice([*fields])
        return with_field(value, name, _another(fields[name], chance))
    return value


def set_fields(value: Any) -> dict[str, Any]:
    """The fields of a model or a dataclass that can be given a value, by name; none of anything else."""
    computed = getattr(type(value), "model_computed_fields", ())
    return {name: getattr(value, name) for name in field_names(value) or () if name not in computed}


def with_field(value: Any, name: str, part: Any) -> Any:
    """The same model or dataclass with another value in one field."""
    is_plain = dataclasses.is_dataclass(value) and not isinstance(value, type)
    return dataclasses.replace(value, **{name: part}) if is_plain else value.model_copy(update={name: part})
