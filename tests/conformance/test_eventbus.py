"""Core's event bus as those see it who run it: what it counts, tells and logs, how it is chosen, its codec."""

from __future__ import annotations

import json
import logging
import re
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from mdc_clock import StoppedClock
from mdc_publisher import entries, environment, publishing
from mdc_pulse import next_on
from mdc_redis_client import RedisConnection
from mdc_redis_server import RedisServer
from mdm_clause import ClauseCheck

Make = Callable[..., Any]


class RecordingCollector:
    """A double at the monitoring's edge: remembers what an observer tells it."""

    def __init__(self) -> None:
        self.counters: dict[str, int] = {}
        self.histograms: dict[str, list[float]] = {}
        self.tags: list[Any] = []

    def increment(self, metric: str, value: int = 1, tags: dict[str, str] | None = None) -> None:
        self.counters[metric] = self.counters.get(metric, 0) + value
        self.tags.append(tags)

    def histogram(self, metric: str, value: float, tags: dict[str, str] | None = None) -> None:
        self.histograms.setdefault(metric, []).append(round(value, 3))
        self.tags.append(tags)


class _Keeping(logging.Handler):
    def __init__(self, records: list[logging.LogRecord]) -> None:
        super().__init__()
        self._records = records

    def emit(self, record: logging.LogRecord) -> None:
        self._records.append(record)


def _part(got: Any, expected: dict[str, Any]) -> dict[str, Any]:
    """What is said of what is expected; more may be said."""
    return {name: got.get(name) for name in expected}


@contextmanager
def _lines(logger: str) -> Iterator[list[logging.LogRecord]]:
    """What is logged under a name while the block runs."""
    records: list[logging.LogRecord] = []
    handler = _Keeping(records)
    there = logging.getLogger(logger)
    there.addHandler(handler)
    there.setLevel(logging.DEBUG)
    try:
        yield records
    finally:
        there.removeHandler(handler)


async def test_bus_counts(clause: ClauseCheck, make_event: Make) -> None:
    """Core's in-memory bus says in health() how many streams and groups it serves and how many events it took and
    gave.
    """
    from market_data_core.events import InMemoryBus

    for kind, options in (("counted", {}), ("plain", {"enable_observability": False})):
        bus: Any = InMemoryBus(**options)
        with clause.works(f"publishing, consuming, acknowledging and failing on a {kind} bus"):
            for stream in clause.expect["published"]:
                await bus.publish(stream, make_event("soft"))
            for stream, group in clause.expect["consumed"]:
                envelope = await anext(aiter(bus.subscribe(stream, group=group, consumer="worker-1")))
                await bus.ack(stream, envelope.id)
                await bus.fail(stream, envelope.id, "refused")
        expected = clause.expect[kind]
        clause.equal(f"health() of a {kind} bus", _part(await bus.health(), expected), expected)


async def test_bus_schema_id(clause: ClauseCheck) -> None:
    """An event whose model names its schema id is published under that id."""
    from market_data_core.events import create_test_bus
    from pydantic import BaseModel

    class Thing(BaseModel):
        size: int

    # As an attribute of the class: in its body pydantic would take the name for a private field's.
    Thing.__schema_id__ = clause.expect["schema_id"]  # type: ignore[attr-defined]  # see above
    bus: Any = create_test_bus()
    await bus.publish("any", Thing(size=1))
    envelope = await next_on(bus, "any")
    clause.equal("schema id of the envelope", envelope.meta.schema_id, clause.expect["schema_id"])


def test_observer_collects(clause: ClauseCheck, clock: StoppedClock) -> None:
    """Core's EventBusObserver tells a metrics collector each operation on a stream, and sums them up."""
    from market_data_core.events.observability import EventBusObserver

    collector = RecordingCollector()
    observer = EventBusObserver("any", metrics_collector=collector, enable_logging=False)
    idle = clause.expect["idle"]
    clause.equal("the summary before anything happened", _part(observer.get_metrics_summary(), idle), idle)
    stream, (one, two, failed) = clause.expect["stream"], clause.expect["latencies"]
    _operate(observer, stream, one)
    observer.on_publish_success(stream, "2", time.time() - two)
    observer.on_publish_error(stream, RuntimeError("lost"), time.time() - failed)
    for number in range(2):
        observer.on_consume_success(stream, str(number))
    observer.on_consume_error(stream, RuntimeError("lost"))
    observer.on_ack(stream, "2")
    stats = observer.metrics.get_stream_stats(stream)
    told = {"counters": collector.counters, "histograms": collector.histograms}
    told |= {"summary": observer.get_metrics_summary(), "of_stream": stats}
    for name, got in told.items():
        clause.equal(f"what is counted: {name}", _part(got, clause.expect[name]), clause.expect[name])
    wrong = [repr(tags) for tags in collector.tags if (tags or {}).get("stream") != stream]
    clause.none("tags without the stream", wrong, examined=len(collector.tags))


