"""Feedback on a real Redis: what Store's publisher sends, and what becomes of Store when the server fails it."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from mdc_doubles import RecordingSubscriber
from mdc_metrics import value
from mdc_ports import SilentServer
from mdc_publisher import (
    LATE,
    Pressure,
    arrived,
    connections,
    entries,
    environment,
    is_time,
    keys,
    last_signals,
    publish_by_hand,
    published,
    publishing,
    signals,
    tracks,
    under_pressure,
)
from mdc_redis_client import RedisConnection
from mdc_redis_server import RedisServer
from mdc_wait import ended, eventually, settled, turns
from mdm_clause import ClauseCheck
from mdm_recording import Recording, payload_hash


@pytest.fixture
def redis(redis_server: RedisServer, monkeypatch: pytest.MonkeyPatch) -> RedisServer:
    """A real Redis for which Store's environment is set."""
    environment(monkeypatch, redis_server.url)
    return redis_server


async def test_stream(clause: ClauseCheck, redis: RedisServer) -> None:
    """Each signal of a coordinator is one entry with the one field data, on the stream that Core's bus makes of
    mdp.telemetry.feedback, and nothing else is on the server.
    """
    got = await published(redis, clause.expect["key"], len(clause.expect["fields"]))
    clause.equal("keys on the server", keys(redis), [clause.expect["key"]])
    clause.equal("fields of the entries", [sorted(entry.fields) for entry in got], clause.expect["fields"])


async def test_events(clause: ClauseCheck, redis: RedisServer) -> None:
    """The events on the stream are those of the queue, in its order: soft at 6 of 10, hard at 8, ok at 5, each with
    Core's fields, the source store and a time in Unix seconds.
    """
    earliest = time.time()
    got = await published(redis, clause.expect["key"], len(clause.expect["events"]), clause.expect["coordinator_id"])
    # A new field with a default harms nobody.
    names = {name for event in clause.expect["events"] for name in event}
    events = [{name: member for name, member in entry.event.items() if name in names} for entry in got]
    clause.equal("the events but for their time", events, clause.expect["events"])
    wrong = [f"ts {n}" for n, entry in enumerate(got, 1) if not is_time(entry.event.get("ts"), earliest)]
    clause.none("times that are not of now", wrong, examined=len(got))


async def test_documented_envelope(clause: ClauseCheck, redis: RedisServer) -> None:
    """An entry is the documented envelope around Core's event: ts, the coordinator as key, meta with the schema id and
    the track, and Core's event itself as the payload.
    """
    got = await published(redis, clause.expect["key"], 3)
    clause.that("entries on the stream", len(got) == 3, expected=3, got=len(got))
    for entry in got:
        envelope = entry.envelope
        # An id may stand in it, as in the documented example: the server has given the entry one of its own.
        clause.equal("members of the envelope", sorted(envelope.keys() - {"id"}), clause.expect["members"])
        meta = envelope["meta"]
        shown = {"key": envelope["key"], "schema_id": meta.get("schema_id"), "track": meta.get("track")}
        clause.equal("key, schema id and track", shown, clause.expect["envelope"])
        clause.equal("members of the payload", sorted(envelope["payload"]), clause.expect["payload"])
        number = type(envelope["ts"]).__name__
        clause.that("ts of the envelope", number in ("float", "int"), expected="a number", got=number)


async def test_says_why(clause: ClauseCheck, redis: RedisServer) -> None:
    """The meta of the envelope around an event has the utilization of the queue and the reason, if there is one, as its
    headers.
    """
    got = await published(redis, clause.expect["key"], len(clause.expect["headers"]))
    # A further header harms nobody.
    names = {name for headers in clause.expect["headers"] for name in headers}
    said = [entry.innermost.get("meta", {}).get("headers") or {} for entry in got]
    headers = [{name: text for name, text in header.items() if name in names} for header in said]
    clause.equal("headers of the events", headers, clause.expect["headers"])


async def test_keeps_ts(clause: ClauseCheck, redis: RedisServer, subscriber: RecordingSubscriber) -> None:
    """An event on the stream has the ts that it had on Store's feedback bus."""
    from market_data_store.coordinator import feedback_bus

    feedback_bus().subscribe(subscriber)
    try:
        got = await published(redis, clause.expect["key"], clause.expect["events"])
    finally:
        feedback_bus().unsubscribe(subscriber)
    clause.equal("events on the bus and entries", [len(subscriber.events), len(got)], [clause.expect["events"]] * 2)
    pairs = zip(subscriber.events, got, strict=True)
    others = [f"entry {number}" for number, (event, entry) in enumerate(pairs, 1) if entry.event.get("ts") != event.ts]
    clause.none("entries with another ts", others, examined=len(got))


