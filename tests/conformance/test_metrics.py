"""Metrics after real events through the real chain and real coordinators."""

from __future__ import annotations

import asyncio
import contextlib
import importlib
import time
from collections import defaultdict
from collections.abc import Callable, Sequence
from typing import Any

import pytest
from prometheus_client import REGISTRY

from mdc_clock import StoppedClock
from mdc_doubles import GatedSink, HalfOpeningSink, ObedientSink
from mdc_metrics import declared, samples, total, value
from mdc_publisher import environment, publishing
from mdc_redis_server import RedisServer
from mdc_wait import eventually, turns, until
from mdm_clause import ClauseCheck
from mdm_plan import Plan

# One registry for the whole process: what another check has had counted would be counted too.
fresh_counters = pytest.mark.fresh

POLL = 0.01


@pytest.fixture
def handler(rate_coordinator: Any) -> Any:
    """Pipeline's real handler for provider ``ibkr``, with its real adapter and a real RateCoordinator."""
    from market_data_pipeline.orchestration.feedback import FeedbackHandler, RateCoordinatorAdapter

    return FeedbackHandler(rate=RateCoordinatorAdapter(rate_coordinator), provider="ibkr")


def test_declared(clause: ClauseCheck) -> None:
    """Every metric of the contract is in the default registry, with its type, once the module that declares it is
    imported.
    """
    for module in clause.expect["modules"]:
        with clause.works(f"importing {module}"):
            importlib.import_module(module)
    found = {family.name: family.type for family in REGISTRY.collect()}
    types = clause.expect["types"]
    wrong = [f"{name}: {found.get(name, 'missing')}" for name in types if found.get(name) != types[name]]
    clause.none("metrics that are missing or of another type", wrong, examined=len(types))


def _declare_once(clause: ClauseCheck, plan: Plan) -> None:
    places = defaultdict(list)
    for name, place in declared([name for each in clause.expect["packages"] for name in plan.packages[each].imports]):
        places[name].append(place)
    twice = [f"{name}: {', '.join(found)}" for name, found in places.items() if len(found) > 1]
    clause.none("metrics that are declared more than once", twice, examined=len(places))


def test_core_and_pipeline_declare_once(clause: ClauseCheck, plan: Plan) -> None:
    """No two modules of Core and Pipeline put a metric of the same name into the default registry."""
    _declare_once(clause, plan)


def test_core_and_store_declare_once(clause: ClauseCheck, plan: Plan) -> None:
    """No two modules of Core and Store put a metric of the same name into the default registry."""
    _declare_once(clause, plan)


def test_pipeline_and_store_declare_once(clause: ClauseCheck, plan: Plan) -> None:
    """No two modules of Pipeline and Store put a metric of the same name into the default registry."""
    _declare_once(clause, plan)


async def after_each_level(handler: Any, make_event: Callable[..., Any], metric: str) -> dict[str, float | None]:
    """The metric's value for the provider after an event of each level."""
    got = {}
    for level in ("hard", "soft", "ok"):
        await handler.handle(make_event(level))
        got[level] = value(metric, provider="ibkr")
    return got


async def test_rate_scale(clause: ClauseCheck, handler: Any, make_event: Callable[..., Any]) -> None:
    """After an event pipeline_rate_scale_factor{provider} is the scale at which the provider runs: 1.0, 0.5 or 0.0."""
    got = await after_each_level(handler, make_event, "pipeline_rate_scale_factor")
    clause.equal("pipeline_rate_scale_factor after an event of each level", got, clause.expect)


async def test_backpressure_state(clause: ClauseCheck, handler: Any, make_event: Callable[..., Any]) -> None:
    """After an event pipeline_backpressure_state{provider} is 0 for ok, 1 for soft and 2 for hard."""
    got = await after_each_level(handler, make_event, "pipeline_backpressure_state")
    clause.equal("pipeline_backpressure_state after an event of each level", got, clause.expect)


async def test_feedback_queue_depth(clause: ClauseCheck, handler: Any, make_store_event: Callable[..., Any]) -> None:
    """After an event of Store, of any level, pipeline_feedback_queue_depth{source="store_coordinator"} is the event's
    queue size.
    """
    got = []
    for level, size in clause.expect["events"]:
        await handler.handle(make_store_event(level, queue_size=size))
        got.append([level, value("pipeline_feedback_queue_depth", source=clause.expect["source"])])
    clause.equal("pipeline_feedback_queue_depth after each event", got, clause.expect["events"])


async def test_feedback_sources_apart(clause: ClauseCheck, handler: Any, make_event: Callable[..., Any]) -> None:
    """The queue depths of two sources are kept apart by the label source."""
    sizes = clause.expect["sizes"]
    for source, size in sizes.items():
        await handler.handle(make_event("soft", source=source, queue_size=size))
    got = sorted(sample.value for sample in samples("pipeline_feedback_queue_depth"))
    clause.equal("queue depths of all sources", got, sorted(sizes.values()))


