"""The command that shows one cell of a gate again."""

from __future__ import annotations

import pytest
from examples import candidate

from market_data_meta.gate.comparison import GateComparison
from market_data_meta.gate.partners import QUICK
from market_data_meta.judging.comparison import CellComparison, CellPair

CELL = CellPair("a cell", "combination", {"core": "1.4", "pipeline": "0.1", "store": "0.6"}, now=None, was=None)


@pytest.mark.parametrize(("is_earlier", "when"), [(False, ""), (True, " --as-of 2025-10-22T12:00:00Z")])
def test_the_command_is_about_the_same_time(when: str, *, is_earlier: bool) -> None:
    """As of another time the candidate would meet other partners and other libraries."""
    gate = GateComparison(
        suite="",
        as_of="2025-10-22T12:00:00Z",
        reach=QUICK,
        strict=False,
        candidates=(candidate("core", "1.4", "9"),),
        same_code={},
        cells=(CellComparison(CELL, "unknown", (), {}),),
        differences=(),
        guilty={},
        allowed=(0, 0),
        ran=0,
        start=0.0,
        seconds=0.0,
        is_earlier=is_earlier,
    )
    assert gate.reproduce("a cell", ()) == f"./scripts/mdmeta gate --core x{when} pipeline==0.1 store==0.6"
