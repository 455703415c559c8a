"""What a provider is really granted, on a clock that moves only when it is told to."""

from __future__ import annotations

import asyncio
from typing import Any

from mdc_wait import turns


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
