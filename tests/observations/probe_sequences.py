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
import random
from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from call_cases import Case
from calling import run
from collaborators import HANDED
from constructing import concrete, constructions, maker_of
from describing import Described, Json, describe, state_of
from drawn_values import Drawn, chance_of
from edge import EDGE
from edge import MOODS as SERVER_MOODS
from handed_things import PREPARES, called_of, methods_of_thing, things_of
from journals import Journal
from lifecycles import OPENERS
from messages import publishing_noted
from surface import PublicObject, Surface
from unit import NOTHING, Observation, Unit
from values import NoSampleError
from virtual_time import VirtualLoop

_CPU_SECONDS = 20.0
"""More than the steps take that the sequences of one process may use."""
_CALLS = (4, 16)
"""Calls of a sequence, at least and at most."""
_OF_ONE_PROCESS = 200
"""Sequences of one process: it is to end long before it would be ended."""
_STEPS, _STEP_BYTES = 40_000, 10
"""Steps of loops in the sequences of one process after which no other one begins, and what is told in place of one."""
_PAUSES = (0.0, 0.05, 0.5, 1.0, 5.0, 31.0, 65.0)
"""Virtual seconds between two calls, beside those around a number that the thing was made with."""
_LONG, _LONGEST = 90.0, 4_000.0
"""Virtual seconds that are a long pause, and those of the longest: a little more than an hour."""
_LONG_PATIENCE = 86_400.0
"""Virtual seconds of all the pauses of a sequence: a day."""
_LITTLE_MORE, _MOST = 0.05, 0.6
"""How much more than the number one is, and which part of it another: two such parts together are more than it."""
_FEW, _OF_FEW = (1, 3), 0.5
"""How many methods are called in a sequence of few, beside one that has changed, and how often it is such a one: what
takes several of the same calls in a row is met by few at random that may call anything."""
_OWN = 0.7
"""How often the pause in it is one around a number that the thing was made with, where there is any."""
_WHOLE, _WHOLE_ALONE = 100.0, 40.0
"""Virtual seconds after which no other call begins, of a class and of a function: that may take a minute itself."""
_WITHIN, _PATIENCE = 0.8, 6.0
"""How often a context manager is entered first, and the virtual seconds that this may take."""
_CONSTRUCTORS, _DRAWN = frozenset({"__init__", "__post_init__"}), {False: 0.6, True: 0.9}
"""What makes an instance, and how often it is handed drawn arguments: where it has not changed and where it has."""
_DOUBLE_MOODS = ("raises", "raises once", "times out", "disconnects once", "loses its server once", "slow")
"""How doubles may be when they are not well."""
_FAVOURED = 4
"""How much more often a method that has changed is called than another."""
_OFTEN = (10, 4, 3, 2, 1)
"""How often a step is a new call, the last call again, a pause, another mood, and a look at the state."""


def units(surface: Surface) -> Iterable[Unit]:
    """A unit for each class and function that the plan names; none where there is nothing to look at more closely."""
    plan = surface.plan.get("closer") or {}
    wanted: Mapping[str, Any] = plan.get("units", {})
    for each in surface.objects():
        if (asked := wanted.get(each.location)) is not None:
            drawn_near = tuple(plan.get("numbers", ())), tuple(plan.get("texts", ()))
            for first in range(0, int(asked["sequences"]), _OF_ONE_PROCESS):
                numbers = range(first, min(first + _OF_ONE_PROCESS, int(asked["sequences"])))
                material = _Material(*drawn_near, frozenset(asked["changed"]), _Spent())
                observe = functools.partial(_sequences, each, material, numbers)
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
    spent: _Spent


def _sequences(each: PublicObject, material: _Material, numbers: range) -> Iterator[Observation]:
    observe = functools.partial(_of_function, each, material)
    if isinstance(each.value, type):
        observe = functools.partial(_of_class, each, material)
        numbers = numbers if called_of(each.value) else range(0)
    for number in numbers:
        yield f"{each.location}[{number}]", functools.partial(observe, number)
        if material.spent.steps > _STEPS:
            return


