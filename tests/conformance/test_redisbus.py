"""Core's event bus on a real Redis: what it puts there, what it takes off, and what becomes of both in trouble."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest

from mdc_redis_bus import (
    DEAD,
    GROUP,
    KEY,
    STREAM,
    VARIABLES,
    connections,
    entries,
    envelope,
    event,
    given,
    of_fields,
    pending,
    put,
    reasons,
    redis_bus,
    subscribed,
    trouble,
)
from mdc_redis_server import RedisServer
from mdc_wait import eventually
from mdm_clause import ClauseCheck

pytestmark = pytest.mark.usefixtures("plain")

LATE = 5.0
"""Seconds for what the server is to notice: far longer than it takes on the loopback."""


@pytest.fixture
def plain(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let nothing but the check choose the bus: the environment goes before Core's arguments."""
    for name in VARIABLES:
        monkeypatch.delenv(name, raising=False)


async def test_entry(clause: ClauseCheck, redis_server: RedisServer) -> None:
    """What is published is one entry with the one field data, JSON of the key, the track and the payload as it was,
    under the key of namespace and stream; publish() returns its id.
    """
    envelope, payload = clause.expect["envelope"], clause.expect["payload"]
    options = {"namespace": clause.expect["namespace"], "track": envelope["track"]}
    async with redis_bus(redis_server.url, **options) as bus:
        returned = await bus.publish(STREAM, event(**payload), key=envelope["key"])
    keys = [name.decode() for name in redis_server.command("KEYS", "*")]
    clause.equal("keys on the server", keys, [clause.expect["key"]])
    found = entries(redis_server, clause.expect["key"])
    clause.equal("fields of the entries", [list(fields) for _, fields in found], [clause.expect["fields"]])
    clause.that("id that publish() returned", returned == found[0][0], expected="the entry's", got="another one")
    with clause.works("reading the data as JSON"):
        said = json.loads(found[0][1]["data"])
    got = {"key": said.get("key"), "track": said.get("meta", {}).get("track")}
    clause.equal("key and track of the envelope", got, envelope)
    clause.equal("payload of the envelope", of_fields(said.get("payload"), payload), payload)


async def test_round_trip(clause: ClauseCheck, redis_server: RedisServer) -> None:
    """Core's FeedbackEvent and RateAdjustment that are published on the bus reach its subscriber as they were, with
    their key and under the id that publish() returned.
    """
    from market_data_core.telemetry import RateAdjustment

    sent = [event(**clause.expect["feedback"]), RateAdjustment(**clause.expect["adjustment"])]
    async with redis_bus(redis_server.url) as bus, subscribed(redis_server, bus) as subscriber:
        ids = [await bus.publish(STREAM, each, key=clause.expect["key"]) for each in sent]
        await given(redis_server, [subscriber], len(sent), polls=8)
    clause.equal("why events have become dead letters", reasons(redis_server), clause.expect["dead"])
    clause.equal("payloads that the subscriber was given", [each.payload for each in subscriber.envelopes], sent)
    keys = {each.key for each in subscriber.envelopes}
    clause.equal("keys of the envelopes", keys, {clause.expect["key"]})
    same = [each.id for each in subscriber.envelopes] == ids
    clause.that("ids of the envelopes", same, expected="those that publish() returned", got="other ones")


async def test_takes_documented(clause: ClauseCheck, redis_server: RedisServer) -> None:
    """A subscriber is given an entry in the documented envelope as it stands there: key, time, schema id, track,
    headers and event, under the id of the entry.
    """
    written = clause.expect["envelopes"]
    async with redis_bus(redis_server.url) as bus, subscribed(redis_server, bus) as subscriber:
        ids = put(redis_server, *(json.dumps(each, ensure_ascii=False) for each in written))
        await given(redis_server, [subscriber], len(written), polls=8)
    clause.equal("why entries have become dead letters", reasons(redis_server), [])
    got = [
        {
            "ts": each.ts,
            "key": each.key,
            "meta": {"schema_id": each.meta.schema_id, "track": each.meta.track, "headers": dict(each.meta.headers)},
            "payload": of_fields(each.payload.model_dump(mode="json"), sent["payload"]),
        }
        for each, sent in zip(subscriber.envelopes, written, strict=False)
    ]
    clause.equal("envelopes that the subscriber was given", got, written)
    same = [each.id for each in subscriber.envelopes] == ids
    clause.that("ids of the envelopes", same, expected="those of the entries", got="other ones")


