"""A real WriteCoordinator whose sink writes only when it is told to, so that its queue holds what a check wants."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from mdc_doubles import rows_of
from mdc_wait import until

PLUG = "plug"


class SteppedSink:
    """A double at the database's edge: a sink that writes one batch for each ``allow``."""

    def __init__(self) -> None:
        self._permits = asyncio.Semaphore(0)
        self.written: list[Any] = []

    def allow(self, batches: int) -> None:
        """Let that many more batches through."""
        for _ in range(batches):
            self._permits.release()

    async def write(self, batch: Sequence[Any]) -> None:
        rows = rows_of(batch)
        await self._permits.acquire()
        self.written.extend(rows)


@dataclass(frozen=True)
class StalledCoordinator:
    """A started coordinator whose only worker is stuck in the sink, so that nothing leaves the queue by itself."""

    coordinator: Any
    sink: SteppedSink

    @property
    def size(self) -> int:
        """What the coordinator reports as the length of its queue."""
        size: int = self.coordinator.health().queue_size
        return size

    async def fill(self, to: int) -> None:
        """Submit numbered items one by one until the queue holds ``to``."""
        for number in range(self.size, to):
            await self.coordinator.submit(number)

    async def drain(self, to: int) -> None:
        """Let the sink write until the queue holds ``to``."""
        self.sink.allow(self.size - to)
        await until(lambda: self.size <= to)


async def stalled(**options: Any) -> StalledCoordinator:
    """Start a coordinator on Store's own terms, but with one worker that writes item by item.

    The flush interval is out of reach: whether idle workers survive theirs is a clause of its own.
    """
    from market_data_store.coordinator import WriteCoordinator

    sink = SteppedSink()
    coordinator: Any = WriteCoordinator(sink=sink, workers=1, batch_size=1, flush_interval=600.0, **options)
    await coordinator.start()
    await coordinator.submit(PLUG)
    started = StalledCoordinator(coordinator, sink)
    await until(lambda: started.size == 0)
    return started


def levels(events: Sequence[Any]) -> list[str]:
    """The levels of the events, in their order."""
    return [event.level.value for event in events]


def crossings(events: Sequence[Any]) -> list[list[Any]]:
    """Level and queue size of each event, in their order."""
    return [[event.level.value, event.queue_size] for event in events]
