"""Feedback between services: Store's publisher, Core's event bus and codec, Pipeline's consumer."""

from __future__ import annotations

import asyncio
import importlib
import json
from collections.abc import Callable
from typing import Any

import pytest

from mdc_doubles import RecordingController, RecordingSubscriber
from mdc_pulse import joined_bus, next_on, published_by_store, running, unwrapped, watched_consumer
from mdc_queue import levels
from mdc_rate import shown
from mdc_wait import until
from mdm_clause import ClauseCheck

Make = Callable[..., Any]


class FailingOnce(RecordingController):
    """A double at the provider's edge: a rate controller that refuses its first adjustment."""

    def __init__(self, reason: str) -> None:
        super().__init__()
        self._failures = [RuntimeError(reason)]

    async def apply(self, adj: Any) -> None:
        if self._failures:
            raise self._failures.pop()
        await super().apply(adj)


def _configs() -> dict[str, dict[str, Any]]:
    """Both configurations, by the environment as it is now."""
    from market_data_pipeline.pulse import config
    from market_data_store.pulse import PulseConfig

    # Pipeline's reads the environment when its module is loaded, which here happened before the check began.
    both = {"Store": PulseConfig(), "Pipeline": importlib.reload(config).PulseConfig()}
    names = ("enabled", "backend", "redis_url", "ns", "track")
    return {package: {name: getattr(made, name) for name in names} for package, made in both.items()}


def _outcomes(bus: Any) -> list[str]:
    return [outcome for outcome, _, _ in bus.outcomes]


def _scales(controller: RecordingController) -> list[float]:
    return [each.scale for each in controller.adjustments]


async def test_end_to_end(
    clause: ClauseCheck, monkeypatch: pytest.MonkeyPatch, rate_coordinator: Any, make_store_event: Make
) -> None:
    """An event on Store's feedback bus, sent by Store's publisher, reaches Pipeline's provider through Pipeline's
    consumer.
    """
    from market_data_pipeline.orchestration.feedback import RateCoordinatorAdapter
    from market_data_store.coordinator import feedback_bus
    from market_data_store.pulse import FeedbackPublisherService

    joined_bus(monkeypatch)
    await FeedbackPublisherService().start()
    async with running(watched_consumer(RateCoordinatorAdapter(rate_coordinator))) as bus:
        await feedback_bus().publish(make_store_event("soft"))
        await bus.decided(1)
    clause.equal("why the consumer refused events", bus.reasons, [])
    clause.equal("scale and pressure of the provider", shown(rate_coordinator), clause.expect["state"])


async def test_same_stream(
    clause: ClauseCheck, monkeypatch: pytest.MonkeyPatch, controller: RecordingController, make_store_event: Make
) -> None:
    """Store publishes on the stream that Pipeline subscribes to."""
    shared = joined_bus(monkeypatch)
    sent = await published_by_store(shared, clause.expect["stream"], make_store_event("soft"))
    clause.that("Store's stream", bool(sent), expected=clause.expect["stream"], got="nothing on that stream")
    async with running(watched_consumer(controller)) as bus:
        clause.equal("Pipeline's streams", bus.subscribed, [clause.expect["stream"]])


async def test_keeps_ts(clause: ClauseCheck, monkeypatch: pytest.MonkeyPatch, make_store_event: Make) -> None:
    """An event that Store's publisher sends keeps the ts that it had on Store's feedback bus."""
    event = make_store_event("soft").model_copy(update={"ts": clause.expect["ts"]})
    envelopes = await published_by_store(joined_bus(monkeypatch), clause.expect["stream"], event)
    clause.that("Store's event", bool(envelopes), expected="on the wire", got="nothing on the wire")
    kept = envelopes[-1].payload.ts == clause.expect["ts"]
    clause.that("ts of the event on the wire", kept, expected=clause.expect["ts"], got="another time")


async def test_schema_id(clause: ClauseCheck, make_event: Make) -> None:
    """An event published on Core's in-memory bus has the schema id telemetry.FeedbackEvent."""
    from market_data_core.events import create_test_bus

    bus: Any = create_test_bus()
    await bus.publish("any", make_event("soft"))
    envelope = await next_on(bus, "any")
    clause.equal("schema id of the envelope", envelope.meta.schema_id, clause.expect["schema_id"])


def test_config_defaults(clause: ClauseCheck, monkeypatch: pytest.MonkeyPatch) -> None:
    """With nothing set in the environment Store's and Pipeline's PulseConfig hold the documented values."""
    for name in clause.expect["variables"]:
        monkeypatch.delenv(name, raising=False)
    for package, fields in _configs().items():
        clause.equal(f"defaults of {package}'s PulseConfig", fields, clause.expect["fields"])