async def test_groups(clause: ClauseCheck, redis_server: RedisServer) -> None:
    """Each group is given every event once, in the order of publication; two consumers of a group share them, and each
    event goes to one of the two.
    """
    numbers = clause.expect["all"]
    async with (
        redis_bus(redis_server.url) as bus,
        subscribed(redis_server, bus, group="alone") as alone,
        subscribed(redis_server, bus, group="shared", consumer="left") as left,
        subscribed(redis_server, bus, group="shared", consumer="right") as right,
    ):
        await eventually(lambda: len(redis_server.command("XINFO", "GROUPS", KEY)) == 2)
        put(redis_server, *map(envelope, numbers))
        await given(redis_server, [alone, left, right], 2 * len(numbers), polls=60)
    clause.equal("events that the consumer of the one group was given", alone.ids, numbers)
    clause.equal("events that the two of the other were given", sorted(left.ids + right.ids), numbers)
    ordered = [sorted(each.ids) == each.ids for each in (left, right)]
    clause.equal("order of what the two were given", ordered, [True, True])


async def test_bounded_batch(clause: ClauseCheck, redis_server: RedisServer) -> None:
    """A consumer that does not go on has taken at most count events, and another one of its group is given the rest."""
    numbers = [str(number) for number in range(1, clause.expect["events"] + 1)]
    redis_server.command("XGROUP", "CREATE", KEY, GROUP, "0", "MKSTREAM")
    put(redis_server, *map(envelope, numbers))

    async def hold(_: Any) -> None:
        await asyncio.Event().wait()

    options = {"consumer": "slow", "then": hold, "count": clause.expect["count"]}
    async with redis_bus(redis_server.url) as bus, subscribed(redis_server, bus, **options) as slow:
        await eventually(lambda: bool(slow.envelopes) or slow.ended is not None)
        taken = len(pending(redis_server))
        clause.equal("events that the slow consumer has taken", taken, clause.expect["count"])
        async with subscribed(redis_server, bus, consumer="quick") as quick:
            await given(redis_server, [quick], len(clause.expect["rest"]))
    clause.equal("events that the other consumer was given", quick.ids, clause.expect["rest"])


async def test_resumes(clause: ClauseCheck, redis_server: RedisServer) -> None:
    """Events that are published while no consumer of a group is there are given to the next one that subscribes, in
    order.
    """
    before, while_away = clause.expect["before"], clause.expect["while_away"]
    async with redis_bus(redis_server.url) as bus:
        async with subscribed(redis_server, bus, then=lambda one: bus.ack(STREAM, one.id)) as first:
            put(redis_server, *map(envelope, before))
            await given(redis_server, [first], len(before))
        clause.equal("events that the first consumer was given", first.ids, before)
        put(redis_server, *map(envelope, while_away))
    async with redis_bus(redis_server.url) as bus, subscribed(redis_server, bus, consumer="next") as following:
        await given(redis_server, [following], len(while_away))
    clause.equal("events that the next consumer was given", following.ids, while_away)


async def test_acknowledged(clause: ClauseCheck, redis_server: RedisServer) -> None:
    """An event that was acknowledged is no longer pending in its group, and one that was not still is."""
    acknowledged, kept = clause.expect["acknowledged"], clause.expect["pending"]
    numbers = sorted(acknowledged + kept)
    async with redis_bus(redis_server.url) as bus:

        async def acknowledge(one: Any) -> None:
            if one.payload.coordinator_id in acknowledged:
                await bus.ack(STREAM, one.id)

        async with subscribed(redis_server, bus, then=acknowledge) as subscriber:
            name_of = dict(zip(put(redis_server, *map(envelope, numbers)), numbers, strict=True))
            await given(redis_server, [subscriber], len(numbers))
    clause.equal("events that the subscriber was given", subscriber.ids, numbers)
    left = [name_of[each] for each in pending(redis_server)]
    clause.equal("events that are pending", left, kept)


