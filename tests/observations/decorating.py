"""Functions that are made of others: what is handed out for a function is called again and again.

It may be handed out by what a call returns, as a decorator with arguments does it, or by the call itself.
"""

from __future__ import annotations

import asyncio
import dataclasses
import functools
import time
import types
from collections.abc import Callable, Iterator
from typing import Any

from call_cases import Case
from calling import run
from describing import Described, Json, class_names, describe
from exhausting import exhausted
from plain_samples import CALLABLE, Sample
from unit import NOTHING, Observation

_OFTEN = 12
"""Calls of what was handed out: more than most budgets and limits allow at once."""
_FAILURES = 2
_NO_FAULTS = (RuntimeError, FileNotFoundError, ValueError)
"""Errors that are no fault of a connection; a FileNotFoundError is an OSError, as a ConnectionError is."""
_CASES = 5


class _Decorated:
    """A function to be decorated, which counts its calls and fails the first few times."""

    def __init__(self, failures: int, error: Callable[[str], Exception]) -> None:
        self.calls, self._failures, self._error = 0, failures, error

    def answer(self, *_: Any, **__: Any) -> int:
        """The number of the call, or an error: of a connection, which is worth another attempt, or of another kind."""
        self.calls += 1
        if self.calls <= self._failures:
            raise self._error("not yet")
        return self.calls

    def function(self, *, waits: bool) -> Callable[..., Any]:
        """A plain function, or one to be awaited."""

        def decorated(*given: Any, **named: Any) -> int:
            return self.answer(*given, **named)

        async def awaited(*given: Any, **named: Any) -> int:
            return self.answer(*given, **named)

        return awaited if waits else decorated


def observations(location: str, function: Any, cases: list[Case]) -> Iterator[Observation]:
    """What becomes of functions that the results of some cases are given, where the plainest gives a function."""
    # Asked once: most functions give none.
    gives_function = functools.cache(functools.partial(_gives_function, function, *cases[:1]))
    for case in cases[:_CASES]:
        yield f"{location}[{case.label}] decorating", functools.partial(_decorating, function, case, gives_function)


def takes_function(case: Case) -> str:
    """The argument of a call that is a function; nothing if none is."""
    return next((name for name, sample in case.named if sample.label == CALLABLE), "")


def _gives_function(function: Any, case: Case) -> bool:
    returned: list[Any] = []
    run(lambda: returned.append(case.call(function)))
    return [type(result) for result in returned] == [types.FunctionType]


def _decorating(function: Any, case: Case, gives_function: Callable[[], bool]) -> Json:
    if not gives_function():
        return NOTHING
    decorated = {
        f"failing {failures if failures < _OFTEN else 'ever'}": functools.partial(_Decorated, failures, ConnectionError)
        for failures in (0, _FAILURES, _OFTEN * _OFTEN)
    }
    decorated |= {f"raising {kind.__name__}": functools.partial(_Decorated, _FAILURES, kind) for kind in _NO_FAULTS}
    return {
        f"{'awaited' if waits else 'plain'}, {how}": run(functools.partial(_calls, function, case, made(), waits=waits))
        for waits in (False, True)
        for how, made in decorated.items()
    }


async def _calls(function: Any, case: Case, decorated: _Decorated, *, waits: bool) -> Described:
    given = Sample("decorated", functools.partial(decorated.function, waits=waits))
    if taken := takes_function(case):
        made = dataclasses.replace(case, named=tuple((dict(case.named) | {taken: given}).items())).call(function)
    else:
        made = case.call(function)(given.make())
    if not callable(made):
        return Described({"gives": describe(made)})
    steps = [await _call(made) for _ in range(_OFTEN)]
    return Described({"calls": steps, "of the decorated": decorated.calls})


async def _call(made: Callable[[], Any]) -> Json:
    """What one call comes to, and how long it waits."""
    begin = time.monotonic()
    try:
        outcome: Json = describe(await asyncio.wait_for(exhausted(made()), 60.0))
    except Exception as error:
        outcome = class_names(type(error))
    waited = round(time.monotonic() - begin, 3)
    return [outcome, waited] if waited else outcome
