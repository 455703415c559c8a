"""The buses that carry feedback inside a process: Pipeline's own, Store's, and the one that both packages share."""

from __future__ import annotations

import asyncio
import importlib
from collections import defaultdict
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from mdc_doubles import RecordingSubscriber
from mdc_queue import levels
from mdc_wait import turns
from mdm_clause import ClauseCheck

# One bus for the whole process: what another check has left on it, or holds on to, hides what is wrong.
fresh_bus = pytest.mark.fresh

Make = Callable[..., Any]


def _pipelines() -> Any:
    from market_data_pipeline.orchestration.feedback import FeedbackBus

    return FeedbackBus()


def _stores() -> Any:
    from market_data_store.coordinator import FeedbackBus

    return FeedbackBus()


def _shared() -> Any:
    from market_data_pipeline.orchestration.feedback import feedback_bus

    return feedback_bus()


def _own_buses() -> dict[str, Any]:
    return {"Pipeline's bus": _pipelines(), "Store's bus": _stores()}


def _name(kind: type) -> str:
    return f"{kind.__module__}.{kind.__qualname__}"


async def _carries(clause: ClauseCheck, bus: Any, event: Any) -> None:
    subscriber = RecordingSubscriber()
    bus.subscribe(subscriber)
    with clause.works("publishing with one subscriber"):
        await bus.publish(event)
    clause.equal("number of events that arrived", len(subscriber.events), 1)
    arrived = subscriber.events[0]
    clause.equal("type of the event", _name(type(arrived)), _name(type(event)))
    fields = event.model_dump()
    changed = [name for name, value in fields.items() if getattr(arrived, name, None) != value]
    clause.none("fields that arrived changed", changed, examined=len(fields))


async def test_pipeline_carries_core(clause: ClauseCheck, make_event: Make) -> None:
    """Pipeline's own FeedbackBus hands a plain Core event to its subscriber, unchanged."""
    await _carries(clause, _pipelines(), make_event("soft"))


async def test_pipeline_carries_store(clause: ClauseCheck, make_store_event: Make) -> None:
    """Pipeline's own FeedbackBus hands Store's extended event to its subscriber, unchanged."""
    await _carries(clause, _pipelines(), make_store_event("soft", reason=clause.expect["reason"]))


async def test_store_carries_core(clause: ClauseCheck, make_event: Make) -> None:
    """Store's FeedbackBus hands a plain Core event to its subscriber, unchanged."""
    await _carries(clause, _stores(), make_event("soft"))


async def test_store_carries_store(clause: ClauseCheck, make_store_event: Make) -> None:
    """Store's FeedbackBus hands Store's extended event to its subscriber, unchanged."""
    await _carries(clause, _stores(), make_store_event("soft", reason=clause.expect["reason"]))


@fresh_bus
async def test_shared_carries_core(clause: ClauseCheck, make_event: Make) -> None:
    """The bus that Pipeline's feedback_bus() returns hands a plain Core event to its subscriber, unchanged."""
    await _carries(clause, _shared(), make_event("soft"))


@fresh_bus
async def test_shared_carries_store(clause: ClauseCheck, make_store_event: Make) -> None:
    """The bus that Pipeline's feedback_bus() returns hands Store's extended event to its subscriber, unchanged."""
    await _carries(clause, _shared(), make_store_event("soft", reason=clause.expect["reason"]))


@fresh_bus
def test_one_bus(clause: ClauseCheck) -> None:
    """Every feedback_bus() of Pipeline and Store returns one and the same bus, each time and in every thread."""
    modules = clause.expect["accessors"]
    # Store's first two releases have no short name for it; which names there must be is the surface's to say.
    short = [name for name in clause.expect["where_offered"] if hasattr(importlib.import_module(name), "feedback_bus")]
    accessors = [(name, importlib.import_module(name).feedback_bus) for name in [*modules, *short] * 2]
    with ThreadPoolExecutor(max_workers=1) as other_thread:
        buses = [(name, get()) for name, get in accessors]
        buses += [(f"in another thread, {name}", other_thread.submit(get).result()) for name, get in accessors]
    other = {f"{name}.feedback_bus()" for name, bus in buses if bus is not buses[0][1]}
    clause.none(f"buses that are not that of {modules[0]}", sorted(other), examined=len(buses))


@fresh_bus
async def test_reset_forgets_subscribers(
    clause: ClauseCheck, subscriber: RecordingSubscriber, make_store_event: Make
) -> None:
    """After Pipeline's reset_feedback_bus() earlier subscribers hear nothing of what is published on feedback_bus()."""
    from market_data_pipeline.orchestration.feedback import feedback_bus, reset_feedback_bus

    feedback_bus().subscribe(subscriber)
    reset_feedback_bus()
    await feedback_bus().publish(make_store_event("hard"))
    clause.equal("levels heard by an earlier subscriber", levels(subscriber.events), [])


