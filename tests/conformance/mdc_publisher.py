"""Store's publisher of feedback in its service, under real pressure, and what stands on the stream of a real Redis."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import pytest

from mdc_doubles import GatedSink
from mdc_redis_client import RedisConnection
from mdc_redis_server import RedisServer
from mdc_wait import ended, eventually, settled

VARIABLES = ("PULSE_ENABLED", "EVENT_BUS_BACKEND", "REDIS_URL", "MD_NAMESPACE", "SCHEMA_TRACK")
LATE = 15.0
"""Seconds after which what has not arrived is taken not to come: longer than a server on the loopback ever takes."""


def environment(monkeypatch: pytest.MonkeyPatch, url: str, **variables: str) -> None:
    """Configure Store as a deployment does: Redis at ``url``, and nothing else but the ``variables``."""
    for name in VARIABLES:
        monkeypatch.delenv(name, raising=False)
    for name, text in {"EVENT_BUS_BACKEND": "redis", "REDIS_URL": url, **variables}.items():
        monkeypatch.setenv(name, text)


@asynccontextmanager
async def publishing(config: Any = None) -> AsyncIterator[Any]:
    """Run Store's publisher, by the environment if no ``config`` is given."""
    from market_data_store.pulse import FeedbackPublisherService

    service: Any = FeedbackPublisherService() if config is None else FeedbackPublisherService(config)
    await service.start()
    try:
        yield service
    finally:
        # That it ends is a clause of its own.
        await ended(service.stop())


@dataclass
class Pressure:
    """A coordinator of capacity 10 that fills up to 8 and is drained: soft at 6, hard at 8, ok at 5.

    Nothing is taken out before the last item is in, and one worker then takes out item by item: what is signalled does
    not depend on who is faster. Its flush interval is out of reach, so the end of the loop ends its worker.
    """

    coordinator_id: str = "bars"
    items: int = 8
    capacity: int = 10
    sink: GatedSink = field(default_factory=GatedSink)

    async def run(self) -> None:
        """Fill the queue and drain it."""
        from market_data_store.coordinator import WriteCoordinator

        options: dict[str, Any] = {"capacity": self.capacity, "workers": 1, "batch_size": 1, "flush_interval": 600.0}
        coordinator: Any = WriteCoordinator(sink=self.sink, coord_id=self.coordinator_id, **options)
        for number in range(self.items):
            await coordinator.submit(number)
        self.sink.gate.set()
        await coordinator.start()
        while len(self.sink.written) < self.items:
            await asyncio.sleep(0)

    async def goes_on(self) -> bool:
        """Whether all is written with nobody's answer: by turns of the loop, and never by the time that they take."""
        work = await settled(self.run())
        if not work.cancelled():
            work.result()
        return not work.cancelled()


async def under_pressure(*coordinators: str) -> None:
    """Let one coordinator after the other fill up and be drained."""
    for name in coordinators or ("bars",):
        if not await ended(Pressure(name).run()):
            raise TimeoutError(f"coordinator {name} does not write what was submitted to it")


@dataclass(frozen=True)
class Entry:
    """An entry of a stream."""

    id: str
    fields: dict[str, str]

    @property
    def envelope(self) -> Any:
        """Its field ``data`` as JSON, or as it is if it is none."""
        try:
            return json.loads(self.fields.get("data", ""))
        except ValueError:
            return self.fields

    @property
    def innermost(self) -> dict[str, Any]:
        """The envelope around the event itself. That an envelope lies within another is a clause of its own."""
        envelope = self.envelope
        while isinstance(envelope, dict) and isinstance(inner := envelope.get("payload"), dict) and "payload" in inner:
            envelope = inner
        return envelope if isinstance(envelope, dict) else {}

    @property
    def event(self) -> dict[str, Any]:
        """The event itself."""
        payload = self.innermost.get("payload")
        return payload if isinstance(payload, dict) else {}


async def arrived(server: RedisServer, stream: str, count: int) -> list[Entry]:
    """What is on the stream when so many entries are there, or when far more time has passed than they take."""
    await eventually(lambda: server.command("XLEN", stream) >= count, LATE)
    return entries(server, stream)


async def published(
    server: RedisServer, stream: str, count: int, *coordinators: str, config: Any = None
) -> list[Entry]:
    """What is on the stream after coordinators were under pressure while Store's publisher ran.

    It runs until ``count`` entries are there: how much a stop still sends, and for how long, is not asked here.
    """
    async with publishing(config):
        await under_pressure(*coordinators)
        await arrived(server, stream, count)
    return entries(server, stream)


async def publish_by_hand(service: Any) -> Any:
    """Send a hard event of ``bars`` without a coordinator."""
    from market_data_core.telemetry import BackpressureLevel

    return await service.publish_feedback("bars", 8, 10, BackpressureLevel.hard)


async def last_signals(server: RedisServer, stream: str, expected: list[list[Any]]) -> list[list[Any]]:
    """The last signals on the stream, as many as ``expected``, which are waited for as in ``arrived``."""

    def last() -> list[list[Any]]:
        return signals(entries(server, stream)[-len(expected) :])

    await eventually(lambda: last() == expected, LATE)
    return last()


def entries(server: RedisServer | RedisConnection, stream: str) -> list[Entry]:
    """What is on the stream now."""
    return [
        Entry(_text(name), dict(zip(map(_text, values[::2]), map(_text, values[1::2]), strict=True)))
        for name, values in server.command("XRANGE", stream, "-", "+")
    ]


def tracks(entries: Sequence[Entry]) -> list[str]:
    """The tracks of the entries' envelopes, each once."""
    return sorted({str(entry.envelope["meta"].get("track")) for entry in entries})


def is_time(ts: object, earliest: float) -> bool:
    """Whether it is a moment in Unix seconds between ``earliest`` and now."""
    return isinstance(ts, float) and earliest <= ts <= time.time()


def connections(server: RedisServer) -> int:
    """How many are connected to the server, without whoever asks."""
    with server.connect() as connection:
        # It has dealt with all that had reached it before the first question when it answers the second.
        for _ in range(2):
            connection.command("PING")
        return len(connection.command("CLIENT", "LIST").splitlines()) - 1


def keys(server: RedisServer) -> list[str]:
    """The names of all that is on the server."""
    return sorted(_text(name) for name in server.command("KEYS", "*"))


def signals(entries: Sequence[Entry]) -> list[list[Any]]:
    """Coordinator, level and queue size of each entry's event, in their order."""
    return [[entry.event.get(name) for name in ("coordinator_id", "level", "queue_size")] for entry in entries]


def _text(value: bytes) -> str:
    return value.decode("utf-8", "surrogateescape")
