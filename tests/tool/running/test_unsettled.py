"""A run with an error, an early end or a missing check may be cached, and is run again before it counts as evidence."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from examples import SUITE

from market_data_meta.candidates.candidate import Candidate, find_predecessor
from market_data_meta.contract import Contract
from market_data_meta.gate.runner import GateRun
from market_data_meta.judging.comparison import CellComparison
from market_data_meta.judging.records import Record, record_text
from market_data_meta.judging.verdicts import reasons_to_run_again
from market_data_meta.matrix.confirm import isolated_records
from market_data_meta.prove import trial_runs
from market_data_meta.prove.trial_runs import NewestReleases, TrialRun, run_trials
from market_data_meta.releases.combinations import Cell
from market_data_meta.releases.ledger import Ledger
from market_data_meta.running import environments, release_runs
from market_data_meta.running.cells import RunOptions
from market_data_meta.running.release_runs import ATTEMPTS, ReleaseAlone

Make = Callable[..., Record]
CLAUSES = ["area.first", "area.second", "controls.must-fail", "controls.must-pass"]
UNSETTLED: Mapping[str, Mapping[str, Any]] = {
    "error": {"outcomes": {"area.first": "error"}},
    "missing": {"outcomes": {"area.first": "missing"}},
    "death": {"footer": None, "death": "it was killed"},
    "control": {"outcomes": {"controls.must-fail": "passed"}},
}


@pytest.fixture(params=UNSETTLED)
def bad(request: pytest.FixtureRequest, make_record: Make) -> Record:
    """A run that does not count as evidence."""
    changes = dict(UNSETTLED[request.param])
    return make_record(changes.pop("outcomes", None), clauses=CLAUSES, format=1, **changes)


@pytest.fixture
def good(make_record: Make) -> Record:
    """A whole run, in which a check failed: that is an answer."""
    return make_record({"area.first": "failed"}, clauses=CLAUSES, format=1)


def test_an_unsettled_run_has_reasons_to_run_again(bad: Record, good: Record) -> None:
    assert reasons_to_run_again(bad)
    assert reasons_to_run_again(good) == []


def test_a_run_that_was_to_end_with_a_failure_lacks_nothing_behind_it(make_record: Make) -> None:
    outcomes = {"area.first": "failed", "area.second": "missing"}
    assert reasons_to_run_again(make_record(outcomes, clauses=CLAUSES, until=["area.first"])) == []
    assert reasons_to_run_again(make_record(outcomes, clauses=CLAUSES)) == ["area.second is missing"]
    outcomes = {"area.first": "error", "area.second": "missing"}
    assert reasons_to_run_again(make_record(outcomes, clauses=CLAUSES, until=["area.first"]))


@pytest.fixture
def run_alone(
    contract: Contract, ledger: Ledger, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Callable[..., tuple[Record, int]]:
    """Run a release alone, its runs bringing these records: the record that counts, and how many runs it took."""
    monkeypatch.setattr(environments, "uv", lambda *_, **__: "python")

    def run(*records: Record, to_repeat: Callable[[Record], Collection[str]] = lambda _: ()) -> tuple[Record, int]:
        remaining = list(records)

        def run_cell(
            _contract: object, _ledger: object, cell: Any, *, out: Path, before_run: Callable[[], None], **_: object
        ) -> Record:
            before_run()
            record = remaining.pop(0)
            file = out / "records" / f"{cell.name}.jsonl"
            file.parent.mkdir(parents=True)
            file.write_text(record_text(record))
            return record

        monkeypatch.setattr(release_runs, "run_cell", run_cell)
        release = ReleaseAlone(contract, ledger, "core", ledger.newest("core").version, "3.11", tmp_path)
        record = release.run(to_repeat=to_repeat)
        return record, len(records) - len(remaining)

    return run


def test_a_release_alone_is_tried_again_and_only_a_settled_run_is_read_back(
    run_alone: Callable[..., tuple[Record, int]], bad: Record, good: Record
) -> None:
    assert run_alone(bad, bad, good) == (bad, ATTEMPTS)
    assert run_alone(bad, good, good) == (good, 2)
    assert run_alone(bad) == (good, 0)


@pytest.mark.parametrize(("repeated", "outcome", "files"), [("failed", "failed", 4), ("passed", "error", 0)])
def test_a_run_that_another_command_has_cached_is_repeated_before_it_is_news(
    run_alone: Callable[..., tuple[Record, int]],
    make_record: Make,
    good: Record,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    repeated: str,
    outcome: str,
    files: int,
) -> None:
    """A gate caches its runs without a second look; and what has not repeated is in no cache."""
    run_alone(good)
    repetition = make_record({"area.first": repeated}, clauses=CLAUSES, format=1)
    monkeypatch.setattr(release_runs, "run_clauses", lambda *_, **__: repetition)
    record, ran = run_alone(to_repeat=lambda _: ["area.first"])
    assert (record.checks["area.first"].outcome, ran) == (outcome, 0)
    assert len(list((tmp_path / "alone").glob("*.jsonl"))) == files


def test_an_unsettled_run_in_the_cache_is_run_again(
    run_alone: Callable[..., tuple[Record, int]], bad: Record, good: Record, tmp_path: Path
) -> None:
    run_alone(good)
    (file,) = (tmp_path / "alone").glob("*.jsonl")
    file.write_text(record_text(bad))
    assert run_alone(good) == (good, 1)


def test_a_harmless_change_is_not_accused_where_its_predecessor_ran_into_a_limit(
    contract: Contract, ledger: Ledger, make_record: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The gate is undecided where the predecessor was in error, and the next gate decides, as no error is cached."""
    monkeypatch.setattr(environments, "uv", lambda *_, **__: "python")
    clause, release = "packaging.modules-import", ledger.newest("core")
    before = find_predecessor(ledger, "core", release.version, itself=False)
    assert before
    outcomes = {before.version: ["error", "error", "failed"], release.version: ["failed"]}

    def run_cell(
        _contract: object, _ledger: object, cell: Cell, *, out: Path, before_run: Callable[[], None], **_: object
    ) -> Record:
        before_run()
        version = cell.combination.as_dict()["core"]
        decided = dict.fromkeys(contract.clauses_for(("core",)), "passed") | {"controls.must-fail": "failed"}
        content = ledger.release("core", version).content
        record = make_record(
            decided | {clause: outcomes[version].pop(0)},
            format=1,
            cell=cell.name,
            combination={"core": version},
            expected={"core": {"content": content, "sha256": "d" * 64}},
            attestation={"core": {"version": version, "content": content, "direct_url": None}},
        )
        file = out / "records" / f"{cell.name}.jsonl"
        file.parent.mkdir(parents=True)
        file.write_text(record_text(record))
        return record

    monkeypatch.setattr(release_runs, "run_cell", run_cell)
    candidate = Candidate("core", "x", release, before)

    def run_gate() -> CellComparison:
        gate = GateRun(contract, ledger, (candidate,), RunOptions(tmp_path, python="3.11"), "quick")
        return gate._compare_alone(candidate, lambda: None)

    comparison = run_gate()
    assert (comparison.verdict, comparison.kinds[clause]) == ("unknown", "undecided")
    comparison = run_gate()
    assert (comparison.verdict, comparison.kinds[clause]) == ("held", "known")
    assert not any(outcomes.values())


