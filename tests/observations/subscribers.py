"""Several subscribers of one publisher: who is told in which order when one raises, leaves, or joins meanwhile."""

from __future__ import annotations

import asyncio
import functools
import inspect
import re
from collections.abc import Callable, Iterator
from typing import Any

from call_cases import Case
from calling import run
from constructing import Maker
from describing import Described, Json, class_names, describe
from exhausting import exhausted
from unit import Observation

_JOINS = re.compile(r"^(subscribe|register|add|on_|connect|attach|listen)")
_LEAVES = re.compile(r"^(unsubscribe|unregister|remove|off_|disconnect|detach|unlisten)")
_TELLS = re.compile(r"^(publish|emit|dispatch|notify|send|fire|broadcast|trigger|handle)")
_KINDS = ("well", "raises", "leaves", "lets another join", "joined twice", "slow", "is no coroutine")
"""What the first of the subscribers does when it is told."""


def observations(location: str, maker: Maker, methods: dict[str, list[Case]]) -> Iterator[Observation]:
    """The scenes of a class that has subscribers; none of any other."""
    joins = next((name for name in methods if _JOINS.match(name) and _takes_a_function(methods[name][0])), None)
    leaves = next((name for name in methods if _LEAVES.match(name)), None)
    tells = next((name for name in methods if _TELLS.match(name)), None)
    if joins and tells:
        for kind in _KINDS:
            scene = functools.partial(_scene, maker, methods, (joins, leaves, tells), kind)
            yield f"{location} first subscriber {kind}", functools.partial(run, scene)


def _takes_a_function(case: Case) -> bool:
    return any(sample.label == "callable" for sample in (*case.positional, *(sample for _, sample in case.named)))


def _with_function(case: Case, function: Callable[..., Any]) -> Callable[[Any], Any]:
    """A call with this function in the place of the sample."""

    def call(method: Any) -> Any:
        positional = [function if sample.label == "callable" else sample.make() for sample in case.positional]
        named = {name: function if sample.label == "callable" else sample.make() for name, sample in case.named}
        return method(*positional, **named)

    return call


async def _scene(  # noqa: C901 - what each kind of subscriber does
    maker: Maker, methods: dict[str, list[Case]], names: tuple[str, str | None, str], kind: str
) -> Described:
    joins, leaves, tells = names
    instance, told = maker.make(), []

    async def join(function: Callable[..., Any]) -> None:
        await _settled(_with_function(methods[joins][0], function)(getattr(instance, joins)))

    async def late(*args: Any, **_: Any) -> None:
        told.append(["late", describe(args)])

    async def first(*args: Any, **_: Any) -> None:
        told.append(["first", describe(args)])
        if kind == "raises":
            raise RuntimeError("the subscriber raises")
        if kind == "slow":
            await asyncio.sleep(5.0)
        if kind == "leaves" and leaves:
            await _settled(getattr(instance, leaves)(first))
        if kind == "lets another join":
            await join(late)

    def plain(*args: Any, **_: Any) -> None:
        told.append(["plain", describe(args)])

    async def second(*args: Any, **_: Any) -> None:
        told.append(["second", describe(args)])

    for function in (
        plain if kind == "is no coroutine" else first,
        *([first] if kind == "joined twice" else []),
        second,
    ):
        await join(function)
    outcomes: list[Json] = []
    for number in range(2):
        cases = methods[tells]
        try:
            result = await asyncio.wait_for(exhausted(cases[number % len(cases)].call(getattr(instance, tells))), 30.0)
            outcomes.append({"returns": describe(result)})
        except Exception as error:
            outcomes.append({"raises": class_names(type(error))})
        told.append(["next"])
    await asyncio.sleep(10.0)
    return Described({"told": told, "outcomes": outcomes})


async def _settled(result: Any) -> None:
    if inspect.isawaitable(result):
        await result
