"""Doubles at the edge of the packages: what stands in for a database, a provider or a listener, never for a package."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

from mdc_wait import until


class RecordingSubscriber:
    """A double at the bus's edge: remembers each event in the order of its arrival."""

    def __init__(self) -> None:
        self.events: list[Any] = []

    async def __call__(self, event: Any) -> None:
        self.events.append(event)

    async def wait_for(self, count: int) -> None:
        """Return when ``count`` events have come, or when none comes any more: the check then judges what is there."""
        await until(lambda: len(self.events) >= count)


class RecordingController:
    """A double at the provider's edge: a rate controller that remembers each adjustment, and takes nothing else."""

    def __init__(self) -> None:
        self.adjustments: list[Any] = []

    async def apply(self, adj: Any) -> None:
        from market_data_core.telemetry import RateAdjustment

        if not isinstance(adj, RateAdjustment):
            raise TypeError(f"a rate controller takes a RateAdjustment, and no {type(adj).__name__}")
        self.adjustments.append(adj)


def rows_of(batch: Sequence[Any]) -> Sequence[Any]:
    """The batch, which is a sequence of at least one row, as a database client needs it to try a write again."""
    if not isinstance(batch, Sequence) or isinstance(batch, str | bytes):
        raise TypeError(f"a sink takes a sequence, and no {type(batch).__name__}")
    if not batch:
        raise ValueError("a sink is handed at least one row")
    return batch


class GatedSink:
    """A double at the database's edge: a sink that writes nothing until its gate is opened."""

    def __init__(self) -> None:
        self.gate = asyncio.Event()
        self.written: list[Any] = []

    async def write(self, batch: Sequence[Any]) -> None:
        rows = rows_of(batch)
        await self.gate.wait()
        self.written.extend(rows)


class ObedientSink:
    """A double at the database's edge: does with each batch in turn what its script says, then writes all."""

    def __init__(self, *script: Exception | None) -> None:
        self.script = list(script)

    async def write(self, batch: Sequence[Any]) -> None:
        rows_of(batch)
        step = self.script.pop(0) if self.script else None
        if step is not None:
            raise step


class HalfOpeningSink(GatedSink):
    """A double at the database's edge: fails once, then holds the next write back until its gate is opened."""

    def __init__(self) -> None:
        super().__init__()
        self.failed = False

    async def write(self, batch: Sequence[Any]) -> None:
        if rows_of(batch) and not self.failed:
            self.failed = True
            raise TimeoutError("timeout")
        await super().write(batch)
