"""What maintainers do every day is no difference: nobody who uses the package can tell."""

from __future__ import annotations

from pathlib import Path

import pytest
from observations.small_package import ROOT, observed_lines

from market_data_meta.judging.observation_rule_file import load_observation_rules
from market_data_meta.judging.observations import compare_observations
from market_data_meta.judging.observed_runs import ObservedSide, read_observations
from market_data_meta.judging.observed_values import ADDED

VALUE = """
import dataclasses
@dataclasses.dataclass(frozen=True)
class Bar:
    symbol: str
"""
LOGS = """
import time
def work(size: int) -> int:
    print(time.strftime("%H:%M:%S"), "| WARNING |", "the queue is full")
    return size
"""
MODEL = """
from pydantic import BaseModel, ConfigDict
class Bar(BaseModel):
    symbol: str
    class Config:
        frozen = True
"""

SINK = """
import dataclasses
import datetime
@dataclasses.dataclass
class Tick:
    at: datetime.datetime
class Sink:
    def __init__(self, *, queue_max: int = 9, workers: int = 9, retries: int = 9, ttl: int = 9, batch_size: int = 9):
        self._kept = []
    def start(self) -> None: ...
    def write(self, tick: Tick) -> int:
        self._kept.append(tick)
        return len(self._kept)
    def stop(self) -> None: ...
"""


@pytest.mark.parametrize(
    ("text", "old", "new", "area"),
    [
        (VALUE, "frozen=True", "frozen=True, slots=True", "api"),
        (VALUE, "frozen=True", "frozen=True, slots=True", "models"),
        (LOGS, "the queue is full", "no room", "functions"),
        (SINK, "*, queue_max", "*, depth: int = 9, queue_max", "functions"),
        (SINK, "*, queue_max", "*, depth: int = 9, queue_max", "lives"),
        (MODEL, "class Config:\n        frozen = True", "model_config = ConfigDict(frozen=True)", "api"),
    ],
    ids=[
        "slots by name",
        "slots in use",
        "the words of a log",
        "one more number",
        "a life with one more number",
        "how a model is configured",
    ],
)
def test_nothing_is_missing_afterwards(tmp_path: Path, text: str, old: str, new: str, area: str) -> None:
    assert old in text
    before = read_observations(observed_lines(tmp_path / "a", {"m": text}, area))
    changed = {"m": text.replace(old, new)}
    after = read_observations(observed_lines(tmp_path / "b", changed, area, like=before))
    rules = load_observation_rules(ROOT)
    comparison = compare_observations(ObservedSide((before,)), ObservedSide((after,)), rules)
    assert comparison.compared
    assert [difference for difference in comparison.differences if difference.kind != ADDED] == []