def _of_function(each: PublicObject, material: _Material, number: int) -> Json:
    chance = chance_of(f"{each.location} {number}")
    journal = Journal(Drawn(material.numbers, material.texts), chance)

    async def work() -> Described:
        loop = asyncio.get_running_loop()
        began = loop.time()
        for _ in range(chance.randint(*_CALLS) // 2):
            journal.drawn.begin(str(chance.random()))
            await journal.call_alone(each.value)
            material.spent.take(loop)
            if loop.time() - began > _WHOLE_ALONE:
                break
        return Described(journal.steps)

    with publishing_noted():
        return material.spent.counted(run(work)) if _is_called(each.value) else NOTHING


def _is_called(function: Any) -> bool:
    with contextlib.suppress(NoSampleError):
        Drawn((), ()).arguments(function)
        return True
    return False


def _of_class(each: PublicObject, material: _Material, number: int) -> Json:
    chance = chance_of(f"{each.location} {number}")
    numbers = (*material.numbers, *_defaults(each.value).values())
    journal = Journal(Drawn(numbers, material.texts), chance)
    # Found before: what tries them runs a loop of its own.
    ways = _ways(each.value)
    with publishing_noted(), contextlib.ExitStack() as moods:
        lived = functools.partial(_lived, each.value, ways, material, journal, moods)
        return material.spent.counted(run(lived, patience=_LONG_PATIENCE))


@dataclass(frozen=True)
class _Made:
    """An instance of a class, and what its constructor was handed, by name."""

    kind: type
    instance: Any
    handed: Mapping[str, Any]

    def methods(self) -> dict[str, tuple[Any, Any]]:
        """What can be called, with the function that says its parameters: also of what it was made to work with."""
        found = methods_of_thing(self.instance, self.kind)
        for owner, thing in things_of(self.handed).items():
            found |= {f"{owner}.{name}": method for name, method in methods_of_thing(thing, type(thing)).items()}
        return found

    def own_pauses(self) -> tuple[float, ...]:
        """Virtual seconds around the numbers that it was made with, which may be a timeout or a time to live."""
        numbers = {**_defaults(self.kind), **self.handed}.values()
        given = [each for each in numbers if type(each) in (int, float) and 0 < each < _LONGEST]
        return (*(each + _LITTLE_MORE for each in given), *(each * _MOST for each in given))


_Way = Callable[[], _Made]


async def _lived(
    kind: type, ways: Sequence[_Way], material: _Material, journal: Journal, moods: contextlib.ExitStack
) -> Any:
    chance, loop, tasks = journal.chance, asyncio.get_running_loop(), asyncio.all_tasks()
    made = _made(kind, ways, material, journal)
    if made is None:
        return Described("nothing was made")
    instance, methods, own_pauses = made.instance, made.methods(), made.own_pauses()
    pauses = (*_PAUSES, *own_pauses)
    names, journal.until = sorted(methods), loop.time() + _WHOLE
    if chance.random() < 0.5:
        journal.drawn.be_coherent()
    calls = _first(names, chance)
    if chance.random() < _OF_FEW:
        changed = sorted(material.changed.intersection(names))
        names = [chance.choice(among) for among in (names,) * chance.randint(*_FEW) + (changed,) * bool(changed)]
        pauses = (chance.choice(own_pauses if own_pauses and chance.random() < _OWN else pauses),)
    weights = [_FAVOURED if name in material.changed else 1 for name in names]
    last = calls[0] if calls else (names[0], "")
    async with _within(instance) if chance.random() < _WITHIN else contextlib.nullcontext():
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
                await _pause(chance.choice(pauses), journal, is_idle=asyncio.all_tasks() <= tasks)
            elif step == "mood":
                moods.enter_context(HANDED.being(chance.choice(("well", "well", *_DOUBLE_MOODS))))
                moods.enter_context(EDGE.being(chance.choice(("well", "well", *SERVER_MOODS))))
            else:
                journal.steps[f"{len(journal.steps):02} state"] = state_of(instance)
        moods.close()
    await asyncio.sleep(1.0)
    things = {owner: state_of(thing) for owner, thing in {"": instance, **things_of(made.handed)}.items()}
    ended = {"later": journal.later(), "changed since": journal.changed_since()}
    return Described({"steps": journal.steps, "state": things, **ended})


async def _pause(seconds: float, journal: Journal, *, is_idle: bool) -> None:
    """Let virtual time pass: much of it only where nothing goes on meanwhile, which would take steps all the time."""
    if seconds > _LONG and is_idle:
        journal.until += seconds
    await asyncio.sleep(min(seconds, max(0.0, journal.until - asyncio.get_running_loop().time())))


@contextlib.asynccontextmanager
async def _within(instance: Any) -> AsyncIterator[None]:
    """Within the instance, where it is a context manager and can be entered."""
    kind = type(instance)
    with contextlib.suppress(Exception):
        if hasattr(kind, "__aenter__"):
            await asyncio.wait_for(instance.__aenter__(), _PATIENCE)
        elif hasattr(kind, "__enter__"):
            instance.__enter__()
    yield
    with contextlib.suppress(Exception):
        if hasattr(kind, "__aenter__"):
            await asyncio.wait_for(instance.__aexit__(None, None, None), _PATIENCE)
        elif hasattr(kind, "__enter__"):
            instance.__exit__(None, None, None)


def _first(names: Sequence[str], chance: random.Random) -> list[tuple[str, str]]:
    """What begins it, in most sequences, the last of them first: what has not begun does little."""
    opener = next((name for name in OPENERS if name in names), None)
    prepares = [name for name in names if PREPARES.match(name.rpartition(".")[2])]
    calls = [(chance.choice(prepares), str(chance.random()))] if prepares and chance.random() < 0.5 else []
    return [*calls, (opener, "")] if opener and chance.random() < 0.7 else calls


@functools.cache
def _defaults(kind: type) -> dict[str, float]:
    """The numbers that a constructor has as defaults, by name: bounds, in most cases."""
    try:
        parameters = inspect.signature(kind).parameters.values()
    except (ValueError, TypeError):
        return {}
    return {each.name: each.default for each in parameters if type(each.default) in (int, float)}


def _made(kind: type, ways: Sequence[_Way], material: _Material, journal: Journal) -> _Made | None:
    """An instance from drawn arguments, or in the plainest way that makes one; None where nothing does."""
    journal.drawn.begin(str(journal.chance.random()))
    is_changed = bool(_CONSTRUCTORS & material.changed)
    if journal.chance.random() < _DRAWN[is_changed]:
        generous = journal.drawn.being_generous() if is_changed else contextlib.nullcontext()
        with contextlib.suppress(Exception), generous:
            arguments = journal.drawn.arguments(kind)
            instance = concrete(kind)(**arguments)
            journal.steps["00 made with"] = describe(arguments)
            return _Made(kind, instance, arguments)
    for way in ways:
        with contextlib.suppress(Exception):
            return way()
    return None


@functools.cache
def _ways(kind: type) -> tuple[_Way, ...]:
    """The call of the constructor that comes furthest, and what else makes an instance."""
    maker = maker_of(kind)
    called = [functools.partial(_constructed, kind, case) for case in constructions(kind)[:1]]
    return (*called, *([lambda: _Made(kind, maker.make(), {})] if maker else []))


def _constructed(kind: type, case: Case) -> _Made:
    positional, named = case.arguments()
    return _Made(kind, concrete(kind)(*positional, **named), named)
