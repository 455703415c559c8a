"""An object that several names lead to is observed under one of them, the same before and after a change."""

from __future__ import annotations

from pathlib import Path

import pytest
from observations.small_package import observed_lines

from market_data_meta.judging.observed_runs import read_observations

CLASSES = """
from pydantic import BaseModel
class Bar(BaseModel):
    symbol: str = ""
    def text(self) -> str: return self.symbol
"""
OFFER = "from small.{0} import Bar\n__all__ = ['Bar']\n"


@pytest.mark.parametrize("area", ["models", "functions"])
@pytest.mark.parametrize(
    "after",
    [
        {"first": OFFER.format("model"), "model": CLASSES},
        {"first": OFFER.format("model"), "model": OFFER.format("moved"), "moved": CLASSES},
        {"first": OFFER.format("model"), "model": CLASSES, "a": OFFER.format("model")},
    ],
    ids=["no change", "moved and offered where it was", "offered once more"],
)
def test_an_object_is_observed_under_the_name_that_it_was_observed_under(
    tmp_path: Path, area: str, after: dict[str, str]
) -> None:
    """Whatever was observed under a name has a value under that name as long as the name leads to it."""
    before = {"first": OFFER.format("model"), "model": CLASSES}
    was = read_observations(observed_lines(tmp_path / "a", before, area))
    assert any(key.startswith(f"{area}:small.model.Bar[") for key in was.values)
    now = read_observations(observed_lines(tmp_path / "b", after, area, like=was))
    assert {key: now.values.get(key) for key in was.values} == was.values
