"""What is refused with the plainest arguments is called with others that bring it further."""

from __future__ import annotations

from pathlib import Path

from observations.small_package import observed

BUILDER = """
import dataclasses

@dataclasses.dataclass
class Spec:
    name: str
    symbols: list[str] = dataclasses.field(default_factory=list)
    sink: str = "store"

def build(spec: Spec, rate: int = 1) -> str:
    kind = spec.sink.lower()
    if not spec.symbols:
        raise ValueError("symbols are needed")
    if kind == "store":
        raise RuntimeError("there is no store")
    if kind == "kafka":
        return f"{kind} of {rate}"
    raise ValueError(kind)
"""
QUEUE = """
import collections

class Closed(Exception):
    pass

class Channel:
    def __init__(self) -> None:
        self._items = collections.deque()
        self._closed = False

    async def put(self, item: object) -> None:
        if self._closed:
            raise Closed
        self._items.append(item)

    async def get(self) -> object:
        if not self._items:
            raise Closed
        return self._items.popleft()

    async def close(self) -> None:
        self._closed = True

async def copy(source: Channel, target: Channel, every: int = 1) -> int:
    count = 0
    while True:
        try:
            item = await source.get()
        except Closed:
            if not count:
                raise
            return count
        count += 1
        if count % every == 0:
            await target.put(item)
"""
OWN = """
import json
import pathlib
from pydantic import BaseModel

class Order(BaseModel):
    symbol: str
    size: int

    @classmethod
    def from_dict(cls, data: dict) -> "Order":
        return cls(symbol=data["symbol"], size=data.get("size", 100))

    @classmethod
    def from_file(cls, path: pathlib.Path) -> "Order":
        return cls(**json.loads(path.read_text()))
"""
BOUNDED = """
from pydantic import BaseModel, Field

class Adjustment(BaseModel):
    scale: float = Field(ge=0.0, le=1.0)

def percent(adjustment: Adjustment) -> float:
    return adjustment.scale * 100
"""
NEEDY = """
from pydantic import BaseModel, model_validator

class Settings(BaseModel):
    mode: str = "classic"
    workers: int | None = None

    @model_validator(mode="after")
    def complete(self) -> "Settings":
        if self.workers is None:
            raise ValueError("workers are needed")
        return self

def workers(settings: Settings) -> int:
    return settings.workers
"""
STREAMS = """
class Streams:
    def open(self, stream_type: str) -> int:
        return {"quotes": 1, "depth": 2}[stream_type]

def both(streams: Streams) -> int:
    return streams.open("quotes") + streams.open("depth")
"""
BARS = """
class Highest:
    def __init__(self) -> None:
        self.prices: list[float] = []

    def update(self, bar: dict) -> float:
        self.prices.append(bar.get("high", 0) - bar.get("low", 0))
        return max(self.prices)
"""


def test_several_parts_of_an_argument_are_chosen_one_after_the_other(tmp_path: Path) -> None:
    seen = observed(tmp_path, {"m": BUILDER}, "functions")
    assert "raises" in seen["small.m.build[]"]
    assert seen["small.m.build[spec=Spec symbols=[two], sink='kafka']"] == {"returns": "kafka of 1"}
    assert seen["small.m.build[spec=Spec symbols=[two], sink='kafka', rate=3]"] == {"returns": "kafka of 3"}


def test_what_holds_items_is_handed_over_with_some_and_tells_what_is_put_into_it(tmp_path: Path) -> None:
    seen = observed(tmp_path, {"m": QUEUE}, "functions")
    assert "raises" in seen["small.m.copy[]"]
    call = seen["small.m.copy[source=Channel with items]"]
    assert call["returns"] == 2
    assert [name for name, *_ in call["handed"]] == ["Channel.put", "Channel.put"]
    assert len(seen["small.m.copy[source=Channel with items, every=3]"].get("handed", [])) == 0


def test_what_reads_an_instance_gets_one_that_was_written_down(tmp_path: Path) -> None:
    seen = observed(tmp_path, {"m": OWN}, "functions")
    assert seen["small.m.Order.from_dict[]"]["returns"]["fields"] == {"symbol": "AAPL", "size": 3}
    assert seen["small.m.Order.from_dict[data=own without size]"]["returns"]["fields"]["size"] == 100
    assert "raises" in seen["small.m.Order.from_dict[data=own without symbol]"]
    assert seen["small.m.Order.from_file[]"]["returns"]["fields"] == {"symbol": "AAPL", "size": 3}
    assert "writes" not in seen["small.m.Order.from_file[]"]


def test_what_is_within_the_bounds_of_a_field_comes_first(tmp_path: Path) -> None:
    seen = observed(tmp_path, {"m": BOUNDED}, "functions")
    assert seen["small.m.percent[]"] == {"returns": {"float": "50.0"}}


def test_the_plainest_instance_is_the_first_that_can_be_made(tmp_path: Path) -> None:
    seen = observed(tmp_path, {"m": NEEDY}, "functions")
    assert seen["small.m.workers[]"] == {"returns": 3}


def test_words_that_the_code_hands_to_a_parameter_are_handed_to_it(tmp_path: Path) -> None:
    seen = observed(tmp_path, {"m": STREAMS}, "functions")
    assert seen["small.m.Streams.open[]"] == {"returns": 1}
    assert seen["small.m.Streams.open[stream_type='depth']"] == {"returns": 2}


def test_rows_of_a_series_have_four_prices_that_are_not_the_same(tmp_path: Path) -> None:
    seen = observed(tmp_path, {"m": BARS}, "functions")
    calls = seen["small.m.Highest.update over time"]["returns"]["calls"]
    assert calls[0] == {"returns": {"float": "2.75"}}