@fresh_counters
async def test_events_processed(clause: ClauseCheck, handler: Any, make_event: Callable[..., Any]) -> None:
    """feedback_events_processed_total counts each event that was handled, by provider and by the level's value."""
    for level in clause.expect["sent"]:
        await handler.handle(make_event(level))
    counts = clause.expect["counts"]
    got = {level: value("feedback_events_processed_total", provider="ibkr", level=level) for level in counts}
    clause.equal("feedback_events_processed_total by level", got, counts)


async def test_handlers_counted_alike(
    clause: ClauseCheck, rate_coordinator: Any, make_event: Callable[..., Any]
) -> None:
    """Two handlers in one process both count the events that they handle."""
    from market_data_pipeline.orchestration.feedback import FeedbackHandler, RateCoordinatorAdapter

    adapter = RateCoordinatorAdapter(rate_coordinator)
    providers = clause.expect["providers"]
    for handler in [FeedbackHandler(rate=adapter, provider=provider) for provider in providers]:
        await handler.handle(make_event("soft"))
    got = [value("feedback_events_processed_total", provider=provider, level="soft") for provider in providers]
    clause.equal(f"feedback_events_processed_total of {' and '.join(providers)}", got, clause.expect["counts"])


async def test_coordinator_queue_depth(clause: ClauseCheck, clock: StoppedClock, gated_sink: GatedSink) -> None:
    """mds_coord_queue_depth follows the queue's size, up and down."""
    from market_data_store.coordinator import WriteCoordinator

    def depth() -> float | None:
        return value("mds_coord_queue_depth", coord_id="bars")

    waiting, drained = clause.expect["waiting"], clause.expect["drained"]
    coordinator = WriteCoordinator(
        sink=gated_sink, workers=1, batch_size=1, capacity=10, coord_id="bars", metrics_poll_sec=POLL
    )
    await coordinator.start()
    await coordinator.submit("in the worker's hands")
    await until(lambda: coordinator.health().queue_size == 0)
    await coordinator.submit_many(range(int(waiting)))
    await clock.until(lambda: depth() == waiting)
    clause.equal("mds_coord_queue_depth while the sink holds everything back", depth(), waiting)
    gated_sink.gate.set()
    await clock.until(lambda: depth() == drained)
    clause.equal("mds_coord_queue_depth after the sink has taken everything", depth(), drained)


@fresh_counters
async def test_coordinator_items(clause: ClauseCheck, gated_sink: GatedSink) -> None:
    """mds_coord_items_submitted_total and mds_coord_items_dropped_total count what was submitted, also if it was
    refused, and what overflowed.
    """
    from market_data_store.coordinator import QueueFullError, WriteCoordinator

    expect = clause.expect
    coordinator = WriteCoordinator(
        sink=gated_sink,
        workers=1,
        batch_size=1,
        capacity=expect["capacity"],
        overflow_strategy="drop_oldest",
        coord_id="bars",
    )
    await coordinator.start()
    await coordinator.submit("in the worker's hands")
    await until(lambda: coordinator.health().queue_size == 0)
    await coordinator.submit_many(range(expect["capacity"] + expect["overflow"]))
    submitted = value("mds_coord_items_submitted_total", coord_id="bars")
    clause.equal("mds_coord_items_submitted_total", submitted, expect["submitted"])
    dropped = value("mds_coord_items_dropped_total", coord_id="bars", reason=expect["reason"])
    clause.equal("mds_coord_items_dropped_total", dropped, expect["dropped"])
    refusing = WriteCoordinator(sink=gated_sink, capacity=1, overflow_strategy="error", coord_id="refusing")
    await refusing.submit("taken")
    with contextlib.suppress(QueueFullError):
        await refusing.submit("refused")
    submitted = value("mds_coord_items_submitted_total", coord_id="refusing")
    clause.equal("mds_coord_items_submitted_total with one taken and one refused", submitted, expect["with_refused"])


async def workers_alive(clock: StoppedClock, wanted: float, *, stopped: bool) -> float | None:
    """What mds_coord_workers_alive says of a coordinator with three workers, once it says so or time has passed."""
    from market_data_store.coordinator import WriteCoordinator

    def alive() -> float | None:
        return value("mds_coord_workers_alive", coord_id="bars")

    sink = ObedientSink()
    coordinator = WriteCoordinator(sink=sink, workers=3, flush_interval=0.02, coord_id="bars", metrics_poll_sec=POLL)
    await coordinator.start()
    await clock.until(lambda: alive() == coordinator.health().workers_alive)
    if stopped:
        await clock.run(coordinator.stop())
        await clock.until(lambda: alive() == wanted)
    return alive()


async def test_coordinator_workers(clause: ClauseCheck, clock: StoppedClock) -> None:
    """mds_coord_workers_alive is the number of running workers."""
    wanted = clause.expect["alive"]
    got = await workers_alive(clock, wanted, stopped=False)
    clause.equal("mds_coord_workers_alive of a coordinator with three workers", got, wanted)


