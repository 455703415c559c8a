"""Pipeline takes feedback from a real Redis: its consumer, in a service with a Core of its own."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest

from mdc_clock import StoppedClock
from mdc_doubles import RecordingController
from mdc_feedback_consumer import GatedController, NotingController, RefusingController, consumer_of, consuming
from mdc_feedback_outcome import adjustments_of, levels_of, not_taken, outcome_of
from mdc_feedback_stream import FeedbackStream
from mdc_forked_work import ForkedWork, Tell
from mdc_metrics import value
from mdc_rate import drained, granted, shown
from mdc_redis_server import RedisServer
from mdc_reference_payloads import ReferencePayloads
from mdc_wait import BOUND, eventually
from mdm_clause import ClauseCheck
from mdm_plan import Plan

pytestmark = pytest.mark.usefixtures("bare_environment")


@pytest.fixture
def noting(rate_coordinator: Any) -> NotingController:
    """Pipeline's real coordinator, and a note of what it was told."""
    return NotingController(rate_coordinator)


async def test_documented_envelope(clause: ClauseCheck, stream: FeedbackStream, payloads: ReferencePayloads) -> None:
    """An event in the documented envelope, of each level, becomes the adjustment of Pipeline's provider."""
    for name, adjustments in clause.expect["adjustments"].items():
        outcome = await outcome_of(stream, payloads[name])
        clause.that(
            f"what came of {name}",
            outcome.adjustments == adjustments,
            expected=f"applied {adjustments}",
            got=outcome.what_happened,
        )


async def test_each_track(clause: ClauseCheck, stream: FeedbackStream, payloads: ReferencePayloads) -> None:
    """A consumer of either track takes documented envelopes of either track."""
    outcomes = {
        f"{name} by a consumer of track {track}": await outcome_of(stream, payloads[name], track=track)
        for track in clause.expect["tracks"]
        for name in clause.expect["payloads"]
    }
    clause.equal("payloads that were not taken", not_taken(outcomes, clause.expect["adjustments"]), {})


async def test_tolerant_reader(clause: ClauseCheck, stream: FeedbackStream, payloads: ReferencePayloads) -> None:
    """A consumer takes each reference payload that differs from the documented envelope in what is optional, unknown or
    mere notation.
    """
    chosen = {name: data for name, data in payloads.take.items() if name not in clause.expect["apart"]}
    outcomes = {name: await outcome_of(stream, data) for name, data in chosen.items()}
    clause.equal("payloads that were not taken", not_taken(outcomes, clause.expect["adjustments"]), {})


async def test_acknowledges(
    clause: ClauseCheck, stream: FeedbackStream, payloads: ReferencePayloads, noting: NotingController
) -> None:
    """What a consumer has handled is acknowledged at the server."""
    async with consuming(stream, noting) as consumer:
        for level in ("soft", "hard", "ok"):
            stream.add(payloads.message(level=level))
        await consumer.idle()
        await consumer.cancel()
    clause.equal("adjustments", len(noting.adjustments), clause.expect["adjustments"])
    clause.equal("messages that wait to be acknowledged", len(stream.pending()), clause.expect["pending"])


async def test_dead_letters_poison(clause: ClauseCheck, stream: FeedbackStream, payloads: ReferencePayloads) -> None:
    """A consumer applies no message that it must refuse, but puts it on the stream of dead letters with its id and the
    reason, and takes the next.
    """
    chosen = {name: data for name, data in payloads.refuse.items() if name not in clause.expect["apart"]}
    wrong = {}
    for name, data in chosen.items():
        outcome = await outcome_of(stream, data, payloads[clause.expect["next"]])
        letters = [(letter.original_id, bool(letter.reason)) for letter in outcome.dead_letters]
        if outcome.adjustments != clause.expect["adjustments"]:
            wrong[name] = outcome.what_happened
        elif letters != [(outcome.ids[0], True)]:
            wrong[name] = f"{len(letters)} dead letters, not one with its id and a reason"
    clause.equal("payloads that were not put aside", wrong, {})


