"""What came of the calls of a random sequence, one after the other."""

from __future__ import annotations

import asyncio
import json
import math
import random
import re
from collections.abc import Mapping, Sequence
from typing import Any

from collaborators import HANDED
from describing import Json, describe, is_of_packages, state_of, type_name
from drawn_values import Drawn
from edge import EDGE
from exhausting import exhausted
from handed_things import filling_of, note_what_is_put, things_of
from values import NoSampleError
from varied import varied

_SHOWN_BYTES = 2_000
"""Bytes of the arguments of a call that are shown: both sides get the same ones, so that only a reader needs them."""
_PATIENCE = 6.0
"""Virtual seconds after which a call is left to itself."""
_PATIENCE_ALONE = 60.0
"""Virtual seconds that a function has, beside which nothing is to be done."""
_AGE = re.compile(r"<now[A-Za-z+:0-9. ]*?[+-]\d+s")
"""How a moment is described that is some seconds away from now."""
_ITEMS = (1, 2, 8)
"""Items that are taken of what a call yields."""
_VARIED = 0.15
"""How often a call is handed nearly what the last one was."""
_AT_ONCE = (*((1, 1),) * 8, (2, 1), (4, 1), (1, 3), (1, 8))
"""Calls at once, and how often in a row."""

_Call = tuple[Any, Mapping[str, Any]]
"""What is called, and with what."""


class Journal:
    """What came of each call of a sequence, in order; a call that does not end is left to itself."""

    def __init__(self, drawn: Drawn, chance: random.Random) -> None:
        self.drawn, self.chance = drawn, chance
        self.steps: dict[str, Json] = {}
        self.until = math.inf
        self._left: dict[str, asyncio.Future[Any]] = {}
        self._returned: list[tuple[str, Any, Json]] = []
        self._last: dict[str, Mapping[str, Any]] = {}

    async def calls(self, name: str, call: Any, function: Any, seed: str) -> None:
        """Call a method with the arguments that the seed stands for, once in most cases, or several times."""
        at_once, in_a_row = self.chance.choice(_AT_ONCE)
        for _ in range(in_a_row):
            if asyncio.get_running_loop().time() > self.until:
                return
            self.drawn.begin(seed)
            await self.call(call, function, name, at_once)

    async def call_alone(self, function: Any) -> None:
        """Call a function while what it was handed first is filled, and note what it puts into the other things."""
        step = f"{len(self.steps):02}"
        try:
            arguments = self._arguments("", function)
            things = things_of(arguments)
            ways = [filling_of(thing, self.drawn, self.chance) for thing in [*things.values()][:1]]
        except NoSampleError:
            return
        given = _shortened(describe(arguments))
        for name in [*things][1:]:
            note_what_is_put(things[name], name)
        filling = [asyncio.ensure_future(way.go_on()) for way in ways if way]
        await self._call(step, given, [(function, arguments)], _PATIENCE_ALONE)
        for task in (*filling, *self._left.values()):
            task.cancel()
        if things:
            self.steps[step]["things"] = {name: state_of(thing) for name, thing in things.items()}

    async def call(self, call: Any, function: Any, name: str, times: int) -> None:
        """Call it, several times at once if it is to be so, and note what comes of it."""
        step = f"{len(self.steps):02} {name}"
        try:
            every = [self._arguments(name, function) for _ in range(times)]
        except NoSampleError:
            return
        given = _shortened(describe(every if times > 1 else every[0]))
        await self._call(step, given, [(call, arguments) for arguments in every], _PATIENCE)

    def _arguments(self, name: str, function: Any) -> Mapping[str, Any]:
        """Arguments for a call: drawn ones, or now and then those of the last one, of which one is another."""
        last = self._last.get(name)
        is_varied = last is not None and self.chance.random() < _VARIED
        found = varied(last, self.chance) if last is not None and is_varied else self.drawn.arguments(function)
        self._last[name] = found
        return found

    async def _call(self, step: str, given: Json, calls: Sequence[_Call], patience: float) -> None:
        began, items = asyncio.get_running_loop().time(), self.chance.choice(_ITEMS)
        tasks = [asyncio.ensure_future(_ended(call, arguments, items)) for call, arguments in calls]
        await asyncio.wait(tasks, timeout=patience)
        seconds = round(asyncio.get_running_loop().time() - began, 2)
        self._left |= {f"{step} {number}": task for number, task in enumerate(tasks) if not task.done()}
        noted = {"handed": HANDED.take(), "sent": EDGE.take(), "seconds": seconds}
        comes_to = [self._outcome(task) for task in tasks]
        self._returned += [
            (step, task.result(), outcome["returns"])
            for task, outcome in zip(tasks, comes_to, strict=True)
            if isinstance(outcome, dict) and "returns" in outcome
        ]
        self.steps[step] = {
            "given": given,
            "comes to": comes_to,
            **{name: each for name, each in noted.items() if each},
        }

    def later(self) -> Json:
        """What has come of the calls that were left to themselves."""
        return {step: self._outcome(task) for step, task in self._left.items()}

    def changed_since(self) -> Json:
        """What was returned and has become something else since then: who was handed it has it still."""
        now = ((step, describe(result), first) for step, result, first in self._returned)
        return [[step, result] for step, result, first in now if _timeless(result) != _timeless(first)]

    def _outcome(self, task: asyncio.Future[Any]) -> Json:
        if not task.done():
            return "goes on"
        if task.cancelled():
            return "is cancelled"
        if error := task.exception():
            return {"raises": _kind_of(error)}
        self.drawn.keep(task.result())
        return {"returns": describe(task.result())}


def _timeless(described: Json) -> str:
    """What was described, but for how long ago a moment is: all that was handed out becomes older."""
    return _AGE.sub("<now", json.dumps(described, default=str))


def _shortened(given: Json) -> Json:
    """What was handed over, or how much where it is long."""
    length = len(json.dumps(given, default=str))
    return given if length <= _SHOWN_BYTES else f"{length} bytes"


async def _ended(call: Any, arguments: Mapping[str, Any], items: int) -> Any:
    return await exhausted(call(**arguments), items)


def _kind_of(error: BaseException) -> str:
    """An error of the packages by its name; of any other what it is in general.

    What a library, or Python itself, makes of an odd value is nobody's promise: a JSONDecodeError is a ValueError.
    """
    for kind in type(error).__mro__:
        if is_of_packages(kind):
            return type_name(kind)
    general = [kind for kind in type(error).__mro__ if issubclass(kind, Exception) and kind is not Exception]
    return general[-1].__name__ if general else type(error).__name__
