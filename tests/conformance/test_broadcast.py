"""Store's HTTP broadcaster: the events of its bus, POSTed to an endpoint."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from itertools import groupby, pairwise
from typing import Any

import pytest

from mdc_clock import StoppedClock
from mdc_http_endpoint import BREAKS_OFF, HOLDS, NO_HTTP, RecordingEndpoint, closed_port, http_endpoint, url_of
from mdc_queue import stalled
from mdc_wait import eventually, settled, turns, until
from mdm_clause import ClauseCheck

TIMEOUT = 60.0
"""Seconds in which the loopback answers on any machine."""

LATE = 10.0
"""Seconds for what is under way and has not arrived yet: longer than a connection on the loopback ever takes."""

pytestmark = pytest.mark.usefixtures("direct")


@pytest.fixture
def direct(monkeypatch: pytest.MonkeyPatch) -> None:
    """Reach the loopback without the proxies that the machine may have set."""
    for name in ("http_proxy", "all_proxy", "HTTP_PROXY", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)


@asynccontextmanager
async def _broadcasting(
    url: str, *, max_retries: int = 3, backoff_base: float = 0.001, wait: float = TIMEOUT
) -> AsyncIterator[Any]:
    """Run Store's real broadcaster, by default with no time to speak of between its attempts."""
    from market_data_store.coordinator import HttpFeedbackBroadcaster

    broadcaster = HttpFeedbackBroadcaster(url, timeout=wait, max_retries=max_retries, backoff_base=backoff_base)
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


async def test_posts_json(clause: ClauseCheck, make_store_event: Callable[..., Any]) -> None:
    """An event is one POST to the path and query of the endpoint, of JSON in UTF-8 that its content type names, with
    each text as it was.
    """
    name = clause.expect["coordinator_id"]
    async with http_endpoint(200) as endpoint, _broadcasting(f"{endpoint.url}?from=store") as broadcaster:
        await broadcaster.broadcast_one(make_store_event("soft", coordinator_id=name))
    clause.equal("requests", [head.partition("\r\n")[0] for head in endpoint.heads], [clause.expect["request"]])
    types = [value.partition(";")[0].strip() for value in endpoint.header("content-type")]
    clause.equal("content types", types, [clause.expect["content_type"]])
    with clause.works("reading the body as UTF-8"):
        endpoint.raw[0].decode("utf-8")
    clause.equal("coordinators", [body.get("coordinator_id") for body in endpoint.bodies], [name])


async def _pressure(capacity: int, filled: int) -> list[Any]:
    """Fill a coordinator's queue and drain it; what its sink has written then."""
    coordinator = await stalled(capacity=capacity, coord_id="bars")
    await coordinator.fill(filled)
    coordinator.sink.allow(filled + 1)
    while coordinator.size:
        await asyncio.sleep(0)
    await turns()
    return coordinator.sink.written


async def test_reports_pressure(clause: ClauseCheck) -> None:
    """A coordinator that fills up and is drained has soft at 6 of 10, hard at 8 and ok at 5 POSTed, in this order and
    each once.
    """
    posted = clause.expect["posted"]
    async with http_endpoint(200) as endpoint, _broadcasting(endpoint.url):
        await _pressure(clause.expect["capacity"], clause.expect["filled"])
        await eventually(lambda: len(endpoint.bodies) >= len(posted), LATE)
    got = [{name: body.get(name) for name in posted[0]} for body in endpoint.bodies]
    clause.equal("the POSTs", got, posted)


async def _writes_all(clause: ClauseCheck, endpoint: str) -> None:
    """Hold if a coordinator writes all that is submitted, with nobody's answer and in no time."""
    async with _broadcasting(endpoint, backoff_base=TIMEOUT):
        work = await settled(_pressure(clause.expect["capacity"], clause.expect["filled"]))
    goes_on = not work.cancelled() and work.exception() is None
    clause.that("what Store does meanwhile", goes_on, expected="goes on", got="waits for the endpoint")
    clause.equal("number of items written", len(work.result()), clause.expect["written"])


async def test_never_waits(clause: ClauseCheck) -> None:
    """Store does not wait for an endpoint that takes the event and does not answer: it accepts and writes all that is
    submitted.
    """
    async with http_endpoint(HOLDS) as endpoint:
        await _writes_all(clause, endpoint.url)


async def test_never_waits_for_retries(clause: ClauseCheck) -> None:
    """Store does not wait for the attempts at an endpoint that refuses the connection: it accepts and writes all that
    is submitted.
    """
    with closed_port() as port:
        await _writes_all(clause, url_of(port))


async def test_timeout(clause: ClauseCheck, clock: StoppedClock, make_store_event: Callable[..., Any]) -> None:
    """An attempt that is not answered is given up after the timeout, neither earlier nor later, and the event is
    POSTed again.
    """
    between, step = clause.expect["between"], clause.expect["step"]
    options = {"wait": clause.expect["timeout"], "backoff_base": clause.expect["backoff_base"]}
    async with http_endpoint(HOLDS, 200) as endpoint, _broadcasting(endpoint.url, **options) as broadcaster:
        work = asyncio.ensure_future(broadcaster.broadcast_one(make_store_event("soft")))
        await until(lambda: bool(endpoint.bodies))
        await clock.until(lambda: len(endpoint.bodies) > 1, 10 * between)
        await settled(work)
    clause.equal("number of POSTs", len(endpoint.bodies), 2)
    waited = endpoint.times[1] - endpoint.times[0]
    clause.that("seconds between the POSTs", between <= waited <= between + step, expected=between, got=waited)


