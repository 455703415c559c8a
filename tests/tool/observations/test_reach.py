"""What probes have to hand over so that code does what it is for, and not only refuses what it is given."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from observations.small_package import PROBES, observed, observed_lines

from market_data_meta.judging.observed_runs import read_observations

RANGE = """
import datetime as dt
def hours(start: dt.datetime, end: dt.datetime) -> float:
    return (end - start).total_seconds() / 3600
"""
CHOICE = """
def make(source_type: str) -> int:
    if source_type.lower() == "synthetic":
        return 1
    if source_type in ("replay", "live"):
        return 2
    raise ValueError(source_type)
"""
WHOLE = """
import dataclasses
@dataclasses.dataclass
class Spec:
    name: str
    rate: int | None = None
    seconds: float | None = None
    sink: str = "store"

def run(spec: Spec) -> str:
    if spec.rate is None or spec.seconds is None:
        raise ValueError("a rate and a duration are needed")
    return spec.sink
"""
ENTERED = """
import contextlib
@contextlib.asynccontextmanager
async def tracked(name: str):
    try:
        yield name
    except RuntimeError as error:
        raise LookupError("within") from error

@contextlib.contextmanager
def ignoring(name: str):
    try:
        yield name
    except RuntimeError:
        pass
"""
KINDS = """
from typing import Annotated, Literal
from pydantic import BaseModel, Field, RootModel
class Feed(BaseModel):
    kind: Literal["feed"] = "feed"
class Synthetic(BaseModel):
    kind: Literal["synthetic"] = "synthetic"
Provider = Annotated[Feed | Synthetic, Field(discriminator="kind")]
class Providers(RootModel[dict[str, Provider]]):
    root: dict[str, Provider] = Field(default_factory=dict)

class Registry:
    def __init__(self, providers: Providers) -> None:
        self._providers = providers.root

    def kinds(self) -> list[str]:
        return [each.kind for each in self._providers.values()]
"""
BUS = """
import asyncio
from pydantic import BaseModel
from typing import Protocol

class Event(BaseModel):
    level: str

class Envelope(BaseModel):
    id: str
    payload: object

class Bus:
    def __init__(self) -> None:
        self._queues: dict[str, asyncio.Queue] = {}
    async def publish(self, stream: str, value: BaseModel) -> None:
        await self._queues[stream].put(Envelope(id="1", payload=value))
    async def subscribe(self, stream: str, *, group: str):
        queue = self._queues.setdefault(stream, asyncio.Queue())
        while True:
            yield await queue.get()
    async def ack(self, stream: str, number: str) -> None:
        pass
    async def fail(self, stream: str, number: str, reason: str) -> None:
        pass

class Applies(Protocol):
    async def apply(self, level: str) -> None: ...

class Reader:
    def __init__(self, rate: Applies) -> None:
        self.rate, self.bus = rate, Bus()
    async def run(self) -> None:
        async for envelope in self.bus.subscribe("feedback", group="readers"):
            try:
                await self.rate.apply(envelope.payload.level)
                await self.bus.ack("feedback", envelope.id)
            except AttributeError as error:
                await self.bus.fail("feedback", envelope.id, type(error).__name__)
"""
JOINED = """
from typing import Protocol
from pydantic import BaseModel

class Event(BaseModel):
    level: str

class Bus:
    def __init__(self) -> None:
        self.functions = []
    def subscribe(self, function) -> None:
        self.functions.append(function)
    async def publish(self, event: Event) -> None:
        for function in self.functions:
            await function(event)

BUS = Bus()
def bus() -> Bus:
    return BUS

class Sends(Protocol):
    async def send(self, text: str) -> None: ...

class Publisher:
    def __init__(self, sends: Sends) -> None:
        self.sends = sends
    async def start(self) -> None:
        bus().subscribe(self._heard)
    async def _heard(self, event: Event) -> None:
        await self.sends.send(event.level)
"""
ONE_INSTANCE = """
MADE = []
class Downgrade:
    def __init__(self) -> None:
        if MADE:
            raise ValueError("there is one already")
        MADE.append(self)
    def level(self) -> int:
        return 3
downgrade = Downgrade()
"""

PREFERRED = """
def negotiate(preferred: list[str], offered: list[str]) -> str | None:
    return next((name for name in preferred if name in offered), None)
"""
STREAMS = """
import asyncio
async def _ask(*parts: str) -> str:
    reader, writer = await asyncio.open_connection("127.0.0.1", 6379)
    whole = "".join(f"${len(part)}\\r\\n{part}\\r\\n" for part in parts)
    writer.write(f"*{len(parts)}\\r\\n{whole}".encode())
    await asyncio.sleep(1)
    return (await reader.read(1000)).decode()

class Bus:
    async def add(self) -> str:
        return await _ask("XADD", "a", "*", "data", "sent")
    async def read(self) -> bool:
        return "sent" in await _ask("XREADGROUP", "GROUP", "g", "c", "STREAMS", "b", ">")
