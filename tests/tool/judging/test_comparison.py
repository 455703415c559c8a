"""Candidates compared with their predecessors: what counts as worse, as better, as the same, and as undecided."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from market_data_meta.contract import Clause, Contract
from market_data_meta.inside.mdm_raised import Raised
from market_data_meta.judging.comparison import (
    FIRST_RELEASE,
    KNOWN,
    OUTCOMES,
    REGRESSION,
    REPAIR,
    RULINGS,
    SAME,
    SPURIOUS,
    UNDECIDED,
    CellComparison,
    CellPair,
    Repetition,
    compare_cell,
    compare_checks,
    differences,
    repeated_kind,
)
from market_data_meta.judging.records import Check, Record

Make = Callable[..., Record]
VERSIONS = {"core": "1.5", "pipeline": "0.1", "store": "0.6"}


def check(outcome: str, got: Any = "a defect", message: str = "what was looked at") -> Check:
    return Check("area.first", outcome, message, "the contract's value", got, 0.01)


EXPECTED = {
    # before: now passed, failed, error, not-applicable, missing
    "passed": (SAME, REGRESSION, UNDECIDED, REGRESSION, UNDECIDED),
    "failed": (REPAIR, KNOWN, UNDECIDED, SAME, UNDECIDED),
    "error": (SAME, UNDECIDED, UNDECIDED, UNDECIDED, UNDECIDED),
    "not-applicable": (SAME, REGRESSION, UNDECIDED, SAME, UNDECIDED),
    "missing": (SAME, UNDECIDED, UNDECIDED, UNDECIDED, UNDECIDED),
    FIRST_RELEASE: (SAME, REGRESSION, UNDECIDED, SAME, UNDECIDED),
}
"""What each pair of outcomes means, written down a second time, so that nobody changes the table by accident."""


@pytest.mark.parametrize(
    ("before", "now", "expected"),
    [(before, now, kind) for before, kinds in EXPECTED.items() for now, kind in zip(OUTCOMES, kinds, strict=True)],
)
def test_each_pair_of_outcomes_has_its_kind_and_its_reason(before: str, now: str, expected: str) -> None:
    was = None if before in ("missing", FIRST_RELEASE) else check(before)
    assert (
        compare_checks(was, None if now == "missing" else check(now), first_release=before == FIRST_RELEASE) == expected
    )
    ruling = RULINGS[before, now]
    assert ruling.kind == expected
    assert len(ruling.reason.split()) > 3


def test_the_table_has_every_pair_and_no_other() -> None:
    pairs = {(before, now) for before in (*OUTCOMES, FIRST_RELEASE) for now in OUTCOMES}
    assert set(RULINGS) == pairs | {("failed", "failed otherwise")}


def test_an_unknown_outcome_decides_nothing() -> None:
    assert compare_checks(check("passed"), check("odd")) == UNDECIDED
    assert compare_checks(check("odd"), check("failed")) == UNDECIDED


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, ("regressed", REGRESSION)),
        ({"baseline": "before"}, ("unknown", UNDECIDED)),
        ({"baseline": "before", "was_fault": "it was killed"}, ("unknown", UNDECIDED)),
        ({"baseline": "before", "was_uninstallable": True, "was_fault": "no versions"}, ("unknown", UNDECIDED)),
    ],
)
def test_only_a_first_release_is_judged_by_itself(
    judge: Callable[..., CellComparison], clauses: dict[str, Clause], changes: dict[str, Any], expected: tuple[str, str]
) -> None:
    """A predecessor whose run brought no result is no baseline: what fails now is undecided, with the reason."""
    comparison = judge({"area.first": "failed"}, None, **changes)
    assert (comparison.verdict, comparison.kinds["area.first"]) == expected
    assert comparison.kinds["area.second"] == SAME
    (difference,) = [d for d in differences([comparison], clauses) if d.clause.id == "area.first"]
    assert str(changes.get("was_fault", "")) in " ".join(comparison.reasons)
    if changes:
        assert difference.was is not None
        assert str(changes.get("was_fault", "")) in str(difference.was.message)


@pytest.mark.parametrize("weak", [{"footer": None}, {"death": "it was killed"}, {"attestation": {}}, {"control": True}])
def test_a_run_of_the_predecessor_that_is_no_evidence_is_no_baseline(
    make_record: Make, clauses: dict[str, Clause], weak: dict[str, Any]
) -> None:
    """What a run recorded before it died, or with a control that came out wrong, does not count."""
    outcomes = {"controls.must-fail": "passed"} if weak.pop("control", False) else {}
    now, was = make_record({"area.first": "failed"}), make_record(outcomes, **weak)
    pair = CellPair("cell", "combination", VERSIONS, now, was)
    assert compare_cell(pair, clauses, [], strict=False).kinds["area.first"] == UNDECIDED


def test_the_reason_names_the_cause_of_an_error_of_the_predecessor(judge: Callable[..., CellComparison]) -> None:
    comparison = judge({"area.first": "failed"}, {"area.first": "error"})
    assert comparison.verdict == "unknown"
    assert comparison.reasons == (
        "area.first: it fails, and it could not be looked at before: nothing says that this is new: what was looked at",
    )


@pytest.mark.parametrize(
    ("was", "now", "expected"),
    [
        ("x", "y", REGRESSION),
        (["a", "b"], ["a"], KNOWN),
        (["a"], ["a", "b"], REGRESSION),
        (["a"], ["b"], REGRESSION),
        (["a", "a"], ["a"], KNOWN),
        (["a"], ["a", "a"], REGRESSION),
        ("core 1.4.61 says 0.1", "core 1.4.62 says 0.1", KNOWN),
        ("core 1.4.61 says 0.1", "core 1.4.62 says 0.2", REGRESSION),
    ],
)
def test_a_failure_is_known_only_if_it_has_the_same_problems_or_fewer(was: Any, now: Any, expected: str) -> None:
    """The number of the package's own version makes no difference; one more problem does."""
    assert compare_checks(check("failed", was), check("failed", now), [("1.4.61", "1.4.62")]) == expected