async def test_hash_fits(clause: ClauseCheck, redis: RedisServer) -> None:
    """A hash in the meta of an entry is the SHA-256 of the payload's JSON as the model writes it."""
    got = await published(redis, clause.expect["key"], 3, clause.expect["coordinator_id"])
    hashes = [(entry.envelope["meta"].get("hash"), payload_hash(entry.envelope["payload"])) for entry in got]
    wrong = [f"entry {number}" for number, (sent, fitting) in enumerate(hashes, 1) if sent not in (None, fitting)]
    clause.none("entries whose hash does not fit the payload", wrong, examined=len(got))


async def test_order(clause: ClauseCheck, redis: RedisServer) -> None:
    """Signals of several coordinators stand on the stream in the order in which they were given, each once, also after
    the publisher was started twice.
    """
    async with publishing() as service:
        await service.start()
        await under_pressure("bars", "options", "bars")
        await arrived(redis, clause.expect["key"], len(clause.expect["signals"]))
    clause.equal("the signals on the stream", signals(entries(redis, clause.expect["key"])), clause.expect["signals"])


async def test_environment(clause: ClauseCheck, monkeypatch: pytest.MonkeyPatch, redis_binary: str) -> None:
    """REDIS_URL, MD_NAMESPACE and SCHEMA_TRACK say on which server and database, under which password, in which
    namespace and of which track Store publishes.
    """
    with RedisServer(redis_binary, requirepass=clause.expect["password"]) as server:
        password, database = quote(clause.expect["password"]), clause.expect["database"]
        url = f"redis://:{password}@{server.host}:{server.port}/{database}"
        names = {"MD_NAMESPACE": clause.expect["namespace"], "SCHEMA_TRACK": clause.expect["track"]}
        environment(monkeypatch, url, **names)
        with RedisConnection(url) as there:
            async with publishing():
                await under_pressure()
                await eventually(lambda: len(entries(there, clause.expect["keys"][0])) >= 3, LATE)
            found = sorted(name.decode() for name in there.command("KEYS", "*"))
            clause.equal("keys in the database", found, clause.expect["keys"])
            got = entries(there, clause.expect["keys"][0])
        clause.equal("tracks of the envelopes", tracks(got), [clause.expect["track"]])
        clause.equal("keys in the server's first database", keys(server), [])


async def test_track_of_config(clause: ClauseCheck, redis: RedisServer) -> None:
    """A PulseConfig that is made in code decides the track of what is sent as SCHEMA_TRACK does."""
    from market_data_store.pulse import PulseConfig

    got = await published(redis, clause.expect["key"], 3, config=PulseConfig(track=clause.expect["track"]))
    clause.equal("tracks of the envelopes", tracks(got), [clause.expect["track"]])


async def test_namespace_of_config(clause: ClauseCheck, redis: RedisServer) -> None:
    """A PulseConfig that is made in code decides the stream as MD_NAMESPACE does."""
    from market_data_store.pulse import PulseConfig

    async with publishing(PulseConfig(ns=clause.expect["namespace"])):
        await under_pressure()
        await eventually(lambda: keys(redis) != [], LATE)
    clause.equal("keys on the server", keys(redis), clause.expect["keys"])


async def test_returns_entry_id(clause: ClauseCheck, redis: RedisServer) -> None:
    """publish_feedback returns the id of the entry that it has put on the stream."""
    async with publishing() as service:
        returned = [await publish_by_hand(service) for _ in range(clause.expect["events"])]
    got = await arrived(redis, clause.expect["key"], clause.expect["events"])
    clause.equal("number of entries", len(got), clause.expect["events"])
    others = [f"entry {number}" for number, entry in enumerate(got) if entry.id != returned[number]]
    clause.none("entries with another id", others, examined=len(got))


async def test_disabled(clause: ClauseCheck, monkeypatch: pytest.MonkeyPatch) -> None:
    """With PULSE_ENABLED=false Store does not even connect to Redis, and publish_feedback says so by a RuntimeError."""
    from market_data_store.pulse import FeedbackPublisherService

    with SilentServer() as server:
        environment(monkeypatch, f"redis://127.0.0.1:{server.port}/0", PULSE_ENABLED="false")
        service: Any = FeedbackPublisherService()
        start = await settled(service.start())
        clause.equal("whether start() waits for the server", start.cancelled(), False)
        with clause.works("starting a disabled publisher"):
            start.result()
        clause.equal("whether Store goes on", await Pressure().goes_on(), True)
        publication = await settled(publish_by_hand(service))
        clause.equal("whether publish_feedback waits for the server", publication.cancelled(), False)
        with clause.refuses("publish_feedback while it is disabled", RuntimeError):
            publication.result()
        await ended(service.stop())
        clause.equal("connections", server.connections, clause.expect["connections"])


