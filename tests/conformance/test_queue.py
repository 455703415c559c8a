"""When Store's WriteCoordinator speaks up: the watermarks of its queue, and what its events say."""

from __future__ import annotations

import asyncio
import contextlib
import time
from typing import Any

from mdc_clock import StoppedClock
from mdc_doubles import GatedSink, RecordingSubscriber
from mdc_queue import crossings, levels, stalled
from mdc_wait import turns, until
from mdm_clause import ClauseCheck


def _watermarks(clause: ClauseCheck) -> dict[str, int]:
    return {
        "capacity": clause.expect["capacity"],
        "high_watermark": clause.expect["high"],
        "low_watermark": clause.expect["low"],
    }


def _listen(callback: Any) -> None:
    from market_data_store.coordinator import feedback_bus

    feedback_bus().subscribe(callback)


async def test_crossings(clause: ClauseCheck, subscriber: RecordingSubscriber) -> None:
    """A queue that fills past both watermarks and drains again gives soft, hard and ok, each exactly once, whatever its
    overflow strategy.
    """
    _listen(subscriber)
    for strategy in clause.expect["strategies"]:
        queue = await stalled(**_watermarks(clause), overflow_strategy=strategy)
        subscriber.events.clear()
        await queue.fill(to=clause.expect["capacity"])
        await queue.drain(to=0)
        clause.equal(f"levels of a fill and a drain, {strategy}", levels(subscriber.events), clause.expect["levels"])
        clause.equal("the reason of the recovery", subscriber.events[-1].reason, clause.expect["reason"])


async def test_default_watermarks(clause: ClauseCheck, subscriber: RecordingSubscriber) -> None:
    """Without explicit watermarks soft begins above 50 % of the capacity, hard at 80 %, and ok is back at 50 %."""
    _listen(subscriber)
    for case in clause.expect["cases"]:
        capacity = case["capacity"]
        queue = await stalled(capacity=capacity)
        # In a queue for one the plug alone is a crossing.
        subscriber.events.clear()
        await queue.fill(to=capacity)
        await queue.drain(to=0)
        got = crossings(subscriber.events)
        clause.equal(f"level and queue size of each event, capacity {capacity}", got, case["crossings"])


async def test_explicit_watermarks(clause: ClauseCheck, subscriber: RecordingSubscriber) -> None:
    """With explicit watermarks soft begins one above the low one, hard at the high one, and ok is back at the low
    one.
    """
    for case in clause.expect["cases"]:
        low = case["low"]
        queue = await stalled(capacity=case["capacity"], high_watermark=case["high"], low_watermark=low)
        _listen(subscriber)
        # Above a low watermark of 0 the plug alone is a crossing.
        subscriber.events.clear()
        await queue.fill(to=case["capacity"])
        await queue.drain(to=0)
        got = crossings(subscriber.events)
        clause.equal(f"level and queue size of each event, low watermark {low}", got, case["crossings"])


async def test_hysteresis(clause: ClauseCheck, subscriber: RecordingSubscriber) -> None:
    """After hard a queue that moves between its watermarks and the full capacity emits nothing until it is down at the
    low one.
    """
    queue = await stalled(**_watermarks(clause))
    _listen(subscriber)
    await queue.fill(to=clause.expect["high"])
    await queue.drain(to=clause.expect["between"])
    await queue.fill(to=clause.expect["capacity"])
    await queue.drain(to=clause.expect["low"] + 1)
    clause.equal("levels while above the low watermark", levels(subscriber.events), clause.expect["before"])
    await queue.drain(to=clause.expect["low"])
    clause.equal("levels at the low watermark", levels(subscriber.events), clause.expect["after"])


async def test_rearms(clause: ClauseCheck, subscriber: RecordingSubscriber) -> None:
    """After every recovery, from soft alone as well, the next crossings are signalled again."""
    queue = await stalled(**_watermarks(clause))
    _listen(subscriber)
    for cycle in clause.expect["cycles"]:
        subscriber.events.clear()
        await queue.fill(to=cycle["to"])
        await queue.drain(to=0)
        clause.equal(f"levels of a fill to {cycle['to']} and a drain", levels(subscriber.events), cycle["levels"])


async def test_event_fields(clause: ClauseCheck) -> None:
    """An event says what is true when it is emitted: the coordinator's id, the queue size and capacity that its health
    reports, and source store.
    """
    queue = await stalled(capacity=clause.expect["capacity"], coord_id=clause.expect["coordinator_id"])
    seen: list[str] = []
    problems: list[str] = []

    async def compare(event: Any) -> None:
        health = queue.coordinator.health()
        told = (event.coordinator_id, event.queue_size, event.capacity, event.source)
        true = (clause.expect["coordinator_id"], health.queue_size, clause.expect["capacity"], clause.expect["source"])
        seen.append(event.level.value)
        if told != true:
            problems.append(f"{event.level.value}: {told} instead of {true}")

    _listen(compare)
    await asyncio.gather(*(queue.coordinator.submit(number) for number in range(clause.expect["producers"])))
    await queue.drain(to=0)
    clause.none("events that say what is not so", problems, examined=len(seen))


