"""Several cells in the isolated lane: they overlap, and one that cannot be run ends the others."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from examples import PATIENCE

from market_data_meta.contract import Contract
from market_data_meta.errors import ErrorCode, MetaError
from market_data_meta.judging.records import Record
from market_data_meta.releases.combinations import Cell, Combination
from market_data_meta.releases.ledger import Ledger
from market_data_meta.running import several_cells
from market_data_meta.running.several_cells import CellStep, run_cells

CELLS = [Cell(Combination((("core", version),))) for version in ("1.2.8", "1.2.9", "1.4.61")]


def test_two_cells_run_at_a_time_and_the_records_come_in_their_order(
    contract: Contract,
    ledger: Ledger,
    make_record: Callable[..., Record],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The first two wait for each other here, and the second one ends before the first."""
    together, second_ended = threading.Barrier(2, timeout=PATIENCE), threading.Event()

    def run_cell(_contract: Contract, _ledger: Ledger, cell: Cell, **options: Any) -> Record:
        options["on_checks"](3, 7)
        if cell in CELLS[:2]:
            together.wait()
        if cell == CELLS[0]:
            assert second_ended.wait(PATIENCE)
        return make_record({}, cell=cell.name)

    def on_step(step: CellStep) -> None:
        steps.append(step)
        if step.record and step.cell == CELLS[1].name:
            second_ended.set()

    steps: list[CellStep] = []
    monkeypatch.setattr(several_cells, "run_cell", run_cell)
    records = run_cells(contract, ledger, CELLS, out=tmp_path, on_step=on_step)
    assert [record.cell for record in records] == [cell.name for cell in CELLS]
    assert {(step.ended, step.total) for step in steps if not step.record} == {(3, 7)}
    assert next(step.record.cell for step in steps if step.record) == CELLS[1].name


def test_a_cell_that_cannot_be_run_ends_the_others(
    contract: Contract, ledger: Ledger, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first goes on for ever unless it is ended; the third never begins."""
    begun: list[Cell] = []

    def run_cell(_contract: Contract, _ledger: Ledger, cell: Cell, **options: Any) -> Record:
        begun.append(cell)
        if cell == CELLS[1]:
            raise MetaError(ErrorCode.NO_NETWORK, "there is no network")
        until = time.monotonic() + PATIENCE
        while time.monotonic() < until:
            options["on_checks"](0, 1)
            time.sleep(0.01)
        raise AssertionError("it was not ended")

    monkeypatch.setattr(several_cells, "run_cell", run_cell)
    with pytest.raises(MetaError, match="there is no network"):
        run_cells(contract, ledger, CELLS, out=tmp_path)
    assert set(begun) == set(CELLS[:2])
