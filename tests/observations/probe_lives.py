"""The lives of whatever begins and ends: in which order things may be done, what is left over, what is lost."""

from __future__ import annotations

import asyncio
import functools
import threading
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import messages
from call_cases import WHOLE, Case
from calling import run
from collaborators import HANDED
from constructing import (
    Maker,
    concrete,
    constructions,
    is_static,
    maker_of,
    method_cases,
    methods_of,
    with_collaborators,
)
from describing import Described, Json, class_names, describe, state_of
from edge import EDGE
from exhausting import exhausted
from lifecycles import CLOSERS, OPENERS, Life, Step, beginning_and_end, lives
from plain_samples import literal
from rooms import with_little_room
from surface import PublicObject, Surface
from unit import Observation, Unit
from virtual_time import CLOCK, VirtualLoop

_CONSTRUCTIONS = 12
"""Ways to make the instance whose life is looked at from one end to the other."""
_STEP_SECONDS = 15.0
"""Virtual seconds that a step is waited for; what has not ended by then goes on beside the next steps."""
_BURST = 12
"""Calls at once: more than there are workers by default."""
_OPEN_ENDED = ("run", "serve")
"""What goes on until it is ended: it is not waited for."""

_NO_ERROR = literal(None)
"""What a block ends with that ends well."""

Methods = dict[str, list[Case]]


def units(surface: Surface) -> Iterable[Unit]:
    """A unit for each class that begins or ends."""
    for each in surface.objects():
        if isinstance(each.value, type) and not issubclass(each.value, BaseException):
            names = {name for name, _ in methods_of(each.value, surface.imports)} | _contexts(each.value, surface)
            is_protocol = getattr(each.value, "_is_protocol", False)
            if not is_protocol and names & {*OPENERS, *CLOSERS}:
                yield Unit("lives", each.location, functools.partial(_lives, each, names, surface))
                yield from messages.units(each, next((name for name in OPENERS if name in names), None))


def _contexts(kind: type, surface: Surface) -> set[str]:
    """The protocols of ``with`` that the packages define for the class."""
    wanted = ("__aenter__", "__aexit__", "__enter__", "__exit__")
    return {
        name
        for base in kind.__mro__
        if base.__module__.split(".")[0] in surface.imports
        for name in wanted
        if name in vars(base)
    }


def _lives(each: PublicObject, names: set[str], surface: Surface) -> Iterator[Observation]:
    maker = maker_of(each.value)
    if maker is None:
        return
    methods: Methods = {name: [Case("", (), ())] for name in names if name.startswith("__")}
    exits = [
        Case("", (_NO_ERROR,) * 3, ()),
        Case("", (literal(RuntimeError), literal(RuntimeError("x")), _NO_ERROR), ()),
    ]
    methods |= {name: exits for name in methods if name.endswith("exit__")}
    for name, method in methods_of(each.value, surface.imports):
        if (
            not is_static(each.value, name)
            and name != "__call__"
            and (cases := method_cases(each.value, name, method, 6))
        ):
            # The second call of a life is the one with the most arguments.
            methods[name] = sorted(cases, key=lambda case: (case is not cases[0], not case.label.endswith(WHOLE)))
    _, closer = beginning_and_end(names)
    callable_ones = [name for name in methods if not name.startswith("__")]
    found = list(lives(names, callable_ones, len(methods.get(closer or "", ()))))
    for life in found:
        yield f"{each.location}: {life.name}", functools.partial(_observed, maker, life, methods)
    yield from _furnished(each, found, methods)
    yield from _constructed(each, found, methods)


def _constructed(each: PublicObject, found: list[Life], methods: Methods) -> Iterator[Observation]:
    """Lives of instances that were made in other ways: such that hold next to nothing, or differ in one argument."""
    for label, small in with_little_room(each.value):
        for life in found:
            if life.name.startswith("much of"):
                observe = functools.partial(_observed, small, life, methods)
                yield f"{each.location} with little room[{label}]: {life.name}", observe
    usual = [life for ending in ("in between", "begins and ends") for life in found if life.name.endswith(ending)]
    for whole in usual[:1]:
        for case in constructions(concrete(each.value))[1:_CONSTRUCTIONS]:
            if case.label.endswith("=1000"):
                continue
            other = Maker(functools.partial(case.call, concrete(each.value)))
            yield f"{each.location}[{case.label}]: {whole.name}", functools.partial(_observed, other, whole, methods)