def raising(**changes: Any) -> Check:
    raised = replace(Raised("KeyError", "no bars", "a/b.py", 7, function="Bus.send"), **changes)
    return Check("area.first", "failed", "sending", "no exception", f"{raised.kind}: {raised.text}", 0.01, raised)


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"text": "bars are missing", "line": 9}, KNOWN),
        ({"file": "a/moved.py"}, KNOWN),
        ({"function": "Bus._send"}, KNOWN),
        ({"kind": "TypeError"}, REGRESSION),
        ({"file": "a/c.py", "function": "Bus.open"}, REGRESSION),
        ({"importing": True}, REGRESSION),
        ({"text": "bars are missing", "file": "a/c.py"}, REGRESSION),
    ],
)
def test_an_exception_is_known_by_what_failed_and_not_by_its_words(changes: dict[str, Any], expected: str) -> None:
    """A text that is put otherwise, or code that moved, is the same failure; the same words from elsewhere are not."""
    assert compare_checks(raising(), raising(**changes)) == expected


def test_a_failure_with_another_message_is_another_failure() -> None:
    assert compare_checks(check("failed", message="scale"), check("failed", message="unit")) == REGRESSION


@pytest.fixture
def clauses(small: Contract) -> dict[str, Clause]:
    return {name: clause for name, clause in small.clauses.items() if clause.scope == "combination"}


@pytest.fixture
def judge(make_record: Make, clauses: dict[str, Clause]) -> Callable[..., CellComparison]:
    """Compare ``judge({"area.first": "failed"}, {"area.first": "passed"})``: now, and before."""

    def build(
        now: dict[str, str] | None, was: dict[str, str] | None, *, strict: bool = False, **changes: Any
    ) -> CellComparison:
        records = [None if outcomes is None else make_record(outcomes) for outcomes in (now, was)]
        pair = CellPair("cell", "combination", VERSIONS, records[0], records[1])
        return compare_cell(replace(pair, **changes), clauses, [], strict=strict)

    return build


def test_a_cell_has_held_if_nothing_got_worse(judge: Callable[..., CellComparison]) -> None:
    known = judge({"area.first": "failed"}, {"area.first": "failed"})
    assert (known.verdict, known.kinds["area.first"]) == ("held", KNOWN)


def test_a_must_clause_that_got_worse_breaks_the_cell(judge: Callable[..., CellComparison]) -> None:
    assert judge({"area.first": "failed"}, {}).verdict == "regressed"
    assert judge({"area.second": "failed"}, {}).verdict == "held"
    assert judge({"area.second": "failed"}, {}, strict=True).verdict == "regressed"


@pytest.mark.parametrize(
    "now", [{"area.first": "error"}, {"area.first": "missing"}, {"controls.must-fail": "passed"}, None]
)
def test_a_cell_without_evidence_has_never_held(
    judge: Callable[..., CellComparison], now: dict[str, str] | None
) -> None:
    assert judge(now, {}).verdict == "unknown"


def test_a_cell_that_died_or_cannot_be_installed_says_why(judge: Callable[..., CellComparison]) -> None:
    died = judge({}, {}, fault="the run was killed by SIGSEGV")
    assert (died.verdict, died.reasons) == ("unknown", ("the run was killed by SIGSEGV",))
    uninstallable = judge(None, {}, fault="no solution", uninstallable=True)
    assert (uninstallable.verdict, uninstallable.reasons) == ("uninstallable", ("no solution",))


