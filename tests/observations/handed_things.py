"""What a call is handed that is no value but something of the packages to work with: it is filled, and listened to."""

from __future__ import annotations

import asyncio
import contextlib
import functools
import random
import re
from collections.abc import Callable, Mapping
from typing import Any

from collaborators import HANDED
from constructing import is_static, methods_of
from describing import PACKAGES
from drawn_values import Drawn
from exhausting import exhausted
from instances import has_fields

PREPARES = re.compile(r"^(register|add|set|put|subscribe|create|publish|submit|enqueue|append|record|insert|acquire)")
"""Names of methods after which others have something to work with."""
_TIMES, _PAUSES = 12, (0.0, 0.1, 0.1, 1.0, 7.0)
"""How often a thing is filled, and the virtual seconds between, which are the same each time."""
_PATIENCE = 1.0
"""Virtual seconds that a thing may take to be filled: what is full is left alone."""


def things_of(arguments: Mapping[str, Any]) -> dict[str, Any]:
    """The things of the packages among the arguments, by name."""
    return {name: each for name, each in arguments.items() if _is_thing(type(each))}


def _is_thing(kind: type) -> bool:
    return kind.__module__.split(".")[0] in PACKAGES and not has_fields(kind) and bool(called_of(kind))


def methods_of_thing(thing: Any) -> dict[str, tuple[Any, Any]]:
    """What can be called of a thing, by name, each with the function that says its parameters."""
    kind: type = type(thing)
    calls = {name: (getattr(thing, name), method) for name, method in called_of(kind).items()}
    return {name: (call, call if is_static(kind, name) else method) for name, (call, method) in calls.items()}


@functools.cache
def called_of(kind: type) -> Mapping[str, Any]:
    """The public methods of a class that are called by their names."""
    return {name: method for name, method in methods_of(kind, tuple(sorted(PACKAGES))) if name != "__call__"}


async def fill(thing: Any, drawn: Drawn, chance: random.Random) -> None:
    """Put something into a thing again and again, if it can be done."""
    ways = [way for name, way in methods_of_thing(thing).items() if PREPARES.match(name)]
    pause, (call, function) = chance.choice(_PAUSES), chance.choice(ways) if ways else (None, None)
    for _ in range(_TIMES if call else 0):
        await asyncio.sleep(pause)
        with contextlib.suppress(Exception):
            await asyncio.wait_for(exhausted(call(**drawn.arguments(function))), _PATIENCE)


def note_what_is_put(thing: Any, name: str) -> None:
    """Let a thing note what is put into it from now on."""
    for method, (call, _) in methods_of_thing(thing).items():
        if PREPARES.match(method):
            # What has no room for it is not listened to.
            with contextlib.suppress(AttributeError, TypeError):
                setattr(thing, method, _noted(f"{name}.{method}", call))


def _noted(name: str, call: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(call)
    def noted(*args: Any, **named: Any) -> Any:
        HANDED.note(name, args, named)
        return call(*args, **named)

    return noted