async def test_comes_back(clause: ClauseCheck, redis_server: RedisServer) -> None:
    """An event that a consumer took and neither acknowledged nor failed before it ended is given to it again when it
    subscribes again.
    """
    again = clause.expect["again"]
    async with redis_bus(redis_server.url) as bus, subscribed(redis_server, bus) as first:
        ids = put(redis_server, *map(envelope, again))
        await given(redis_server, [first], len(again))
    clause.equal("events that the consumer was given at first", first.ids, again)
    for one in ids:
        redis_server.command("XCLAIM", KEY, GROUP, "first", 0, one, "IDLE", clause.expect["idle_ms"], "JUSTID")
    async with redis_bus(redis_server.url) as bus, subscribed(redis_server, bus) as second:
        await given(redis_server, [second], len(again), clause.expect["polls"])
    clause.equal("events that the consumer was given when it came back", second.ids, again)


async def test_dead_letters(clause: ClauseCheck, redis_server: RedisServer) -> None:
    """An entry that is no envelope of a known event is on the stream's .dlq, with its id, a reason and its data, and
    the next event is delivered.
    """
    poison, good = clause.expect["poison"], clause.expect["delivered"]
    async with redis_bus(redis_server.url) as bus, subscribed(redis_server, bus) as subscriber:
        ids = put(redis_server, *poison.values())
        put(redis_server, *map(envelope, good))
        await given(redis_server, [subscriber], len(good))
    clause.equal("why the subscriber has ended", subscriber.ended, None)
    clause.equal("events that it was given", subscriber.ids, good)
    dead = {fields.get("original_id"): fields for _, fields in entries(redis_server, DEAD)}
    problems = []
    for one, (name, data) in zip(ids, poison.items(), strict=True):
        fields = dead.get(one)
        if fields is None:
            problems.append(f"{name}: not there")
        elif fields.get("data") != data:
            problems.append(f"{name}: other data")
        elif not fields.get("reason"):
            problems.append(f"{name}: no reason")
    clause.none("entries that are not on .dlq as they should be", problems, examined=len(poison))
    clause.equal("number of dead letters", len(dead), len(poison))


async def test_survives_bytes(clause: ClauseCheck, redis_server: RedisServer) -> None:
    """An entry whose bytes are no UTF-8 does not keep the next event from being delivered."""
    good = clause.expect["delivered"]
    async with redis_bus(redis_server.url) as bus, subscribed(redis_server, bus) as subscriber:
        put(redis_server, bytes(clause.expect["bytes"]), *map(envelope, good))
        await given(redis_server, [subscriber], len(good))
    clause.equal("why the subscriber has ended", subscriber.ended, None)
    clause.equal("events that it was given", subscriber.ids, good)


async def test_failed_keeps_event(clause: ClauseCheck, redis_server: RedisServer) -> None:
    """An event that a consumer has failed for good is on the stream's .dlq, with its id, the consumer's reason and its
    data.
    """
    data, reason = envelope("bars-Zürich"), clause.expect["reason"]
    async with redis_bus(redis_server.url) as bus:

        async def fail(one: Any) -> None:
            await bus.fail(STREAM, one.id, reason)

        async with subscribed(redis_server, bus, then=fail) as subscriber:
            (name,) = put(redis_server, data)
            await given(redis_server, [subscriber], 1)
            await eventually(lambda: bool(entries(redis_server, DEAD)), LATE)
    dead = [
        {"original id": fields.get("original_id") == name, "reason": fields.get("reason"), "data": fields.get("data")}
        for _, fields in entries(redis_server, DEAD)
    ]
    clause.equal("dead letters", dead, [{"original id": True, "reason": reason, "data": data}])


async def test_failed_is_retried(clause: ClauseCheck, redis_server: RedisServer) -> None:
    """An event that its consumer fails each time is delivered again, at most dlq_max_retries times, and is dead
    afterwards.
    """
    from market_data_core.events import RedisStreamsBus

    allowed = clause.expect["deliveries"]
    bus: Any = RedisStreamsBus(redis_server.url, dlq_max_retries=clause.expect["dlq_max_retries"])

    async def fail(one: Any) -> None:
        await bus.fail(STREAM, one.id, "no room")

    try:
        async with subscribed(redis_server, bus, then=fail) as subscriber:
            put(redis_server, envelope("bars"))
            await given(redis_server, [subscriber], max(allowed) + 1, clause.expect["polls"])
    finally:
        await bus.close()
    deliveries = len(subscriber.envelopes)
    clause.that("number of deliveries", deliveries in allowed, expected=allowed, got=deliveries)
    clause.equal("number of dead letters", len(entries(redis_server, DEAD)), clause.expect["dead"])


