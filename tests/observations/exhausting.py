"""What a call comes to in the end: its awaitable awaited, the first items of what it yields, what it gives inside."""

from __future__ import annotations

import contextlib
import inspect
from collections.abc import AsyncIterator
from typing import Any

ITEMS = 8
"""Items that are taken from an iterator that may have no end."""


async def exhausted(result: Any) -> Any:
    """The result itself, or what it gives when it is awaited, iterated or entered."""
    if inspect.isawaitable(result) and not hasattr(result, "is_an_answer"):
        result = await result
    if inspect.isasyncgen(result):
        items = []
        async for item in result:
            items.append(item)
            if len(items) == ITEMS:
                break
        await result.aclose()
        return {"yields": items}
    if inspect.isgenerator(result):
        items = [item for item, _ in zip(result, range(ITEMS), strict=False)]
        result.close()
        return {"yields": items}
    if is_to_be_entered(result):
        async with _entered(result) as value:
            return {"enters": value}
    return result


def is_to_be_entered(value: Any) -> bool:
    """Whether it is what ``contextlib`` has made of a function: that is for nothing but to be entered."""
    return type(value).__module__ == "contextlib" and hasattr(value, "gen")


async def left_by_error(manager: Any) -> Any:
    """What becomes of an error within it: that one is raised, or another, or none."""
    inside = False
    async with _entered(manager):
        inside = True
        raise RuntimeError("raised within")
    return {"enters": inside}


@contextlib.asynccontextmanager
async def _entered(manager: Any) -> AsyncIterator[Any]:
    if hasattr(manager, "__aenter__"):
        async with manager as value:
            yield value
    else:
        with manager as value:
            yield value
