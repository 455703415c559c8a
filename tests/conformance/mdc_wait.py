"""Wait for what real tasks do: until something holds, or for as long as anything can go on by itself."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable


async def until(holds: Callable[[], bool], seconds: float = 5.0) -> None:
    """Return when it ``holds``, or after ``seconds``: the check then judges what is there."""
    deadline = time.monotonic() + seconds
    while not holds() and time.monotonic() < deadline:
        await asyncio.sleep(0.001)


async def turns(count: int = 20) -> None:
    """Let everything that can run without waiting run."""
    for _ in range(count):
        await asyncio.sleep(0)
