"""What a provider is really granted, measured on a clock that moves only when it is told to."""

from __future__ import annotations

import asyncio
import sys
import time
from dataclasses import dataclass
from typing import Any

import pytest

from mdc_wait import turns

_CLOCKS = ("time", "monotonic", "perf_counter")


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


def _replace(monkeypatch: pytest.MonkeyPatch, clock: Any, stopped: Any) -> None:
    """Put ``stopped`` wherever the clock is known: in ``time``, and where a package has imported it by name."""
    places = [module for name, module in sys.modules.items() if name == "time" or name.startswith("market_data_")]
    for module in places:
        for name in [name for name, value in vars(module).items() if value is clock]:
            monkeypatch.setattr(module, name, stopped)


async def granted(coordinator: Any, provider: str = "ibkr", limit: int = 5_000) -> int:
    """Count the tokens that ``provider`` is granted now, without any more time passing."""
    for count in range(limit):
        asked = asyncio.create_task(coordinator.acquire(provider))
        if not await settles(asked):
            asked.cancel()
            await asyncio.gather(asked, return_exceptions=True)
            return count
        asked.result()
    return limit


async def settles(task: asyncio.Task[Any]) -> bool:
    """Whether ``task`` comes to an end without any more time passing."""
    for _ in range(10):
        if task.done():
            return True
        await turns(1)
    return task.done()


async def drained(rate: int, burst: int, provider: str = "ibkr") -> Any:
    """Pipeline's real RateCoordinator, with a provider that has just used up its burst."""
    from market_data_pipeline.orchestration.coordinator import RateCoordinator

    coordinator: Any = RateCoordinator()
    coordinator.register_provider(provider, capacity=burst, refill_rate=rate)
    await coordinator.acquire(provider, burst)
    return coordinator


def handler_of(coordinator: Any, provider: str = "ibkr") -> Any:
    """Pipeline's real FeedbackHandler in front of ``coordinator``, through the real adapter."""
    from market_data_pipeline.orchestration.feedback import FeedbackHandler, RateCoordinatorAdapter

    return FeedbackHandler(rate=RateCoordinatorAdapter(coordinator), provider=provider)


def shown(coordinator: Any, provider: str = "ibkr") -> list[Any]:
    """Scale and pressure that the coordinator shows for ``provider``."""
    state = coordinator.get_provider_state(provider)
    return [state["scale_factor"], state["pressure_state"]]