def test_config_environment(clause: ClauseCheck, monkeypatch: pytest.MonkeyPatch) -> None:
    """Set before the start, the same environment variables give Store's and Pipeline's PulseConfig the same values."""
    for name, value in clause.expect["environment"].items():
        monkeypatch.setenv(name, value)
    for package, fields in _configs().items():
        clause.equal(f"{package}'s PulseConfig with every variable set", fields, clause.expect["fields"])
    for spelling in clause.expect["spellings"]:
        monkeypatch.setenv("PULSE_ENABLED", spelling)
        enabled = {package: fields["enabled"] for package, fields in _configs().items()}
        # Which of the two it is, is for each of them to say; that they differ is what parts them.
        clause.equal(f"Pipeline's PULSE_ENABLED={spelling}", enabled["Pipeline"], enabled["Store"])


async def test_consumer_default_config(clause: ClauseCheck, controller: RecordingController) -> None:
    """Pipeline's FeedbackConsumer can be built without a configuration."""
    from market_data_pipeline.pulse import FeedbackConsumer
    from market_data_pipeline.settings.feedback import PipelineFeedbackSettings

    with clause.works("building a FeedbackConsumer without cfg"):
        FeedbackConsumer(controller, PipelineFeedbackSettings())


async def test_disabled(
    clause: ClauseCheck, monkeypatch: pytest.MonkeyPatch, subscriber: RecordingSubscriber, make_store_event: Make
) -> None:
    """With PULSE_ENABLED=false Store's publisher sends nothing, and its feedback bus works as before."""
    from market_data_store.coordinator import feedback_bus
    from market_data_store.pulse import FeedbackPublisherService

    monkeypatch.setenv("PULSE_ENABLED", "false")
    shared = joined_bus(monkeypatch)
    with clause.works("starting a disabled publisher"):
        await FeedbackPublisherService().start()
    feedback_bus().subscribe(subscriber)
    await feedback_bus().publish(make_store_event("hard"))
    clause.equal("heard by another subscriber", levels(subscriber.events), clause.expect["heard"])
    clause.equal("published on the event bus", (await shared.health())["published"], clause.expect["published"])


async def test_stops(clause: ClauseCheck, monkeypatch: pytest.MonkeyPatch, make_store_event: Make) -> None:
    """A started publisher of Store sends each event once, even if started twice, none after it was stopped, and again
    once it is started again.
    """
    from market_data_store.coordinator import feedback_bus
    from market_data_store.pulse import FeedbackPublisherService

    shared = joined_bus(monkeypatch)
    service = FeedbackPublisherService()
    with clause.works("stopping a publisher that was never started"):
        await service.stop()
    await service.start()
    await service.start()
    await feedback_bus().publish(make_store_event("soft"))
    clause.equal("published while running", (await shared.health())["published"], clause.expect["running"])
    await service.stop()
    await feedback_bus().publish(make_store_event("hard"))
    clause.equal("published after the stop too", (await shared.health())["published"], clause.expect["stopped"])
    await service.start()
    await feedback_bus().publish(make_store_event("ok"))
    clause.equal("published after another start", (await shared.health())["published"], clause.expect["restarted"])


async def test_publisher_says_why(clause: ClauseCheck, monkeypatch: pytest.MonkeyPatch) -> None:
    """What Store's publisher sends has source store, and the reason and the utilization in the headers of its envelope;
    it returns the id of the message.
    """
    from market_data_core.telemetry import BackpressureLevel
    from market_data_store.pulse import FeedbackPublisherService

    shared = joined_bus(monkeypatch)
    for case in clause.expect["cases"]:
        size, capacity, reason = case["queue_size"], case["capacity"], case.get("reason")
        publish = FeedbackPublisherService().publish_feedback
        sent = await publish("bars", size, capacity, BackpressureLevel.soft, reason=reason)
        envelopes = unwrapped(await next_on(shared, clause.expect["stream"]))
        event, meta = envelopes[-1].payload, envelopes[-1].meta
        clause.equal("the source of the event", event.source, clause.expect["source"])
        clause.equal("the schema id of the event", meta.schema_id, clause.expect["schema_id"])
        headers = [meta.headers.get("reason"), meta.headers.get("utilization")]
        clause.equal(f"reason and utilization at {size} of {capacity}", headers, [reason, case["utilization"]])
        same = sent == envelopes[0].id
        clause.that("the id that the publisher returns", same, expected="the message's", got="another")


async def test_acknowledges_handled(clause: ClauseCheck, controller: RecordingController, make_event: Make) -> None:
    """Every event that Pipeline's consumer could handle is applied and acknowledged, two of one key as well."""
    consumer = watched_consumer(controller)
    async with running(consumer) as bus:
        sent = [
            await bus.publish(bus.subscribed[0], make_event(level), key="bars") for level in clause.expect["levels"]
        ]
        await bus.decided(len(sent))
    clause.equal("scales applied", _scales(controller), clause.expect["scales"])
    clause.equal("what became of the envelopes", _outcomes(bus), clause.expect["outcomes"])
    clause.equal("streams acknowledged on", [stream for _, stream, _ in bus.outcomes], bus.subscribed * len(sent))
    same = [envelope_id for _, _, envelope_id in bus.outcomes] == sent
    clause.that("the acknowledged ids", same, expected="those of the envelopes", got="others")