async def test_server_absent(clause: ClauseCheck, redis: RedisServer) -> None:
    """While there is no server Store writes all that is submitted, and its next signal is sent once there is one."""
    redis.stop()
    with clause.works("starting the publisher and writing while there is no server"):
        async with publishing():
            await under_pressure("first")
            redis.start()
            await under_pressure("second")
            got = await last_signals(redis, clause.expect["key"], clause.expect["signals"])
    clause.equal("the last signals on the stream", got, clause.expect["signals"])


async def test_server_returns(clause: ClauseCheck, redis: RedisServer) -> None:
    """While the server is away Store writes all that is submitted, and its next signal is sent once the server is
    back.
    """
    with clause.works("writing while the server is away"):
        async with publishing():
            await under_pressure("first")
            got = await arrived(redis, clause.expect["key"], clause.expect["first"])
            clause.equal("signals before that", len(got), clause.expect["first"])
            redis.kill()
            await under_pressure("second")
            redis.start()
            await under_pressure("third")
            last = await last_signals(redis, clause.expect["key"], clause.expect["signals"])
    clause.equal("the last signals on the stream", last, clause.expect["signals"])


async def test_server_full(clause: ClauseCheck, monkeypatch: pytest.MonkeyPatch, redis_binary: str) -> None:
    """While the server refuses writes because it is full Store writes all that is submitted, and its next signal is
    sent once there is room.
    """
    with RedisServer(redis_binary, maxmemory="1", maxmemory_policy="noeviction") as server:
        environment(monkeypatch, server.url)
        with clause.works("writing while the server is full"):
            async with publishing():
                await under_pressure("first")
                server.command("CONFIG", "SET", "maxmemory", "0")
                await under_pressure("second")
                got = await last_signals(server, clause.expect["key"], clause.expect["signals"])
    clause.equal("the last signals on the stream", got, clause.expect["signals"])


async def test_password_refused(clause: ClauseCheck, monkeypatch: pytest.MonkeyPatch, redis_binary: str) -> None:
    """While the server refuses the password Store writes all that is submitted, and nothing is sent."""
    with RedisServer(redis_binary, requirepass="right") as server:
        environment(monkeypatch, f"redis://:wrong@{server.host}:{server.port}/0")
        with clause.works("starting the publisher and writing while the password is refused"):
            async with publishing():
                await under_pressure()
        clause.equal("keys on the server", keys(server), clause.expect["keys"])


async def test_never_answers(clause: ClauseCheck, monkeypatch: pytest.MonkeyPatch) -> None:
    """Store does not wait for a server that accepts the connection and never answers: it writes all that is
    submitted.
    """
    with SilentServer() as server:
        environment(monkeypatch, f"redis://127.0.0.1:{server.port}/0")
        async with publishing():
            clause.equal("whether Store goes on", await Pressure().goes_on(), clause.expect["goes_on"])


async def test_server_pauses(clause: ClauseCheck, redis: RedisServer) -> None:
    """While the server answers nobody Store writes all that is submitted, and its next signal is sent once the server
    goes on.
    """
    async with publishing():
        await under_pressure("first")
        got = await arrived(redis, clause.expect["key"], clause.expect["first"])
        clause.equal("signals before that", len(got), clause.expect["first"])
        redis.pause()
        goes_on = await Pressure("second").goes_on()
        redis.resume()
        clause.equal("whether Store goes on", goes_on, True)
        await under_pressure("third")
        last = await last_signals(redis, clause.expect["key"], clause.expect["signals"])
    clause.equal("the last signals on the stream", last, clause.expect["signals"])


async def test_stop_ends(clause: ClauseCheck, monkeypatch: pytest.MonkeyPatch, redis: RedisServer) -> None:
    """stop() comes to an end though the server has never answered, and nothing is sent of what is signalled
    afterwards.
    """
    from market_data_store.pulse import FeedbackPublisherService

    async with publishing():
        await under_pressure("before")
        await arrived(redis, clause.expect["key"], clause.expect["sent"])
    await under_pressure("after")
    await turns()
    got = entries(redis, clause.expect["key"])
    clause.equal("entries of before and after the stop", len(got), clause.expect["sent"])
    with SilentServer() as server:
        environment(monkeypatch, f"redis://127.0.0.1:{server.port}/0")
        service: Any = FeedbackPublisherService()
        await service.start()
        await settled(Pressure().run())
        clause.equal("whether stop() ends", await ended(service.stop()), clause.expect["ended"])