def _operate(observer: Any, stream: str, seconds: float = 0.0) -> None:
    """One operation of each kind that succeeds or is given up, the publication ``seconds`` long."""
    for operation in _operations(observer, stream, seconds).values():
        operation()


def _operations(observer: Any, stream: str, seconds: float = 0.0) -> dict[str, Callable[[], None]]:
    return {
        "publish": lambda: observer.on_publish_start(stream, "telemetry.FeedbackEvent"),
        "published": lambda: observer.on_publish_success(stream, "1", time.time() - seconds),
        "consumed": lambda: observer.on_consume_success(stream, "1"),
        "acknowledged": lambda: observer.on_ack(stream, "1"),
        "failed": lambda: observer.on_nack(stream, "1", "refused"),
        "given up": lambda: observer.on_dlq(stream, "1", "refused"),
    }


async def test_observer_logs(clause: ClauseCheck, make_event: Make) -> None:
    """With logging Core's EventBusObserver logs each operation under its own name, as the in-memory bus does with its
    own, and without it none.
    """
    from market_data_core.events import create_test_bus
    from market_data_core.events.observability import EventBusObserver

    name, logger = clause.expect["name"], clause.expect["logger"]
    observer = EventBusObserver(name)
    handlers = len(logging.getLogger(logger).handlers)
    clause.equal("the observer's name", observer.name, name)
    EventBusObserver(name)
    clause.equal("handlers that a second observer adds", len(logging.getLogger(logger).handlers) - handlers, 0)
    clause.that("handlers of the first", handlers > 0, expected="at least one", got="none")
    silent = []
    for what, operation in _operations(observer, "any").items():
        with _lines(logger) as lines:
            operation()
        silent += [] if lines else [what]
    bus: Any = create_test_bus()
    envelope_id = await bus.publish("any", make_event("soft"))
    steps: dict[str, Callable[[], Any]] = {
        "publish on a bus": lambda: bus.publish("any", make_event("soft")),
        "consume on a bus": lambda: next_on(bus, "any"),
        "acknowledge on a bus": lambda: bus.ack("any", envelope_id),
        "fail on a bus": lambda: bus.fail("any", envelope_id, "refused"),
    }
    for what, step in steps.items():
        with _lines(logger) as lines:
            await step()
        silent += [] if lines else [what]
    clause.none("operations that are not logged", silent, examined=len(steps))
    with _lines(logger) as lines:
        _operate(EventBusObserver(name, enable_logging=False), "any")
    clause.equal("lines logged without logging", len(lines), 0)


async def test_bus_choice(clause: ClauseCheck, monkeypatch: pytest.MonkeyPatch) -> None:
    """create_event_bus makes the bus that its argument names, else the one of EVENT_BUS_BACKEND, else the in-memory
    one.
    """
    from market_data_core.events import create_event_bus

    async def chosen(**options: Any) -> Any:
        return (await create_event_bus(**options).health())["backend"]

    backend, unknown = clause.expect["backend"], clause.expect["unknown"]
    monkeypatch.delenv("EVENT_BUS_BACKEND", raising=False)
    clause.equal("the bus with nothing named", await chosen(), backend)
    with clause.refuses(f"the bus {unknown}", ValueError):
        create_event_bus(backend=unknown)
    monkeypatch.setenv("EVENT_BUS_BACKEND", unknown)
    clause.equal("the bus of the argument, another in the environment", await chosen(backend=backend), backend)
    with clause.refuses(f"the bus {unknown} in the environment", ValueError):
        create_event_bus()


