"""One thing after the other in time: windows, watermarks and lateness show only where times move on."""

from __future__ import annotations

import dataclasses
import datetime as dt
import functools
import inspect
import operator
from collections.abc import Callable, Iterator, Mapping
from decimal import Decimal
from typing import Any

from call_cases import Case
from calling import run
from constructing import Maker
from describing import Described, field_names, state_of
from plausible import MOMENT, Row
from unit import Observation

_OFFSETS = (0.0, 0.4, 1.0, 1.0, 2.5, 2.0, 3.0, 10.0, 9.9, 60.0, 120.0, 61.0)
"""Seconds: within a window, at its end, twice at once, late by a little and by much, after short and long gaps."""
_PRICES = ("101.4567", "100.125", "99.375", "102.5")
"""Up and down, with more decimals than prices are rounded to, and halves of the last one."""

Methods = Mapping[str, list[Case]]
Outcome = Callable[[Callable[[], Any]], Any]


def observations(location: str, maker: Maker, methods: Methods, outcome: Outcome) -> Iterator[Observation]:
    """The series of each method that takes a thing with a time; ``outcome`` says what comes of one call."""
    for name, cases in methods.items():
        if _has_time(cases[0]):
            work = functools.partial(_series, maker, name, cases[0], methods, outcome)
            yield f"{location}.{name} over time", functools.partial(run, work)


def _has_time(case: Case) -> bool:
    try:
        return _moved(case, 0) is not None
    except Exception:
        # Arguments that cannot be made have none.
        return False


async def _series(maker: Maker, name: str, case: Case, methods: Methods, outcome: Outcome) -> Described:
    instance = maker.make()
    steps = []
    for number in range(len(_OFFSETS)):
        positional, named = _moved(case, number) or case.arguments()
        steps.append(await outcome(functools.partial(getattr(instance, name), *positional, **named)))
    seen = {"calls": steps, "state": state_of(instance)}
    for other in methods:
        method = getattr(instance, other)
        if other != name and not inspect.signature(method).parameters:
            seen[f"{other} in the end"] = await outcome(method)
    return Described(seen)


def _moved(case: Case, number: int) -> tuple[list[Any], dict[str, Any]] | None:
    """The arguments of a case at a place of the series; None where none of them has a time."""
    positional, named = case.arguments()
    moved = [_at(value, number) for value in positional], {key: _at(value, number) for key, value in named.items()}
    same = all(map(operator.is_, positional, moved[0])) and all(named[key] is moved[1][key] for key in named)
    return None if same else moved


def _at(value: Any, number: int) -> Any:
    """The same thing at a place of the series, with its time and its prices; the thing itself where it has no time."""
    if isinstance(value, Row):
        return _row(value, number)
    fields = {name: getattr(value, name, None) for name in field_names(value) or ()}
    times = {name: part for name, part in fields.items() if isinstance(part, dt.datetime)}
    if not times:
        return value
    changes: dict[str, Any] = {name: _time_at(part, number) for name, part in times.items()}
    price = _PRICES[number % len(_PRICES)]
    changes |= {name: type(part)(price) for name, part in fields.items() if isinstance(part, float | Decimal)}
    changes |= {name: _at(part, number) for name, part in fields.items() if isinstance(part, Row)}
    try:
        if dataclasses.is_dataclass(value) and not isinstance(value, type):
            return dataclasses.replace(value, **changes)
        return value.model_copy(update=changes) if hasattr(value, "model_copy") else value
    except Exception:
        return value


def _time_at(moment: dt.datetime, number: int) -> dt.datetime:
    return moment.replace(second=0, microsecond=0) + dt.timedelta(seconds=_OFFSETS[number])


def _row(row: Row, number: int) -> Row:
    """The row with its time, and with four prices that are not the same."""
    price = float(_PRICES[number % len(_PRICES)])
    prices = {"price": price, "open": price - 0.25, "high": price + 1.5, "low": price - 1.25, "close": price}
    prices |= {name[0]: value for name, value in prices.items() if name != "price"}
    return Row(
        **row
        | prices
        | {"ts": _time_at(MOMENT, number).isoformat(), "size": number + 1, "volume": number + 1, "v": number + 1}
    )
