"""What is seen of a class whose collaborators fail, which is called very often, or which has secrets."""

from __future__ import annotations

from pathlib import Path

import pytest
from observations.small_package import observed

BREAKER = """
import time
class Breaker:
    def __init__(self):
        self.failures, self.failed_at = 0, 0.0
    def call(self, function):
        if self.failures >= 5 and time.time() - self.failed_at < 30:
            raise LookupError("open")
        try:
            result = function()
        except RuntimeError:
            self.failures, self.failed_at = self.failures + 1, time.time()
            raise
        self.failures = 0
        return result
"""
QUEUE = """
import asyncio
class Queue:
    def __init__(self):
        self.items = asyncio.Queue(0)
    async def put(self, item: str) -> None:
        await self.items.put(item)
"""
WORKER = """
import asyncio
import typing

class Sink(typing.Protocol):
    async def write(self, item: str) -> None: ...

class Writer:
    def __init__(self, sink: Sink):
        self._sink, self._queue, self._task = sink, asyncio.Queue(), None
    async def start(self) -> None:
        self._task = asyncio.create_task(self._run())
    async def submit(self, item: str) -> None:
        await self._queue.put(item)
    def health(self) -> bool:
        return not self._task.done()
    async def _run(self) -> None:
        while True:
            item = await self._queue.get()
            while True:
                try:
                    await self._sink.write(item)
                    break
                except TimeoutError:
                    await asyncio.sleep(1.0)
    async def stop(self) -> None:
        self._task.cancel()
"""
JOURNAL = """
import pathlib

class Journal:
    def __init__(self, path: pathlib.Path):
        self._path = path
    def save(self, text: str) -> None:
        with self._path.open("a") as file:
            file.write(text)
"""
BOUNDED = """
class Bounded:
    def __init__(self, capacity: int, on_low: Callable[[], None] | None = None):
        self.items, self.capacity, self.on_low = [], capacity, on_low
    def put(self, item: str): self.items.append(item)
    def get(self):
        self.items.pop()
        if len(self.items) <= self.capacity * 0.5: self.on_low()
"""
CLIENT = """
class Client:
    def __init__(self, url: str = "", token: str = ""):
        self._url, self._token = url, token
    def health(self): return {"url": self._url.partition("@")[2]}
    def allows(self, token: str): return token == self._token
"""
LETTERS = """
class Letters:
    def __init__(self): self._kept = []
    def save(self, text: str): self._kept.append(text)
    def replay(self, most: int = 9): return self._kept[:most]
"""
ROWS = """
def keys(rows: list[dict]): return [row["provider"] for row in rows if row.get("bid") is not None]
"""
RETRIES = """
def is_worth_trying_again(error: Exception) -> bool: return isinstance(error, TimeoutError)
"""
SINK = """
from typing import Any
class Sink:
    def __init__(self, processor: Any = None): self._processor = processor
    def write(self, size: int):
        if self._processor is None: raise RuntimeError("no processor")
        return self._processor.process(size)
"""
BUS = """
from typing import TypeVar
from pydantic import BaseModel
T = TypeVar("T", bound=BaseModel)
def publish(event: T) -> str: return event.model_dump_json()
"""


FAILING = "Breaker.call while others fail"
CHANGES = {
    "how long a circuit is open": (BREAKER, "< 30", "< 300", FAILING),
    "after how many failures it opens": (BREAKER, ">= 5", ">= 4", FAILING),
    "a bound": (QUEUE, "Queue(0)", "Queue(1024)", "Queue.put very often"),
    "a watermark": ("from collections.abc import Callable" + BOUNDED, "<= self.c", "< self.c", "Bounded.put and get"),
    "a secret": (CLIENT, 'partition("@")[2]', "strip()", "Client with secrets"),
    "a text that is not ASCII": (
        CLIENT,
        "token == self",
        "token.encode('ascii') and token == self",
        "Client with secrets",
    ),
    "the order of what is kept": (LETTERS, "[:most]", "[-most:]", "Letters.save then"),
    "rows by their columns": (ROWS, 'row["provider"]', 'row["symbol"]', "keys[]"),
    "kinds of errors": (RETRIES, "TimeoutError", "ConnectionError", "is_worth_trying_again[error=TimeoutError ]"),
    "what a collaborator is handed": (SINK, "process(size)", "process(float(size))", "Sink.write with collaborators"),
    "any model": (BUS, "model_dump_json()", "model_dump_json(exclude_none=True)", "publish[]"),
}


