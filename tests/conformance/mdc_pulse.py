"""Store's publisher and Pipeline's consumer on one event bus of Core's, inside one process."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from typing import Any

import pytest

from mdc_wait import settled, until


class WatchedBus:
    """A double at the transport's edge: one of Core's buses, and a note of what its consumer asked of it.

    Each envelope is delivered ``deliveries`` times, as a transport that delivers at least once may do.
    """

    def __init__(self, inner: Any, deliveries: int = 1) -> None:
        self._inner, self._deliveries = inner, deliveries
        self.subscribed: list[str] = []
        self.outcomes: list[tuple[str, str, str]] = []
        self.reasons: list[str] = []

    async def publish(self, stream: str, value: Any, *, key: str | None = None) -> str:
        envelope_id: str = await self._inner.publish(stream, value, key=key)
        return envelope_id

    async def subscribe(self, stream: str, *, group: str, consumer: str) -> AsyncIterator[Any]:
        self.subscribed.append(stream)
        async for envelope in self._inner.subscribe(stream, group=group, consumer=consumer):
            for _ in range(self._deliveries):
                yield envelope

    async def ack(self, stream: str, envelope_id: str) -> None:
        self.outcomes.append(("ack", stream, envelope_id))
        await self._inner.ack(stream, envelope_id)

    async def fail(self, stream: str, envelope_id: str, reason: str) -> None:
        self.outcomes.append(("fail", stream, envelope_id))
        self.reasons.append(reason)
        await self._inner.fail(stream, envelope_id, reason)

    async def decided(self, count: int) -> None:
        """Return when ``count`` deliveries were acknowledged or failed, or none is any more: the check then judges."""
        await until(lambda: len(self.outcomes) >= count)


def joined_bus(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Make every in-memory bus of Core's in this process the same one, and return it.

    Store's service and Pipeline's consumer each have Core make them a bus of their own and take none from outside. In
    memory they can meet only if those two are one.
    """
    from market_data_core.events import InMemoryBus

    shared: Any = InMemoryBus()

    def share(bus: Any, *_args: Any, **_options: Any) -> None:
        bus.__dict__.update(shared.__dict__)

    monkeypatch.setattr(InMemoryBus, "__init__", share)
    return shared


def watched_consumer(controller: Any, deliveries: int = 1) -> Any:
    """Pipeline's FeedbackConsumer, whose ``bus`` (a public attribute, not a parameter) is watched."""
    from market_data_pipeline.pulse import FeedbackConsumer, PulseConfig
    from market_data_pipeline.settings.feedback import PipelineFeedbackSettings

    consumer: Any = FeedbackConsumer(controller, PipelineFeedbackSettings(), PulseConfig())
    consumer.bus = WatchedBus(consumer.bus, deliveries)
    return consumer


@contextlib.asynccontextmanager
async def running(consumer: Any) -> AsyncIterator[WatchedBus]:
    """Run ``consumer`` until it has subscribed, and stop it at the end."""
    task = asyncio.create_task(consumer.run("worker-1"))
    bus: WatchedBus = consumer.bus
    await until(lambda: bool(bus.subscribed) or task.done())
    try:
        yield bus
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def published_by_store(bus: Any, stream: str, event: Any) -> list[Any]:
    """Publish ``event`` on Store's feedback bus; return the envelope on the wire and all that are nested in it.

    Whether anything may be nested there is a clause of its own.
    """
    from market_data_store.coordinator import feedback_bus
    from market_data_store.pulse import FeedbackPublisherService

    service = FeedbackPublisherService()
    await service.start()
    await feedback_bus().publish(event)
    await service.stop()
    return unwrapped(await next_on(bus, stream))


def unwrapped(arrived: Any) -> list[Any]:
    """The envelope that arrived and all that are nested in it, the innermost last."""
    envelopes = []
    while hasattr(arrived, "payload"):
        envelopes.append(arrived)
        arrived = arrived.payload
    return envelopes


async def next_on(bus: Any, stream: str) -> Any:
    """The next envelope on ``stream``, or None if there is none."""
    envelopes = aiter(bus.subscribe(stream, group="conformance", consumer="worker-1"))
    arrived = await settled(anext(envelopes))
    return None if arrived.cancelled() else arrived.result()
