"""How Store's WriteCoordinator treats its sink: retries, the circuit in front of it, batches, health, and the end."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

from mdc_clock import StoppedClock
from mdc_doubles import GatedSink, ObedientSink, rows_of
from mdc_metrics import value
from mdc_queue import SteppedSink
from mdc_wait import turns
from mdm_clause import ClauseCheck

# Out of reach, unless the clock is stopped: a worker that is kept from running for as long as its flush interval takes
# no item any more, which is a clause of its own.
FLUSH = 60.0


class FailingSink:
    """A double at the database's edge: times out at every write, ten times at most."""

    def __init__(self) -> None:
        self.attempts = 0

    async def write(self, batch: Sequence[Any]) -> None:
        rows_of(batch)
        self.attempts += 1
        if self.attempts <= 10:
            raise TimeoutError("timeout")


def _coordinator(sink: Any, **options: Any) -> Any:
    """A coordinator with one worker that writes item by item, unless the options say otherwise."""
    from market_data_store.coordinator import RetryPolicy, WriteCoordinator

    usual = {"capacity": 10, "workers": 1, "batch_size": 1, "flush_interval": FLUSH}
    usual["retry_policy"] = RetryPolicy(max_attempts=3, initial_backoff_ms=1, jitter=False)
    return WriteCoordinator(sink=sink, **usual | options)


async def test_gives_up(clause: ClauseCheck, clock: StoppedClock) -> None:
    """A write that fails again and again is tried as often as the retry policy says, and no more."""
    sink = FailingSink()
    coordinator = _coordinator(sink)
    await coordinator.start()
    await coordinator.submit("item")
    await clock.until(lambda: coordinator.health().workers_alive == 0 or sink.attempts > 10)
    clause.equal("attempts to write", sink.attempts, clause.expect["attempts"])


async def test_circuit_breaker(clause: ClauseCheck, clock: StoppedClock) -> None:
    """Store's CircuitBreaker opens after as many failures in a row as its threshold, lets a call through after its
    pause, and closes with the next success.
    """
    from market_data_store.coordinator import CircuitBreaker, CircuitOpenError

    pause = clause.expect["pause"]
    breaker: Any = CircuitBreaker(failure_threshold=clause.expect["threshold"], half_open_after_sec=pause)
    clause.equal("the state before anything happened", breaker.state, "closed")
    for step, (what, state) in enumerate(clause.expect["steps"], start=1):
        if what == "allow after the pause":
            clock.advance(pause - 1)
            with clause.refuses("a call before the pause is over", CircuitOpenError):
                await breaker.allow()
            clock.advance(1)
            with clause.works("a call after the pause"):
                await breaker.allow()
        else:
            await (breaker.on_failure() if what == "failure" else breaker.on_success())
        clause.equal(f"the state after step {step}, {what}", breaker.state, state)


async def test_success_keeps_circuit_closed(clause: ClauseCheck, clock: StoppedClock) -> None:
    """Failures that are not in a row leave a coordinator's circuit closed."""
    from market_data_store.coordinator import CircuitBreaker

    sink = ObedientSink(*[TimeoutError("timeout"), None] * clause.expect["batches"])
    breaker = CircuitBreaker(failure_threshold=clause.expect["threshold"])
    coordinator = _coordinator(sink, circuit_breaker=breaker)
    await coordinator.start()
    await coordinator.submit_many(range(clause.expect["batches"]))
    await clock.until(lambda: not sink.script)
    await turns()
    state = coordinator.health().circuit_state
    clause.equal("the circuit after failures that are not in a row", state, clause.expect["state"])


async def test_flushes_in_time(clause: ClauseCheck, clock: StoppedClock, gated_sink: GatedSink) -> None:
    """A batch that is not full is written when the flush interval is over."""
    gated_sink.gate.set()
    interval, (one, two) = clause.expect["interval"], clause.expect["written"]
    coordinator = _coordinator(gated_sink, batch_size=100, flush_interval=interval)
    await coordinator.start()
    await coordinator.submit(one)
    await turns()
    clock.advance(interval / 2)
    await coordinator.submit(two)
    await turns()
    clause.equal("what the sink wrote before the interval was over", gated_sink.written, [])
    clock.advance(interval / 2)
    await turns()
    clause.equal("what the sink wrote when it was", gated_sink.written, [one, two])


