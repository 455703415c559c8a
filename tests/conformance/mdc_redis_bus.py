"""Core's event bus on a real Redis: subscribers that keep what they are given, and what stands on the server."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from typing import Any

from mdc_redis_client import RedisError
from mdc_redis_server import RedisServer
from mdc_wait import eventually
from mdm_clause import described

STREAM = "telemetry.feedback"
KEY = f"mdp:{STREAM}"
DEAD = f"{KEY}.dlq"
GROUP = "pipeline"
VARIABLES = ("EVENT_BUS_BACKEND", "REDIS_URL", "MD_NAMESPACE", "SCHEMA_TRACK")
BLOCK_MS = 20
"""How long a subscriber's question waits on the server: short, as checks count its questions."""


@asynccontextmanager
async def redis_bus(url: str, **options: Any) -> AsyncIterator[Any]:
    """Core's bus on the Redis at ``url``, closed in the end."""
    from market_data_core.events import create_event_bus

    bus: Any = create_event_bus(backend="redis", redis_url=url, **options)
    try:
        yield bus
    finally:
        with suppress(Exception):
            await bus.close()


class Subscriber:
    """A consumer of the bus that keeps what it is given, and does with it what ``then`` says."""

    def __init__(
        self,
        bus: Any,
        *,
        group: str = GROUP,
        consumer: str = "first",
        then: Callable[[Any], Awaitable[None]] | None = None,
        **options: Any,
    ) -> None:
        self.envelopes: list[Any] = []
        self._subscription = bus.subscribe(STREAM, group=group, consumer=consumer, block_ms=BLOCK_MS, **options)
        self._then = then
        self._task = asyncio.ensure_future(self._run())

    async def _run(self) -> None:
        async for envelope in self._subscription:
            self.envelopes.append(envelope)
            if self._then is not None:
                await self._then(envelope)

    @property
    def ids(self) -> list[str]:
        """The coordinators of the events that it was given, in order."""
        return [envelope.payload.coordinator_id for envelope in self.envelopes]

    @property
    def ended(self) -> str | None:
        """Why it has ended, where it did so by itself."""
        if not self._task.done() or self._task.cancelled():
            return None
        error = self._task.exception()
        return described(error) if error else "it came to an end"

    async def stop(self) -> None:
        """End it as a process does that is told to: by cancelling it."""
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)


@asynccontextmanager
async def subscribed(server: RedisServer, bus: Any, **options: Any) -> AsyncIterator[Subscriber]:
    """Run a subscriber as long as the block, which begins when its group is on the server."""
    subscriber = Subscriber(bus, **options)
    try:
        await eventually(lambda: bool(groups(server)) or subscriber.ended is not None)
        yield subscriber
    finally:
        await subscriber.stop()


async def given(server: RedisServer, subscribers: Iterable[Subscriber], count: int, polls: int = 40) -> None:
    """Return when the subscribers were given so many events, and have asked for more without being given any.

    Where they are given fewer: when they have asked the server ``polls`` times, or one of them has ended.
    """
    everyone = list(subscribers)
    start = polled(server)

    def enough() -> bool:
        return sum(len(each.envelopes) for each in everyone) >= count

    def done() -> bool:
        return enough() or polled(server) >= start + polls or any(each.ended for each in everyone)

    await eventually(done)
    last = polled(server) + 3 * len(everyone)
    await eventually(lambda: polled(server) >= last or any(each.ended for each in everyone))


def polled(server: RedisServer) -> int:
    """How often the server was asked for the events of a group."""
    for line in server.command("INFO", "commandstats").decode().splitlines():
        if line.startswith("cmdstat_xreadgroup:"):
            return int(line.partition("calls=")[2].partition(",")[0])
    return 0


def put(server: RedisServer, *data: str | bytes, key: str = KEY) -> list[str]:
    """Put entries on the stream as another producer does; their ids."""
    with server.connect() as connection:
        return [connection.command("XADD", key, "*", "data", each).decode() for each in data]


def envelope(coordinator_id: str) -> str:
    """Core's event in the documented envelope, as text."""
    payload = {"coordinator_id": coordinator_id, "queue_size": 8, "capacity": 10, "level": "hard", "source": "store"}
    meta: dict[str, Any] = {"schema_id": "telemetry.FeedbackEvent", "track": "v1", "headers": {}}
    whole = {"ts": 1700000000.5, "key": coordinator_id, "meta": meta, "payload": payload | {"ts": 1700000000.25}}
    return json.dumps(whole, ensure_ascii=False)


def entries(server: RedisServer, key: str = KEY) -> list[tuple[str, dict[str, str]]]:
    """What is on a stream: ids and fields."""
    return [(name.decode(), _fields(values)) for name, values in server.command("XRANGE", key, "-", "+")]


def _fields(values: list[bytes]) -> dict[str, str]:
    texts = [value.decode(errors="backslashreplace") for value in values]
    return dict(zip(texts[::2], texts[1::2], strict=True))


def groups(server: RedisServer, key: str = KEY) -> list[Any]:
    """The groups of a stream; none where there is no stream."""
    with suppress(RedisError):
        found: list[Any] = server.command("XINFO", "GROUPS", key)
        return found
    return []


def pending(server: RedisServer, group: str = GROUP, key: str = KEY) -> list[str]:
    """The ids of the entries that the consumers of a group were given and have not acknowledged."""
    return [entry[0].decode() for entry in server.command("XPENDING", key, group, "-", "+", 100)]


def connections(server: RedisServer) -> int:
    """How many connections the server has, beside the one that asks."""
    return len(server.command("CLIENT", "LIST").decode().splitlines()) - 1


def event(**changes: Any) -> Any:
    """Core's event, not as text but as the object that is published."""
    from market_data_core.telemetry import BackpressureLevel, FeedbackEvent

    fields = {"coordinator_id": "bars", "queue_size": 8, "capacity": 10, "level": "hard", "source": "store", "ts": 1.0}
    fields |= changes
    return FeedbackEvent(**fields | {"level": BackpressureLevel(fields["level"])})


def reasons(server: RedisServer) -> list[str]:
    """Why entries of the stream have become dead letters."""
    return [fields.get("reason", "") for _, fields in entries(server, DEAD)]


def of_fields(got: Any, names: Iterable[str]) -> Any:
    """These fields of what was got: a new field with a default harms nobody."""
    return {name: got[name] for name in names if name in got} if isinstance(got, dict) else got


@contextmanager
def trouble(server: RedisServer, name: str) -> Iterator[None]:
    """A server whose password is "right" in trouble, as long as the block runs."""
    with server.connect() as admin:
        match name:
            case "is away":
                server.stop()
                yield
                server.start()
            case "is full":
                admin.command("CONFIG", "SET", "maxmemory", "1")
                yield
                admin.command("CONFIG", "SET", "maxmemory", "0")
            case "refuses the password":
                admin.command("CONFIG", "SET", "requirepass", "other")
                yield
                admin.command("CONFIG", "SET", "requirepass", "right")