"""


def test_lists_are_handed_over_in_another_order_too(tmp_path: Path) -> None:
    seen = observed(tmp_path, {"m": PREFERRED}, "functions")
    plain, other = (seen[f"small.m.negotiate[{label}]"] for label in ("", "offered=[the other way round]"))
    assert plain == other == {"returns": "abc"}
    assert seen["small.m.negotiate[preferred=[the other way round]]"] != plain


def test_a_reader_of_a_stream_finds_what_was_written_to_another(tmp_path: Path) -> None:
    assert observed(tmp_path, {"m": STREAMS}, "functions")["small.m.Bus.read[]"]["returns"] is True


def test_what_lies_between_two_times_is_not_empty(tmp_path: Path) -> None:
    seen = observed(tmp_path, {"m": RANGE}, "functions")
    assert seen["small.m.hours[]"] == {"returns": {"float": "1.0"}}


def test_a_parameter_is_handed_the_words_that_the_code_compares_it_with(tmp_path: Path) -> None:
    seen = observed(tmp_path, {"m": CHOICE}, "functions")
    assert seen["small.m.make[]"] == {"returns": 1}
    assert seen["small.m.make[source_type='replay']"] == {"returns": 2}


def test_a_later_run_is_handed_the_same_words(tmp_path: Path) -> None:
    before = read_observations(observed_lines(tmp_path / "a", {"m": CHOICE}, "functions"))
    assert before.words == (("source_type", ("synthetic", "replay", "live")),)
    more = CHOICE.replace(
        'if source_type.lower() == "synthetic"',
        'if source_type == "kafka":\n        return 3\n    if source_type == "synthetic"',
    )
    after = read_observations(observed_lines(tmp_path / "b", {"m": more}, "functions", like=before))
    assert after.values == before.values


def test_a_thing_is_also_made_with_all_that_may_be_none(tmp_path: Path) -> None:
    seen = observed(tmp_path, {"m": WHOLE}, "functions")
    assert "raises" in seen["small.m.run[]"]
    assert seen["small.m.run[spec=Spec whole]"] == {"returns": "store"}


def test_what_is_there_to_be_entered_is_entered_and_left(tmp_path: Path) -> None:
    seen = observed(tmp_path, {"m": ENTERED}, "functions")
    assert seen["small.m.tracked[]"] == {"returns": {"dict": {"enters": "abc"}}}
    assert seen["small.m.tracked left by an error"] == {"raises": ["LookupError", "Exception"]}
    assert seen["small.m.ignoring left by an error"] == {"returns": {"dict": {"enters": True}}}


def test_a_mapping_has_a_value_of_each_kind(tmp_path: Path) -> None:
    seen = observed(tmp_path, {"m": KINDS}, "functions")
    made = seen["small.m.Registry[made with providers=Providers root={each}]"]
    assert made["kinds"][""] == {"returns": ["feed", "synthetic"]}


def test_a_reader_is_seen_with_each_message_of_its_bus(tmp_path: Path) -> None:
    seen = observed(tmp_path, {"m": BUS}, "lives")["small.m.Reader: run hears"]["returns"]
    (label, told), *_ = [each for each in seen["heard"] if each[0] == "Event"]
    calls, sent = told[0]
    assert label == "Event"
    assert calls[-2:] == [["Applies.apply", ["INFO"]], ["ack", ["feedback", True]]]
    assert sent == []
    wrong = dict(map(tuple, seen["heard"]))["of another kind"]
    assert wrong[0][0][-1] == ["fail", ["feedback", True, "AttributeError"]]


def test_whoever_has_joined_a_bus_is_seen_with_each_message(tmp_path: Path) -> None:
    seen = observed(tmp_path, {"m": JOINED}, "lives")["small.m.Publisher: start hears"]["returns"]
    event = {"type": "Event", "fields": {"level": "INFO"}}
    heard = [["Bus.publish", [event]], ["Sends.send", ["INFO"]]]
    assert json.loads(json.dumps(seen["heard"][0])) == ["Event", [[heard, []]] * 2]


def test_an_instance_of_the_module_stands_in_where_none_can_be_made(tmp_path: Path) -> None:
    assert observed(tmp_path, {"m": ONE_INSTANCE}, "functions")["small.m.Downgrade.level[]"] == {"returns": 3}


@pytest.mark.parametrize(
    ("sent", "read"),
    [
        (b'{"ts": 1784462430.25, "id": "1784462430250-0"}', b'{"ts": 1784635230.25, "id": "1784635230250-0"}'),
        (b"2026-07-19T12:00:30.250000+00:00", b"2026-07-21T12:00:30.250000+00:00"),
        (b"2024-03-01T14:30:15Z 1709303415 101.4567", b"2024-03-01T14:30:15Z 1709303415 101.4567"),
        (b"2026-99-99T12:00:30", b"2026-99-99T12:00:30"),
    ],
    ids=["numbers", "a date", "other times", "no date"],
)
def test_what_was_sent_days_ago_is_read_as_sent_just_now(sent: bytes, read: bytes) -> None:
    program = (
        "import sys; from moved_times import moved;"
        "sys.stdout.buffer.write(moved(sys.stdin.buffer.read(), 1784462430.25, 2))"
    )
    done = subprocess.run([sys.executable, "-c", program], input=sent, cwd=PROBES, capture_output=True, check=True)
    assert done.stdout == read


def test_metrics_that_are_added_to_a_text_change_none_of_it(tmp_path: Path) -> None:
    text = "# HELP a_total All.\\n# TYPE a_total counter\\na_total 3.0\\n"
    was = observed(tmp_path / "a", {"m": f"def metrics() -> str:\n    return '{text}'\n"}, "functions")
    more = f"{text}# HELP b_total More.\\n"
    now = observed(tmp_path / "b", {"m": f"def metrics() -> str:\n    return '{more}'\n"}, "functions")
    before, after = (seen["small.m.metrics[]"]["returns"]["exposition"] for seen in (was, now))
    assert after == before | {"# HELP b_total More.": True}