_FAILING = ("a double raises once", "a double raises", "a double disconnects once")


def _furnished(each: PublicObject, found: list[Life], methods: Methods) -> Iterator[Observation]:
    """The lives of an instance that has all its collaborators: all goes well in them, or one fails."""
    furnished = with_collaborators(each.value)
    if furnished is None:
        return
    for life in found:
        if life.name.endswith(("begins and ends", "in between", *_FAILING)):
            observe = functools.partial(_observed, furnished, life, methods)
            yield f"{each.location} with collaborators: {life.name}", observe


def _observed(maker: Maker, life: Life, methods: Methods) -> Json:
    with HANDED.being(life.doubles), EDGE.being(life.servers):
        return run(functools.partial(_lived, maker, life, methods))


async def _lived(maker: Maker, life: Life, methods: Methods) -> Described:
    instance = maker.make()
    threads = _threads()
    state = state_of(instance)
    steps: list[Json] = []
    tasks: list[asyncio.Task[Any]] = []
    for step in life.steps:
        if isinstance(loop := asyncio.get_running_loop(), VirtualLoop):
            loop.steps = 0
        waited = CLOCK.waited
        HANDED.take()
        EDGE.take()
        seen = await _done(instance, step, methods, tasks)
        for name, taken in (("handed", HANDED.take()), ("sent", EDGE.take())):
            if taken:
                seen[name] = taken
        now = state_of(instance)
        seen["state"] = {name: value for name, value in now.items() if state.get(name) != value}
        state = now
        if CLOCK.waited - waited > 1e-6 and step.kind != "wait":
            seen["virtual seconds"] = round(CLOCK.waited - waited, 3)
        seen["running"] = len(_others()) + _threads() - threads
        steps.append({key: value for key, value in seen.items() if value not in ({}, 0)})
    return Described(steps)


async def _done(instance: Any, step: Step, methods: Methods, tasks: list[asyncio.Task[Any]]) -> dict[str, Json]:
    if step.kind == "wait":
        await asyncio.sleep(step.seconds)
        return {"waits": step.seconds}
    if step.kind == "cancel":
        for task in _others():
            task.cancel()
        await asyncio.sleep(1.0)
        return {"cancelled": True}
    cases = methods[step.name]
    case = cases[step.case % len(cases)]
    call = functools.partial(_called, functools.partial(case.call, getattr(instance, step.name)), instance)
    if step.kind == "burst":
        several = [asyncio.ensure_future(call()) for _ in range(_BURST)]
        await asyncio.wait(several, timeout=0.01)
        return {f"{step.name} at once": [task.result() if task.done() else "goes on" for task in several]}
    task = asyncio.ensure_future(call())
    tasks.append(task)
    await asyncio.wait({task}, timeout=1.0 if step.name in _OPEN_ENDED else _STEP_SECONDS)
    return {step.name: task.result() if task.done() and not task.cancelled() else "goes on"}


async def _called(call: Callable[[], Any], instance: Any) -> Json:
    try:
        result = await exhausted(call())
    except Exception as error:
        return {"raises": class_names(type(error))}
    return {"returns": "itself" if result is instance else describe(result)}


def _threads() -> int:
    """How many threads there are, without those that the event loop keeps for the next one who asks for a thread."""
    return sum(not thread.name.startswith("asyncio_") for thread in threading.enumerate())


def _others() -> set[asyncio.Task[Any]]:
    """The tasks that run beside the one that looks."""
    return {task for task in asyncio.all_tasks() if task is not asyncio.current_task() and not _is_waiter(task)}


def _is_waiter(task: asyncio.Task[Any]) -> bool:
    return getattr(task.get_coro(), "__name__", "") == "wait_for"
