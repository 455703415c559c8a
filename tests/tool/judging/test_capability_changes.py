"""What candidates change in what users can do, compared with their predecessors."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from examples import VERSIONS

from market_data_meta.contract import Contract
from market_data_meta.judging.capability_changes import CapabilityChange, capability_changes
from market_data_meta.judging.comparison import CellPair
from market_data_meta.judging.records import Record

BROKEN, LIMITED = {"area.first": "failed"}, {"area.second": "failed"}


@pytest.fixture
def pair(make_record: Callable[..., Record]) -> Callable[..., CellPair]:
    """A cell with what came out now and before: ``pair(BROKEN, {})``."""

    def build(now: dict[str, str] | None, was: dict[str, str] | None, cell: str = "cell", **changes: Any) -> CellPair:
        records = [None if outcomes is None else make_record(outcomes) for outcomes in (now, was)]
        return CellPair(cell, "combination", VERSIONS, records[0], records[1], **changes)

    return build


@pytest.mark.parametrize(
    ("now", "was", "states"),
    [
        ({}, {}, None),
        (BROKEN, BROKEN, None),
        (LIMITED, {}, ("works", "limited")),
        (BROKEN, {}, ("works", "broken")),
        (BROKEN, LIMITED, ("limited", "broken")),
        (LIMITED, BROKEN, ("broken", "limited")),
        ({}, BROKEN, ("broken", "works")),
        ({"area.first": "error"}, {}, None),
        ({}, {"area.first": "error"}, None),
        ({"controls.must-fail": "passed"} | BROKEN, {}, None),
        (BROKEN, {"controls.must-fail": "passed"}, None),
        (None, {}, None),
        (BROKEN, None, None),
    ],
)
def test_a_change_of_state_is_told_where_both_sides_are_known(
    small: Contract,
    pair: Callable[..., CellPair],
    now: dict[str, str] | None,
    was: dict[str, str] | None,
    states: tuple[str, str] | None,
) -> None:
    """Of a first release and of a run that is no evidence there is nothing to tell."""
    changes = capability_changes(small, [pair(now, was)])
    assert [(change.capability, change.before, change.after) for change in changes] == (
        [("talk", *states)] if states else []
    )


def test_the_worst_comes_first_with_all_its_cells(small: Contract, pair: Callable[..., CellPair]) -> None:
    rows = [("a", {}, BROKEN), ("b", LIMITED, {}), ("c", BROKEN, {}), ("d", BROKEN, {})]
    assert capability_changes(small, [pair(now, was, cell) for cell, now, was in rows]) == (
        CapabilityChange("talk", "works", "broken", ("c", "d")),
        CapabilityChange("talk", "works", "limited", ("b",)),
        CapabilityChange("talk", "broken", "works", ("a",)),
    )


def test_a_cell_that_died_changes_nothing(small: Contract, pair: Callable[..., CellPair]) -> None:
    assert capability_changes(small, [pair(BROKEN, {}, fault="it was killed")]) == ()