async def test_failing_subscriber(clause: ClauseCheck, make_store_event: Make) -> None:
    """A subscriber that raises harms neither the publisher nor the subscribers before and after it."""

    async def fails(event: Any) -> None:
        raise RuntimeError("a subscriber's own failure")

    for name, bus in _own_buses().items():
        before, after = RecordingSubscriber(), RecordingSubscriber()
        for subscriber in (before, fails, after):
            bus.subscribe(subscriber)
        with clause.works(f"publishing on {name} with a failing subscriber"):
            for level in clause.expect["heard"]:
                await bus.publish(make_store_event(level))
        clause.equal(f"heard before it on {name}", levels(before.events), clause.expect["heard"])
        clause.equal(f"heard after it on {name}", levels(after.events), clause.expect["heard"])


async def test_subscribed_twice(clause: ClauseCheck, make_store_event: Make) -> None:
    """A subscriber that is added twice hears each event once, on Pipeline's own bus as on Store's."""
    for name, bus in _own_buses().items():
        subscriber = RecordingSubscriber()
        bus.subscribe(subscriber)
        bus.subscribe(subscriber)
        await bus.publish(make_store_event("hard"))
        clause.equal(f"heard by one added twice on {name}", levels(subscriber.events), clause.expect["heard"])


async def test_unsubscribed_hears_nothing(clause: ClauseCheck, make_store_event: Make) -> None:
    """A subscriber that was removed from Store's bus, even twice, hears nothing more and the others hear all."""
    bus, removed, other = _stores(), RecordingSubscriber(), RecordingSubscriber()
    bus.subscribe(removed)
    bus.subscribe(other)
    await bus.publish(make_store_event("soft"))
    with clause.works("removing a subscriber twice"):
        bus.unsubscribe(removed)
        bus.unsubscribe(removed)
    await bus.publish(make_store_event("hard"))
    clause.equal("heard by the removed one", levels(removed.events), clause.expect["removed"])
    clause.equal("heard by the other", levels(other.events), clause.expect["other"])


async def test_unsubscribes_during_delivery(clause: ClauseCheck, make_store_event: Make) -> None:
    """A subscriber of Store's bus that removes itself while it is served costs no other subscriber the event."""
    bus, before, after = _stores(), RecordingSubscriber(), RecordingSubscriber()
    heard: list[str] = []

    async def leaver(event: Any) -> None:
        heard.append(event.level.value)
        bus.unsubscribe(leaver)

    for subscriber in (before, leaver, after):
        bus.subscribe(subscriber)
    for level in ("soft", "hard"):
        await bus.publish(make_store_event(level))
    clause.equal("heard by the one that left", heard, clause.expect["leaver"])
    others = [levels(each.events) for each in (before, after)]
    clause.equal("heard by those before and after it", others, clause.expect["others"])


async def test_registration_order(clause: ClauseCheck, make_store_event: Make) -> None:
    """Subscribers are served in the order in which they were added."""

    def noting(word: str, order: list[str]) -> Callable[[Any], Any]:
        async def subscriber(event: Any) -> None:
            # Giving way first: an order that only holds between subscribers that never wait is none.
            await asyncio.sleep(0)
            order.append(word)

        return subscriber

    for name, bus in _own_buses().items():
        order: list[str] = []
        for word in clause.expect["order"]:
            bus.subscribe(noting(word, order))
        await bus.publish(make_store_event("hard"))
        clause.equal(f"order of service on {name}", order, clause.expect["order"])


async def test_many_publishers(clause: ClauseCheck, make_store_event: Make) -> None:
    """Of many publishers at once, and with a slow subscriber, every event arrives once and in its publisher's order."""
    publishers, count = clause.expect["publishers"], clause.expect["events"]

    async def slow(event: Any) -> None:
        await turns(event.queue_size % 3)

    async def publish_all(bus: Any, publisher: int) -> None:
        for number in range(count):
            await bus.publish(make_store_event("ok", coordinator_id=str(publisher), queue_size=number, capacity=count))

    for name, bus in _own_buses().items():
        subscriber = RecordingSubscriber()
        bus.subscribe(slow)
        bus.subscribe(subscriber)
        await asyncio.gather(*(publish_all(bus, publisher) for publisher in range(publishers)))
        numbers = defaultdict(list)
        for event in subscriber.events:
            numbers[event.coordinator_id].append(event.queue_size)
        expected = {str(publisher): list(range(count)) for publisher in range(publishers)}
        clause.equal(f"events of each publisher, as heard on {name}", dict(numbers), expected)
