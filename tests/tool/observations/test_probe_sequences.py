"""Random sequences of calls: what shows only after several calls, in an order, or at a bound that the code names."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from observations.small_package import observed, observed_lines

from market_data_meta.judging.closer_look import SEQUENCES, CloserLook

LIMITER = '''
class Limiter:
    """Lets each name through so often."""

    def __init__(self, limit: int = 3) -> None:
        self._limit, self._counts = limit, {}

    def register(self, name: str) -> None:
        self._counts[name] = 0

    def allow(self, name: str) -> bool:
        if name not in self._counts:
            raise KeyError(name)
        self._counts[name] += 1
        return self._counts[name] <= self._limit

    def forgive(self, name: str) -> None:
        if self._counts.get(name, 0) > 2:
            self._counts[name] = 0
'''
PLACE = "small.parts.Limiter"


def sequences(folder: Path, module: str, look: CloserLook) -> dict[str, Any]:
    """What is observed in random sequences, by id."""
    folder.mkdir()
    lines = observed_lines(folder, {"parts": module}, "sequences", closer=look).splitlines()[:-1]
    return {row["id"]: row.get("value", row.get("unobserved")) for row in map(json.loads, lines)}


def look_at(place: str, count: int = 60, *numbers: float, texts: tuple[str, ...] = ()) -> CloserLook:
    """A closer look at one place."""
    return CloserLook(((place, (), count),), numbers, texts)


def test_nothing_is_looked_at_more_closely_without_being_named(tmp_path: Path) -> None:
    """Random sequences are made of what the plan names, and of nothing else."""
    folder = tmp_path / "none"
    folder.mkdir()
    assert observed(folder, {"parts": LIMITER}, "sequences") == {}
    assert {name.partition("[")[0] for name in sequences(tmp_path / "one", LIMITER, look_at(PLACE, 5))} == {PLACE}


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("<= self._limit", "<= self._limit + 1"),
        ("self._counts[name] = 0\n\n    def allow", "self._counts.setdefault(name, 0)\n\n    def allow"),
        ("> 2:", "> 3:"),
    ],
)
def test_what_shows_after_several_calls_is_seen(tmp_path: Path, old: str, new: str) -> None:
    """A class that answers otherwise only after several calls of several methods is observed otherwise."""
    assert old in LIMITER
    look = look_at(PLACE, SEQUENCES, 2, 3)
    was, now = (
        sequences(tmp_path / name, text, look) for name, text in (("a", LIMITER), ("b", LIMITER.replace(old, new)))
    )
    assert was.keys() == now.keys()
    assert was != now


def test_another_way_to_the_same_is_no_difference(tmp_path: Path) -> None:
    """What is private may be done otherwise, and what a library raises may be another error of the same kind."""
    other = LIMITER.replace("_counts", "_times").replace("raise KeyError(name)", "raise IndexError(name)")
    look = look_at(PLACE, 100)
    assert sequences(tmp_path / "a", LIMITER, look) == sequences(tmp_path / "b", other, look)


def test_a_function_is_handed_what_its_code_speaks_of(tmp_path: Path) -> None:
    """A bound and a word that the changed code names are among what is drawn."""
    module = """
def price(size: int, mode: str) -> float:
    return 2.0 if size == 37 and mode == "bulk" else 1.0
"""
    found = sequences(tmp_path / "a", module, look_at("small.parts.price", 60, 37.0, texts=("bulk",)))
    assert "'2.0'" in str(found)
    assert "'2.0'" not in str(sequences(tmp_path / "b", module, look_at("small.parts.price", 60)))


def test_a_stream_is_of_drawn_items(tmp_path: Path) -> None:
    """What takes a stream is handed one whose items and pauses differ from call to call."""
    module = """
from collections.abc import AsyncIterator

async def total(numbers: AsyncIterator[int]) -> int:
    return sum([number async for number in numbers])
"""
    found = sequences(tmp_path / "a", module, look_at("small.parts.total", 20))
    ends = [step["comes to"][0] for each in found.values() for step in each["returns"].values()]
    assert len({end["returns"] for end in ends if isinstance(end, dict)}) > 5


def test_an_id_that_was_returned_is_handed_on(tmp_path: Path) -> None:
    """What one call returns, another is handed."""
    module = """
