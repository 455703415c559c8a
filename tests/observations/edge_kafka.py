"""Doubles of aiokafka's producer and consumer: what goes to a topic is recorded."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

from edge import EDGE, others_run


def _fail(mood: str) -> None:
    from aiokafka import errors

    kinds = {
        "refuses": errors.KafkaConnectionError,
        "closes": errors.KafkaConnectionError,
        "silent": errors.KafkaTimeoutError,
        "fails": errors.NotLeaderForPartitionError,
        "conflict": errors.DuplicateSequenceNumber,
        "nonsense": errors.CorruptRecordException,
    }
    if mood in kinds:
        raise kinds[mood]


class Client:
    """A producer and a consumer in one: each package uses one half."""

    def __init__(self, *topics: Any, **options: Any) -> None:
        EDGE.note(kafka=list(topics), options=options)

    async def start(self) -> None:
        """Connect, unless nobody listens."""
        EDGE.note(kafka="start")
        await others_run()
        if EDGE.mood == "refuses":
            _fail("refuses")

    async def stop(self) -> None:
        """End it."""
        EDGE.note(kafka="stop")

    async def flush(self) -> None:
        """All is sent already."""
        EDGE.note(kafka="flush")

    async def send_and_wait(self, topic: str, value: Any = None, key: Any = None, **more: Any) -> None:
        """Record what is sent."""
        EDGE.note(topic=topic, value=value, key=key, more=more)
        await others_run()
        _fail(EDGE.answer())

    async def send(self, topic: str, value: Any = None, key: Any = None, **more: Any) -> Any:
        """Record what is sent; its acknowledgement is awaited."""
        await self.send_and_wait(topic, value, key, **more)
        return _acknowledged()

    async def commit(self, *args: Any) -> None:
        """Record it."""
        EDGE.note(kafka="commit", args=list(args))

    async def __aiter__(self) -> AsyncIterator[Any]:
        nothing: tuple[Any, ...] = ()
        for item in nothing:
            yield item


async def _acknowledged() -> None:
    """The broker has it."""


def install(module: Any) -> None:
    """Put the doubles in the place of the clients."""
    module.AIOKafkaProducer = module.AIOKafkaConsumer = Client