def test_the_isolated_lane_confirms_with_settled_runs_only(tmp_path: Path, bad: Record, good: Record) -> None:
    (tmp_path / "records").mkdir()
    file = tmp_path / "records" / "cell.jsonl"
    file.write_text(record_text(good))
    assert isolated_records(tmp_path, SUITE)
    file.write_text(record_text(bad))
    assert not isolated_records(tmp_path, SUITE)


def test_a_proof_reads_back_settled_runs_only(
    bad: Record, good: Record, make_record: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    runs_again: list[str] = []

    class EarlierRuns:
        """The cache with the runs of an earlier proof."""

        def __init__(self, *records: Record) -> None:
            self.records = lambda: iter(records)

    newest = object.__new__(NewestReleases)
    contents = {name: expected.content for name, expected in good.header.expected.items()}
    monkeypatch.setattr(TrialRun, "contents", lambda *_: contents)
    monkeypatch.setattr(TrialRun, "versions", lambda *_: good.versions)

    def again(_: object, missing: Mapping[str, TrialRun], __: object) -> Iterator[tuple[str, Record]]:
        for name in missing:
            runs_again.append(name)
            yield name, make_record({"area.second": "failed"})

    monkeypatch.setattr(trial_runs, "_run_missing", again)
    run = TrialRun(tuple(CLAUSES))
    newest.run_cache = EarlierRuns(good)  # type: ignore[assignment]  # only its records are read
    assert run_trials(newest, [run], lambda _: None) == {run: good}
    assert not runs_again
    newest.run_cache = EarlierRuns(bad)  # type: ignore[assignment]  # only its records are read
    assert run_trials(newest, [run], lambda _: None)[run].checks["area.second"].outcome == "failed"
    assert len(runs_again) == 1