async def test_redis_by_environment(
    clause: ClauseCheck, monkeypatch: pytest.MonkeyPatch, redis_binary: str, make_event: Make
) -> None:
    """The Redis bus that the environment names is at REDIS_URL, under MD_NAMESPACE and of SCHEMA_TRACK; without an
    address it is refused.
    """
    from market_data_core.events import create_event_bus

    with RedisServer(redis_binary) as server:
        here, there = (f"redis://{server.host}:{server.port}/{clause.expect[name]}" for name in ("here", "there"))

        async def reached(**options: Any) -> list[list[Any]]:
            bus: Any = create_event_bus(**options)
            await bus.publish("any", make_event("soft"))
            await bus.close()
            return [line for url in (here, there) for line in _taken_from(url)]

        for name in clause.expect["variables"]:
            monkeypatch.delenv(name, raising=False)
        got = await reached(backend="redis", redis_url=here)
        clause.equal("database, key and track with nothing in the environment", got, clause.expect["plain"])
        with clause.refuses("a Redis bus without an address", ValueError):
            create_event_bus(backend="redis")
        for name, text in clause.expect["environment"].items():
            monkeypatch.setenv(name, text)
        monkeypatch.setenv("REDIS_URL", there)
        clause.equal("database, key and track by the environment", await reached(), clause.expect["named"])
        got = await reached(redis_url=here, namespace="green")
        clause.equal("database, key and track with arguments too", got, clause.expect["given"])


def _taken_from(url: str) -> list[list[Any]]:
    """Database, key and track of all that was published there, which is deleted."""
    with RedisConnection(url) as connection:
        names = sorted(name.decode() for name in connection.command("KEYS", "*"))
        found = [(name, entry.envelope["meta"]["track"]) for name in names for entry in entries(connection, name)]
        connection.command("FLUSHDB")
    return [[int(url.rpartition("/")[2]), name, track] for name, track in found]


async def test_store_connects(clause: ClauseCheck, monkeypatch: pytest.MonkeyPatch, redis_binary: str) -> None:
    """Store's publisher connects to the Redis of its configuration, whatever the environment says."""
    from market_data_core.telemetry import BackpressureLevel
    from market_data_store.pulse import PulseConfig

    with RedisServer(redis_binary) as server:
        configured, elsewhere = (f"redis://{server.host}:{server.port}/{number}" for number in (1, 0))
        environment(monkeypatch, elsewhere)
        async with publishing(PulseConfig(backend="redis", redis_url=configured)) as publisher:
            with clause.works("publishing to a Redis that is configured"):
                await publisher.publish_feedback("bars", 5, 10, BackpressureLevel.soft)
        got = {name: len(_taken_from(url)) for name, url in (("configured", configured), ("elsewhere", elsewhere))}
    clause.equal("events by database", got, clause.expect["events"])


def test_codec_hash(clause: ClauseCheck, make_event: Make) -> None:
    """Core's JsonCodec adds a SHA-256 of the payload to the metadata, and none where it is told not to."""
    from market_data_core.events import JsonCodec

    codec, event = JsonCodec(), make_event("hard")

    def hash_of(payload: Any, **options: Any) -> Any:
        return json.loads(codec.encode("telemetry.FeedbackEvent", payload, **options))["meta"]["hash"]

    found = re.fullmatch(clause.expect["digits"], str(hash_of(event)))
    clause.that("the hash in the metadata", bool(found), expected=clause.expect["digits"], got="another text")
    other = event.model_copy(update={"queue_size": event.queue_size + 1})
    alike = [hash_of(event) == hash_of(event.model_copy()), hash_of(event) == hash_of(other)]
    clause.equal("whether the hashes of the same and of another payload are alike", alike, [True, False])
    clause.equal("the hash where none is wanted", hash_of(event, include_hash=False), None)


def test_codec_keeps_id(clause: ClauseCheck, make_event: Make) -> None:
    """Core's JsonCodec gives the envelope the id that the backend gave the message."""
    from market_data_core.events import JsonCodec
    from market_data_core.telemetry import FeedbackEvent

    codec = JsonCodec()
    sent = codec.encode("telemetry.FeedbackEvent", make_event("hard"))
    given = json.dumps(json.loads(sent) | {"id": clause.expect["id"]}).encode()
    got = {name: codec.decode(data, FeedbackEvent).id for name, data in (("id", given), ("without", sent))}
    clause.equal("the id of the envelope, with one from the backend and without", got, clause.expect)