async def test_group_made_again(clause: ClauseCheck, redis_server: RedisServer) -> None:
    """After the server has lost its data a bus can be subscribed again, and its subscriber is given what is published
    then.
    """
    async with redis_bus(redis_server.url) as bus:
        async with subscribed(redis_server, bus) as before:
            put(redis_server, envelope("before"))
            await given(redis_server, [before], 1)
        clause.equal("events that the first subscriber was given", before.ids, ["before"])
        redis_server.restart()
        async with subscribed(redis_server, bus) as after:
            put(redis_server, *map(envelope, clause.expect["delivered"]))
            await given(redis_server, [after], len(clause.expect["delivered"]))
    clause.equal("why the second subscriber has ended", after.ended, None)
    clause.equal("events that it was given", after.ids, clause.expect["delivered"])


async def test_publish_raises(clause: ClauseCheck, redis_binary: str) -> None:
    """publish() raises while the server is away, is full or refuses the password, and puts the event on the stream
    once it can.
    """
    with RedisServer(redis_binary, requirepass="right") as server:
        for kind in ("is away", "is full", "refuses the password"):
            async with redis_bus(server.url) as bus:
                with trouble(server, kind), clause.refuses(f"publishing while the server {kind}", Exception):
                    await bus.publish(STREAM, event())
                with clause.works(f"publishing when the server no longer {kind}"):
                    await bus.publish(STREAM, event())
        clause.equal("entries of the stream", len(entries(server)), clause.expect["entries"])


async def test_health(clause: ClauseCheck, redis_binary: str) -> None:
    """health() says backend redis, the namespace and status ok while the server answers, and status error with the
    reason while it is away or refuses the password.
    """
    good, bad = clause.expect["ok"], clause.expect["error"]
    with RedisServer(redis_binary, requirepass="right") as server:
        async with redis_bus(server.url, namespace=good["namespace"]) as bus:
            said = dict(await bus.health())
            clause.equal("health while the server answers", {name: said.get(name) for name in good}, good)
        urls = {"refuses the password": server.url.replace("right", "wrong"), "is away": server.url}
        for trouble, url in urls.items():
            if trouble == "is away":
                server.stop()
            async with redis_bus(url) as bus:
                said = dict(await bus.health())
            what = f"health while the server {trouble}"
            clause.equal(what, {name: said.get(name) for name in bad}, bad)
            clause.that(f"reason in {what}", bool(said.get("error")), expected="a text", got="none")


async def test_health_hides_password(clause: ClauseCheck, redis_binary: str) -> None:
    """health() does not show the password that stands before the host in the URL, whether the server answers or not."""
    password = clause.expect["password"]
    with RedisServer(redis_binary, requirepass=password) as server:
        said = []
        for url in (server.url, server.url.replace("//:", "//default:")):
            async with redis_bus(url) as bus:
                said.append(dict(await bus.health()))
        clause.equal("status while the server answers", [each["status"] for each in said], ["ok", "ok"])
        url = server.url
        server.stop()
        async with redis_bus(url) as bus:
            said.append(dict(await bus.health()))
    shown = [f"{name} of status {each['status']}" for each in said for name, text in each.items() if password in text]
    clause.none("parts of health that show the password", shown, examined=len(said))


async def test_health_hides_query(clause: ClauseCheck, redis_binary: str) -> None:
    """health() does not show a password that stands in the query of the URL, where the client library takes one too."""
    password = clause.expect["password"]
    with RedisServer(redis_binary, requirepass=password) as server:
        async with redis_bus(f"redis://{server.host}:{server.port}/0?password={password}") as bus:
            said = dict(await bus.health())
    clause.equal("status", said["status"], "ok")
    shown = [name for name, text in said.items() if password in text]
    clause.none("parts of health that show the password", shown, examined=len(said))


async def test_closes(clause: ClauseCheck, redis_binary: str) -> None:
    """After close() a bus that has published, subscribed and told its health has no connection to the server."""
    with RedisServer(redis_binary) as server:
        async with redis_bus(server.url) as bus:
            async with subscribed(server, bus) as subscriber:
                put(server, envelope("bars"))
                await given(server, [subscriber], 1)
            await bus.publish(STREAM, event())
            await bus.health()
            clause.that("connections before", connections(server) > 0, expected="some", got="none")
            with clause.works("closing the bus"):
                await bus.close()
            await eventually(lambda: not connections(server), LATE)
            clause.equal("connections after close()", connections(server), clause.expect["connections"])