async def test_coordinator_workers_stopped(clause: ClauseCheck, clock: StoppedClock) -> None:
    """mds_coord_workers_alive is 0 after the coordinator has stopped."""
    wanted = clause.expect["alive"]
    got = await workers_alive(clock, wanted, stopped=True)
    clause.equal("mds_coord_workers_alive after the coordinator has stopped", got, wanted)


async def test_coordinator_circuit(clause: ClauseCheck, clock: StoppedClock) -> None:
    """mds_coord_circuit_state is 0 while the circuit is closed, 1 while it is open and 2 when it is half open, after
    half_open_after_sec seconds.
    """
    from market_data_store.coordinator import CircuitBreaker, RetryPolicy, WriteCoordinator

    states = clause.expect["states"]

    async def state_of(name: str, sink: Any, half_open_after: float) -> float | None:
        coordinator = WriteCoordinator(
            sink=sink,
            workers=1,
            batch_size=1,
            retry_policy=RetryPolicy(initial_backoff_ms=1, jitter=False),
            circuit_breaker=CircuitBreaker(failure_threshold=1, half_open_after_sec=half_open_after),
            coord_id=name,
            metrics_poll_sec=POLL,
        )
        await coordinator.start()
        await coordinator.submit("item")
        await clock.until(lambda: value("mds_coord_circuit_state", coord_id=name) == states[name])
        return value("mds_coord_circuit_state", coord_id=name)

    got = {
        "closed": await state_of("closed", ObedientSink(), 60.0),
        "open": await state_of("open", ObedientSink(TimeoutError("timeout")), 60.0),
        "half_open": await state_of("half_open", HalfOpeningSink(), clause.expect["half_open_after_seconds"]),
    }
    clause.equal("mds_coord_circuit_state in each state of the circuit", got, states)


async def test_worker_writes(clause: ClauseCheck, clock: StoppedClock) -> None:
    """Workers count the batches that they wrote, the writes that failed by error type, and the time of each."""
    from market_data_store.coordinator import WriteCoordinator

    expect = clause.expect

    class SlowSink(ObedientSink):
        """A double at the database's edge: obeys, and takes its time."""

        async def write(self, batch: Sequence[Any]) -> None:
            clock.advance(expect["write_seconds"])
            await super().write(batch)

    sink = SlowSink(None, None, ValueError("violates a constraint"))
    coordinator = WriteCoordinator(sink=sink, workers=1, batch_size=2, flush_interval=60.0, coord_id="bars")
    await coordinator.start()
    await coordinator.submit_many(range(6))
    await until(lambda: total("mds_worker_write_latency_seconds_count", coord_id="bars") == expect["timed"])
    written = total("mds_worker_batches_written_total", coord_id="bars")
    clause.equal("mds_worker_batches_written_total", written, expect["written"])
    failed = total("mds_worker_write_errors_total", coord_id="bars", error_type=expect["error_type"])
    clause.equal(f"mds_worker_write_errors_total of {expect['error_type']}", failed, expect["failed"])
    timed = total("mds_worker_write_latency_seconds_count", coord_id="bars")
    clause.equal("writes timed in mds_worker_write_latency_seconds", timed, expect["timed"])
    spent = total("mds_worker_write_latency_seconds_sum", coord_id="bars")
    right = spent == pytest.approx(expect["timed"] * expect["write_seconds"])
    clause.that("mds_worker_write_latency_seconds_sum", right, expected="the time of the writes", got="another")


async def test_pulse_published(clause: ClauseCheck, monkeypatch: pytest.MonkeyPatch, redis_server: RedisServer) -> None:
    """Publishing feedback to the event bus counts in pulse_publish_total, and its time, in milliseconds, in
    pulse_publish_latency_ms.
    """
    from market_data_core.telemetry import BackpressureLevel

    labels = {"stream": clause.expect["stream"], "track": clause.expect["track"]}

    def figures() -> list[float]:
        published = value("pulse_publish_total", outcome=clause.expect["outcome"], **labels)
        timed = (value(f"pulse_publish_latency_ms_{what}", **labels) for what in ("count", "sum"))
        return [each or 0.0 for each in (published, *timed)]

    environment(monkeypatch, redis_server.url)
    before, start = figures(), time.perf_counter()
    async with publishing() as publisher:
        await publisher.publish_feedback("bars", 5, 10, BackpressureLevel.soft)
        redis_server.pause()
        publication = asyncio.create_task(publisher.publish_feedback("bars", 5, 10, BackpressureLevel.soft))
        await turns()
        paused = time.perf_counter()
        await eventually(lambda: (time.perf_counter() - paused) * 1000 >= clause.expect["slow_ms"])
        redis_server.resume()
        await publication
    at_most = (time.perf_counter() - start) * 1000
    published, timed, spent = (now - then for now, then in zip(figures(), before, strict=True))
    clause.equal("pulse_publish_total", published, clause.expect["count"])
    clause.equal("publications timed in pulse_publish_latency_ms", timed, clause.expect["count"])
    in_ms = clause.expect["slow_ms"] <= spent <= at_most
    clause.that("pulse_publish_latency_ms_sum", in_ms, expected="the time that it took, in ms", got="another")
