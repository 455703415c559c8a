"""The calls of one function: as it is, with sick servers, cancelled, and with the arguments that bring it further."""

from __future__ import annotations

import functools
import inspect
import itertools
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import climbing
from call_cases import Case, few
from calling import cancelled, run
from constructing import CASES
from describing import Json
from hints import reads_schemas
from sick_edges import Calls
from unit import NOTHING, Observation

_FURTHER = 12
"""Calls beside the one that gets furthest."""
EVERY = 100
"""Calls that are tried for one that gets further."""


def each_call(
    name: str,
    function: Any,
    every: Sequence[Case],
    call: Callable[[Case], Any],
    observe: Callable[[Case], Json],
) -> Iterator[Observation]:
    """Each of the calls, and the plainest of them with sick servers and cancelled; then those that get further."""
    # What one schema is to another is told by what has changed, on either side.
    calls, cases = Calls(), few(every, 2 * CASES if reads_schemas(function) else CASES)
    for case in cases:
        yield calls.observed(f"{name}[{case.label}]", functools.partial(observe, case))
    for case in cases[:1]:
        yield from calls.sick(f"{name}[{case.label}]", functools.partial(observe, case))
        yield from _cancelled(name, function, functools.partial(call, case))
    furthest = functools.cache(functools.partial(climbing.furthest, call, every))
    # Tried within an observation, which is interrupted when it takes too long.
    yield f"{name} further", functools.partial(_looked_for, furthest)
    best = furthest()
    if best is None:
        return
    known = {case.label for case in cases}
    for case in itertools.islice(itertools.chain([best], climbing.beside(best, every)), _FURTHER):
        if case.label not in known:
            yield calls.observed(f"{name}[{case.label}]", functools.partial(observe, case))
    yield from calls.sick(f"{name}[{best.label}]", functools.partial(observe, best))


def _looked_for(look: Callable[[], Any]) -> Any:
    look()
    return NOTHING


def _cancelled(name: str, function: Any, work: Callable[[], Any]) -> Iterator[Observation]:
    """A call of what waits, cancelled in between."""
    if inspect.iscoroutinefunction(function):
        yield f"{name} cancelled", functools.partial(_end_of_cancelled, work)


def _end_of_cancelled(work: Callable[[], Any]) -> Json:
    """How the call ends. How far it has come till then is chance, where another thread does the work."""
    seen = run(functools.partial(cancelled, work))
    return {"returns": seen["returns"]} if "returns" in seen else {"raises": seen.get("raises", "nothing")}
