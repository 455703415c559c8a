"""The cells of a gate: each distinct content of the others that all requirements allow, the newest first."""

from __future__ import annotations

import pytest
from examples import LEDGER, candidate

from market_data_meta.candidates.as_published import ledger_with_candidates
from market_data_meta.candidates.candidate import find_predecessor
from market_data_meta.contract import Contract
from market_data_meta.gate.partners import (
    ALL,
    ALLOWED,
    PINNED,
    QUICK,
    GateCell,
    allowed_number,
    gate_cells,
)


def versions(gate_cells: tuple[GateCell, ...]) -> list[str]:
    return [" ".join(cell.with_candidates.combination.as_dict().values()) for cell in gate_cells]


def test_a_candidate_runs_with_each_content_that_the_requirements_allow(small: Contract) -> None:
    cells = gate_cells(small, LEDGER, (candidate("core", "1.2.5", "9"),), ALLOWED)
    assert versions(cells) == ["1.2.5 0.1 0.6", "1.2.5 0.1 0.5"]
    assert [cell.stands_for for cell in cells] == [1, 1]
    assert [cell.forbidden for cell in cells] == [(), ()]


def test_a_combination_that_the_requirements_of_either_side_forbid_is_no_cell(small: Contract) -> None:
    assert versions(gate_cells(small, LEDGER, (candidate("core", "1.4", "9"),), ALLOWED)) == ["1.4 0.1 0.5"]
    store = candidate("store", "0.7", "9", "market-data-core>=1.3")
    assert versions(gate_cells(small, LEDGER, (store,), ALLOWED)) == ["1.3 0.1 0.7"]
    assert gate_cells(small, LEDGER, (candidate("core", "0.9", "9"),), ALLOWED) == ()


def test_all_also_runs_what_is_forbidden_and_says_so(small: Contract) -> None:
    cells = gate_cells(small, LEDGER, (candidate("core", "1.4", "9"),), ALL)
    assert versions(cells) == ["1.4 0.1 0.6", "1.4 0.1 0.5"]
    assert ["<1.3, not 1.4" in " ".join(cell.forbidden) for cell in cells] == [True, False]


def test_quick_runs_with_the_newest_and_the_deployed(small: Contract) -> None:
    assert versions(gate_cells(small, LEDGER, (candidate("core", "1.2.5", "9"),), QUICK)) == [
        "1.2.5 0.1 0.6",
        "1.2.5 0.1 0.5",
    ]


def test_named_partners_are_the_only_ones(small: Contract) -> None:
    cells = gate_cells(small, LEDGER, (candidate("core", "1.4", "9"),), PINNED, {"store": "0.6", "pipeline": "0.1"})
    assert versions(cells) == ["1.4 0.1 0.6"]


def test_the_baseline_is_the_predecessor_in_the_same_cell(small: Contract) -> None:
    cells = gate_cells(small, LEDGER, (candidate("core", "1.2.5", "9"),), ALLOWED)
    assert [cell.with_predecessors and cell.with_predecessors.combination.as_dict()["core"] for cell in cells] == [
        "1.2",
        "1.2",
    ]
    assert [cell.with_predecessors and cell.with_predecessors.digests["store"] for cell in cells] == [
        cell.with_candidates.digests["store"] for cell in cells
    ]


def test_several_candidates_run_together(small: Contract) -> None:
    both = (candidate("core", "2.0", "9"), candidate("store", "0.7", "8", "market-data-core>=2"))
    assert versions(gate_cells(small, LEDGER, both, ALLOWED)) == ["2.0 0.1 0.7"]


def test_a_candidate_stands_in_place_of_a_release_of_its_version() -> None:
    ledger = ledger_with_candidates(LEDGER, [candidate("core", "1.3", "9")])
    assert ledger.release("core", "1.3").content == "9" * 64
    assert ledger.published is LEDGER
    assert ledger.requirement("market-data-core", ledger.release("core", "1.3")) == (
        "market-data-core @ file:///candidate.whl"
    )
    assert (
        ledger.requirement("market-data-core", ledger.release("core", "1.2"), "[bus]") == "market-data-core[bus]==1.2"
    )


@pytest.mark.parametrize(
    ("version", "itself", "expected"),
    [("1.3", True, "1.3"), ("1.3", False, "1.2"), ("1.2.5", True, "1.2"), ("9", True, "1.3"), ("0.1", True, None)],
)
def test_the_predecessor_is_the_newest_release_before(version: str, itself: bool, expected: str | None) -> None:
    predecessor = find_predecessor(LEDGER, "core", version, itself=itself)
    assert (predecessor and predecessor.version) == expected


def test_the_combinations_that_a_candidate_may_be_installed_in_are_counted(small: Contract) -> None:
    """Its own requirements may exclude partners that its predecessor could be installed with."""
    assert allowed_number(small, LEDGER, {"core": LEDGER.release("core", "1.2")}) == 2
    narrower = candidate("store", "0.7", "9", "market-data-core>=1.3")
    ledger = ledger_with_candidates(LEDGER, [narrower])
    assert allowed_number(small, ledger, {"store": narrower.release}) == 1