async def test_survives_bytes(clause: ClauseCheck, stream: FeedbackStream, payloads: ReferencePayloads) -> None:
    """A message whose bytes are no UTF-8, or that lacks the documented field, ends no consumer: the next one is
    taken.
    """
    controller = RecordingController()
    async with consuming(stream, controller) as consumer:
        stream.add_fields(b"another", b"field")
        stream.add(payloads[clause.expect["next"]])
        await consumer.dealt_with(1)
        clause.equal("after another field", [adjustments_of(controller), consumer.state], clause.expect["outcome"])
    outcome = await outcome_of(stream, payloads["poison-bytes"], payloads[clause.expect["next"]])
    clause.equal("after bytes", [outcome.adjustments, outcome.state], clause.expect["outcome"])


async def test_takes_what_came_while_away(
    clause: ClauseCheck, stream: FeedbackStream, payloads: ReferencePayloads
) -> None:
    """Events that arrive between two runs of a consumer are handled by the next one, in the order of their arrival."""
    first, second = RecordingController(), RecordingController()
    async with consuming(stream, first) as consumer:
        await consumer.idle()
    stream.add(*(payloads.message(level=level) for level in clause.expect["levels"]))
    async with consuming(stream, second) as consumer:
        await consumer.dealt_with(len(clause.expect["levels"]))
    clause.equal("levels that the next run handled", levels_of(second), clause.expect["levels"])


async def test_takes_what_came_before(clause: ClauseCheck, stream: FeedbackStream, payloads: ReferencePayloads) -> None:
    """Events that were sent before the first start of any consumer are handled."""
    controller = RecordingController()
    stream.add(*(payloads.message(level=level) for level in clause.expect["levels"]))
    async with consuming(stream, controller) as consumer:
        await consumer.idle()
    clause.equal("levels that were handled", levels_of(controller), clause.expect["levels"])


async def test_takes_recordings(clause: ClauseCheck, plan: Plan, redis_server: RedisServer, contracts: Path) -> None:
    """Pipeline's consumer takes what real releases of Store have put on the wire: every event of each recording becomes
    its adjustment.
    """
    expected = clause.expect["adjustments"]
    outcomes = {}
    archive = sorted((contracts / "recordings" / "redis").glob("*.json"))
    recordings = plan.recordings or {file.stem: json.loads(file.read_text(encoding="utf-8")) for file in archive}
    for name, recording in recordings.items():
        stream = FeedbackStream(redis_server, recording["stream"])
        messages = [entry["data"].encode(errors="surrogateescape") for entry in recording["entries"] if "data" in entry]
        outcomes[name] = await outcome_of(stream, *messages, adjustments=len(expected))
    clause.that("the recordings", bool(outcomes), expected="at least one", got="none")
    # By name, so that a program can tell which producers' recordings this consumer takes.
    clause.equal("recordings that were not taken", not_taken(outcomes, expected), {})