class Jobs:
    def __init__(self) -> None:
        self._known = {}

    def submit(self) -> str:
        job = f"job-{len(self._known)}-x"
        self._known[job] = "waits"
        return job

    def state(self, job_id: str) -> str:
        return self._known.get(job_id, "unknown")
"""
    assert "'returns': 'waits'" in str(sequences(tmp_path / "a", module, look_at("small.parts.Jobs")))


def test_a_class_whose_loops_take_many_steps_is_left_early(tmp_path: Path) -> None:
    """The number of sequences is bounded by what their loops do, which is the same on each machine."""
    module = """
import asyncio

class Busy:
    async def work(self) -> None:
        for _ in range(2_000):
            await asyncio.sleep(0.001)
"""
    look = look_at("small.parts.Busy", 300)
    first, second = (sequences(tmp_path / name, module, look) for name in "ab")
    assert 0 < len(first) < 300
    assert first == second


def test_the_process_ends_no_other_way_for_what_is_begun_often(tmp_path: Path) -> None:
    """Of what is begun as often as a number says there are few, however large the numbers of the code are."""
    module = """
class Pool:
    def __init__(self, num_workers: int) -> None:
        self.workers = [object()] * num_workers

    def size(self) -> int:
        return len(self.workers)
"""
    found = str(sequences(tmp_path / "a", module, look_at("small.parts.Pool", 40, 90_000.0)))
    assert "'returns': 5" in found
    assert "90000" not in found


def test_time_is_exact_after_years(tmp_path: Path) -> None:
    """Each sequence begins on another day, and a wait in the last of them ends as one in the first does."""
    module = """
import asyncio

class Slow:
    async def work(self) -> None:
        await asyncio.sleep(0.1)
"""
    found = sequences(tmp_path / "a", module, look_at("small.parts.Slow", 600))
    ends = [each for each in found.values() if "returns" in each]
    assert len(ends) == 600
    seconds = {step.get("seconds") for each in ends for step in each["returns"]["steps"].values() if "comes to" in step}
    assert seconds == {0.1}


def test_what_a_thing_works_with_is_called_as_well(tmp_path: Path) -> None:
    """A sequence fills the queue that a worker was made with, and waits for as long as it was told to rest."""
    module = """
import time

class Queue:
    def __init__(self) -> None:
        self.items = []

    def put(self, item: str) -> None:
        self.items.append(item)

class Worker:
    def __init__(self, queue: Queue, rest: float = 41.0) -> None:
        self._queue, self._rest, self._last = queue, rest, 0.0

    def take(self) -> str:
        if time.monotonic() - self._last < self._rest:
            return "rests"
        self._last = time.monotonic()
        return "works" if self._queue.items else "idles"
"""
    found = [
        each["returns"]["steps"]
        for each in sequences(tmp_path / "a", module, look_at("small.parts.Worker", 100)).values()
    ]
    answers = [
        [step["comes to"][0]["returns"] for name, step in steps.items() if name.endswith(" take")] for steps in found
    ]
    assert any("rests" in each and each.count("works") > 1 for each in answers)
    assert any(name.endswith("queue.put") for steps in found for name in steps)


def test_what_was_handed_out_is_looked_at_again(tmp_path: Path) -> None:
    """Who was handed a mapping sees it change where a later call fills the same one."""
    module = """
class Window:
    def __init__(self) -> None:
        self._seen = {}

    def add(self, name: str, size: int) -> dict[str, int]:
        self._seen[name] = size
        return SEEN
"""
    kept, alone = (
        str(sequences(tmp_path / name, module.replace("SEEN", text), look_at("small.parts.Window", 40)))
        for name, text in (("a", "self._seen"), ("b", "dict(self._seen)"))
    )
    assert kept.count("'changed since': []") < 40
    assert alone.count("'changed since': []") == 40


def test_a_context_manager_is_entered_first(tmp_path: Path) -> None:
    """Most sequences are within a thing that has to be entered, and leave it at their end."""
    module = """
class Client:
    def __init__(self) -> None:
        self.is_open = False

    async def __aenter__(self) -> "Client":
        self.is_open = True
        return self

    async def __aexit__(self, *_: object) -> None:
        self.is_open = False

    def get(self) -> str:
        return "is open" if self.is_open else "is closed"
