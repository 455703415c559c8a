"""One thing after the other in time: windows, watermarks and lateness show only where times move on."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from call_cases import Case
from calling import run
from constructing import Maker
from describing import Described, state_of
from moving_on import OFFSETS, arguments_at
from rooms import with_small_numbers
from unit import Observation

Methods = Mapping[str, list[Case]]
Outcome = Callable[[Callable[[], Any]], Any]


def observations(location: str, kind: type, maker: Maker, methods: Methods, outcome: Outcome) -> Iterator[Observation]:
    """The series of each method that takes a thing with a time; ``outcome`` says what comes of one call.

    An instance with small numbers waits for no more than a window, or lets what is late come late.
    """
    timed = [name for name, cases in methods.items() if _has_time(cases[0])]
    makers = {"": maker} | {f"[made with {label}]": made for label, made in with_small_numbers(kind) if timed}
    for made_with, made in makers.items():
        for name in timed:
            work = functools.partial(_series, made, name, methods[name][0], methods, outcome)
            yield f"{location}{made_with}.{name} over time", functools.partial(run, work)


def _has_time(case: Case) -> bool:
    try:
        return arguments_at(case, 0) is not None
    except Exception:
        # Arguments that cannot be made have none.
        return False


async def _series(maker: Maker, name: str, case: Case, methods: Methods, outcome: Outcome) -> Described:
    instance = maker.make()
    steps = []
    for number in range(len(OFFSETS)):
        positional, named = arguments_at(case, number) or case.arguments()
        steps.append(await outcome(functools.partial(getattr(instance, name), *positional, **named)))
    seen = {"calls": steps, "state": state_of(instance)}
    for other in methods:
        method = getattr(instance, other)
        if other != name and not inspect.signature(method).parameters:
            seen[f"{other} in the end"] = await outcome(method)
    return Described(seen)
