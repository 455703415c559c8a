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
from constructing import Maker, cases_of
from describing import Described, Json, class_names, describe, state_of
from exhausting import exhausted
from hints import parameters_of
from lifecycles import CLOSERS
from unit import Observation
from values import first_sample

_FILLS = re.compile(r"^(put|push|offer|enqueue|add|submit|append|record|acquire|consume)")
_EMPTIES = re.compile(r"^(get|pop|take|dequeue|drain|next|poll|release|remove)")
_TELLS = re.compile(r"^(size|qsize|depth|length|level|state|utili|fill|available|tokens|remaining|is_|has_|can_)")
_ROOM = (
    (re.compile(r"capacity|max_?size|max_?len|^size|^limit|max_items|maximum", re.IGNORECASE), 10),
    (re.compile(r"high", re.IGNORECASE), 8),
    (re.compile(r"low", re.IGNORECASE), 5),
)
"""So much room that shares of it are whole numbers."""
_STEPS = 12
"""More than there is room for."""
_LEFT_OVER = 3
"""What is still in it at its end."""

Methods = Mapping[str, list[Case]]


def observations(location: str, kind: type, maker: Maker, methods: Methods) -> Iterator[Observation]:
    """The way up with each method that fills, and the way down with the first that empties; with an end in between."""
    emptying = next((name for name in methods if _EMPTIES.match(name)), None)
    closing = next((name for name in CLOSERS if name in methods and name != emptying), None)
    make = _with_room(kind) or maker.make
    for name in methods:
        if _FILLS.match(name) and emptying:
            ways = {f"{name} and {emptying}": (name,) * _STEPS + (emptying,) * _STEPS}
            if closing:
                ends = (name,) * _LEFT_OVER + (closing,) + (emptying,) * (_LEFT_OVER + 1) + (name,)
                ways[f"{name}, {closing} and {emptying}"] = ends
            for title, way in ways.items():
                yield f"{location}.{title}", functools.partial(run, functools.partial(_walk, make, methods, way))


def _with_room(kind: type) -> Callable[[], Any] | None:
    """What makes an instance with that much room, and whom it may call; None where the constructor asks for no room."""
    cases = cases_of(kind)
    parameters = list(parameters_of(kind)) if cases else []
    room = {
        parameter.name: size / 10 if "float" in str(annotation) else size
        for parameter, annotation in parameters
        for pattern, size in _ROOM
        if pattern.search(parameter.name) and re.search("int|float", str(annotation))
    }
    called = {parameter.name: annotation for parameter, annotation in parameters if "Callable" in str(annotation)}
    if not room:
        return None

    def make() -> Any:
        positional, named = cases[0].arguments()
        doubles = {name: first_sample(annotation, 0) for name, annotation in called.items()}
        return kind(*positional, **{**named, **doubles, **room})

    return make


async def _walk(make: Callable[[], Any], methods: Methods, way: tuple[str, ...]) -> Described:
    """Call the methods of the way one after the other, and see what comes of each and what the instance then says."""
    instance = make()
    steps = []
    for name in way:
        HANDED.take()
        case = methods[name][0]
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