async def test_event_epoch_seconds(clause: ClauseCheck, subscriber: RecordingSubscriber) -> None:
    """The ts of an event is the time of its emission in Unix epoch seconds."""
    queue = await stalled(capacity=10)
    _listen(subscriber)
    slack = clause.expect["rounding_seconds"]
    outside, examined = [], 0
    for move, to in ((queue.fill, 6), (queue.fill, 10), (queue.drain, 0)):
        subscriber.events.clear()
        # The time of an earlier step must not do for this one, rounded or not.
        await asyncio.sleep(slack * 10)
        earliest = time.time() - slack
        await move(to=to)
        latest = time.time() + slack
        examined += len(subscriber.events)
        outside += [event.level.value for event in subscriber.events if not earliest <= event.ts <= latest]
    clause.none("levels of events whose ts is not their time in epoch seconds", outside, examined=examined)


async def test_overflow_block(clause: ClauseCheck) -> None:
    """With overflow strategy block a submit to a full queue waits for room, and nothing is lost or reordered."""
    queue = await stalled(capacity=clause.expect["capacity"], overflow_strategy="block")
    await queue.fill(to=clause.expect["capacity"])
    late = asyncio.create_task(queue.coordinator.submit("late"))
    await turns()
    clause.that("a submit to the full queue", not late.done(), expected="waiting", got="done")
    queue.sink.allow(len(clause.expect["written"]))
    await until(lambda: len(queue.sink.written) == len(clause.expect["written"]))
    clause.equal("what the sink wrote", queue.sink.written, clause.expect["written"])


async def test_overflow_drop_oldest(clause: ClauseCheck, subscriber: RecordingSubscriber) -> None:
    """With overflow strategy drop_oldest a full queue gives up its oldest items to the drop callback, keeps the newest,
    and recovers to ok when it drains.
    """
    dropped: list[Any] = []

    async def note(item: Any) -> None:
        dropped.append(item)

    queue = await stalled(capacity=clause.expect["capacity"], overflow_strategy="drop_oldest", drop_callback=note)
    _listen(subscriber)
    for number in range(clause.expect["submitted"]):
        await queue.coordinator.submit(number)
    clause.equal("what the drop callback was given", dropped, clause.expect["dropped"])
    queue.sink.allow(len(clause.expect["written"]))
    await until(lambda: len(queue.sink.written) == len(clause.expect["written"]))
    clause.equal("what the sink wrote", queue.sink.written, clause.expect["written"])
    clause.equal("the last level of all", levels(subscriber.events)[-1:], [clause.expect["last"]])


async def test_overflow_error(clause: ClauseCheck) -> None:
    """With overflow strategy error a submit to a full queue raises QueueFullError and what is queued stays."""
    from market_data_store.coordinator import QueueFullError

    queue = await stalled(capacity=clause.expect["capacity"], overflow_strategy="error")
    await queue.fill(to=clause.expect["capacity"])
    late = asyncio.create_task(queue.coordinator.submit("late"))
    await turns()
    clause.that("a submit to the full queue", late.done(), expected="refused", got="waiting")
    with clause.refuses("a submit to the full queue", QueueFullError):
        await late
    queue.sink.allow(len(clause.expect["written"]))
    await until(lambda: len(queue.sink.written) == len(clause.expect["written"]))
    clause.equal("what the sink wrote", queue.sink.written, clause.expect["written"])


async def test_drains_after_idle(clause: ClauseCheck, clock: StoppedClock, gated_sink: GatedSink) -> None:
    """A coordinator that was idle for longer than its flush interval still writes what is submitted next."""
    from market_data_store.coordinator import WriteCoordinator

    gated_sink.gate.set()
    coordinator: Any = WriteCoordinator(sink=gated_sink, capacity=10, workers=1, batch_size=1, flush_interval=1.0)
    await coordinator.start()
    await turns()
    for _ in range(10):
        clock.advance(1.0)
        await turns()
    await coordinator.submit("late")
    await clock.until(lambda: bool(gated_sink.written))
    clause.equal("what the sink wrote", gated_sink.written, clause.expect["written"])


async def test_stopping_loses_nothing(clause: ClauseCheck, clock: StoppedClock, gated_sink: GatedSink) -> None:
    """An item that a coordinator takes while it stops is written before it has stopped."""
    from market_data_store.coordinator import WriteCoordinator

    gated_sink.gate.set()
    coordinator: Any = WriteCoordinator(sink=gated_sink, capacity=10, workers=1, batch_size=2, flush_interval=5.0)
    await coordinator.start()
    await turns()
    stopping = asyncio.create_task(coordinator.stop())
    await turns()
    taken: list[Any] = []
    # To refuse it is as good: then nobody takes it for written.
    with contextlib.suppress(RuntimeError):
        await coordinator.submit(clause.expect["item"])
        taken.append(clause.expect["item"])
    await clock.ends(stopping, 60.0)
    clause.equal("what the sink wrote of what was taken", gated_sink.written, taken)


async def test_callbacks_fire(clause: ClauseCheck) -> None:
    """on_backpressure_high is called once at the high watermark, and on_backpressure_low once when the queue is back at
    the low one.
    """
    called: list[str] = []

    async def high() -> None:
        called.append("high")

    async def low() -> None:
        called.append("low")

    queue = await stalled(**_watermarks(clause), on_backpressure_high=high, on_backpressure_low=low)
    await queue.fill(to=clause.expect["capacity"])
    await queue.drain(to=0)
    clause.equal("callbacks of a fill and a drain", called, clause.expect["called"])
