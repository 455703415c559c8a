"""Feedback between services: Store's publisher, Core's event bus and codec, Pipeline's consumer."""

from __future__ import annotations

import importlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from mdc_doubles import RecordingController
from mdc_feedback_consumer import RefusingController, consuming
from mdc_feedback_stream import FeedbackStream
from mdc_metrics import value
from mdc_publisher import arrived, environment, publishing
from mdc_pulse import next_on
from mdc_redis_server import RedisServer
from mdc_reference_payloads import ReferencePayloads
from mdc_wait import BOUND, eventually
from mdm_clause import ClauseCheck

Make = Callable[..., Any]


class NeverSoft(RecordingController):
    """A double at the provider's edge: a rate controller whose provider can be paused and not be slowed down."""

    def __init__(self, reason: str) -> None:
        super().__init__()
        self._reason = reason

    async def apply(self, adj: Any) -> None:
        if adj.reason.value == "soft":
            raise RuntimeError(self._reason)
        await super().apply(adj)


@pytest.fixture
def stream(redis_server: RedisServer, clause: ClauseCheck) -> FeedbackStream:
    """The stream with the documented key, in a server of the check's own."""
    return FeedbackStream(redis_server, clause.expect["key"])


@pytest.fixture
def message(contracts: Path) -> Callable[..., bytes]:
    """Make the documented envelope around an event: ``message(level="soft")``."""
    return ReferencePayloads.read(contracts).message


def _scales(controller: RecordingController) -> list[float]:
    return [each.scale for each in controller.adjustments]


def _configs() -> dict[str, dict[str, Any]]:
    """Both configurations, by the environment as it is now."""
    from market_data_pipeline.pulse import config
    from market_data_store.pulse import PulseConfig

    # Pipeline's reads the environment when its module is loaded, which here happened before the check began.
    both = {"Store": PulseConfig(), "Pipeline": importlib.reload(config).PulseConfig()}
    names = ("enabled", "backend", "redis_url", "ns", "track")
    return {package: {name: getattr(made, name) for name in names} for package, made in both.items()}


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
    for name, text in clause.expect["environment"].items():
        monkeypatch.setenv(name, text)
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


async def test_stops(
    clause: ClauseCheck, monkeypatch: pytest.MonkeyPatch, redis_server: RedisServer, make_store_event: Make
) -> None:
    """A started publisher of Store sends each event once, even if started twice, none after it was stopped, and again
    once it is started again.
    """
    from market_data_store.coordinator import feedback_bus
    from market_data_store.pulse import FeedbackPublisherService

    environment(monkeypatch, redis_server.url)
    with clause.works("stopping a publisher that was never started"):
        await FeedbackPublisherService().stop()
    async with publishing() as service:
        await service.start()
        await feedback_bus().publish(make_store_event("soft"))
        await service.stop()
        await feedback_bus().publish(make_store_event("hard"))
        await service.start()
        await feedback_bus().publish(make_store_event("ok"))
    sent = await arrived(redis_server, clause.expect["key"], len(clause.expect["sent"]))
    clause.equal("levels of what was sent", [entry.event.get("level") for entry in sent], clause.expect["sent"])


async def test_fails_unhandled(clause: ClauseCheck, stream: FeedbackStream, message: Callable[..., bytes]) -> None:
    """An event that Pipeline's consumer cannot handle becomes a dead letter with its id and the reason, and the next
    one is handled.
    """
    controller = NeverSoft(clause.expect["reason"])
    async with consuming(stream, controller) as consumer:
        soft, _ = stream.add(message(level="soft"), message(level="hard"))
        await eventually(lambda: consumer.ended or bool(controller.adjustments and stream.dead_letters()), BOUND)
        clause.equal("the consumer", consumer.state, clause.expect["state"])
    letters = [(letter.original_id == soft, letter.reason) for letter in stream.dead_letters()]
    clause.equal("dead letters: of that event, and why", letters, [(True, clause.expect["reason"])])
    clause.equal("scales applied", _scales(controller), clause.expect["scales"])


async def test_duplicates_once(
    clause: ClauseCheck, stream: FeedbackStream, message: Callable[..., bytes], controller: RecordingController
) -> None:
    """An event that the server delivers twice is applied once."""
    await _delivered_twice(stream, controller, message)
    clause.equal("scales applied", _scales(controller), clause.expect["scales"])


async def test_retries_after_failure(
    clause: ClauseCheck, stream: FeedbackStream, message: Callable[..., bytes]
) -> None:
    """An event whose handling failed is handled when the server delivers it again."""
    controller = RefusingController(1, "the provider is gone")
    await _delivered_twice(stream, controller, message)
    clause.equal("scales applied", _scales(controller), clause.expect["scales"])


async def _delivered_twice(stream: FeedbackStream, controller: Any, message: Callable[..., bytes]) -> None:
    """Let a consumer take a soft event, and take it again together with a hard one."""
    async with consuming(stream, controller) as consumer:
        stream.add(message(level="soft"))
        await consumer.idle()
        stream.deliver_again()
        stream.add(message(level="hard"))
        await consumer.idle()


async def test_counts_consumed(clause: ClauseCheck, stream: FeedbackStream, message: Callable[..., bytes]) -> None:
    """Pipeline's consumer counts what it handled and what it could not in pulse_consume_total."""

    def counts() -> dict[str, float]:
        labels = {name: clause.expect[name] for name in ("stream", "track")}
        outcomes = clause.expect["counts"]
        return {name: value("pulse_consume_total", outcome=name, **labels) or 0.0 for name in outcomes}

    before = counts()
    async with consuming(stream, NeverSoft("the provider is gone")) as consumer:
        stream.add(message(level="soft"), message(level="hard"))
        await consumer.idle()
    counted = {outcome: count - before[outcome] for outcome, count in counts().items()}
    # Whether it tries again at once what it could not handle is another matter.
    counted["error"] = min(counted["error"], clause.expect["counts"]["error"])
    clause.equal("pulse_consume_total by outcome", counted, clause.expect["counts"])


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
