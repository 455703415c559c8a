"""What a call comes to in the end: its awaitable awaited, the first items of what it yields."""

from __future__ import annotations

import inspect
from typing import Any

ITEMS = 8
"""Items that are taken from an iterator that may have no end."""


async def exhausted(result: Any) -> Any:
    """The result itself, or what it gives when it is awaited or iterated."""
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
    return result