@pytest.mark.parametrize(("text", "old", "new", "name"), CHANGES.values(), ids=CHANGES)
def test_a_change_is_seen(tmp_path: Path, text: str, old: str, new: str, name: str) -> None:
    """Each of these is noticed by whoever uses the class, and by nobody who calls it once while all is well."""
    before = observed(tmp_path / "a", {"m": text}, "functions")
    after = observed(tmp_path / "b", {"m": text.replace(old, new)}, "functions")
    assert before[f"small.m.{name}"] != after[f"small.m.{name}"]


def test_what_was_given_before_others_were_gone_is_not_lost(tmp_path: Path) -> None:
    """Calls while collaborators time out are seen to their end: what is handed over and said when they are back."""
    place = "small.m.Writer.submit while others are gone"
    seen = observed(tmp_path / "a", {"m": WORKER}, "functions")[place]["returns"]
    assert seen["after"] == {"health": {"returns": True}}
    assert len(seen["handed"]) == 8
    impatient = WORKER.replace("await asyncio.sleep(1.0)", "return")
    other = observed(tmp_path / "b", {"m": impatient}, "functions")[place]["returns"]
    assert other["then"] == {"health": {"returns": False}}
    assert other["handed"] == []


def test_files_that_were_moved_away_are_made_anew(tmp_path: Path) -> None:
    """Between two calls somebody moves away what the first has written: the second writes under the old name."""
    place = "small.m.Journal.save after its files were moved"
    seen = observed(tmp_path / "a", {"m": JOURNAL}, "functions")[place]
    assert sorted(seen["writes"]["dict"]) == ["moved-object.json", "object.json"]
    keeping = JOURNAL.replace("self._path = path", 'self._file = path.open("a", buffering=1)').replace(
        'with self._path.open("a") as file:\n            file.write(text)', "self._file.write(text + chr(10))"
    )
    other = observed(tmp_path / "b", {"m": keeping}, "functions")[place]
    assert sorted(other["writes"]["dict"]) == ["moved-object.json"]


def test_a_failure_after_a_rest(tmp_path: Path) -> None:
    """What rests after failures and is then on trial is told from what forgives all of them, by one more failure."""
    text = """
import time
class Circuit:
    def __init__(self, threshold: int = 5, seconds: float = 60.0) -> None:
        self.threshold, self.seconds, self.state, self.failures, self.since = threshold, seconds, "closed", 0, 0.0
    def allow(self) -> bool:
        if self.state == "open" and time.time() - self.since >= self.seconds:
            self.state = "half open"
            RESTED
        return self.state != "open"
    def on_failure(self) -> None:
        self.failures += 1
        if self.failures >= self.threshold:
            self.state, self.since = "open", time.time()
"""
    after = []
    for number, rested in enumerate(("pass", "self.failures = 0")):
        seen = observed(tmp_path / str(number), {"m": text.replace("RESTED", rested)}, "functions")
        after.append(seen["small.m.Circuit.on_failure then"]["allow"]["returns"])
    assert [each["long after"]["returns"] for each in after] == [True, True]
    assert [each["after one more"]["returns"] for each in after] == [False, True]


def test_a_zero_in_a_row(tmp_path: Path) -> None:
    """A row whose number is zero is told from one without it."""
    text = """
def sizes(rows: list[dict]) -> list:
    return [row.get("size") OTHERWISE for row in rows]
"""
    seen = [
        observed(tmp_path / str(number), {"m": text.replace("OTHERWISE", otherwise)}, "functions")
        for number, otherwise in enumerate(("", "or None"))
    ]
    assert seen[0] != seen[1]
