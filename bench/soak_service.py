"""The two services of ``scripts/soak``, each run by the interpreter of its own installation.

``soak_service.py produce COUNT STORE`` sends events and prints the time of each that is on the stream, in its order;
``soak_service.py consume FILE`` is Pipeline's consumer, whose adjustments are appended to FILE; ``soak_service.py
drained`` returns when the consumer group has been given the whole stream and is done with it, and prints what is left.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
import time
from pathlib import Path
from typing import Any

import redis

KEYS = 10
"""Coordinators that send: what is kept in order is kept in order for each of them."""
STREAM = "mdp:mdp.telemetry.feedback"
_PATIENCE, _QUIET = 60.0, 3.0
"""Seconds in which nothing happens: then a consumer that has not been given everything hangs, and another is done."""
_EACH = 100
"""Events between two lines that say how far it is."""


def produce(count: int, *, by_store: bool) -> None:
    """Send so many events, once the consumer has its group: by Store's publisher, or with the documented envelope."""
    client = redis.Redis.from_url(os.environ["REDIS_URL"])
    until = time.monotonic() + _PATIENCE
    while not client.exists(STREAM) or not client.xinfo_groups(STREAM):
        # A consumer's group begins with what comes after it; what was sent before is a check's affair.
        if time.monotonic() > until:
            sys.exit(f"the consumer has made no group within {_PATIENCE:g} s")
        time.sleep(0.05)
    if by_store:
        asyncio.run(_publish(count))
    else:
        for first in range(0, count, _EACH):
            _add_documented(client, range(first, min(count, first + _EACH)), count)
            print("sent", flush=True)
    times = [event_of(json.loads(fields[b"data"])) for _, fields in client.xrange(STREAM)]
    print(json.dumps(times), flush=True)


async def _publish(count: int) -> None:
    from market_data_core.telemetry import BackpressureLevel
    from market_data_store.pulse import FeedbackPublisherService
    from market_data_store.pulse.config import PulseConfig

    publisher = FeedbackPublisherService(PulseConfig())
    for number in range(count):
        await publisher.publish_feedback(f"bars-{number % KEYS}", number, count, BackpressureLevel.ok)
        if (number + 1) % _EACH == 0:
            print("sent", flush=True)


def _add_documented(client: Any, numbers: range, count: int) -> None:
    batch = client.pipeline(transaction=False)
    for number in numbers:
        key = f"bars-{number % KEYS}"
        meta: dict[str, Any] = {"schema_id": "telemetry.FeedbackEvent", "track": "v1", "headers": {}, "hash": None}
        payload = {"coordinator_id": key, "queue_size": number, "capacity": count, "level": "ok", "source": "store"}
        envelope = {"ts": 1, "key": key, "meta": meta, "payload": payload | {"ts": number + 0.25}}
        batch.xadd(STREAM, {"data": json.dumps(envelope)})
    batch.execute()


def event_of(envelope: dict[str, Any]) -> tuple[str, float]:
    """Who sent an event, and its time, by which it is known again: of an envelope, or of one within another."""
    while "coordinator_id" not in envelope:
        envelope = envelope["payload"]
    return envelope["coordinator_id"], envelope["ts"]


class RecordingController:
    """A rate controller at the edge: it appends the time of each event that it is told of to a file."""

    def __init__(self, file: Path) -> None:
        self._file = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_APPEND)

    async def apply(self, adjustment: Any) -> None:
        """Note one adjustment, at once: the process may be killed."""
        os.write(self._file, f"{adjustment.ts!r}\n".encode())


async def consume(file: Path) -> None:
    """Run Pipeline's consumer until it is killed."""
    from market_data_pipeline.pulse import FeedbackConsumer
    from market_data_pipeline.settings.feedback import PipelineFeedbackSettings

    consumer = FeedbackConsumer(RecordingController(file), PipelineFeedbackSettings())
    await consumer.run("soak")


def drained() -> None:
    """Wait until the group is done with the last entry, and print how many entries are pending and dead letters."""
    client = redis.Redis.from_url(os.environ["REDIS_URL"])
    last = client.xinfo_stream(STREAM)["last-generated-id"]
    before, since = None, time.monotonic()
    while True:
        group = client.xinfo_groups(STREAM)[0]
        now = (group["last-delivered-id"], group["pending"], client.xlen(f"{STREAM}.dlq"))
        if now != before:
            before, since = now, time.monotonic()
        delivered, pending, dead = now
        quiet = time.monotonic() - since
        if delivered == last and quiet > _QUIET:
            break
        if quiet > _PATIENCE:
            sys.exit(f"the consumer has read nothing for {_PATIENCE:g} s")
        time.sleep(0.05)
    print(json.dumps({"pending": pending, "dead_letters": dead}))


if __name__ == "__main__":
    match sys.argv[1:]:
        case ["produce", count, sender]:
            produce(int(count), by_store=sender == "store")
        case ["consume", name]:
            asyncio.run(consume(Path(name)))
        case ["drained"]:
            drained()
