"""Blame: the smallest set of candidates that shows a problem; nobody is blamed for what could not be decided."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from market_data_meta.candidates.candidate import Candidate
from market_data_meta.contract import Contract
from market_data_meta.gate.blame import Problem, cells_to_explain, packages_to_blame, problem_kind
from market_data_meta.gate.partners import GateCell
from market_data_meta.gate.repetitions import GateRepetitions
from market_data_meta.gate.runner import GateRun
from market_data_meta.judging.comparison import CellComparison, CellPair, Difference, Repetition, compare_checks
from market_data_meta.judging.deployments import IS_ARCHIVED, TAKES_RECORDINGS
from market_data_meta.judging.records import Check, Record
from market_data_meta.releases.contents import ContentCombination, content_combinations, distinct_contents
from market_data_meta.releases.ledger import Ledger, Release
from market_data_meta.running.cell_records import CellRecords
from market_data_meta.running.cells import RunOptions
from market_data_meta.running.isolated import REPETITIONS


def candidates(release: Release, *packages: str) -> tuple[Candidate, ...]:
    return tuple(Candidate(package, "x", release, release) for package in packages)


@pytest.mark.parametrize(
    ("guilty_sets", "expected"),
    [
        ([{"core"}], ("core",)),
        ([{"store"}, {"core", "store"}], ("store",)),
        ([{"core", "store"}], ("core", "store")),
        ([], ("core", "pipeline", "store")),
    ],
)
def test_the_smallest_set_of_candidates_that_shows_a_problem_is_to_blame(
    ledger: Ledger, guilty_sets: list[set[str]], expected: tuple[str, ...]
) -> None:
    problem = Problem("cell", "area.first")
    tried_sets: list[set[str]] = []

    def shows(candidate_set: tuple[Candidate, ...], unexplained: Sequence[Problem]) -> list[Problem]:
        packages = {candidate.package for candidate in candidate_set}
        tried_sets.append(packages)
        return list(unexplained) if any(packages >= guilty_set for guilty_set in guilty_sets) else []

    everyone = candidates(ledger.newest("core"), "core", "pipeline", "store")
    assert packages_to_blame(everyone, [problem], shows) == {problem: expected}
    assert {"core", "pipeline", "store"} not in tried_sets


def test_a_single_candidate_is_to_blame_without_a_run(ledger: Ledger) -> None:
    problem = Problem("cell", "area.first")

    def never(candidate_set: object, unexplained: object) -> list[Problem]:
        raise AssertionError(candidate_set, unexplained)

    assert packages_to_blame(candidates(ledger.newest("core"), "core"), [problem], never) == {problem: ("core",)}


def test_a_candidate_without_a_predecessor_is_never_swapped_back(ledger: Ledger) -> None:
    first, second = candidates(ledger.newest("core"), "core", "store")
    tried_sets: list[tuple[str, ...]] = []

    def shows(candidate_set: tuple[Candidate, ...], _: object) -> list[Problem]:
        tried_sets.append(tuple(candidate.package for candidate in candidate_set))
        return []

    packages_to_blame((replace(first, predecessor=None), second), [Problem("cell")], shows)
    assert tried_sets == [("core",)]


@pytest.fixture
def blame(
    contract: Contract, ledger: Ledger, make_record: Callable[..., Record], monkeypatch: pytest.MonkeyPatch
) -> Callable[..., tuple[str, ...]]:
    """The packages to blame for a failure, of two candidates: ``blame("failed", "passed")``.

    The arguments are the check's outcome with each candidate alone, where None is a run without a record, and with
    both predecessors (``before``). With both candidates the check failed. ``repeated`` has its outcome in further runs
    with a set of candidates.
    """

    def packages(
        core: str | None,
        store: str | None,
        before: str = "passed",
        repeated: Mapping[tuple[str, ...], str] | None = None,
    ) -> tuple[str, ...]:
        clause = contract.clauses["chain.hard-pauses"]
        combinations = content_combinations(distinct_contents(contract, ledger))
        cell = GateCell(with_candidates=combinations[-1], with_predecessors=combinations[0], stands_for=1)
        both = [Candidate(name, "x", ledger.newest(name), ledger.newest(name)) for name in ("core", "store")]
        outcomes: dict[tuple[str, ...], str | None] = {("core",): core, ("store",): store}

        def records_of(combination: ContentCombination, outcome: str | None) -> CellRecords:
            records = {} if outcome is None else {combination: make_record({clause.id: outcome})}
            return CellRecords({}, (), records, {}, {}, frozenset(), 0)

        def run_candidates(
            _: GateRun, cells: list[GateCell], candidate_set: tuple[Candidate, ...], *__: object
        ) -> CellRecords:
            outcome = outcomes[tuple(candidate.package for candidate in candidate_set)]
            return records_of(cells[0].with_candidates, outcome)

        def repeat(
            _: GateRepetitions, candidate_set: tuple[Candidate, ...], _contents: object, clauses: dict[GateCell, object]
        ) -> dict[GateCell, dict[str, tuple[Repetition, ...]]]:
            outcome = (repeated or {}).get(tuple(candidate.package for candidate in candidate_set), "failed")
            pair = Repetition(Check(clause.id, "passed", "what", None, None, 0.0), replace(failed, outcome=outcome))
            return {cell: {clause.id: (Repetition(pair.was, failed), pair, pair)} for cell in clauses}

        failed = Check(clause.id, "failed", "what", None, None, 0.0)
        monkeypatch.setattr(GateRun, "_run_candidates", run_candidates)
        monkeypatch.setattr(GateRepetitions, "in_cells", repeat)
        gate = GateRun(contract, ledger, tuple(both), RunOptions(Path()), "quick")
        checks = {name: Check(clause.id, name, "what", None, None, 0.0) for name in ("failed", "passed", "error")}
        kind = compare_checks(checks[before], checks["failed"])
        label = cell.with_candidates.combination.label
        difference = Difference(kind, clause, checks["failed"], checks[before], (label,))
        predecessor_records = records_of(combinations[0], before)
        return next(iter(gate._blame([cell], predecessor_records, [difference], []).values()), ())

    return packages


@pytest.mark.parametrize(
    ("core", "store", "expected"),
    [
        ("failed", "passed", ("core",)),
        ("passed", "failed", ("store",)),
        ("passed", "passed", ("core", "store")),
        ("error", "failed", ("store",)),
        ("missing", "failed", ("store",)),
        (None, "failed", ("store",)),
        ("error", "passed", ()),
        ("passed", None, ()),
        (None, None, ()),
    ],
)
def test_a_candidate_that_could_not_be_decided_alone_is_not_to_blame(
    blame: Callable[..., tuple[str, ...]], core: str | None, store: str | None, expected: tuple[str, ...]
) -> None:
    """Neither alone, nor together with another: then nobody is named."""
    assert blame(core, store) == expected


def test_nobody_is_to_blame_for_what_could_not_be_decided_before(blame: Callable[..., tuple[str, ...]]) -> None:
    assert blame("failed", "failed", before="error") == ()


def test_a_candidate_whose_failure_does_not_repeat_is_not_to_blame(blame: Callable[..., tuple[str, ...]]) -> None:
    """Seen once with core alone: where it fails each time with store alone, store is named, and else nobody is."""
    assert blame("failed", "failed", repeated={("core",): "passed"}) == ("store",)
    assert blame("failed", "passed", repeated={("core",): "passed"}) == ()


def test_a_candidate_alone_that_has_no_verdict_is_explained_by_itself(
    contract: Contract, ledger: Ledger, make_record: Callable[..., Record]
) -> None:
    """Not by another one that has none either; and one that was not run is explained by nobody."""
    both = tuple(Candidate(name, "x", ledger.newest(name), ledger.newest(name)) for name in ("core", "store"))
    core, store = (f"{candidate.package}{candidate.release.version}" for candidate in both)
    died = replace(make_record(), death="it died")
    cells = [
        CellComparison(CellPair(name, "release", {}, now, None, fault="it has no verdict"), "unknown", (), {})
        for name, now in ((core, died), (store, died), ("core0", None))
    ]
    assert cells_to_explain(cells) == [core, store]
    gate = GateRun(contract, ledger, both, RunOptions(Path()), "quick")
    nothing = CellRecords({}, (), {}, {}, {}, frozenset(), 0)
    blamed = gate._blame([], nothing, [], cells_to_explain(cells))
    assert blamed == {Problem(core): ("core",), Problem(store): ("store",)}


@pytest.mark.parametrize(
    ("store", "pipeline", "expected"),
    [
        ("sends what is refused", "takes all", ("store",)),
        ("sends what is taken", "refuses the archive", ("pipeline",)),
        ("sends what is taken", "takes all", ("pipeline", "store")),
    ],
)
def test_of_a_refused_recording_who_has_changed_it_or_its_reader_is_to_blame(
    contract: Contract,
    ledger: Ledger,
    make_record: Callable[..., Record],
    monkeypatch: pytest.MonkeyPatch,
    store: str,
    pipeline: str,
    expected: tuple[str, ...],
) -> None:
    """The producer's own check is run as well, so that consumers get what it sends; and that is not repeated again."""
    combinations = content_combinations(distinct_contents(contract, ledger))
    cell = GateCell(with_candidates=combinations[-1], with_predecessors=combinations[0], stands_for=1)
    both = tuple(Candidate(name, "x", ledger.newest(name), ledger.newest(name)) for name in ("pipeline", "store"))
    asked: list[frozenset[str] | None] = []
    repeated: list[frozenset[str]] = []

    def taken(got: dict[str, str] | None) -> Check:
        return Check(TAKES_RECORDINGS, "failed" if got else "passed", "what", {}, got, 0.0)

    def records_of(combination: ContentCombination, *checks: Check) -> CellRecords:
        record = make_record()
        record = replace(record, checks={**record.checks, **{check.clause: check for check in checks}})
        return CellRecords({}, (), {combination: record}, {}, {}, frozenset(), 0)

    def run_candidates(
        _: GateRun, cells: list[GateCell], candidates: tuple[Candidate, ...], clauses: frozenset[str] | None, __: object
    ) -> CellRecords:
        asked.append(clauses)
        if candidates[0].package == "pipeline":
            got = {"old": "refused"} if pipeline == "refuses the archive" else None
            return records_of(cells[0].with_candidates, taken(got))
        new = Check(IS_ARCHIVED, "failed", "what", {}, {"new": {"stream": "s", "entries": []}}, 0.0)
        got = {"new": "refused"} if store == "sends what is refused" else None
        return records_of(cells[0].with_candidates, new, taken(got))

    def repeat(
        _: GateRepetitions, __: object, ___: object, clauses: dict[GateCell, frozenset[str]]
    ) -> dict[GateCell, dict[str, tuple[Repetition, ...]]]:
        repeated.extend(clauses.values())
        again = (Repetition(taken(None), taken({"old": "refused"})),) * REPETITIONS
        return {cell: dict.fromkeys(names, again) for cell, names in clauses.items()}

    monkeypatch.setattr(GateRun, "_run_candidates", run_candidates)
    monkeypatch.setattr(GateRepetitions, "in_cells", repeat)
    gate = GateRun(contract, ledger, both, RunOptions(Path()), "quick")
    label = cell.with_candidates.combination.label
    clause = contract.clauses[TAKES_RECORDINGS]
    difference = Difference("regression", clause, taken({"new": "refused"}), taken(None), (label,))
    blame = gate._blame([cell], records_of(combinations[0], taken(None)), [difference], [])
    assert list(blame.values()) == [expected]
    assert set(asked) == {frozenset({TAKES_RECORDINGS, IS_ARCHIVED})}
    assert set(repeated) == ({frozenset({TAKES_RECORDINGS})} if expected == ("pipeline",) else set())


def test_what_consumers_refuse_as_before_blames_nobody(
    contract: Contract, ledger: Ledger, make_record: Callable[..., Record]
) -> None:
    """A new recording that is refused like the recorded ones is the same failure: only its name is another one."""
    combinations = content_combinations(distinct_contents(contract, ledger))
    cell = GateCell(with_candidates=combinations[-1], with_predecessors=combinations[0], stands_for=1)

    def records_of(combination: ContentCombination, name: str, *checks: Check) -> CellRecords:
        takes = Check(TAKES_RECORDINGS, "failed", "what", {}, {name: "refused"}, 0.0)
        record = replace(make_record(), checks={check.clause: check for check in (takes, *checks)})
        return CellRecords({}, (), {combination: record}, {}, {}, frozenset(), 0)

    new = Check(IS_ARCHIVED, "failed", "what", {}, {"new": {"stream": "s", "entries": []}}, 0.0)
    was = records_of(combinations[0], "old")
    problem = Problem(cell.with_candidates.combination.label, TAKES_RECORDINGS)
    for checks, worse in (((new,), False), ((), True)):
        now = records_of(combinations[-1], "new", *checks)
        assert (problem_kind(problem, cell, now, was, []) == "regression") == worse