async def test_fails_unhandled(clause: ClauseCheck, make_event: Make) -> None:
    """An event that Pipeline's consumer could not handle is failed with the reason, not acknowledged, and the next one
    is handled.
    """
    controller = FailingOnce(clause.expect["reason"])
    async with running(watched_consumer(controller)) as bus:
        for level in ("soft", "hard"):
            await bus.publish(bus.subscribed[0], make_event(level))
        await bus.decided(2)
    clause.equal("what became of the envelopes", _outcomes(bus), clause.expect["outcomes"])
    clause.equal("reasons of the failures", bus.reasons, [clause.expect["reason"]])
    clause.equal("scales applied", _scales(controller), clause.expect["scales"])


async def test_duplicates_once(clause: ClauseCheck, controller: RecordingController, make_event: Make) -> None:
    """An envelope that is delivered twice is applied once."""
    async with running(watched_consumer(controller, deliveries=2)) as bus:
        await bus.publish(bus.subscribed[0], make_event("soft"))
        await bus.decided(2)
    clause.equal("scales applied", _scales(controller), clause.expect["scales"])


async def test_retries_after_failure(clause: ClauseCheck, make_event: Make) -> None:
    """An envelope whose handling failed is handled when it is delivered again."""
    async with running(watched_consumer(controller := FailingOnce("the provider is gone"), deliveries=2)) as bus:
        await bus.publish(bus.subscribed[0], make_event("soft"))
        await bus.decided(2)
    clause.equal("scales applied", _scales(controller), clause.expect["scales"])


async def test_counts_consumed(clause: ClauseCheck, make_event: Make) -> None:
    """Pipeline's consumer counts what it handled and what it could not in pulse_consume_total."""
    from prometheus_client import REGISTRY

    async with running(watched_consumer(FailingOnce("the provider is gone"))) as bus:
        for level in ("soft", "hard"):
            await bus.publish(bus.subscribed[0], make_event(level))
        await bus.decided(2)
    labels = {name: clause.expect[name] for name in ("stream", "track")}
    counts = {
        outcome: REGISTRY.get_sample_value("pulse_consume_total", {**labels, "outcome": outcome})
        for outcome in clause.expect["counts"]
    }
    clause.equal("pulse_consume_total by outcome", counts, clause.expect["counts"])


def test_codec_round_trip(clause: ClauseCheck, make_event: Make) -> None:
    """Core's JsonCodec gives back every event and adjustment as it was, with its key, schema id and track."""
    from market_data_core.events import JsonCodec
    from market_data_core.telemetry import BackpressureLevel, RateAdjustment

    key, track = clause.expect["key"], clause.expect["track"]
    codec = JsonCodec(track=track)
    for level in BackpressureLevel:
        adjustment = RateAdjustment(provider="ibkr", scale=0.25, reason=level, ts=1700000000.25)
        for sent in (make_event(level.value), adjustment):
            schema_id = f"telemetry.{type(sent).__name__}"
            with clause.works(f"the round trip of a {schema_id}"):
                envelope = codec.decode(codec.encode(schema_id, sent, key=key), type(sent))
            got = envelope.payload
            # A level that stays a string equals the enum's member, and has no value.
            fields = type(sent).model_fields
            alike = got == sent and all(type(getattr(got, name)) is type(getattr(sent, name)) for name in fields)
            arrived = [alike, envelope.key, envelope.meta.schema_id, envelope.meta.track]
            clause.equal(f"the same {schema_id}, its key, schema id and track", arrived, [True, key, schema_id, track])


def test_codec_detects_change(clause: ClauseCheck, make_event: Make) -> None:
    """Core's JsonCodec accepts an intact payload and refuses one that was changed after its hash was taken."""
    from market_data_core.events import JsonCodec
    from market_data_core.telemetry import FeedbackEvent

    codec = JsonCodec()
    sent = codec.encode("telemetry.FeedbackEvent", make_event("hard", queue_size=clause.expect["sent"]))
    with clause.works("decoding the intact event"):
        codec.decode(sent, FeedbackEvent)
    body = json.loads(sent)
    body["payload"]["queue_size"] = clause.expect["changed"]
    with clause.refuses("decoding the changed event", Exception):
        codec.decode(json.dumps(body).encode(), FeedbackEvent)


async def test_cancelled_consumer_ends(clause: ClauseCheck, controller: RecordingController) -> None:
    """A consumer of Pipeline that is cancelled ends as cancelled."""
    consumer = watched_consumer(controller)
    task = asyncio.create_task(consumer.run("worker-1"))
    await until(lambda: bool(consumer.bus.subscribed) or task.done())
    task.cancel()
    await until(task.done)
    clause.that("a consumer that was cancelled", task.cancelled(), expected="cancelled", got="ended otherwise")
