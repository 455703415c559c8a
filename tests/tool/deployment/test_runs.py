"""Runs of services: what is run, what stands for what, and that one run is no news."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from example_deployments import CONTRACT, LEDGER, RECORDINGS, WRITES, MadeRuns, service
from examples import release

from market_data_meta.contract import Clause, Contract
from market_data_meta.deployment import runs
from market_data_meta.judging.defects import KnownDefects
from market_data_meta.judging.deployments import IS_ARCHIVED, ServiceRun
from market_data_meta.judging.records import Check, Record
from market_data_meta.running.cell_records import CellRecords
from market_data_meta.running.cells import RunOptions
from market_data_meta.running.warm_runner import RunRequest

Make = Callable[..., Record]
OLD, NEW = "core 1.0 store 0.5", "core 1.2 store 0.6"


class Lane:
    """In place of the warm lane: how writing comes out in the first run of each Store, and in those that repeat it."""

    def __init__(self, make_record: Make, old: str, new: str, *again: str) -> None:
        self.requests: list[RunRequest] = []
        self._make_record, self._first, self._again = make_record, {OLD: old, NEW: new}, again

    def _record(self, name: str, outcome: str) -> Record:
        record = MadeRuns(self._make_record, {name: {WRITES: outcome}}).run(service(name)).record
        assert record
        return record

    def decide(
        self, _contract: Contract, _ledger: object, contents: Any, request: RunRequest, *_: object
    ) -> CellRecords:
        self.requests.append(request)
        names = {cell: OLD if cell.combination == service(OLD) else NEW for cell in request.cells}
        first = {cell: self._record(name, self._first[name]) for cell, name in names.items()}
        again = {cell: tuple(self._record(name, outcome) for outcome in self._again) for cell, name in names.items()}
        return CellRecords(contents, request.cells, {} if request.repeat else first, {}, {}, frozenset(), 1, runs=again)


def run(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, lane: Lane, *, only_known: bool = False) -> ServiceRun:
    """The run of the old Store, which is decided together with the new one."""
    monkeypatch.setattr(runs, "decide", lane.decide)
    monkeypatch.setattr(runs, "load_recordings", lambda *_: ())
    options = RunOptions(tmp_path, run=not only_known)
    both = [service(OLD), service(NEW)]
    return runs.service_runs(CONTRACT, LEDGER, KnownDefects(), both, options, lambda _: None)[service(OLD)]


def outcome(result: ServiceRun) -> str:
    assert result.record
    return result.record.checks[WRITES].outcome


def test_what_passes_is_run_once(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, make_record: Make) -> None:
    lane = Lane(make_record, "passed", "passed")
    assert outcome(run(monkeypatch, tmp_path, lane)) == "passed"
    (request,) = lane.requests
    assert [cell.combination for cell in request.cells] == [service(OLD), service(NEW)]


def test_what_fails_in_the_same_way_before_and_after_is_run_once(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, make_record: Make
) -> None:
    lane = Lane(make_record, "failed", "failed")
    assert outcome(run(monkeypatch, tmp_path, lane)) == "failed"
    assert len(lane.requests) == 1


def test_a_refused_recording_counts_once_it_was_refused_again(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, make_record: Make
) -> None:
    """Also where the consumer stays the same: it says something else about each producer."""
    lane = Lane(make_record, "failed", "failed", "passed", "failed", "failed")
    monkeypatch.setattr(runs, "TAKES_RECORDINGS", WRITES)
    assert outcome(run(monkeypatch, tmp_path, lane)) == "error"


@pytest.mark.parametrize(
    ("again", "expected"),
    [(("failed",) * 3, "failed"), (("failed", "passed", "failed"), "error"), (("failed", "failed"), "error")],
)
def test_a_new_failure_counts_once_it_has_failed_again(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, make_record: Make, again: tuple[str, ...], expected: str
) -> None:
    lane = Lane(make_record, "failed", "passed", *again)
    assert outcome(run(monkeypatch, tmp_path, lane)) == expected
    assert list(lane.requests[1].repeat.values()) == [frozenset({WRITES})]


def test_where_nothing_is_run_nothing_is_repeated(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, make_record: Make
) -> None:
    lane = Lane(make_record, "failed", "passed", "passed")
    assert outcome(run(monkeypatch, tmp_path, lane, only_known=True)) == "failed"
    assert len(lane.requests) == 1


def test_services_with_a_candidate_are_run_apart_from_those_of_releases(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, make_record: Make
) -> None:
    """What a run with a candidate shows about other packages holds with that candidate only."""
    ledger = LEDGER.with_candidate("store", release("0.6", "9"), tmp_path / "store.whl")
    lane = Lane(make_record, "passed", "passed")
    monkeypatch.setattr(runs, "decide", lane.decide)
    monkeypatch.setattr(runs, "load_recordings", lambda *_: ())
    both = [service(OLD), service(NEW)]
    known = runs.service_runs(CONTRACT, ledger, KnownDefects(), both, RunOptions(tmp_path), lambda _: None)
    assert list(known) == both
    assert [(dict(one.candidates), [cell.combination for cell in one.cells]) for one in lane.requests] == [
        ({}, [service(OLD)]),
        ({"store": "9" * 64}, [service(NEW)]),
    ]


def test_a_service_that_sends_something_new_in_each_case_sends_nothing_recorded(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, make_record: Make
) -> None:
    """Otherwise it may send recorded ones too, and it is not known which."""
    sent = {"new": {"stream": "feedback", "entries": []}}
    for cases, archive in ((["one case"], ()), (["one case", "another one"], ("plain", "wrapped"))):
        archived = Clause("It is archived.", "must", "deployment", ("core", "store"), "A source.", id=IS_ARCHIVED)
        archived = replace(archived, expect={"cases": cases})
        contract = replace(CONTRACT, clauses={**CONTRACT.clauses, IS_ARCHIVED: archived})
        lane = Lane(make_record, "passed", "passed")
        first = lane.decide

        def decide(*words: Any, decided: Callable[..., CellRecords] = first) -> CellRecords:
            cells = decided(*words)
            check = Check(IS_ARCHIVED, "failed", "it", {}, sent, 0.0)
            return replace(
                cells,
                records={
                    cell: replace(one, checks={**one.checks, IS_ARCHIVED: check}) for cell, one in cells.records.items()
                },
            )

        monkeypatch.setattr(runs, "decide", decide)
        monkeypatch.setattr(runs, "load_recordings", lambda *_: RECORDINGS)
        options = RunOptions(tmp_path, run=False)
        run_of = runs.service_runs(contract, LEDGER, KnownDefects(), [service(OLD)], options, lambda _: None)
        assert (run_of[service(OLD)].sends, run_of[service(OLD)].archive) == (sent, archive)