async def test_retries_broken(clause: ClauseCheck, clock: StoppedClock, make_store_event: Callable[..., Any]) -> None:
    """An event is POSTed again after an answer that breaks off, one that is no HTTP, and a connection that was
    refused.
    """
    wait, event = clause.expect["backoff_base"], make_store_event("soft")
    posts = {}
    for trouble, *answers in ((BREAKS_OFF, BREAKS_OFF, 200), (NO_HTTP, NO_HTTP, 200), ("refuses the connection", 200)):
        with closed_port() as port:
            async with _broadcasting(url_of(port), backoff_base=wait) as broadcaster:
                if len(answers) == 1:
                    work = asyncio.ensure_future(broadcaster.broadcast_one(event))
                    # The kernel refuses at once, and no time passes until the endpoint is there.
                    await until(work.done)
                async with http_endpoint(*answers, at=port) as endpoint:
                    if len(answers) > 1:
                        work = asyncio.ensure_future(broadcaster.broadcast_one(event))
                        await until(work.done)
                    await clock.until(lambda: len(endpoint.bodies) >= len(answers), 10 * wait)  # noqa: B023
                    await settled(work)
        posts[trouble] = len(endpoint.bodies)
    clause.equal("POSTs by what the endpoint does at first", posts, clause.expect["posts"])


async def test_recovers(clause: ClauseCheck, make_store_event: Callable[..., Any]) -> None:
    """After events that were given up the next one is POSTed once the endpoint takes it, and once."""
    from market_data_store.coordinator import feedback_bus

    levels = clause.expect["posted"]
    answers = [503] * (len(levels) - 1) + [200]
    async with http_endpoint(*answers) as endpoint, _broadcasting(endpoint.url, max_retries=1):
        for level in levels:
            await feedback_bus().publish(make_store_event(level))
        await eventually(lambda: len(endpoint.bodies) >= len(levels), LATE)
    clause.equal("levels of the POSTs", _levels(endpoint), levels)


def _levels(endpoint: RecordingEndpoint) -> list[Any]:
    return [body.get("level") for body in endpoint.bodies]


async def test_in_order(clause: ClauseCheck, make_store_event: Callable[..., Any]) -> None:
    """Events are POSTed in the order in which they were published, although the first one has to be sent again."""
    from market_data_store.coordinator import feedback_bus

    levels = clause.expect["levels"]
    async with http_endpoint(503, 200) as endpoint, _broadcasting(endpoint.url):
        for level in levels:
            await feedback_bus().publish(make_store_event(level))
        await eventually(lambda: len(endpoint.bodies) > len(levels), LATE)
    clause.equal("levels of the POSTs", [level for level, _ in groupby(_levels(endpoint))], levels)


async def test_redirect_is_no_arrival(clause: ClauseCheck, make_store_event: Callable[..., Any]) -> None:
    """An event that the endpoint answers with a redirect is POSTed again, there or at the new address."""
    problems = []
    for status in clause.expect["redirects"]:
        async with (
            http_endpoint(200) as new,
            http_endpoint(status, 200, location=new.url) as endpoint,
            _broadcasting(endpoint.url) as broadcaster,
        ):
            await broadcaster.broadcast_one(make_store_event("soft"))
            # What goes on by itself is under way by then, and its connection is the loopback's.
            await until(lambda new=new, endpoint=endpoint: len(new.bodies + endpoint.bodies) > 1)  # type: ignore[misc]
        if len(new.bodies + endpoint.bodies) < 2:
            problems.append(f"{status}: taken for an arrival")
    clause.none("redirects that end the delivery", problems, examined=len(clause.expect["redirects"]))


async def test_stop_leaves_nothing(clause: ClauseCheck, make_store_event: Callable[..., Any]) -> None:
    """stop() comes to an end while the endpoint has not answered; no connection, no task and no POST is left behind,
    and the publisher of the event goes on.
    """
    from market_data_store.coordinator import feedback_bus

    there = asyncio.all_tasks()
    async with http_endpoint(HOLDS) as endpoint, _broadcasting(endpoint.url) as broadcaster:
        publishing = asyncio.ensure_future(feedback_bus().publish(make_store_event("hard")))
        await eventually(lambda: bool(endpoint.bodies), LATE)
        stopping = asyncio.ensure_future(broadcaster.stop())
        await eventually(lambda: stopping.done() and publishing.done() and not endpoint.connections, LATE)
        ended = {"stop()": stopping.done(), "publish()": publishing.done()}
        await turns()
        left = asyncio.all_tasks() - there - {publishing, stopping}
        for task in (publishing, stopping):
            task.cancel()
    clause.equal("what has ended", ended, {"stop()": True, "publish()": True})
    got = {
        "subscribers": feedback_bus().subscriber_count,
        "connections": endpoint.connections,
        "posts": len(endpoint.bodies),
    }
    clause.equal("what is left", got, clause.expect)
    clause.equal("number of tasks that are left", len(left), 0)
