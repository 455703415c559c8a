"""Repetitions of a gate: what is run again, in which order, and what happens to the runs of what did not repeat."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from market_data_meta.contract import Contract
from market_data_meta.gate.partners import GateCell
from market_data_meta.gate.repetitions import GateRepetitions, clauses_to_repeat
from market_data_meta.judging.comparison import CellComparison, CellPair, Repetition, compare_cell
from market_data_meta.judging.records import Record, record_text
from market_data_meta.releases.contents import content_combinations, distinct_contents
from market_data_meta.releases.ledger import Ledger
from market_data_meta.running.cell_records import CellRecords
from market_data_meta.running.cells import RunOptions
from market_data_meta.running.isolated import REPETITIONS
from market_data_meta.running.warm_runner import RunRequest

Make = Callable[..., Record]
PASSED, FAILED = {"area.first": "passed"}, {"area.first": "failed"}


@pytest.fixture
def compared(small: Contract, make_record: Make) -> Callable[..., CellComparison]:
    """Compare a cell of a name in which area.first comes out so, before and now: ``compared("x", PASSED, FAILED)``."""

    def compare(name: str, was: dict[str, str], now: dict[str, str], *repetitions: Repetition) -> CellComparison:
        before, after = make_record(was), replace(make_record(now), cell=name)
        pair = CellPair(name, "combination", after.versions, after, before)
        if repetitions:
            pair = replace(pair, repetitions={"area.first": repetitions})
        return compare_cell(pair, {"area.first": small.clauses["area.first"]}, [], strict=False)

    return compare


@pytest.fixture
def repetitions(small: Contract, ledger: Ledger, tmp_path: Path) -> GateRepetitions:
    """The repetitions of a gate whose cache is empty."""
    return GateRepetitions(small, ledger, RunOptions(tmp_path / "cache"), lambda _: None)


def test_of_the_cells_with_the_same_difference_the_first_runs_it_again(
    small: Contract, compared: Callable[..., CellComparison]
) -> None:
    cells = [compared("a", PASSED, FAILED), compared("b", PASSED, FAILED), compared("c", FAILED, PASSED)]
    cells += [
        compared("d", PASSED, PASSED),
        compared("e", FAILED, FAILED),
        compared("f", PASSED, {"area.first": "error"}),
    ]
    assert clauses_to_repeat(cells, small.clauses) == {
        "a": {"area.first": ("a", "b")},
        "c": {"area.first": ("c",)},
    }


def test_a_candidate_and_its_predecessor_run_in_turn(repetitions: GateRepetitions, make_record: Make) -> None:
    """What could not run in a repetition stands last, and what brought no result is None."""
    runs: list[tuple[str, int]] = []

    class ReleaseDouble:
        """Stands in for a release that runs alone: it notes its runs, which bring what it was given."""

        def __init__(self, name: str, *outcomes: str) -> None:
            self.name, self.outcomes = name, list(outcomes)

        def repeat(self, clauses: Collection[str], number: int, _folder: Path) -> Record:
            assert clauses == {"area.first"}
            runs.append((self.name, number))
            return make_record({"area.first": self.outcomes.pop(0)})

    candidate: Any = ReleaseDouble("candidate", "error", "failed", "missing")
    predecessor: Any = ReleaseDouble("predecessor", "passed", "passed", "passed")
    pairs = repetitions.alone(candidate, predecessor, frozenset({"area.first"}))["area.first"]
    assert runs == [(name, number) for number in (1, 2, 3) for name in ("candidate", "predecessor")]
    assert [pair.outcomes for pair in pairs] == [("passed", "failed"), ("passed", "error"), ("passed", "missing")]
    first: Any = ReleaseDouble("first", "failed", "failed", "failed")
    alone = repetitions.alone(first, None, frozenset({"area.first"}))["area.first"]
    assert [pair.was for pair in alone] == [None] * REPETITIONS
    assert repetitions.run_count == 3 * REPETITIONS


def test_a_combination_in_two_cells_repeats_the_clauses_of_both(
    small: Contract, ledger: Ledger, repetitions: GateRepetitions, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else the check of one cell would have no baseline, and a regression would be undecided."""
    first, second, before = content_combinations(distinct_contents(small, ledger))[-3:]
    requests: list[RunRequest] = []

    def decide(_contract: object, _ledger: object, _known: object, request: RunRequest, *_: object) -> CellRecords:
        requests.append(request)
        return CellRecords({}, request.cells, {}, {}, {}, frozenset(), 0)

    monkeypatch.setattr("market_data_meta.gate.repetitions.decide", decide)
    cells = [GateCell(now, before, stands_for=1) for now in (first, second)]
    repetitions.in_cells((), {}, {cells[0]: frozenset({"area.first"}), cells[1]: frozenset({"area.second"})})
    (request,) = requests
    assert request.repeat == {
        first: {"area.first"},
        second: {"area.second"},
        before: {"area.first", "area.second"},
    }


@pytest.mark.parametrize(("now", "removed"), [("passed", {"now", "repetition"}), ("failed", set[str]())])
def test_the_run_that_showed_what_did_not_repeat_is_made_anew_and_no_other(
    repetitions: GateRepetitions,
    compared: Callable[..., CellComparison],
    make_record: Make,
    tmp_path: Path,
    now: str,
    removed: set[str],
) -> None:
    before, after = make_record(PASSED), make_record({"area.first": now})
    repeated_check = replace(after.checks["area.first"], duration=7.0)
    repetition = Repetition(before.checks["area.first"], repeated_check)
    cell = compared("a", PASSED, FAILED, *(repetition,) * REPETITIONS)
    assert cell.pair.now
    assert cell.pair.was
    repeated = replace(after, checks={**after.checks, "area.first": repeated_check})
    records = {"was": cell.pair.was, "now": cell.pair.now, "repetition": repeated, "other": make_record(PASSED, got=1)}
    # Two runs never take the same time; these were made up.
    records["was"] = replace(records["was"], checks={"area.first": replace(before.checks["area.first"], duration=3.0)})
    cell = replace(cell, pair=replace(cell.pair, was=records["was"]))
    for name, record in records.items():
        (tmp_path / f"{name}.jsonl").write_text(record_text(record))
    repetitions.discard([cell], [tmp_path])
    assert {name for name in records if not (tmp_path / f"{name}.jsonl").exists()} == removed
