"""What is filled to the brim and emptied again, one by one, or closed in between: where it changes its mind."""

from __future__ import annotations

import asyncio
import functools
import inspect
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from call_cases import Case
from calling import run
from collaborators import HANDED
from constructing import Maker
from describing import Described, Json, class_names, describe, state_of
from exhausting import exhausted
from lifecycles import CLOSERS
from rooms import with_little_room, with_round_room
from unit import Observation

_FILLS = re.compile(r"^(put|push|offer|enqueue|add|submit|append|record|acquire|consume)")
_EMPTIES = re.compile(r"^(get|pop|take|dequeue|drain|next|poll|release|remove)")
_TELLS = re.compile(r"^(size|qsize|depth|length|level|state|utili|fill|available|tokens|remaining|is_|has_|can_)")
_STEPS = 12
"""More than there is room for."""
_LEFT_OVER = 3
"""What is still in it at its end."""

Methods = Mapping[str, list[Case]]


def observations(location: str, kind: type, maker: Maker, methods: Methods) -> Iterator[Observation]:
    """The way up with each method that fills, and the way down with the first that empties; with an end in between."""
    emptying = next((name for name in methods if _EMPTIES.match(name)), None)
    closing = next((name for name in CLOSERS if name in methods and name != emptying), None)
    make = with_round_room(kind) or maker.make
    for name in methods:
        if _FILLS.match(name) and emptying:
            ways = {f"{name} and {emptying}": (name,) * _STEPS + (emptying,) * _STEPS}
            if closing:
                ends = (name,) * _LEFT_OVER + (closing,) + (emptying,) * (_LEFT_OVER + 1) + (name,)
                ways[f"{name}, {closing} and {emptying}"] = ends
            for title, way in ways.items():
                yield f"{location}.{title}", functools.partial(run, functools.partial(_walk, make, methods, way))
            for label, small in with_little_room(kind):
                way = (name, name, emptying, emptying)
                walk = functools.partial(_walk, small.make, methods, way)
                yield f"{location} with little room[{label}].{name} and {emptying}", functools.partial(run, walk)


async def _walk(make: Callable[[], Any], methods: Methods, way: tuple[str, ...]) -> Described:
    """Call the methods of the way one after the other, and see what comes of each and what the instance then says."""
    instance = make()
    steps = []
    for number, name in enumerate(way):
        HANDED.take()
        # What is put in is not always the same, as which one is lost could not be seen then.
        case = methods[name][number % len(methods[name][:2]) if _FILLS.match(name) else 0]
        try:
            result = await asyncio.wait_for(exhausted(case.call(getattr(instance, name))), 3.0)
            outcome: Json = describe(result)
        except Exception as error:
            outcome = {"raises": class_names(type(error))[0]}
        steps.append([outcome, HANDED.take(), _told(instance)])
    return Described(steps)


def _told(instance: Any) -> dict[str, Json]:
    """What the instance says of itself."""
    seen = state_of(instance)
    for name in dir(type(instance)):
        if _TELLS.match(name) and inspect.isfunction(method := getattr(type(instance), name)):
            try:
                answer = method(instance) if not inspect.iscoroutinefunction(method) else None
            except Exception as error:
                answer = class_names(type(error))[0]
            seen[name] = describe(answer)
    return seen
