"""Runs of services: what is run, what stands for what, and that one run is no news."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from example_deployments import CONTRACT, LEDGER, WRITES, MadeRuns, service

from market_data_meta.contract import Contract
from market_data_meta.deployment import runs
from market_data_meta.judging.defects import KnownDefects
from market_data_meta.judging.deployments import ServiceRun
from market_data_meta.judging.records import Record
from market_data_meta.running.cell_records import CellRecords
from market_data_meta.running.cells import RunOptions
from market_data_meta.running.warm_runner import RunRequest

Make = Callable[..., Record]
STORE = "core 1.0 store 0.5"


class Lane:
    """In place of the warm lane: the first run of a service, and its repetitions, come out as a test says."""

    def __init__(self, make_record: Make, first: str, *again: str) -> None:
        self.requests: list[RunRequest] = []
        self._make_record, self._first, self._again = make_record, first, again

    def decide(
        self, _contract: Contract, _ledger: object, contents: Any, request: RunRequest, *_: object
    ) -> CellRecords:
        self.requests.append(request)
        (cell,) = request.cells
        outcomes = self._again if request.repeat else (self._first,)
        records = [
            record
            for outcome in outcomes
            if (record := MadeRuns(self._make_record, {STORE: {WRITES: outcome}}).run(service(STORE)).record)
        ]
        decided = {} if request.repeat else {cell: records[0]}
        return CellRecords(contents, request.cells, decided, {}, {}, frozenset(), 1, runs={cell: tuple(records)})


def run(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, lane: Lane, *, only_known: bool = False) -> ServiceRun:
    monkeypatch.setattr(runs, "decide", lane.decide)
    monkeypatch.setattr(runs, "load_recordings", lambda *_: ())
    options = RunOptions(tmp_path, run=not only_known)
    (result,) = runs.service_runs(CONTRACT, LEDGER, KnownDefects(), [service(STORE)], options, lambda _: None).values()
    return result


def outcome(result: ServiceRun) -> str:
    assert result.record
    return result.record.checks[WRITES].outcome


def test_what_passes_is_run_once(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, make_record: Make) -> None:
    lane = Lane(make_record, "passed")
    assert outcome(run(monkeypatch, tmp_path, lane)) == "passed"
    (request,) = lane.requests
    assert request.cells[0].combination == service(STORE)


@pytest.mark.parametrize(
    ("again", "expected"),
    [(("failed",) * 3, "failed"), (("failed", "passed", "failed"), "error"), (("failed", "failed"), "error")],
)
def test_a_new_failure_counts_once_it_has_failed_again(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, make_record: Make, again: tuple[str, ...], expected: str
) -> None:
    lane = Lane(make_record, "failed", *again)
    assert outcome(run(monkeypatch, tmp_path, lane)) == expected
    assert list(lane.requests[1].repeat.values()) == [frozenset({WRITES})]


def test_where_nothing_is_run_nothing_is_repeated(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, make_record: Make
) -> None:
    lane = Lane(make_record, "failed", "passed")
    assert outcome(run(monkeypatch, tmp_path, lane, only_known=True)) == "failed"
    assert len(lane.requests) == 1