async def test_slows_provider(
    clause: ClauseCheck, stream: FeedbackStream, payloads: ReferencePayloads, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Events over Redis slow the token bucket of Pipeline's provider, and an ok event restores it."""
    for case in clause.expect["cases"]:
        levels = " and ".join(case["levels"])
        coordinator = await drained(rate=clause.expect["rate"], burst=1_000)
        async with consuming(stream, NotingController(coordinator)) as consumer:
            stream.add(*(payloads.message(level=level) for level in case["levels"]))
            await consumer.idle()
        clause.equal(f"scale and pressure after {levels}", shown(coordinator), case["state"])
        with monkeypatch.context() as patched:
            clock = StoppedClock().stop(patched)
            await granted(coordinator)
            clock.advance(1.0)
            tokens = await granted(coordinator)
        clause.equal(f"tokens granted in a second after {levels}", tokens, case["granted"])


async def test_gauges_follow(
    clause: ClauseCheck, stream: FeedbackStream, payloads: ReferencePayloads, noting: NotingController
) -> None:
    """After each event over Redis Pipeline's gauges show its scale, its level and Store's queue."""
    got = {}
    async with consuming(stream, noting) as consumer:
        for number, (level, size) in enumerate(clause.expect["events"].items(), start=1):
            stream.add(payloads.message(level=level, queue_size=size))
            await consumer.dealt_with(number)
            got[level] = [
                value("pipeline_rate_scale_factor", provider="ibkr"),
                value("pipeline_backpressure_state", provider="ibkr"),
                value("pipeline_feedback_queue_depth", source="store_coordinator"),
            ]
    clause.equal("scale, state and queue depth after each level", got, clause.expect["gauges"])


async def test_counts_and_lag(
    clause: ClauseCheck, stream: FeedbackStream, payloads: ReferencePayloads, controller: RecordingController
) -> None:
    """A consumer counts what it took from Redis in pulse_consume_total, and shows in pulse_lag_ms how late it was."""
    labels = {"stream": clause.expect["stream"], "track": clause.expect["track"], "outcome": "success"}
    before = value("pulse_consume_total", **labels) or 0.0
    async with consuming(stream, controller) as consumer:
        stream.add(*(payloads.message(level=level) for level in ("soft", "hard", "ok")))
        await consumer.idle()
    counted = (value("pulse_consume_total", **labels) or 0.0) - before
    clause.equal("events counted as taken", counted, clause.expect["taken"])
    # The reference envelopes are years old.
    lag, least = value("pulse_lag_ms", stream=clause.expect["stream"]), clause.expect["lag_at_least"]
    clause.that("pulse_lag_ms", lag is not None and lag >= least, expected=f"at least {least}", got="less, or none")


async def test_follows_settings(
    clause: ClauseCheck, stream: FeedbackStream, payloads: ReferencePayloads, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The provider and the scales of the settings are those that events over Redis adjust."""
    for name, text in clause.expect["environment"].items():
        monkeypatch.setenv(name, text)
    messages = [payloads.message(level=level) for level in ("soft", "hard")]
    outcome = await outcome_of(stream, *messages, adjustments=len(messages))
    clause.equal("adjustments", outcome.adjustments, clause.expect["adjustments"])


async def test_own_namespace(
    clause: ClauseCheck, stream: FeedbackStream, payloads: ReferencePayloads, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A consumer takes what is on the stream of its own namespace, and nothing of another one."""
    monkeypatch.setenv("MD_NAMESPACE", clause.expect["namespace"])
    other, controller = FeedbackStream(stream.server, clause.expect["other_key"]), RecordingController()
    async with consuming(stream, controller, ns=clause.expect["namespace"]) as consumer:
        other.add(payloads.message(level="hard"))
        stream.add(payloads.message(level="soft"))
        await consumer.idle()
    clause.equal("levels that were handled", levels_of(controller), clause.expect["levels"])
    clause.equal("groups that read the other stream", other.groups(), [])


async def test_dead_letter_of_poison_keeps_data(
    clause: ClauseCheck, stream: FeedbackStream, payloads: ReferencePayloads
) -> None:
    """The dead letter of a message that cannot be read holds the bytes of the message, so that it can be sent again."""
    poison = {name: payloads[name] for name in clause.expect["payloads"]}
    poison |= {f"{name}, cut": payloads[name][:-2] for name in clause.expect["cut"]}
    lost = []
    for name, data in poison.items():
        outcome = await outcome_of(stream, data)
        if [letter.data for letter in outcome.dead_letters] != [data]:
            lost.append(name)
    clause.none("messages whose dead letter does not hold their bytes", lost, examined=len(poison))


async def test_dead_letter_of_failed_keeps_data(
    clause: ClauseCheck, stream: FeedbackStream, payloads: ReferencePayloads
) -> None:
    """The dead letter of an event that could not be handled holds its id, the reason and the bytes of the message, so
    that it can be sent again.
    """
    data, reason = payloads["documented-v1"], clause.expect["reason"]
    async with consuming(stream, RefusingController(999, reason)) as consumer:
        (identifier,) = stream.add(data)
        await eventually(lambda: consumer.ended or bool(stream.dead_letters()), BOUND)
    letters = stream.dead_letters()
    clause.equal("number of dead letters", len(letters), 1)
    clause.equal("its id", letters[0].original_id, identifier)
    clause.that("its reason", reason in letters[0].reason, expected=reason, got=letters[0].reason)
    clause.equal("its data", letters[0].data.decode(), data.decode())


async def test_acknowledges_dead_letters(
    clause: ClauseCheck, stream: FeedbackStream, payloads: ReferencePayloads, controller: RecordingController
) -> None:
    """A message that was put aside as a dead letter no longer waits to be acknowledged."""
    async with consuming(stream, controller) as consumer:
        stream.add(payloads[clause.expect["payload"]])
        await consumer.idle()
    clause.equal("number of dead letters", len(stream.dead_letters()), clause.expect["dead_letters"])
    clause.equal("messages that wait to be acknowledged", len(stream.pending()), clause.expect["pending"])


async def test_retries_failed(clause: ClauseCheck, stream: FeedbackStream, payloads: ReferencePayloads) -> None:
    """An event whose handling fails once is handled at a second delivery; one that always fails becomes a dead letter
    after the third.
    """
    once, ever = RefusingController(1, "not yet"), RefusingController(999, "never")
    async with consuming(stream, once) as consumer:
        stream.add(payloads["documented-v1"])
        await eventually(lambda: consumer.ended or bool(once.adjustments or stream.dead_letters()), BOUND)
    clause.equal("adjustments after one failure", len(once.adjustments), clause.expect["adjustments"])
    async with consuming(stream, ever) as consumer:
        stream.add(payloads["documented-v1"])
        await eventually(lambda: consumer.ended or bool(stream.dead_letters()), BOUND)
    clause.equal("attempts before the dead letter", len(ever.asked), clause.expect["attempts"])


async def test_refuses_wrong_hash(clause: ClauseCheck, stream: FeedbackStream, payloads: ReferencePayloads) -> None:
    """An event whose payload does not fit the hash of its envelope is not applied."""
    messages = [payloads[name] for name in clause.expect["payloads"]]
    outcome = await outcome_of(stream, *messages, adjustments=len(messages))
    clause.equal("adjustments", outcome.adjustments, clause.expect["adjustments"])


async def test_group_name(clause: ClauseCheck, stream: FeedbackStream, controller: RecordingController) -> None:
    """A consumer reads the stream in the group pipeline, and in no other, so that a new release goes on where the last
    one stopped.
    """
    async with consuming(stream, controller) as consumer:
        await consumer.idle()
    clause.equal("groups that read the stream", stream.groups(), clause.expect["groups"])


async def test_group_shares(clause: ClauseCheck, stream: FeedbackStream, payloads: ReferencePayloads) -> None:
    """Two consumers of one group share the events: each is handled once, and while one is busy the other takes the
    next.
    """
    first, second = GatedController(), GatedController()

    async def taken(count: int) -> None:
        await eventually(lambda: first.asked + second.asked >= count or one.ended or other.ended, BOUND)

    async with consuming(stream, first, "worker-1") as one, consuming(stream, second, "worker-2") as other:
        await eventually(lambda: stream.waits(2) or one.ended or other.ended, BOUND)
        for number, ts in enumerate(clause.expect["handled"], start=1):
            stream.add(payloads.message(ts=ts))
            await taken(number)
        clause.equal("events that each has taken", [first.asked, second.asked], clause.expect["taken"])
        first.gate.set()
        second.gate.set()
        await one.idle(consumers=2)
    handled = sorted(each.ts for each in first.adjustments + second.adjustments)
    clause.equal("times of the events that were handled", handled, clause.expect["handled"])


def test_takes_over_from_killed(clause: ClauseCheck, stream: FeedbackStream, payloads: ReferencePayloads) -> None:
    """Events that a killed consumer had been given and not handled are handled by its successor of the same name."""
    name, successor = clause.expect["name"], RecordingController()

    def stuck_at_the_second(tell: Tell) -> None:
        class Stuck(GatedController):
            async def apply(self, adj: Any) -> None:
                if self.asked:
                    tell("stuck")
                else:
                    self.gate.set()
                await super().apply(adj)
                self.gate.clear()

        async def run() -> None:
            await consumer_of(stream, Stuck()).run(name)

        asyncio.run(run())

    async def no_events() -> None:
        async with consuming(stream, RecordingController(), name) as consumer:
            await consumer.idle()

    async def succeed() -> None:
        async with consuming(stream, successor, name) as consumer:
            await consumer.idle()

    # The group must be there, or what is sent before the first start may be lost, which is a clause of its own.
    asyncio.run(no_events())
    stream.add(*(payloads.message(ts=ts) for ts in clause.expect["given"]))
    with ForkedWork(stuck_at_the_second) as killed:
        clause.that("a consumer with three events", killed.tells("stuck"), expected="handles them", got=killed.told)
        killed.kill()
    asyncio.run(succeed())
    # The first may have been handled and not acknowledged: at-least-once allows that it comes again.
    handled = [each.ts for each in successor.adjustments if each.ts in clause.expect["unhandled"]]
    clause.equal("times of the events that the successor handled", handled, clause.expect["unhandled"])
