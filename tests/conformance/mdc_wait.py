"""Wait for what real tasks do, by what has happened and never by how long it took.

What goes on by itself needs turns of the event loop, and their number is the same on every machine. What waits for a
timer goes on when a ``StoppedClock`` lets time pass. Only what the kernel or a thread does needs real time.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any

MOST_TURNS = 1_000
BOUND = 30.0
"""Seconds after which what the kernel, a server or another process does is taken not to come: no machine is so slow."""


async def until(holds: Callable[[], bool], most: int = MOST_TURNS) -> None:
    """Return when it ``holds`` and what follows from it has run, or after so many turns of the loop.

    The check then judges what is there.
    """
    for _ in range(most):
        if holds():
            break
        await asyncio.sleep(0)
    await turns()


async def turns(count: int = 20) -> None:
    """Let everything that can run without waiting run."""
    for _ in range(count):
        await asyncio.sleep(0)


async def settled(work: Awaitable[Any]) -> asyncio.Future[Any]:
    """The work as a future that is done, or was cancelled because it did not come to an end by itself."""
    future = asyncio.ensure_future(work)
    await until(future.done)
    if not future.done():
        future.cancel()
        await asyncio.gather(future, return_exceptions=True)
    return future


async def finished(task: asyncio.Task[Any]) -> bool:
    """Whether the task comes to an end by itself; one that hangs is left as it is."""
    await asyncio.wait([task], timeout=BOUND)
    return task.done()


async def ended(work: Coroutine[Any, Any, Any]) -> bool:
    """Whether the work comes to an end; it is cancelled where it would hang for ever, and what it raises is raised."""
    task = asyncio.create_task(work)
    if not await finished(task):
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        return False
    task.result()
    return True


async def eventually(holds: Callable[[], bool], seconds: float = 60.0) -> None:
    """Return when it ``holds``, or after far more time than any machine takes for it: what a thread or server does."""
    begin = time.monotonic()
    while not holds() and (waited := time.monotonic() - begin) < seconds:
        await asyncio.sleep(_pause(waited))


def wait_until(holds: Callable[[], bool], seconds: float = 60.0) -> bool:
    """Wait without a loop until it ``holds``; False after far more time than any machine takes for it."""
    begin = time.monotonic()
    while not holds():
        if (waited := time.monotonic() - begin) > seconds:
            return False
        time.sleep(_pause(waited))
    return True


def _pause(waited: float) -> float:
    """Seconds until it is worth looking again: who has waited long loses little by waiting a tenth of that more."""
    return min(max(0.005, waited / 10), 0.05)