def test_the_same_difference_in_many_cells_is_listed_once(
    judge: Callable[..., CellComparison], clauses: dict[str, Clause]
) -> None:
    cells = [judge({"area.first": "failed"}, {}, cell=name) for name in ("cell-1", "cell-2")]
    cells.append(judge({}, {"area.second": "failed"}, cell="cell-3"))
    assert [(d.kind, d.clause.id, d.cells) for d in differences(cells, clauses)] == [
        (REGRESSION, "area.first", ("cell-1", "cell-2")),
        (REPAIR, "area.second", ("cell-3",)),
    ]


def repetitions(*pairs: tuple[str, str]) -> tuple[Repetition, ...]:
    """Repetitions with these outcomes, before and now."""
    return tuple(Repetition(check(before), None if now == "missing" else check(now)) for before, now in pairs)


WORSE, BETTER, HOLDS = ("passed", "failed"), ("failed", "passed"), ("passed", "passed")


@pytest.mark.parametrize(
    ("kind", "pairs", "expected"),
    [
        (REGRESSION, [WORSE, WORSE, WORSE], REGRESSION),
        (REGRESSION, [], REGRESSION),
        (REGRESSION, [HOLDS, HOLDS, HOLDS], SPURIOUS),
        # It fails before as it does now: nothing got worse.
        (REGRESSION, [("failed", "failed")] * 3, SPURIOUS),
        (REGRESSION, [WORSE, HOLDS, WORSE], UNDECIDED),
        (REGRESSION, [WORSE, ("failed", "failed"), WORSE], UNDECIDED),
        (REGRESSION, [WORSE, WORSE, ("passed", "error")], UNDECIDED),
        (REGRESSION, [WORSE, WORSE, ("passed", "missing")], UNDECIDED),
        (REGRESSION, [("error", "failed")] * 3, UNDECIDED),
        (REPAIR, [BETTER, BETTER, BETTER], REPAIR),
        (REPAIR, [BETTER, BETTER, HOLDS], SPURIOUS),
        (REPAIR, [WORSE, WORSE, WORSE], UNDECIDED),
        (UNDECIDED, [HOLDS, HOLDS, HOLDS], UNDECIDED),
    ],
)
def test_what_came_out_otherwise_counts_only_if_each_repetition_shows_it(
    kind: str, pairs: list[tuple[str, str]], expected: str
) -> None:
    assert repeated_kind(kind, repetitions(*pairs)) == expected


def test_a_first_release_is_repeated_without_a_predecessor() -> None:
    alone = (Repetition(None, check("failed")),) * 3
    assert repeated_kind(REGRESSION, alone, first_release=True) == REGRESSION


@pytest.mark.parametrize(
    ("pairs", "verdict", "kind"),
    [
        ([WORSE] * 3, "regressed", REGRESSION),
        ([HOLDS] * 3, "held", SPURIOUS),
        ([WORSE, HOLDS, WORSE], "unknown", UNDECIDED),
        ([WORSE, ("passed", "missing"), WORSE], "unknown", UNDECIDED),
    ],
)
def test_a_cell_has_regressed_only_by_what_repeats(
    small: Contract, make_record: Make, pairs: list[tuple[str, str]], verdict: str, kind: str
) -> None:
    clauses = {name: clause for name, clause in small.clauses.items() if clause.scope == "combination"}
    now, was = make_record({"area.first": "failed"}), make_record()
    pair = CellPair(now.cell, "combination", now.versions, now, was, repetitions={"area.first": repetitions(*pairs)})
    comparison = compare_cell(pair, clauses, [], strict=False)
    assert (comparison.verdict, comparison.kinds["area.first"]) == (verdict, kind)
    (difference,) = differences([comparison], clauses)
    assert (difference.kind, [each.outcomes for each in difference.repetitions]) == (kind, pairs)
    if kind == UNDECIDED:
        now_all = [outcome for _, outcome in pairs]
        what = "it could not be run again" if "missing" in now_all else "it does not come out the same"
        assert f"{what} each time: before passed, passed, passed; now {', '.join(now_all)}" in comparison.reasons[0]
        assert not difference.of_candidates
    settled = comparison.repeated_pair.now
    assert settled
    outcomes = {REGRESSION: "failed", SPURIOUS: "passed", UNDECIDED: "error"}
    assert settled.checks["area.first"].outcome == outcomes[kind]


@pytest.mark.parametrize(("strict", "verdict"), [(False, "held"), (True, "unknown")])
def test_a_should_clause_that_fails_in_some_runs_counts_with_strict_only(
    small: Contract, make_record: Make, strict: bool, verdict: str
) -> None:
    """Without it not even a failure in all runs would count."""
    clauses = {name: clause for name, clause in small.clauses.items() if clause.scope == "combination"}
    now, was = make_record({"area.second": "failed"}), make_record()
    repeated = {"area.second": repetitions(WORSE, HOLDS, WORSE)}
    pair = CellPair(now.cell, "combination", now.versions, now, was, repetitions=repeated)
    comparison = compare_cell(pair, clauses, [], strict=strict)
    assert (comparison.verdict, comparison.kinds["area.second"]) == (verdict, UNDECIDED)