async def test_stop_disconnects(clause: ClauseCheck, redis: RedisServer) -> None:
    """After stop() Store has no connection to the server any more."""
    async with publishing() as service:
        await under_pressure()
        await eventually(lambda: keys(redis) != [], LATE)
    await turns()
    clause.equal("connections of Store after its stop", connections(redis), clause.expect["connections"])
    # As in a service: what nobody has any more is closed by Python, and not by the stop.
    del service


async def test_counts_outcomes(clause: ClauseCheck, redis: RedisServer) -> None:
    """pulse_publish_total counts each event that was put on the stream as a success, and each that could not be as an
    error.
    """

    def counts() -> dict[str, float]:
        labels = {name: clause.expect[name] for name in ("stream", "track")}
        return {
            outcome: value("pulse_publish_total", outcome=outcome, **labels) or 0.0
            for outcome in clause.expect["counts"]
        }

    before = counts()

    def counted() -> dict[str, float]:
        return {outcome: count - before[outcome] for outcome, count in counts().items()}

    async with publishing():
        await under_pressure()
        await arrived(redis, clause.expect["key"], 3)
        redis.kill()
        await under_pressure()
        await eventually(lambda: counted() == clause.expect["counts"], LATE)
    clause.equal("events counted by their outcome", counted(), clause.expect["counts"])


async def test_says_unavailable(clause: ClauseCheck, redis: RedisServer) -> None:
    """publish_feedback raises a RuntimeError while there is no server."""
    redis.stop()
    raised = "nothing"
    async with publishing() as service:
        try:
            await publish_by_hand(service)
        except RuntimeError:
            raised = clause.expect["raises"]
        except Exception as error:  # noqa: BLE001 - whatever it raises in place of the documented error
            # Its text has the port, which is another one in each run.
            raised = type(error).__name__
    clause.equal("what publish_feedback raises without a server", raised, clause.expect["raises"])


async def test_says_not_started(clause: ClauseCheck, redis: RedisServer) -> None:
    """publish_feedback raises a RuntimeError before the start and after the stop, and sends nothing."""
    from market_data_store.pulse import FeedbackPublisherService

    with clause.refuses("publish_feedback before the start", RuntimeError):
        await publish_by_hand(FeedbackPublisherService())
    async with publishing() as service:
        pass
    with clause.refuses("publish_feedback after the stop", RuntimeError):
        await publish_by_hand(service)
    clause.equal("keys on the server", keys(redis), clause.expect["keys"])


async def test_stream_is_capped(clause: ClauseCheck, monkeypatch: pytest.MonkeyPatch, redis_binary: str) -> None:
    """What Store sends does not stay on the server for ever: it is sent with a limit of length or age, or expires."""
    # The log of slow commands, which has all of them here, is where a server says what it was asked; XLEN is ours.
    with RedisServer(redis_binary, slowlog_log_slower_than="0", slowlog_max_len="1000") as server:
        environment(monkeypatch, server.url)
        async with publishing():
            await under_pressure()
            await arrived(server, clause.expect["key"], 1)
        key = clause.expect["key"].encode()
        logged = [entry[3] for entry in server.command("SLOWLOG", "GET", "1000")]
        commands = [command for command in logged if key in command and command[0].upper() != b"XLEN"]
    clause.that("commands on the stream", bool(commands), expected="at least one", got="none")
    words, limits = {word.decode("utf-8", "replace").upper() for c in commands for word in c}, clause.expect["limits"]
    clause.that("a limit of what Store sends", not words.isdisjoint(limits), expected=limits, got="none of them")


async def test_recording_is_archived(
    clause: ClauseCheck, monkeypatch: pytest.MonkeyPatch, redis: RedisServer, contracts: Path
) -> None:
    """What Store puts on the stream is one of the archived recordings, but for members that a reader ignores."""
    unknown = {}
    files = map(json.loads, (file.read_text() for file in (contracts / "recordings" / "redis").glob("*.json")))
    archived = [Recording(recorded["stream"], tuple(recorded["entries"])) for recorded in files]
    for case in clause.expect["cases"]:
        redis.command("FLUSHALL")
        environment(monkeypatch, redis.url, **case["environment"])
        got = await published(redis, case["key"], 3)
        recording = Recording.of(case["key"], [entry.fields for entry in got])
        if not any(recording.extends(earlier) for earlier in archived):
            # Whoever has looked at it puts it there in a file with its name; a gate gives it to the consumers.
            unknown[recording.name] = {"stream": recording.stream, "entries": list(recording.entries)}
    clause.equal("recordings that the archive lacks", unknown, {})
