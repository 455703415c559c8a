"""The classes that implement a protocol of Core, or that Core names as implementing it."""

from __future__ import annotations

import pkgutil
import time
from collections.abc import AsyncIterator, Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from mdc_doubles import RecordingSubscriber
from mdc_signatures import conformance_problems
from mdc_wait import settled
from mdm_clause import ClauseCheck


class RecordingClient:
    """A double at the database's edge: the part of Store's async client that the sinks write through."""

    def __init__(self) -> None:
        self.written: list[Any] = []

    async def upsert_bars(self, rows: Sequence[Any]) -> int:
        self.written.extend(rows)
        return len(rows)

    upsert_options = upsert_bars


@pytest.fixture
def client() -> RecordingClient:
    """A database client that remembers what it was given."""
    return RecordingClient()


def _conforms(clause: ClauseCheck, owner: Any) -> None:
    """Hold if ``owner`` is, and can be called as, the protocol that the clause names."""
    protocol = pkgutil.resolve_name(clause.expect["protocol"])
    lines = clause.expect["methods"]
    what = f"{type(owner).__name__} called as {protocol.__name__} declares"
    clause.none(what, conformance_problems(owner, protocol, lines), examined=len(lines))


async def _first(stream: AsyncIterator[Any], count: int) -> list[Any]:
    """Return the first ``count`` items of a stream, or as many as it gives by itself."""
    items: list[Any] = []

    async def take() -> None:
        async for item in stream:
            items.append(item)
            if len(items) == count:
                return

    taken = await settled(take())
    if not taken.cancelled():
        taken.result()
    return items


async def test_rate_coordinator_adapter(clause: ClauseCheck, rate_coordinator: Any) -> None:
    """Pipeline's RateCoordinatorAdapter is a RateController, and called as one it applies the adjustment."""
    from market_data_core.telemetry import BackpressureLevel, RateAdjustment
    from market_data_pipeline.orchestration.feedback import RateCoordinatorAdapter

    adapter = RateCoordinatorAdapter(rate_coordinator)
    _conforms(clause, adapter)
    adjustment = RateAdjustment(provider="ibkr", scale=0.0, reason=BackpressureLevel.hard, ts=1.0)
    await adapter.apply(adj=adjustment)
    scale = rate_coordinator.get_provider_state("ibkr")["scale_factor"]
    clause.equal("the provider's scale after apply(adj=<a pause>)", scale, clause.expect["scale"])


async def test_pipeline_feedback_bus(
    clause: ClauseCheck, subscriber: RecordingSubscriber, make_event: Callable[..., Any]
) -> None:
    """Pipeline's FeedbackBus is a FeedbackPublisher, and called as one it delivers the event."""
    from market_data_pipeline.orchestration.feedback import FeedbackBus

    bus = FeedbackBus()
    _conforms(clause, bus)
    bus.subscribe(subscriber)
    await bus.publish(event=make_event("soft"))
    clause.equal("events delivered after publish(event=…)", len(subscriber.events), clause.expect["delivered"])


async def test_store_feedback_bus(
    clause: ClauseCheck, subscriber: RecordingSubscriber, make_store_event: Callable[..., Any]
) -> None:
    """Store's FeedbackBus is a FeedbackPublisher, and called as one it delivers the event."""
    from market_data_store.coordinator import FeedbackBus

    bus = FeedbackBus()
    _conforms(clause, bus)
    bus.subscribe(subscriber)
    await bus.publish(event=make_store_event("soft"))
    clause.equal("events delivered after publish(event=…)", len(subscriber.events), clause.expect["delivered"])


async def test_store_bars_sink(clause: ClauseCheck, client: RecordingClient) -> None:
    """Store's BarsSink is a Sink, and called as one it writes to its client."""
    from market_data_store.sinks import BarsSink
    from mds_client.models import Bar

    sink = BarsSink(client)
    _conforms(clause, sink)
    await sink.write(items=[Bar(tenant_id="t", vendor="ibkr", symbol="AAPL", timeframe="1m", ts=datetime.now(UTC))])
    await sink.flush()
    await sink.close()
    clause.equal("the symbols written", [row.symbol for row in client.written], clause.expect["written"])


async def test_store_sink_raises(clause: ClauseCheck) -> None:
    """Store's BarsSink raises what its client raises, so that a coordinator can tell a batch that was not written."""
    from market_data_store.sinks import BarsSink
    from mds_client.models import Bar

    class RefusingClient:
        """A double at the database's edge, which refuses every row."""

        async def upsert_bars(self, _rows: Sequence[Any]) -> int:
            raise ConnectionError(clause.expect["reason"])

    bar = Bar(tenant_id="t", vendor="ibkr", symbol="AAPL", timeframe="1m", ts=datetime.now(UTC))
    with clause.refuses("writing through a client that refuses", Exception):
        await BarsSink(RefusingClient()).write([bar])


async def test_store_options_sink(clause: ClauseCheck, client: RecordingClient) -> None:
    """Store's OptionsSink is a Sink, and called as one it writes to its client."""
    from market_data_store.sinks import OptionsSink

    sink = OptionsSink(client)
    _conforms(clause, sink)
    # The sink hands its rows on without looking at them.
    await sink.write(items=[SimpleNamespace(symbol="AAPL")])
    await sink.flush()
    await sink.close()
    clause.equal("the symbols written", [row.symbol for row in client.written], clause.expect["written"])


