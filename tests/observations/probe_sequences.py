"""Random sequences of calls of what has changed: what only shows after several calls, in an order, at a bound.

They are made where the sources of the two sides say what has changed, and no other observation differs. Which calls
they are hangs on the name of the class and on numbers alone, so that both sides get the same.
"""

from __future__ import annotations

import asyncio
import contextlib
import functools
import inspect
import json
import math
import random
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from calling import run
from collaborators import HANDED
from constructing import Maker, concrete, constructions, is_static, maker_of, methods_of
from describing import PACKAGES, Described, Json, describe, state_of, type_name
from drawn_values import Drawn, chance_of
from edge import EDGE
from edge import MOODS as SERVER_MOODS
from exhausting import exhausted
from instances import has_fields
from lifecycles import OPENERS
from surface import PublicObject, Surface
from unit import NOTHING, Observation, Unit
from values import NoSampleError
from virtual_time import VirtualLoop

_CPU_SECONDS = 50.0
"""More than the steps take that a class may use."""
_CALLS = (4, 16)
"""Calls of a sequence, at least and at most."""
_STEPS, _STEP_BYTES = 400_000, 10
"""Steps of loops in the sequences of a class after which no other one begins, and what is told in place of one."""
_TOLD = 2_000
"""Bytes of the arguments of a call that are told: they are the same for both sides, and said for whoever reads it."""
_PAUSES = (0.0, 0.05, 0.5, 1.0, 5.0, 31.0, 65.0)
"""Virtual seconds between two calls, beside those that are a little more than a number that the thing was made with."""
_LONGEST, _LITTLE_MORE = 90.0, 0.05
_FEW, _OF_FEW = (1, 3), 0.5
"""How many methods are called in a sequence of few, and how often it is such a one: what takes several of the same
calls in a row is met by few at random that may call anything."""
_PATIENCE, _WHOLE = 6.0, 100.0
"""Virtual seconds after which a call is left to itself, and after which no other one begins."""
_PATIENCE_ALONE = 60.0
"""Virtual seconds that a function has, beside which nothing is to be done."""
_DOUBLE_MOODS = ("raises", "raises once", "times out", "disconnects once", "loses its server once", "slow")
"""How doubles may be when they are not well."""
_ITEMS = (1, 2, 8)
"""Items that are taken of what a call yields."""
_FAVOURED = 4
"""How much more often a method that has changed is called than another."""
_OFTEN = (10, 4, 3, 2, 1)
"""How often a step is a new call, the last call again, a pause, another mood, and a look at the state."""
_AT_ONCE = (*((1, 1),) * 8, (2, 1), (4, 1), (1, 3), (1, 8))
"""Calls at once, and how often in a row."""
_PREPARES = re.compile(r"^(register|add|set|put|subscribe|create|publish|submit|enqueue|append|record|insert|acquire)")
"""Names of methods after which others have something to work with."""


def units(surface: Surface) -> Iterable[Unit]:
    """A unit for each class and function that the plan names; none where there is nothing to look at more closely."""
    plan = surface.plan.get("closer") or {}
    wanted: Mapping[str, Any] = plan.get("units", {})
    for each in surface.objects():
        if (asked := wanted.get(each.location)) is not None:
            drawn_near = tuple(plan.get("numbers", ())), tuple(plan.get("texts", ()))
            material = _Material(*drawn_near, frozenset(asked["changed"]), surface.imports, _Spent())
            observe = functools.partial(_sequences, each, material, range(int(asked["sequences"])))
            yield Unit("sequences", each.location, observe, seconds=_CPU_SECONDS)


@dataclass
class _Spent:
    """What sequences have taken so far, in steps of their loops and in what they tell: the same on each machine."""

    steps: int = 0

    def take(self, loop: asyncio.AbstractEventLoop) -> None:
        """Count the steps of a loop since the last time, and let it begin to count anew."""
        if isinstance(loop, VirtualLoop):
            self.steps += loop.steps
            loop.steps = 0

    def counted(self, seen: Json) -> Json:
        """What was seen; nothing where it went on and on: when it is ended hangs on how many steps its loop takes."""
        self.steps += len(json.dumps(seen, default=str)) // _STEP_BYTES
        return seen if "returns" in seen else NOTHING


@dataclass(frozen=True)
class _Material:
    """What sequences are made of: numbers and texts of the changed code, and the names of the changed methods."""

    numbers: tuple[float, ...]
    texts: tuple[str, ...]
    changed: frozenset[str]
    imports: tuple[str, ...]
    spent: _Spent


