"""What a call is handed that is no value but something of the packages to work with: it is filled, and listened to."""

from __future__ import annotations

import asyncio
import contextlib
import functools
import random
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from collaborators import HANDED
from constructing import is_static, methods_of
from describing import PACKAGES, is_of_packages
from drawn_values import Drawn
from exhausting import exhausted
from instances import has_fields

PREPARES = re.compile(r"^(register|add|set|put|subscribe|create|publish|submit|enqueue|append|record|insert|acquire)")
"""Names of methods after which others have something to work with."""
_TIMES, _PAUSES = 12, (0.0137, 0.107, 0.107, 1.03, 7.07)
"""How often a thing is filled, and the virtual seconds between, which are the same each time: odd ones, so that nothing
else is due at the same moment."""
_PATIENCE = 1.0
"""Virtual seconds that a thing may take to be filled: what is full is left alone."""


def things_of(arguments: Mapping[str, Any]) -> dict[str, Any]:
    """The things of the packages among the arguments, by name."""
    return {name: each for name, each in arguments.items() if _is_thing(type(each))}


def _is_thing(kind: type) -> bool:
    is_public = is_of_packages(kind) and not kind.__name__.startswith("_")
    return is_public and not has_fields(kind) and bool(called_of(kind))


def methods_of_thing(thing: Any, kind: type) -> dict[str, tuple[Any, Any]]:
    """What a class offers of a thing, by name: what is called, and the function that says its parameters."""
    calls = {name: (getattr(thing, name), method) for name, method in called_of(kind).items()}
    return {name: (call, call if is_static(kind, name) else method) for name, (call, method) in calls.items()}


@functools.cache
def called_of(kind: type) -> Mapping[str, Any]:
    """The public methods of a class that are called by their names."""
    return {name: method for name, method in methods_of(kind, tuple(sorted(PACKAGES))) if name != "__call__"}


@dataclass(frozen=True)
class Filling:
    """How a thing is filled: what is called, with which arguments one after the other, and how many seconds apart."""

    call: Callable[..., Any]
    arguments: tuple[Mapping[str, Any], ...]
    pause: float

    async def go_on(self) -> None:
        """Put something into the thing again and again."""
        for each in self.arguments:
            await asyncio.sleep(self.pause)
            with contextlib.suppress(Exception):
                await asyncio.wait_for(exhausted(self.call(**each)), _PATIENCE)


def filling_of(thing: Any, drawn: Drawn, chance: random.Random) -> Filling | None:
    """How a thing is filled, all drawn beforehand; None where nothing can be put into it. Raises NoSampleError."""
    ways = [way for name, way in methods_of_thing(thing, type(thing)).items() if PREPARES.match(name)]
    if not ways:
        return None
    call, function = chance.choice(ways)
    return Filling(call, tuple(drawn.arguments(function) for _ in range(_TIMES)), chance.choice(_PAUSES))


def note_what_is_put(thing: Any, name: str) -> None:
    """Let a thing note what is put into it from now on."""
    for method, (call, _) in methods_of_thing(thing, type(thing)).items():
        if PREPARES.match(method):
            # What has no room for it is not listened to.
            with contextlib.suppress(AttributeError, TypeError):
                setattr(thing, method, _noted(f"{name}.{method}", call))


def _noted(name: str, call: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(call)
    def noted(*args: Any, **named: Any) -> Any:
        HANDED.remember(name, args, named)
        return call(*args, **named)

    return noted
