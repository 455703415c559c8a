"""What a call comes to in the end: its awaitable awaited, the first items of what it yields, what it gives inside."""

from __future__ import annotations

import contextlib
import inspect
from collections.abc import AsyncGenerator, AsyncIterator, Generator
from typing import Any

from describing import class_names

ITEMS = 8
"""Items that are taken from an iterator that may have no end."""


async def exhausted(result: Any, items: int = ITEMS) -> Any:
    """The result itself, or what it gives when it is awaited, iterated or entered: of what it yields so many items."""
    if inspect.isawaitable(result) and not hasattr(result, "is_an_answer"):
        result = await result
    if inspect.isasyncgen(result):
        return await _first_items(result, items)
    if inspect.isgenerator(result):
        try:
            return await _first_items(_one_by_one(result), items)
        finally:
            result.close()
    if is_to_be_entered(result):
        async with _entered(result) as value:
            return {"enters": value}
    return result


async def _first_items(items: AsyncGenerator[Any, Any], most: int) -> dict[str, Any]:
    """The first items, and what was raised after some of them; what is raised before any is raised."""
    taken: list[Any] = []
    try:
        async for item in items:
            taken.append(item)
            if len(taken) == most:
                break
    except Exception as error:
        if not taken:
            raise
        return {"yields": taken, "then raises": class_names(type(error))}
    finally:
        await items.aclose()
    return {"yields": taken}


async def _one_by_one(items: Generator[Any, Any, Any]) -> AsyncGenerator[Any]:
    for item in items:
        yield item


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
