"""The same thing at a later place of a series: with its time moved on, and with other prices."""

from __future__ import annotations

import copy
import dataclasses
import datetime as dt
import operator
import re
from decimal import Decimal
from typing import Any

from call_cases import Case
from describing import attributes, field_names
from plausible import MOMENT, Row

OFFSETS = (0.0, 0.4, 1.0, 1.0, 2.5, 2.0, 3.0, 10.0, 9.9, 60.0, 600.0, 61.0)
"""Seconds: within a window, at its end, twice at once, late by a little and by much, after short and long gaps."""
_TIME = re.compile(r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?")
"""How a text begins that is a time."""
_PRICES = ("101.4567", "100.125", "99.375", "102.5")
"""Up and down, with more decimals than prices are rounded to, and halves of the last one."""


def arguments_at(case: Case, number: int) -> tuple[list[Any], dict[str, Any]] | None:
    """The arguments of a case at a place of the series; None where none of them has a time."""
    positional, named = case.arguments()
    moved = [at(value, number) for value in positional], {key: at(value, number) for key, value in named.items()}
    same = all(map(operator.is_, positional, moved[0])) and all(named[key] is moved[1][key] for key in named)
    return None if same else moved


def later(value: Any, number: int) -> Any:
    """What an answer is when it is asked for again: of several things at once each one is at a place of its own."""
    if isinstance(value, list):
        return [later(each, number * len(value) + place) for place, each in enumerate(value)]
    return at(value, number % len(OFFSETS)) if number > 0 else value


def at(value: Any, number: int) -> Any:
    """The same thing at a place of the series, with its time and its prices; the thing itself where it has no time."""
    if isinstance(value, Row):
        return _row(value, number)
    fields = {name: getattr(value, name, None) for name in field_names(value) or ()}
    times = {name: part for name, part in fields.items() if isinstance(part, dt.datetime)}
    if not times:
        return _with_texts_at(value, number)
    changes: dict[str, Any] = {name: _time_at(part, number) for name, part in times.items()}
    price = _PRICES[number % len(_PRICES)]
    changes |= {name: type(part)(price) for name, part in fields.items() if isinstance(part, float | Decimal)}
    changes |= {name: at(part, number) for name, part in fields.items() if isinstance(part, Row)}
    try:
        if dataclasses.is_dataclass(value) and not isinstance(value, type):
            return dataclasses.replace(value, **changes)
        return value.model_copy(update=changes) if hasattr(value, "model_copy") else value
    except Exception:
        return value


def _with_texts_at(value: Any, number: int) -> Any:
    """A copy of an object of the packages whose public times are texts, with these moved on; else the thing itself.

    At each second place it is UTC that is written with a Z.
    """
    public = dict(attributes(value))
    texts = {name: part for name, part in public.items() if isinstance(part, str) and _TIME.match(part)}
    if not texts:
        return value
    time = _time_at(MOMENT, number).replace(tzinfo=None).isoformat(timespec="milliseconds")
    changes: dict[str, Any] = {
        name: f"{time}Z" if number % 2 else _TIME.sub(time, part) for name, part in texts.items()
    }
    changes |= {name: at(part, number) for name, part in public.items() if isinstance(part, Row)}
    try:
        moved = copy.copy(value)
        for name, part in changes.items():
            setattr(moved, name, part)
    except Exception:
        return value
    return moved


def time_of(value: Any) -> dt.datetime | None:
    """The time that a thing has; None where it has none."""
    if isinstance(value, Row):
        return dt.datetime.fromisoformat(value["ts"])
    fields = (getattr(value, name, None) for name in field_names(value) or ())
    return next((part for part in fields if isinstance(part, dt.datetime)), None)


def _time_at(moment: dt.datetime, number: int) -> dt.datetime:
    return moment.replace(second=0, microsecond=0) + dt.timedelta(seconds=OFFSETS[number])


def _row(row: Row, number: int) -> Row:
    """The row with its time, and with four prices that are not the same; at each second place its times are texts."""
    price = float(_PRICES[number % len(_PRICES)])
    prices = {"price": price, "open": price - 0.25, "high": price + 1.5, "low": price - 1.25, "close": price}
    prices |= {name[0]: value for name, value in prices.items() if name != "price"}
    time = _time_at(MOMENT, number).isoformat()
    moved = row.changed(**prices, ts=time, size=number + 1, volume=number + 1, v=number + 1)
    moved.writes_times = bool(number % 2)
    return moved
