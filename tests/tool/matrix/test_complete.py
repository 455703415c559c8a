"""The complete matrix: what came out otherwise than is known is run again before it is in it."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from examples import LEDGER

from market_data_meta.contract import Contract
from market_data_meta.judging.defects import KnownDefects
from market_data_meta.judging.records import Record, record_text
from market_data_meta.matrix import complete
from market_data_meta.matrix.complete import ATTEMPTS
from market_data_meta.matrix.verdicts import MatrixVerdicts
from market_data_meta.results.matrix import SpuriousCheck
from market_data_meta.running.cell_records import CellRecords
from market_data_meta.running.cells import RunOptions
from market_data_meta.running.isolated import REPETITIONS
from market_data_meta.running.warm_runner import RunRequest

Make = Callable[..., Record]
Decided = Callable[[list[str], list[str]], tuple[CellRecords, tuple[SpuriousCheck, ...]]]


@pytest.fixture
def decided(
    small: Contract, make_matrix: Callable[..., MatrixVerdicts], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Decided:
    """Decide a matrix in one cell of which a check comes out so in one matrix after the other, and so when repeated."""

    def matrix(firsts: list[str], repetitions: list[str]) -> tuple[CellRecords, tuple[SpuriousCheck, ...]]:
        remaining = iter(firsts)
        numbers = itertools.count()

        def decide(
            _contract: object, _ledger: object, _contents: object, request: RunRequest, *_: object
        ) -> CellRecords:
            if request.repeat:
                (cell,) = request.cells
                assert request.repeat[cell] == {"area.first"}
                runs = {cell: tuple(record_of({"area.first": each}) for each in repetitions)}
                return CellRecords({}, request.cells, {}, {}, {}, frozenset(), len(repetitions), runs=runs)
            records = make_matrix({"1.3 0.1 0.6": {"area.first": next(remaining)}}).cell_records
            file = tmp_path / "runs" / f"{next(numbers)}.jsonl"
            file.parent.mkdir(exist_ok=True)
            newest = next(cell for cell in records.cells if cell.combination.label == "core1.3-pipeline0.1-store0.6")
            file.write_text(record_text(records.records[newest]))
            runs_of_cells = {cell: (record,) for cell, record in records.records.items()}
            # What a service has decided is the same check in its own record and in the combination's.
            services = {newest.of_packages(("core", "store")): records.records[newest]}
            return replace(records, runs=runs_of_cells, services=services, cache_folders=(tmp_path / "runs",))

        def record_of(outcomes: dict[str, str]) -> Record:
            return next(iter(make_matrix({"1.3 0.1 0.6": outcomes}).cell_records.records.values()))

        monkeypatch.setattr(complete, "decide", decide)
        options: Any = RunOptions(tmp_path)
        return complete.decide_repeated_matrix(small, LEDGER, KnownDefects(), options, lambda _: None)

    return matrix


def test_a_new_failure_that_repeats_is_in_the_matrix(decided: Decided, tmp_path: Path) -> None:
    records, spurious = decided(["failed"], ["failed"] * 3)
    assert spurious == ()
    assert "failed" in {record.checks["area.first"].outcome for record in records.records.values()}
    assert len(list((tmp_path / "runs").iterdir())) == 1


def test_a_failure_that_does_not_repeat_is_told_and_its_run_is_made_anew(decided: Decided, tmp_path: Path) -> None:
    records, (spurious,) = decided(["failed", "passed"], ["passed"] * 3)
    assert (spurious.clause, spurious.outcomes) == ("area.first", ("failed", "passed", "passed", "passed"))
    assert {record.checks["area.first"].outcome for record in records.records.values()} == {"passed"}
    # Only the second run is left in the cache.
    assert [file.name for file in (tmp_path / "runs").iterdir()] == ["1.jsonl"]


def test_a_failure_that_never_repeats_is_an_error_in_the_matrix_and_no_defect(decided: Decided, tmp_path: Path) -> None:
    records, (spurious,) = decided(["failed"] * ATTEMPTS, ["passed", "failed", "failed"])
    assert spurious.outcomes == ("failed", "passed", "failed", "failed")
    checks = [record.checks["area.first"] for record in records.records.values()]
    assert [(check.outcome, check.message) for check in checks if check.outcome != "passed"] == [
        ("error", "it does not come out the same each time: failed, passed, failed, failed")
    ]
    assert [record.checks["area.first"].outcome for record in records.services.values()] == ["error"]
    assert list((tmp_path / "runs").iterdir()) == []
    assert records.run_count == 3 * ATTEMPTS


@pytest.mark.parametrize("repetitions", [["failed"] * 2, ["failed", "failed", "error"], []])
def test_what_was_not_confirmed_in_every_repetition_is_no_news(decided: Decided, repetitions: list[str]) -> None:
    records, (spurious,) = decided(["failed"] * ATTEMPTS, repetitions)
    assert len(spurious.outcomes) == 1 + REPETITIONS
    assert "failed" not in {record.checks["area.first"].outcome for record in records.records.values()}


def test_a_repetition_that_could_not_run_is_replaced_by_the_next(decided: Decided) -> None:
    _, spurious = decided(["failed"], ["error", "failed", "failed", "failed"])
    assert spurious == ()
