"""The isolated lane confirms the warm lane: which cells are sampled, and where two records differ."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from examples import LEDGER

from market_data_meta import suite
from market_data_meta.contract import Contract
from market_data_meta.judging.records import Record, record_text
from market_data_meta.matrix.confirm import confirm, lane_disagreements, sample_cells
from market_data_meta.matrix.verdicts import MatrixVerdicts
from market_data_meta.releases.contents import distinct_contents, oldest_and_newest_combinations
from market_data_meta.releases.ledger import Ledger


def test_records_are_compared_check_by_check_and_library_by_library(
    small: Contract, make_record: Callable[..., Record]
) -> None:
    warm = make_record(third_party={"pydantic": "2.12.0"})
    assert not lane_disagreements(small, warm, warm)
    other = make_record({"area.first": "failed"}, third_party={"pydantic": "2.13.0"})
    assert [(row.clause, row.isolated, row.warm) for row in lane_disagreements(small, warm, other)] == [
        ("area.first", "passed", f"failed {other.checks['area.first'].fingerprint}"),
        ("third-party pydantic", "2.12.0", "2.13.0"),
    ]
    checks = {name: check for name, check in warm.checks.items() if name != "area.second"}
    assert [row.clause for row in lane_disagreements(small, warm, replace(warm, checks=checks))] == ["area.second"]


def test_the_sample_has_all_corners_and_depends_on_the_seed_alone(contract: Contract, ledger: Ledger) -> None:
    contents = distinct_contents(contract, ledger)
    sampled = sample_cells(contents, 12, "seed")
    assert len(sampled) == 12
    assert {cell for cell, _ in sampled} > set(oldest_and_newest_combinations(contents))
    assert sampled == sample_cells(contents, 12, "seed")
    assert sampled != sample_cells(contents, 12, "another")
    for cell, combination in sampled:
        for content in cell.contents:
            assert combination.as_dict()[content.package] in {release.version for release in content.releases}


def test_what_agrees_is_counted_by_check_in_every_cell_that_both_lanes_have_run(
    small: Contract, tmp_path: Path, make_matrix: Callable[..., MatrixVerdicts]
) -> None:
    """A check that differs is not counted, nor a cell that only one of the lanes has."""
    digest = suite.digest(small.root)
    cells = make_matrix().cell_records
    warm = {
        cell: replace(record, header=replace(record.header, suite=digest)) for cell, record in cells.records.items()
    }
    (tmp_path / "records").mkdir()
    compared = list(warm)[:3]
    for number, cell in enumerate(compared):
        checks = dict(warm[cell].checks)
        if number == 0:
            checks["area.second"] = replace(checks["area.second"], outcome="failed")
        record = replace(warm[cell], checks=checks)
        (tmp_path / "records" / f"{record.cell}.jsonl").write_text(record_text(record))
    del warm[compared[2]]
    result = confirm(small, LEDGER, replace(cells, records=warm), (), out=tmp_path, on_step=lambda _: None)
    assert set(result.cells) == {cell.combination.label for cell in compared[:2]}
    assert [(row.cell, row.clause) for row in result.disagreements] == [(compared[0].combination.label, "area.second")]
    every_check = {"area.first", "area.second", "controls.must-pass", "controls.must-fail"}
    assert result.agreed == 2 * len(every_check) - 1
