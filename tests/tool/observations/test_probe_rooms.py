"""What is seen of instances that hold next to nothing, of small numbers, of series that move on, and of checks."""

from __future__ import annotations

from pathlib import Path

import pytest
from observations.small_package import observed

SINK = """
import asyncio
import typing

class Store(typing.Protocol):
    async def write(self, item: str) -> None: ...

class Sink:
    def __init__(self, store: Store, queue_max: int = 100, policy: str = "block"):
        self._store, self._policy, self._queue_max = store, policy, queue_max
    async def start(self) -> None:
        self._queue = asyncio.Queue(self._queue_max)
        self._task = asyncio.create_task(self._run())
    async def _run(self) -> None:
        while True:
            await self._store.write(await self._queue.get())
            self._queue.task_done()
    async def write(self, item: str) -> None:
        policy = self._policy
        if not self._queue.full() or policy == "block":
            await self._queue.put(item)
        elif policy == "drop_oldest":
            self._queue.get_nowait()
            self._queue.put_nowait(item)
        elif policy == "drop_newest":
            pass
    async def stop(self) -> None:
        await asyncio.wait_for(self._queue.join(), 20)
        self._task.cancel()
"""
QUEUE = """
import collections
import typing

class Full(Exception):
    pass

class Queue:
    def __init__(self, capacity: int = 100, overflow: typing.Literal["raise", "drop"] = "raise"):
        self._items, self._capacity, self._overflow = collections.deque(), capacity, overflow
    def put(self, item: str) -> None:
        if len(self._items) >= self._capacity:
            if self._overflow == "raise":
                raise Full
            self._items.popleft()
        self._items.append(item)
    def get(self) -> str:
        return self._items.popleft()
"""
SETTINGS = """
import dataclasses

@dataclasses.dataclass
class Settings:
    batch_size: int = 5
    flush_ms: int = 100
    topic: str = "ticks"

class Validator:
    def validate(self, settings: Settings) -> None:
        if settings.batch_size <= 0:
            raise ValueError("batch_size")
        if settings.flush_ms < 0:
            raise ValueError("flush_ms")
        if not settings.topic:
            raise ValueError("topic")
"""
WRITER = """
class Writer:
    def __init__(self, batch_threshold: int = 1000):
        self._threshold = batch_threshold
    def way(self, rows: list[str]) -> str:
        return "copy" if len(rows) >= self._threshold else "insert"
"""
CACHE = """
import time
from collections.abc import Callable

class Cache:
    def __init__(self, load: Callable[[str], str], ttl_seconds: float = 300.0):
        self._load, self._ttl, self._kept = load, ttl_seconds, {}
    def get(self, key: str):
        value, since = self._kept.get(key, (None, -1e9))
        if time.time() - since < self._ttl:
            return value
        self._kept[key] = self._load(key), time.time()
        return self._kept[key][0]
"""
BREAKER = """
import time

class Breaker:
    def __init__(self):
        self._failures, self._until = 0, 0.0
    def record_failure(self) -> None:
        self._failures += 1
        if self._failures >= 5:
            self._until = time.time() + 60
    def is_open(self) -> bool:
        return time.time() < self._until
"""
WINDOWS = """
import datetime
from collections.abc import AsyncIterator, Callable
from datetime import timedelta
from typing import TypeVar

T = TypeVar("T")
K = TypeVar("K")

async def windows(
    source: AsyncIterator[T], get_event_time: Callable[[T], datetime.datetime], get_key: Callable[[T], K]
) -> AsyncIterator[list[T]]:
    latest, kept = {}, {}
    async for item in source:
        time, key = get_event_time(item), get_key(item)
        if time < latest.get(key, time) - timedelta(seconds=30):
            continue
        latest[key] = max(time, latest.get(key, time))
        kept.setdefault((key, time.minute), []).append(item)
    for key in kept:
        yield kept[key]
"""
ENGINE = """
import abc

class Adapter(abc.ABC):
    def __init__(self, name: str):
        self.name = name
    @abc.abstractmethod
    def evaluate(self, symbol: str) -> list[str]: ...

class Engine:
    def __init__(self, adapters: list[Adapter]):
        self._adapters = {adapter.name: adapter for adapter in adapters}
    def evaluate(self, symbol: str) -> list[str]:
        return [each for adapter in self._adapters.values() for each in adapter.evaluate(symbol)]
"""
TICKS = """
import dataclasses
import typing

@dataclasses.dataclass
class Message:
    payload: dict[str, typing.Any]

def tick(message: Message) -> dict | None:
    payload = message.payload
    kind = payload.get("kind")
    if kind == "tick":
        return {"price": payload.get("price")}
    if kind == "bar":
        return {"price": payload.get("close")}
    return None
"""
CHANGES = {
    "which one is dropped": (
        "lives",
        SINK,
        "self._queue.get_nowait()\n            self._queue.put_nowait(item)",
        "return",
        "Sink with little room[policy='drop_oldest']: much of write just before the end",
    ),
    "what does not fit": ("functions", QUEUE, "raise Full", "return", "Queue with little room[].put and get"),
    "what overflows": (
        "functions",
        QUEUE,
        "            self._items.popleft()\n",
        "            return\n",
        "Queue with little room[overflow='drop'].put and get",
    ),
    "a check of a number": (
        "functions",
        SETTINGS,
        "size <= 0",
        "size < 0",
        "Validator.validate of each field at its least",
    ),
    "a check of a text": (
        "functions",
        SETTINGS,
        "if not settings.topic",
        "if settings.topic is None",
        "Validator.validate of each field at its least",
    ),
    "a number that is reached": ("functions", WRITER, ">= self", "> self", "Writer[made with batch_threshold=2]"),
    "how long something is kept": (
        "functions",
        CACHE,
        "            return value",
        "            self._kept[key] = value, time.time()\n            return value",
        "Cache[made with ttl_seconds=2], nothing first",
    ),
    "how long something rests": ("functions", BREAKER, "+ 60", "+ 6000", "Breaker.record_failure then"),
    "whose lateness it is": (
        "functions",
        WINDOWS,
        "latest.get(key, time) -",
        "max(latest.values(), default=time) -",
        "windows[]",
    ),
    "what the members of an abstract class are asked": (
        "functions",
        ENGINE,
        "evaluate(symbol)]",
        "evaluate(symbol.lower())]",
        "Engine.evaluate[]",
    ),
    "what is read of a message of a kind": (
        "functions",
        TICKS,
        '"price": payload.get("price")',
        '"price": 0',
        "tick[]",
    ),
}


@pytest.mark.parametrize(("area", "text", "old", "new", "name"), CHANGES.values(), ids=CHANGES)
def test_a_change_is_seen(tmp_path: Path, area: str, text: str, old: str, new: str, name: str) -> None:
    """Each of these shows only where there is next to no room, a number is met, or time passes."""
    assert old in text
    before = observed(tmp_path / "a", {"m": text}, area)
    after = observed(tmp_path / "b", {"m": text.replace(old, new)}, area)
    assert before[f"small.m.{name}"] != after[f"small.m.{name}"]