def _sequences(each: PublicObject, material: _Material, numbers: range) -> Iterator[Observation]:
    observe = functools.partial(_of_function, each, material)
    if isinstance(each.value, type):
        observe = functools.partial(_of_class, each, material)
        numbers = numbers if _methods(each.value, material.imports) else range(0)
    for number in numbers:
        yield f"{each.location}[{number}]", functools.partial(observe, number)
        if material.spent.steps > _STEPS:
            return


def _of_function(each: PublicObject, material: _Material, number: int) -> Json:
    chance = chance_of(f"{each.location} {number}")
    journal = _Journal(Drawn(material.numbers, material.texts), chance)

    async def work() -> Described:
        loop = asyncio.get_running_loop()
        began = loop.time()
        for _ in range(chance.randint(*_CALLS) // 2):
            journal.drawn.begin(str(chance.random()))
            await journal.call(each.value, each.value, "", patience=_PATIENCE_ALONE)
            journal.forsake()
            material.spent.take(loop)
            if loop.time() - began > _WHOLE - _PATIENCE_ALONE:
                break
        return Described(journal.steps)

    return material.spent.counted(run(work)) if _is_called(each.value) else NOTHING


def _is_called(function: Any) -> bool:
    with contextlib.suppress(NoSampleError):
        Drawn((), ()).arguments(function)
        return True
    return False


def _of_class(each: PublicObject, material: _Material, number: int) -> Json:
    chance = chance_of(f"{each.location} {number}")
    numbers = (*material.numbers, *_defaults(each.value))
    journal = _Journal(Drawn(numbers, material.texts), chance)
    with contextlib.ExitStack() as moods:
        return material.spent.counted(run(functools.partial(_lived, each.value, material, journal, moods)))


@functools.cache
def _methods(kind: type, imports: tuple[str, ...]) -> Mapping[str, Any]:
    return {name: method for name, method in methods_of(kind, imports) if name != "__call__"}


@dataclass(frozen=True)
class _Made:
    """An instance, and what its constructor was handed, by name."""

    instance: Any
    handed: Mapping[str, Any]

    def methods(self, imports: tuple[str, ...]) -> dict[str, tuple[Any, Any]]:
        """What can be called, with the function that says its parameters: also of what it was made to work with."""
        found: dict[str, tuple[Any, Any]] = {}
        for owner, thing in {"": self.instance, **self.handed}.items():
            kind: type = type(thing)
            if owner and (kind.__module__.split(".")[0] not in PACKAGES or has_fields(kind)):
                continue
            for name, method in _methods(kind, imports).items():
                call = getattr(thing, name)
                function = call if is_static(kind, name) else method
                found[f"{owner}.{name}" if owner else name] = call, function
        return found

    def pauses(self) -> tuple[float, ...]:
        """Virtual seconds between two calls."""
        given = [each for each in self.handed.values() if type(each) in (int, float) and 0 < each < _LONGEST]
        return (*_PAUSES, *(float(each) + _LITTLE_MORE for each in given))


async def _lived(kind: type, material: _Material, journal: _Journal, moods: contextlib.ExitStack) -> Any:
    chance, loop = journal.chance, asyncio.get_running_loop()
    made = _made(kind, journal)
    if made is None:
        return Described("nothing was made")
    instance, methods, pauses = made.instance, made.methods(material.imports), made.pauses()
    names, journal.until = sorted(methods), loop.time() + _WHOLE
    if chance.random() < 0.5:
        journal.drawn.be_coherent()
    calls = _first(names, chance)
    if chance.random() < _OF_FEW:
        names = [chance.choice(names) for _ in range(chance.randint(*_FEW))]
        pauses = (chance.choice(pauses),)
    weights = [_FAVOURED if name in material.changed else 1 for name in names]
    last = calls[0] if calls else (names[0], "")
    for _ in range(chance.randint(*_CALLS)):
        material.spent.take(loop)
        if loop.time() > journal.until:
            break
        step = "new" if calls else chance.choices(("new", "again", "pause", "mood", "state"), _OFTEN)[0]
        if step == "new":
            last = calls.pop() if calls else (chance.choices(names, weights)[0], str(chance.random()))
        if step in ("new", "again"):
            await journal.calls(last[0], *methods[last[0]], last[1])
        elif step == "pause":
            await asyncio.sleep(min(chance.choice(pauses), max(0.0, journal.until - loop.time())))
        elif step == "mood":
            moods.enter_context(HANDED.being(chance.choice(("well", "well", *_DOUBLE_MOODS))))
            moods.enter_context(EDGE.being(chance.choice(("well", "well", *SERVER_MOODS))))
        else:
            journal.steps[f"{len(journal.steps):02} state"] = state_of(instance)
    moods.close()
    await asyncio.sleep(1.0)
    ended = {"state": state_of(instance), "later": journal.later(), "changed since": journal.changed_since()}
    return Described({"steps": journal.steps, **ended})


def _first(names: Sequence[str], chance: random.Random) -> list[tuple[str, str]]:
    """What begins it, in most sequences, the last of them first: what has not begun does little."""
    opener = next((name for name in OPENERS if name in names), None)
    prepares = [name for name in names if _PREPARES.match(name.rpartition(".")[2])]
    calls = [(chance.choice(prepares), str(chance.random()))] if prepares and chance.random() < 0.5 else []
    return [*calls, (opener, "")] if opener and chance.random() < 0.7 else calls


def _defaults(kind: type) -> list[float]:
    """The numbers that a constructor has as defaults: bounds, in most cases."""
    try:
        parameters = inspect.signature(kind).parameters.values()
    except (ValueError, TypeError):
        return []
    return [each.default for each in parameters if type(each.default) in (int, float)]


def _made(kind: type, journal: _Journal) -> _Made | None:
    """An instance from drawn arguments, or from the plainest ones that make one; None where nothing does."""
    journal.drawn.begin(str(journal.chance.random()))
    if journal.chance.random() < 0.6:
        with contextlib.suppress(Exception):
            arguments = journal.drawn.arguments(kind)
            instance = concrete(kind)(**arguments)
            journal.steps["00 made with"] = describe(arguments)
            return _Made(instance, arguments)
    for case in constructions(kind)[:1]:
        with contextlib.suppress(Exception):
            positional, named = case.arguments()
            return _Made(concrete(kind)(*positional, **named), named)
    with contextlib.suppress(Exception):
        if maker := _maker(kind):
            return _Made(maker.make(), {})
    return None


@functools.cache
def _maker(kind: type) -> Maker | None:
    return maker_of(kind)


class _Journal:
    """What came of each call of a sequence, in order; a call that does not end is left to itself."""

    def __init__(self, drawn: Drawn, chance: random.Random) -> None:
        self.drawn, self.chance = drawn, chance
        self.steps: dict[str, Json] = {}
        self.until = math.inf
        self._left: dict[str, asyncio.Future[Any]] = {}
        self._returned: list[tuple[str, Any, Json]] = []

    async def calls(self, name: str, call: Any, function: Any, seed: str) -> None:
        """Call a method with the arguments that the seed stands for, once in most cases, or several times."""
        at_once, in_a_row = self.chance.choice(_AT_ONCE)
        for _ in range(in_a_row):
            if asyncio.get_running_loop().time() > self.until:
                return
            self.drawn.begin(seed)
            await self.call(call, function, name, at_once)

    async def call(self, call: Any, function: Any, name: str, times: int = 1, patience: float = _PATIENCE) -> None:
        """Call it, several times at once if it is to be so, and note what comes of it."""
        step = f"{len(self.steps):02} {name}".rstrip()
        try:
            every = [self.drawn.arguments(function) for _ in range(times)]
        except NoSampleError:
            return
        given = _shortened(describe(every if times > 1 else every[0]))
        began, items = asyncio.get_running_loop().time(), self.chance.choice(_ITEMS)
        tasks = [asyncio.ensure_future(_ended(call, arguments, items)) for arguments in every]
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

    def forsake(self) -> None:
        """End the calls that were left to themselves."""
        for task in self._left.values():
            task.cancel()

    def later(self) -> Json:
        """What has come of the calls that were left to themselves."""
        return {step: self._outcome(task) for step, task in self._left.items()}

    def changed_since(self) -> Json:
        """What was returned and has become something else since then: who was handed it has it still."""
        now = ((step, describe(result), first) for step, result, first in self._returned)
        return [[step, result] for step, result, first in now if result != first]

    def _outcome(self, task: asyncio.Future[Any]) -> Json:
        if not task.done():
            return "goes on"
        if task.cancelled():
            return "is cancelled"
        if error := task.exception():
            return {"raises": _kind_of(error)}
        self.drawn.keep(task.result())
        return {"returns": describe(task.result())}


def _shortened(given: Json) -> Json:
    """What was handed over, or how much where it is long."""
    length = len(json.dumps(given, default=str))
    return given if length <= _TOLD else f"{length} bytes"


async def _ended(call: Any, arguments: Mapping[str, Any], items: int) -> Any:
    return await exhausted(call(**arguments), items)


def _kind_of(error: BaseException) -> str:
    """An error of the packages by its name; of any other what it is in general.

    What a library, or Python itself, makes of an odd value is nobody's promise: a JSONDecodeError is a ValueError.
    """
    for kind in type(error).__mro__:
        if kind.__module__.split(".")[0] in PACKAGES:
            return type_name(kind)
    general = [kind for kind in type(error).__mro__ if issubclass(kind, Exception) and kind is not Exception]
    return general[-1].__name__ if general else type(error).__name__