async def test_health_counts_workers(clause: ClauseCheck, clock: StoppedClock, gated_sink: GatedSink) -> None:
    """A coordinator's health() and its metric count the workers that run: none before the start, all while it runs,
    none after a crash or the stop.
    """
    workers = clause.expect["workers"]
    coordinator = _coordinator(gated_sink, workers=workers, flush_interval=0.05)
    got = [coordinator.health().workers_alive]
    await coordinator.start()
    got.append(coordinator.health().workers_alive)
    await clock.run(coordinator.stop())
    got.append(coordinator.health().workers_alive)
    clause.equal("workers before the start, running and after the stop", got, [0, workers, 0])
    crashed = _coordinator(ObedientSink(ValueError("violates a constraint")), coord_id="crashed", metrics_poll_sec=0.01)

    def counted() -> list[Any]:
        return [crashed.health().workers_alive, value("mds_coord_workers_alive", coord_id="crashed")]

    await crashed.start()
    await clock.until(lambda: counted() == [1, 1.0])
    clause.equal("workers by health() and by the metric", counted(), [1, 1.0])
    await crashed.submit("item")
    await clock.until(lambda: counted() == [0, 0.0])
    clause.equal("workers by health() and by the metric after a crash", counted(), [0, 0.0])


async def test_stop_drains(clause: ClauseCheck, clock: StoppedClock) -> None:
    """stop() writes everything that was submitted, and stop(drain=False) does not wait for it."""
    items, seconds = clause.expect["items"], clause.expect["seconds"]

    async def loaded() -> tuple[SteppedSink, Any]:
        sink = SteppedSink()
        coordinator = _coordinator(sink, flush_interval=1.0)
        await coordinator.start()
        await coordinator.submit_many(items)
        return sink, coordinator

    sink, coordinator = await loaded()
    stop = asyncio.create_task(coordinator.stop())
    # One item is left in the queue, for longer than stop() takes to look at it again.
    sink.allow(len(items) - 2)
    clause.equal("whether stop() is over while items are left", await clock.ends(stop, 0.2), False)
    sink.allow(2)
    clause.equal("whether stop() is over when all are written", await clock.ends(stop, seconds), True)
    clause.equal("what the sink wrote", sink.written, items)
    sink, coordinator = await loaded()
    await turns()
    stop = asyncio.create_task(coordinator.stop(drain=False))
    await turns()
    sink.allow(len(items))
    clause.equal("whether stop(drain=False) is over", await clock.ends(stop, seconds), True)
    clause.that("stop(drain=False)", sink.written != items, expected="not to wait", got="everything was written")


async def test_stop_ends_everything(clause: ClauseCheck, clock: StoppedClock, gated_sink: GatedSink) -> None:
    """stop() returns as soon as the queue is empty, also after a worker has crashed, and leaves no task behind."""
    before, seconds = asyncio.all_tasks(), clause.expect["seconds"]
    idle = _coordinator(gated_sink, flush_interval=1.0)
    crashed = _coordinator(ObedientSink(ValueError("violates a constraint")))
    for coordinator in (idle, crashed):
        await coordinator.start()
    await crashed.submit("item")
    await turns()
    clause.equal("workers after the crash", crashed.health().workers_alive, 0)
    for what, coordinator in (("idle", idle), ("crashed", crashed), ("stopped", idle)):
        stop = asyncio.create_task(coordinator.stop())
        clause.equal(f"whether a coordinator that is {what} stops", await clock.ends(stop, seconds), True)
        with clause.works(f"stopping a coordinator that is {what}"):
            await stop
    await turns()
    left = sorted(task.get_name() for task in asyncio.all_tasks() - before)
    clause.equal("tasks that are left", left, [])


async def test_refuses_nonsense(clause: ClauseCheck, gated_sink: GatedSink) -> None:
    """A capacity, number of workers, batch size or flush interval of 0 is refused with ValueError."""
    from market_data_store.coordinator import BoundedQueue

    for argument in clause.expect["arguments"]:
        with clause.refuses(f"a coordinator with {argument}=0", ValueError):
            _coordinator(gated_sink, **{argument: 0})
    with clause.refuses("a queue with capacity 0", ValueError):
        BoundedQueue(0)
