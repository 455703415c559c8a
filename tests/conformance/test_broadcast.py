"""Store's HTTP broadcaster: the events of its bus, POSTed to an endpoint."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from itertools import pairwise
from typing import Any

import pytest

from mdc_http_endpoint import http_endpoint
from mdm_clause import ClauseCheck

TIMEOUT = 60.0
"""Seconds in which the loopback answers on any machine."""

pytestmark = pytest.mark.usefixtures("direct")


@pytest.fixture
def direct(monkeypatch: pytest.MonkeyPatch) -> None:
    """Reach the loopback without the proxies that the machine may have set."""
    for name in ("http_proxy", "all_proxy", "HTTP_PROXY", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)


@asynccontextmanager
async def _broadcasting(url: str, *, max_retries: int = 3, backoff_base: float = 0.001) -> AsyncIterator[Any]:
    """Run Store's real broadcaster, by default with no time to speak of between its attempts."""
    from market_data_store.coordinator import HttpFeedbackBroadcaster

    broadcaster = HttpFeedbackBroadcaster(url, timeout=TIMEOUT, max_retries=max_retries, backoff_base=backoff_base)
    await broadcaster.start()
    try:
        yield broadcaster
    finally:
        await broadcaster.stop()


async def test_payload_is_core_event(clause: ClauseCheck, make_store_event: Callable[..., Any]) -> None:
    """What Store's HTTP broadcaster POSTs parses as Core's event, with the same value in each of Core's fields."""
    from market_data_core.telemetry import FeedbackEvent
    from market_data_store.coordinator import feedback_bus

    event = make_store_event("soft", reason="queue_filling").model_copy(update=clause.expect["update"])
    async with http_endpoint(200) as endpoint, _broadcasting(endpoint.url):
        await feedback_bus().publish(event)
    clause.equal("number of POSTs", len(endpoint.bodies), 1)
    missing = [name for name in clause.expect["fields"] if name not in endpoint.bodies[0]]
    clause.none("Core's fields that the payload lacks", missing, examined=len(clause.expect["fields"]))
    with clause.works("reading the payload as Core's event"):
        parsed = FeedbackEvent.model_validate(endpoint.bodies[0])
    wrong = [name for name in clause.expect["fields"] if getattr(parsed, name) != getattr(event, name)]
    clause.none("Core's fields that the payload changes", wrong, examined=len(clause.expect["fields"]))


async def test_retries_after_5xx(clause: ClauseCheck, make_store_event: Callable[..., Any]) -> None:
    """Store's HTTP broadcaster POSTs an event again after a 5xx answer, and stops at the first success."""
    from market_data_store.coordinator import feedback_bus

    statuses = clause.expect["statuses"]
    async with http_endpoint(*statuses) as endpoint, _broadcasting(endpoint.url, max_retries=len(statuses) + 2):
        await feedback_bus().publish(make_store_event("soft"))
    clause.equal("number of POSTs", len(endpoint.bodies), len(statuses))
    changed = [f"POST {n}" for n, body in enumerate(endpoint.bodies, start=1) if body != endpoint.bodies[0]]
    clause.none("POSTs that say something else than the first", changed, examined=len(endpoint.bodies))


async def test_gives_up_harmlessly(clause: ClauseCheck, make_store_event: Callable[..., Any], subscriber: Any) -> None:
    """Store's HTTP broadcaster gives up after max_retries attempts, whether the endpoint answers 4xx, 5xx or hangs
    up, and the bus serves its other subscribers.
    """
    from market_data_store.coordinator import feedback_bus

    for answer, status in clause.expect["answers"].items():
        subscriber.events.clear()
        attempts = clause.expect["attempts"]
        async with http_endpoint(status) as endpoint, _broadcasting(endpoint.url, max_retries=attempts):
            feedback_bus().subscribe(subscriber)
            with clause.works(f"publishing while the endpoint {answer}"):
                await feedback_bus().publish(make_store_event("hard"))
            feedback_bus().unsubscribe(subscriber)
        clause.equal(f"number of POSTs while the endpoint {answer}", len(endpoint.bodies), attempts)
        clause.equal("events that the next subscriber got", len(subscriber.events), 1)