"""
    found = sequences(tmp_path / "a", module, look_at("small.parts.Client", 40))
    assert 20 < sum("is open" in str(each) for each in found.values()) < 40
    assert all(each["returns"]["state"] == {"": {"is_open": False}} for each in found.values())


def test_a_list_may_have_the_same_thing_twice(tmp_path: Path) -> None:
    """Rows that a key does not tell apart differ in a number: which of them counts is seen."""
    module = """
def prices(rows: list[dict]) -> dict[str, float]:
    return {row["symbol"]: row["price"] for row in rows}
"""
    last = module.replace("rows}", "reversed(rows)}")
    look = look_at("small.parts.prices", 100)
    assert sequences(tmp_path / "a", module, look) != sequences(tmp_path / "b", last, look)


def test_what_is_handed_first_is_filled(tmp_path: Path) -> None:
    """A function that moves things from one queue to another is seen moving them, however slowly they come."""
    module = """
import asyncio

class Queue:
    def __init__(self) -> None:
        self._items = asyncio.Queue()

    async def put(self, item: str) -> None:
        await self._items.put(item)

    async def get(self) -> str:
        return await self._items.get()

async def move(source: Queue, target: Queue) -> None:
    while True:
        await target.put(await source.get())
"""
    found = sequences(tmp_path / "a", module, look_at("small.parts.move", 20))
    handed = [step.get("handed", []) for each in found.values() for step in each["returns"].values()]
    assert any(len(each) >= 12 and each[0][0] == "target.put" for each in handed)


CACHE = '''
import time


class Cache:
    """Keeps each text for a time."""

    def __init__(self, seconds: int = 300) -> None:
        self._seconds, self._kept = seconds, {}

    def put(self, name: str, text: str) -> None:
        self._kept[name] = (text, time.time())

    def get(self, name: str) -> str | None:
        text, since = self._kept.get(name, (None, 0.0))
        if time.time() - since > self._seconds:
            return None
        return text
'''


def test_time_passes_around_what_a_thing_was_made_with(tmp_path: Path) -> None:
    """Two pauses together are longer than its time to live, and neither is alone: who renews it in between is seen."""
    renewing = CACHE.replace(
        "        return text\n", "        self._kept[name] = (text, time.time())\n        return text\n"
    )
    look = CloserLook((("small.parts.Cache", ("get",), SEQUENCES),))
    was, now = (sequences(tmp_path / name, text, look) for name, text in (("a", CACHE), ("b", renewing)))
    assert was.keys() == now.keys()
    assert was != now


def test_a_call_may_be_nearly_the_last_one(tmp_path: Path) -> None:
    """What is written only where a part of what was handed over differs is written less often."""
    module = """
import dataclasses


@dataclasses.dataclass(frozen=True)
class Entry:
    name: str
    digest: str
    size: int
    old: bool = False


class Index:
    def __init__(self) -> None:
        self.entries: list[Entry] = []

    def write(self, entries: list[Entry]) -> None:
        self.entries = entries
"""
    skipping = module.replace(
        "        self.entries = entries\n",
        "        if [each.digest for each in entries] != [each.digest for each in self.entries]:\n"
        "            self.entries = entries\n",
    )
    look = CloserLook((("small.parts.Index", ("write",), 200),))
    was, now = (sequences(tmp_path / name, text, look) for name, text in (("a", module), ("b", skipping)))
    assert sum(was[each] != now[each] for each in was) > 5


def test_a_changed_constructor_is_handed_zeros(tmp_path: Path) -> None:
    """Where a zero in an optional field of what it is made with is taken for nothing, the default takes its place."""
    module = """
import dataclasses


@dataclasses.dataclass(frozen=True)
class Settings:
    name: str
    seed: int | None = None
    enabled: bool = True


class Source:
    def __init__(self, settings: Settings) -> None:
        self._seed = settings.seed if settings.seed is not None else 42

    def next(self, name: str) -> int:
        return len(name) + self._seed
"""
    falling_back = module.replace("settings.seed if settings.seed is not None else 42", "settings.seed or 42")
    look = CloserLook((("small.parts.Source", ("__init__",), 40),))
    was, now = (sequences(tmp_path / name, text, look) for name, text in (("a", module), ("b", falling_back)))
    assert sum(was[each] != now[each] for each in was) > 5
