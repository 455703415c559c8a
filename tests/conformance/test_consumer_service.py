"""Pipeline's consumer as a part of its service: what ends it and what must not, and the runtime that starts it."""

from __future__ import annotations

import asyncio

import pytest

from mdc_doubles import RecordingController
from mdc_feedback_consumer import GatedController, consuming
from mdc_feedback_outcome import levels_of
from mdc_feedback_runtime import IDLE, runtime_service, state
from mdc_feedback_stream import FeedbackStream
from mdc_redis_server import RedisServer
from mdc_reference_payloads import ReferencePayloads
from mdc_wait import BOUND, eventually
from mdm_clause import ClauseCheck

pytestmark = pytest.mark.usefixtures("bare_environment")


async def test_outlives_lost_connection(
    clause: ClauseCheck, stream: FeedbackStream, payloads: ReferencePayloads, controller: RecordingController
) -> None:
    """A consumer whose connection to Redis is cut goes on and takes the next event."""
    async with consuming(stream, controller) as consumer:
        await consumer.idle()
        stream.server.command("CLIENT", "KILL", "TYPE", "normal")
        await consumer.idle()
        stream.add(payloads.message(level="soft"))
        await consumer.dealt_with(1)
        clause.equal(
            "what it handled, and its state", [levels_of(controller), consumer.state], clause.expect["outcome"]
        )


async def test_outlives_server_restart(
    clause: ClauseCheck, stream: FeedbackStream, payloads: ReferencePayloads, controller: RecordingController
) -> None:
    """A consumer goes on after its Redis was restarted empty, and takes the next event."""
    async with consuming(stream, controller) as consumer:
        await consumer.idle()
        stream.server.restart()
        await consumer.joined()
        stream.add(payloads.message(level="soft"))
        await consumer.dealt_with(1)
        clause.equal(
            "what it handled, and its state", [levels_of(controller), consumer.state], clause.expect["outcome"]
        )


async def test_password(clause: ClauseCheck, redis_binary: str, payloads: ReferencePayloads) -> None:
    """A consumer takes events with the password in its URL, and without it ends with an error that says so."""
    with RedisServer(redis_binary, requirepass=clause.expect["password"]) as server:
        stream, controller = FeedbackStream(server, clause.expect["key"]), RecordingController()
        async with consuming(stream, controller) as consumer:
            stream.add(payloads["documented-v1"])
            await consumer.dealt_with(1)
            clause.equal("levels that were handled", levels_of(controller), clause.expect["levels"])
        server.command("FLUSHALL")
        bare = f"redis://{server.host}:{server.port}/0"
        async with consuming(stream, RecordingController(), redis_url=bare) as consumer:
            said = clause.expect["says"]
            says = said in consumer.state.lower()
            clause.that("a consumer without it", says, expected=f"ended with an error of {said}", got=consumer.state)


async def test_cancel_ends(clause: ClauseCheck, stream: FeedbackStream, payloads: ReferencePayloads) -> None:
    """A consumer that is cancelled ends as cancelled, idle and busy, and also while the server does not answer."""
    async with consuming(stream, RecordingController()) as consumer:
        await consumer.idle()
        await consumer.cancel()
        clause.equal("an idle consumer", consumer.state, clause.expect["state"])
    busy = GatedController()
    async with consuming(stream, busy) as consumer:
        stream.add(payloads["documented-v1"])
        await eventually(lambda: bool(busy.asked) or consumer.ended, BOUND)
        await consumer.cancel()
        clause.equal("a busy consumer", consumer.state, clause.expect["state"])
    async with consuming(stream, RecordingController()) as consumer:
        await consumer.idle()
        stream.server.pause()
        await consumer.cancel()
        clause.equal("a consumer whose server does not answer", consumer.state, clause.expect["state"])


def test_runtime_takes_feedback(clause: ClauseCheck, stream: FeedbackStream, payloads: ReferencePayloads) -> None:
    """A PipelineRuntime that its environment points to a Redis slows its provider by the events there, and shuts down
    when asked.
    """
    with runtime_service(stream.server) as runtime:
        clause.that("the runtime", runtime.tells("started"), expected="started", got=runtime.told)
        asyncio.run(eventually(lambda: bool(stream.groups()) or runtime.ended or IDLE in runtime.told, BOUND))
        for level, scale in clause.expect["states"]:
            before = len(runtime.told)
            stream.add(payloads.message(level=level))
            follows = runtime.tells(state(scale, level), after=before, or_ends_at=IDLE)
            clause.that(f"the provider after {level}", follows, expected=state(scale, level), got=runtime.told)
        runtime.terminate()
        clause.that("the runtime after SIGTERM", runtime.tells("ended"), expected="ended", got=runtime.told)


def test_runtime_disabled(clause: ClauseCheck, stream: FeedbackStream) -> None:
    """With PULSE_ENABLED=false a PipelineRuntime starts, connects to no Redis and shuts down."""
    with runtime_service(stream.server, PULSE_ENABLED="false") as runtime:
        clause.that("the runtime", runtime.tells("started"), expected="started", got=runtime.told)
        clause.equal("connections to Redis", stream.clients(), clause.expect["clients"])
        runtime.terminate()
        clause.that("the runtime after SIGTERM", runtime.tells("ended"), expected="ended", got=runtime.told)


def test_runtime_without_server(clause: ClauseCheck, stream: FeedbackStream) -> None:
    """A PipelineRuntime whose Redis is away starts and shuts down all the same."""
    stream.server.stop()
    with runtime_service(stream.server) as runtime:
        clause.that("the runtime", runtime.tells("started"), expected="started", got=runtime.told)
        runtime.terminate()
        clause.that("the runtime after SIGTERM", runtime.tells("ended"), expected="ended", got=runtime.told)


def test_runtime_joins_late(clause: ClauseCheck, stream: FeedbackStream, payloads: ReferencePayloads) -> None:
    """A PipelineRuntime that was started while its Redis was away takes feedback as soon as the server is there."""
    stream.server.stop()
    scale, level = clause.expect["state"]
    with runtime_service(stream.server) as runtime:
        clause.that("the runtime", runtime.tells("started"), expected="started", got=runtime.told)
        stream.server.start()
        asyncio.run(eventually(lambda: bool(stream.groups()) or runtime.ended or IDLE in runtime.told, BOUND))
        stream.add(payloads.message(level=level))
        follows = runtime.tells(state(scale, level), or_ends_at=IDLE)
        clause.that("the provider", follows, expected=state(scale, level), got=runtime.told)
