"""Pipeline's consumer of feedback, run in this process against a real Redis."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from typing import Any

from mdc_doubles import RecordingController
from mdc_feedback_stream import FeedbackStream
from mdc_wait import BOUND, eventually, finished, turns


class NotingController(RecordingController):
    """A double at the provider's edge: hands each adjustment on to Pipeline's real coordinator, and remembers it."""

    def __init__(self, coordinator: Any) -> None:
        from market_data_pipeline.orchestration.feedback import RateCoordinatorAdapter

        super().__init__()
        self._adapter: Any = RateCoordinatorAdapter(coordinator)

    async def apply(self, adj: Any) -> None:
        await self._adapter.apply(adj)
        await super().apply(adj)


class RefusingController(RecordingController):
    """A double at the provider's edge: refuses the first ``times`` adjustments, and remembers all that it was asked."""

    def __init__(self, times: int, reason: str) -> None:
        super().__init__()
        self.asked: list[Any] = []
        self._times, self._reason = times, reason

    async def apply(self, adj: Any) -> None:
        self.asked.append(adj)
        if len(self.asked) <= self._times:
            raise RuntimeError(self._reason)
        await super().apply(adj)


class GatedController(RecordingController):
    """A double at the provider's edge: takes an adjustment and comes to no end until ``gate.set()``."""

    def __init__(self) -> None:
        super().__init__()
        self.asked = 0
        self.gate = asyncio.Event()

    async def apply(self, adj: Any) -> None:
        self.asked += 1
        await self.gate.wait()
        await super().apply(adj)


class RunningConsumer:
    """A consumer that runs, and what came of it."""

    def __init__(self, task: asyncio.Task[None], stream: FeedbackStream, controller: RecordingController) -> None:
        self._task, self._stream, self._controller = task, stream, controller

    @property
    def ended(self) -> bool:
        """Whether it runs no more, although nobody has stopped it."""
        return self._task.done()

    @property
    def state(self) -> str:
        """That it runs, or how it ended."""
        if not self._task.done():
            return "runs"
        if self._task.cancelled():
            return "ended as cancelled"
        error = self._task.exception()
        return "returned" if error is None else f"ended with {type(error).__name__}"

    async def joined(self) -> None:
        """Return when it reads the stream, or waits on another one, or has ended: the check then judges."""
        await eventually(lambda: self.ended or bool(self._stream.groups() or self._stream.blocked()), BOUND)

    async def dealt_with(self, adjustments: int, consumers: int = 1) -> None:
        """Return when so many adjustments were made, or it has ended, or waits for more with all delivered."""

        def decided() -> bool:
            return len(self._controller.adjustments) >= adjustments or self.ended or self._stream.waits(consumers)

        await eventually(decided, BOUND)
        await turns()

    async def idle(self, consumers: int = 1) -> None:
        """Return when it waits for more with all delivered, or has ended."""
        await eventually(lambda: self.ended or self._stream.waits(consumers), BOUND)
        await turns()

    async def cancel(self) -> None:
        """Stop it as its caller does, and return when it has ended or far too much time has passed."""
        self._task.cancel()
        await finished(self._task)


def consumer_of(stream: FeedbackStream, controller: Any, *, settings: Any = None, **config: Any) -> Any:
    """Pipeline's FeedbackConsumer at the stream's server."""
    from market_data_pipeline.pulse import FeedbackConsumer, PulseConfig
    from market_data_pipeline.settings.feedback import PipelineFeedbackSettings

    fields = {"enabled": True, "backend": "redis", "redis_url": stream.server.url, "ns": "mdp", "track": "v1"}
    return FeedbackConsumer(controller, settings or PipelineFeedbackSettings(), PulseConfig(**fields | config))


@contextlib.asynccontextmanager
async def consuming(
    stream: FeedbackStream, controller: Any, name: str = "worker-1", **options: Any
) -> AsyncIterator[RunningConsumer]:
    """Run a consumer until it reads the stream, and stop it at the end."""
    consumer = consumer_of(stream, controller, **options)
    task = asyncio.create_task(consumer.run(name))
    running = RunningConsumer(task, stream, controller)
    try:
        await running.joined()
        yield running
    finally:
        await running.cancel()
        await asyncio.gather(task, return_exceptions=True)
        # The bus that the consumer has made is its public attribute; nobody else closes it.
        with contextlib.suppress(Exception):
            await consumer.bus.close()