def test_store_quotes_sink(clause: ClauseCheck, client: RecordingClient) -> None:
    """Store has the QuotesSink that Core names, and it is a Sink."""
    from market_data_store import sinks

    exists = hasattr(sinks, "QuotesSink")
    clause.that("market_data_store.sinks.QuotesSink", exists, expected="a class", got="no such name")
    _conforms(clause, sinks.QuotesSink(client))


async def test_synthetic_source(clause: ClauseCheck) -> None:
    """Pipeline's SyntheticSource is a Source, and used as one it streams quotes until it is closed."""
    from market_data_pipeline.source import SyntheticSource

    symbols = clause.expect["symbols"]
    source = SyntheticSource(symbols=symbols, ticks_per_sec=1000, seed=1)
    _conforms(clause, source)
    stream = source.stream()
    quotes = await _first(stream, len(symbols))
    clause.equal("the symbols of the first quotes", [quote.symbol for quote in quotes], symbols)
    await source.close()
    clause.equal("quotes after close()", len(await _first(stream, 1)), 0)


async def test_replay_source(clause: ClauseCheck, tmp_path: Path) -> None:
    """Pipeline's ReplaySource is a Source, and used as one it streams the recorded quotes."""
    from market_data_pipeline.source import ReplaySource

    symbols = clause.expect["symbols"]
    recorded = tmp_path / "quotes.csv"
    rows = [f"{symbol},2026-01-05T14:30:00+00:00,100.5,10" for symbol in symbols]
    recorded.write_text("\n".join(["symbol,timestamp,price,size", *rows]) + "\n")
    with clause.works("constructing a ReplaySource of a file"):
        source = ReplaySource(file_path=str(recorded), replay_speed=0)
    _conforms(clause, source)
    quotes = await _first(source.stream(), len(symbols) + 1)
    await source.close()
    clause.equal("the symbols replayed", [quote.symbol for quote in quotes], symbols)


def test_provider_source(clause: ClauseCheck) -> None:
    """A source that completes Pipeline's ProviderSource is a Source."""
    from market_data_pipeline.adapters.providers import ProviderSource

    class CompletedSource(ProviderSource):  # type: ignore[misc]
        """A provider at the edge: what ProviderSource asks of its subclasses, and nothing else."""

        async def start(self) -> None:
            pass

        async def stop(self) -> None:
            pass

        async def stream(self) -> AsyncIterator[Any]:
            yield None

    _conforms(clause, CompletedSource())


async def test_in_memory_bus(clause: ClauseCheck, make_event: Callable[..., Any]) -> None:
    """Core's InMemoryBus is an EventBus, and called as one it carries an event from publisher to subscriber, in an
    envelope with the time in epoch seconds.
    """
    from market_data_core.events import InMemoryBus

    bus, event = InMemoryBus(), make_event("hard")
    _conforms(clause, bus)
    before = time.time()
    sent = await bus.publish(stream="telemetry.feedback", value=event, key="bars")
    after = time.time()
    received = await _first(bus.subscribe(stream="telemetry.feedback", group="pipeline", consumer="worker"), 1)
    arrived = [{"payload as sent": each.payload == event, "id as returned": each.id == sent} for each in received]
    clause.equal("what arrived", arrived, [{"payload as sent": True, "id as returned": True}])
    clause.equal("the key that arrived", received[0].key, "bars")
    rounding = clause.expect["rounding_seconds"]
    now = before - rounding <= received[0].ts <= after + rounding
    clause.that("the envelope's time", now, expected="that of its publication, in epoch seconds", got="another")
    await bus.ack(stream="telemetry.feedback", envelope_id=sent)
    await bus.fail(stream="telemetry.feedback", envelope_id=sent, reason="a reason")
    clause.equal("the status in health()", (await bus.health())["status"], clause.expect["status"])


def test_redis_streams_bus(clause: ClauseCheck) -> None:
    """Core's RedisStreamsBus is an EventBus."""
    from market_data_core.events.adapters.redis_streams import RedisStreamsBus

    _conforms(clause, RedisStreamsBus(redis_url="redis://127.0.0.1:1/0"))


def test_synthetic_adapter(clause: ClauseCheck) -> None:
    """Core's SyntheticAdapter is a runtime Provider, and called as one it gives bars."""
    from market_data_core.configs.model import Dataset, Job, SyntheticProvider
    from market_data_core.providers import SyntheticAdapter

    adapter = SyntheticAdapter("made_up", SyntheticProvider(type="synthetic", seed=1))
    _conforms(clause, adapter)
    symbols = clause.expect["symbols"]
    dataset = Dataset(provider="made_up", symbols=symbols, interval="1min")
    bars = list(adapter.fetch_live(dataset=dataset, job=Job(dataset="prices", mode="live")))
    got = [(bar.provider, bar.symbol) for bar in bars]
    clause.equal("provider and symbol of the live bars", got, [("made_up", symbol) for symbol in symbols])


def test_ibkr_adapter(clause: ClauseCheck) -> None:
    """Core's IBKRAdapter is a runtime Provider."""
    from market_data_core.configs.model import IBKRProvider
    from market_data_core.providers import IBKRAdapter

    _conforms(clause, IBKRAdapter("ibkr", IBKRProvider(type="ibkr")))