async def test_broadcast_one_tells_outcome(clause: ClauseCheck, make_store_event: Callable[..., Any]) -> None:
    """broadcast_one returns True if the endpoint took the event, and False if all attempts failed."""
    told = {}
    for status in clause.expect["statuses"]:
        async with http_endpoint(status) as endpoint, _broadcasting(endpoint.url, max_retries=1) as broadcaster:
            told[str(status)] = await broadcaster.broadcast_one(make_store_event("soft"))
    clause.equal("what broadcast_one says, by the endpoint's status", told, clause.expect["told"])


async def test_takes_core_event(clause: ClauseCheck, make_event: Callable[..., Any]) -> None:
    """Store's HTTP broadcaster POSTs a plain Core event as well, with its coordinator and level."""
    async with http_endpoint(200) as endpoint, _broadcasting(endpoint.url) as broadcaster:
        await broadcaster.broadcast_one(make_event("hard"))
    posted = [{name: body.get(name) for name in clause.expect["body"]} for body in endpoint.bodies]
    clause.equal("the POSTs", posted, [clause.expect["body"]])


async def test_payload_says_why(clause: ClauseCheck, make_store_event: Callable[..., Any]) -> None:
    """What Store's HTTP broadcaster POSTs has the reason and the utilization of Store's event."""
    fields = {name: clause.expect[name] for name in ("reason", "queue_size", "capacity")}
    async with http_endpoint(200) as endpoint, _broadcasting(endpoint.url) as broadcaster:
        took = await broadcaster.broadcast_one(make_store_event("soft", **fields))
    clause.equal("what broadcast_one says, and the number of POSTs", [took, len(endpoint.bodies)], [True, 1])
    got = {name: endpoint.bodies[0].get(name) for name in clause.expect}
    clause.equal("reason, utilization and what it is made of", got, clause.expect)


async def test_waits_between_attempts(clause: ClauseCheck, make_store_event: Callable[..., Any]) -> None:
    """Store's HTTP broadcaster waits between its attempts, its base before the second, twice as long before the third,
    and not after the last.
    """
    base, statuses = clause.expect["base"], clause.expect["statuses"]
    async with http_endpoint(*statuses) as endpoint, _broadcasting(endpoint.url, backoff_base=base) as broadcaster:
        await broadcaster.broadcast_one(make_store_event("soft"))
    clause.equal("number of POSTs", len(endpoint.times), len(statuses))
    waits = [after - before for before, after in pairwise(endpoint.times)]
    short = [f"before POST {n}" for n, wait in enumerate(waits, 2) if wait < base * (n - 1) - clause.expect["early"]]
    clause.none("waits that are too short", short, examined=len(waits))
    options = {"max_retries": 1, "backoff_base": clause.expect["long"]}
    async with http_endpoint(503) as endpoint, _broadcasting(endpoint.url, **options) as broadcaster:
        with clause.works("giving up without waiting"):
            await asyncio.wait_for(broadcaster.broadcast_one(make_store_event("soft")), clause.expect["at_most"])


async def test_silent_unless_running(clause: ClauseCheck, make_store_event: Callable[..., Any]) -> None:
    """Store's HTTP broadcaster POSTs nothing before its start, after its stop or while it is disabled, tells
    broadcast_one's caller so, and leaves the bus when it stops.
    """
    from market_data_store.coordinator import HttpFeedbackBroadcaster, feedback_bus

    async def silent(broadcaster: Any, when: str) -> None:
        clause.equal(
            f"what broadcast_one says {when}", await broadcaster.broadcast_one(make_store_event("hard")), False
        )
        clause.equal(f"subscribers of the bus {when}", feedback_bus().subscriber_count, 0)

    async with http_endpoint(200) as endpoint:
        broadcaster: Any = HttpFeedbackBroadcaster(endpoint.url, timeout=TIMEOUT)
        with clause.works("stopping before the start"):
            await broadcaster.stop()
        await silent(broadcaster, "before the start")
        await broadcaster.start()
        clause.equal("subscribers while it runs", feedback_bus().subscriber_count, clause.expect["subscribers"])
        clause.equal("what broadcast_one says of what is no event", await broadcaster.broadcast_one(None), False)
        await broadcaster.stop()
        with clause.works("stopping twice"):
            await broadcaster.stop()
        await silent(broadcaster, "after the stop")
        disabled: Any = HttpFeedbackBroadcaster(endpoint.url, timeout=TIMEOUT, enabled=False)
        await disabled.start()
        await silent(disabled, "while it is disabled")
    clause.equal("the POSTs", endpoint.bodies, [])
