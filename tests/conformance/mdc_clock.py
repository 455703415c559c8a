"""The clocks of the process, stopped: time passes when a check says so, and as much as it says."""

from __future__ import annotations

import asyncio
import sys
import time
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from typing import Any

import pytest

from mdc_wait import turns

_CLOCKS = ("time", "monotonic", "perf_counter")
# Who may have imported a clock by name: the packages, and the library by which they measure durations.
_USERS = ("market_data_", "prometheus_client")
_STEP = 1 / 16


@dataclass
class StoppedClock:
    """A double at the operating system's edge: every clock of the process, stopped.

    Rates can then be counted exactly, whatever the load of the machine. The event loop reads the same clocks, so a
    sleep ends when the clock has been advanced past it.
    """

    passed: float = 0.0

    def stop(self, monkeypatch: pytest.MonkeyPatch) -> StoppedClock:
        """Take the place of the process's clocks until the check is over."""
        for name in _CLOCKS:
            # Whole seconds: with steps in binary fractions no rounding can cost a token.
            start = float(int(getattr(time, name)()) + 1)
            _replace(monkeypatch, getattr(time, name), lambda start=start: start + self.passed)
            _replace(monkeypatch, getattr(time, f"{name}_ns"), lambda start=start: int((start + self.passed) * 1e9))
        return self

    def advance(self, seconds: float) -> None:
        """Let that much time have passed, all at once."""
        self.passed += seconds

    async def until(self, holds: Callable[[], bool], seconds: float = 5.0) -> None:
        """Let time pass in small steps until it ``holds``, at most so many ``seconds``; all that can run then runs."""
        await turns()
        for _ in range(int(seconds / _STEP)):
            if holds():
                return
            self.advance(_STEP)
            await turns()

    async def ends(self, task: asyncio.Task[Any], seconds: float = 5.0) -> bool:
        """Whether the task comes to an end while so much time passes."""
        await self.until(task.done, seconds)
        return task.done()

    async def run(self, work: Coroutine[Any, Any, Any]) -> Any:
        """The result of the work, with the time passing that it takes; TimeoutError where it does not end by itself."""
        task = asyncio.create_task(work)
        if not await self.ends(task, 60.0):
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
            raise TimeoutError("it did not end within a minute")
        return task.result()


def _replace(monkeypatch: pytest.MonkeyPatch, clock: Any, stopped: Any) -> None:
    """Put ``stopped`` wherever the clock is known: in ``time`` and ``timeit``, and where it was imported by name."""
    places = [module for name, module in sys.modules.items() if name in ("time", "timeit") or name.startswith(_USERS)]
    for module in places:
        for name in [name for name, value in vars(module).items() if value is clock]:
            monkeypatch.setattr(module, name, stopped)
