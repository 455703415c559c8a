"""Known defects: which failures they explain, what a release mends, and entries that are wrong."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from examples import SUITE, VERSIONS, known_defect

from market_data_meta.contract import Contract
from market_data_meta.errors import Exit
from market_data_meta.judging.defect_file import load_defects
from market_data_meta.judging.defects import (
    Defect,
    DefectChanges,
    KnownDefects,
    MendedDefect,
    ShownBy,
    defect_changes,
    mended_specifier,
)
from market_data_meta.judging.records import Check, Record
from market_data_meta.judging.verdicts import JudgedRecords, judge_records
from market_data_meta.releases.ledger import Ledger

Make = Callable[..., Record]
FAILED = {"area.first": "failed"}


@pytest.fixture
def run(make_record: Make) -> Make:
    """A sound record of other versions than usual: ``run(FAILED, core="1.5.0")``; all other versions stay."""

    def build(outcomes: dict[str, str] | None = None, /, **changes: Any) -> Record:
        versions = VERSIONS | {name: changes.pop(name) for name in VERSIONS if name in changes}
        installed = {n: {"version": v, "content": "c" * 64, "direct_url": None} for n, v in versions.items()}
        cell = "-".join(f"{name}{version}" for name, version in versions.items())
        return make_record(outcomes, **({"cell": cell, "combination": versions, "attestation": installed} | changes))

    return build


@pytest.fixture
def failure(make_record: Make) -> Check:
    """The failure of area.first that is known."""
    return make_record(FAILED).checks["area.first"]


def judged(small: Contract, defect: Defect, *records: Record, complete: bool = False) -> JudgedRecords:
    """The records, judged with one known defect."""
    expected = [record.cell for record in records] if complete else None
    return judge_records(small, SUITE, list(records), KnownDefects((defect,)), expected=expected)


@pytest.mark.parametrize(
    ("specifier", "version", "covered"),
    [
        (">=0.6.2,<0.6.25", "0.6.1", False),
        (">=0.6.2,<0.6.25", "0.6.2", True),
        (">=0.6.2,<0.6.25", "0.6.10", True),
        (">=0.6.2,<0.6.25", "0.6.25", False),
        (">=0.6.2,!=0.6.4", "0.6.4", False),
        (">=0.6.2", "0.6.73", True),
        (">=0.6.2", "0.6.74", True),
        (">=0.6.2", "3.0.0", True),
        (">=0.6.2", "0.7.0rc1", True),
        ("", "0.0.1", True),
    ],
)
def test_versions_are_a_specifier_that_may_be_open_at_the_end(
    run: Make, failure: Check, specifier: str, version: str, *, covered: bool
) -> None:
    """They are compared by their numbers, and a pre-release counts as a release."""
    defect = known_defect(failure, store=specifier)
    assert defect.covers(defect.shown_by[0], run(store=version)) is covered


def test_a_package_that_is_not_in_the_run_is_in_no_version(make_record: Make, failure: Check) -> None:
    alone = make_record(combination={"core": "1.4.61"})
    defect = known_defect(failure, core=">=1", store=">=0.6.0")
    assert not defect.covers(defect.shown_by[0], alone)
    assert defect.covers(defect.shown_by[0], make_record())
    everywhere = known_defect(failure, core=">=1")
    assert everywhere.covers(everywhere.shown_by[0], alone)


def test_all_packages_must_be_in_their_versions(run: Make, failure: Check) -> None:
    defect = known_defect(failure, core=">=1.4", store=">=0.6")
    cells = [run(), run(core="1.3.0"), run(store="0.5.0"), run(pipeline="0.1.0")]
    assert [defect.covers(defect.shown_by[0], cell) for cell in cells] == [True, False, False, True]


def test_a_defect_beside_some_third_party_versions_is_none_beside_others(run: Make, failure: Check) -> None:
    defect = known_defect(failure, third_party=("lowest", "today"))
    choices = ("highest", "lowest", "today")
    records = [run(FAILED, third_party_choice=choice) for choice in choices]
    assert [defect.covers(defect.shown_by[0], record) for record in records] == [False, True, True]


def test_a_clause_that_shows_a_defect_in_some_of_its_versions_has_its_own(
    small: Contract, run: Make, failure: Check
) -> None:
    second = run({"area.second": "failed"}).checks["area.second"]
    later = ShownBy("area.second", (second.fingerprint,), {"store": ">=0.6.50"})
    defect = replace(known_defect(failure, core=">=1.0"), shown_by=(*known_defect(failure).shown_by, later))
    both = FAILED | {"area.second": "failed"}
    old, new = run(both, store="0.6.49"), run(both, store="0.6.50")
    known = {
        cell.record.versions["store"]: [finding.clause.id for finding in cell.findings if finding.defect]
        for cell in judged(small, defect, old, new).cells
        if cell.record
    }
    assert known == {"0.6.49": ["area.first"], "0.6.50": ["area.first", "area.second"]}


def test_another_failure_of_the_same_clause_is_not_known(small: Contract, run: Make, failure: Check) -> None:
    result = judged(small, known_defect(failure), run(FAILED, got="worse"))
    assert (result.cells[0].verdict, result.exit) == ("violates", Exit.VIOLATED)


def test_the_same_failure_in_other_versions_is_not_known(small: Contract, run: Make, failure: Check) -> None:
    result = judged(small, known_defect(failure, core="<1.4"), run(FAILED))
    assert (result.cells[0].verdict, result.exit) == ("violates", Exit.VIOLATED)


def test_what_could_not_run_or_passes_shows_no_defect(make_record: Make, failure: Check) -> None:
    known = KnownDefects((known_defect(failure),))
    for outcome in ("passed", "error", "not-applicable"):
        record = make_record({"area.first": outcome})
        assert known.defect_of(record, record.checks["area.first"]) is None


def test_the_first_of_two_defects_with_the_same_failure_that_covers_the_run_is_shown(run: Make, failure: Check) -> None:
    old, new = known_defect(failure, name="old", core="<1.4"), known_defect(failure, name="new", core=">=1.4")
    record = run(FAILED)
    assert KnownDefects((old, new)).defect_of(record, record.checks["area.first"]) is new


def test_a_release_that_mends_a_defect_is_told_and_violates_nothing(small: Contract, run: Make, failure: Check) -> None:
    records = [run(FAILED, core="1.4.60"), run(FAILED, core="1.4.61"), run(core="1.4.62")]
    result = judged(small, known_defect(failure), *records)
    assert result.defect_changes == DefectChanges((MendedDefect("it-is-wrong", "area.first", "core", "1.4.62"),))
    assert result.exit is Exit.OK


def test_the_first_release_without_it_has_mended_it(small: Contract, run: Make, failure: Check) -> None:
    """Versions are compared by their numbers."""
    records = [run(core=version) for version in ("1.4.100", "1.4.70", "1.4.9")] + [run(FAILED, core="1.4.8")]
    (mended,) = judged(small, known_defect(failure), *records).defect_changes.mended
    assert mended.version == "1.4.9"


def test_the_package_whose_versions_separate_the_runs_has_mended_it(small: Contract, run: Make, failure: Check) -> None:
    """The package whose code it is comes first, and another where that one's versions do not tell."""
    records = [run(FAILED), run(store="0.6.74")]
    (mended,) = judged(small, known_defect(failure), *records).defect_changes.mended
    assert (mended.package, mended.version) == ("store", "0.6.74")
    records = [run(FAILED), run(core="1.4.62", store="0.6.74")]
    (mended,) = judged(small, known_defect(failure, package="core"), *records).defect_changes.mended
    assert (mended.package, mended.version) == ("core", "1.4.62")
    (mended,) = judged(small, known_defect(failure, package="store"), *records).defect_changes.mended
    assert (mended.package, mended.version) == ("store", "0.6.74")


def test_without_a_run_that_shows_it_nothing_is_mended_by_the_first_version_or_by_another_package(
    small: Contract, run: Make, failure: Check
) -> None:
    result = judged(small, known_defect(failure, core=">=1.4.61"), run())
    assert result.defect_changes.mended == ()
    (stale,) = result.defect_changes.stale
    assert stale.how.endswith("and that is the first of its versions")


def test_an_entry_that_an_older_release_does_not_show_is_wrong(small: Contract, run: Make, failure: Check) -> None:
    records = [run(core="1.4.60"), run(FAILED)]
    result = judged(small, known_defect(failure), *records)
    assert result.defect_changes.mended == ()
    (stale,) = result.defect_changes.stale
    assert (stale.defect, stale.clause) == ("it-is-wrong", "area.first")
    assert stale.how == "it does not show in core1.4.60-pipeline0.8.70-store0.6.73, and in later releases it does"
    assert result.exit is Exit.VIOLATED


def test_what_comes_back_after_it_was_mended_is_a_violation(small: Contract, run: Make, failure: Check) -> None:
    records = [run(FAILED), run(core="1.4.62"), run(FAILED, core="1.4.63")]
    result = judged(small, known_defect(failure, core=">=1.0,<1.4.62"), *records)
    assert [cell.verdict for cell in result.cells] == ["defective", "conforms", "violates"]
    assert result.defect_changes == DefectChanges()
    assert result.exit is Exit.VIOLATED


@pytest.mark.parametrize("complete", [False, True])
def test_a_failure_that_nothing_shows_is_wrong_only_where_everything_was_run(
    small: Contract, run: Make, failure: Check, *, complete: bool
) -> None:
    shown = ShownBy("area.first", (failure.fingerprint, "0" * 12))
    defect = replace(known_defect(failure), shown_by=(shown,))
    result = judged(small, defect, run(FAILED), complete=complete)
    assert [stale.how for stale in result.defect_changes.stale] == (
        [f"no run shows the failure {'0' * 12}"] if complete else []
    )
    assert result.exit is (Exit.VIOLATED if complete else Exit.OK)


def test_a_cell_without_evidence_is_not_everything(small: Contract, run: Make, failure: Check) -> None:
    idle = known_defect(failure, store="<0.6.10")
    assert judged(small, idle, run(), run(store="0.6.9", footer=None), complete=True).defect_changes.stale == ()
    assert len(judged(small, idle, run(), complete=True).defect_changes.stale) == 1


def test_a_run_that_is_no_evidence_mends_nothing(small: Contract, run: Make, failure: Check) -> None:
    defect = known_defect(failure)
    weak: list[dict[str, Any]] = [{"footer": None}, {"suite": "6" * 64}, {"attestation": {}}]
    for changes in weak:
        assert judged(small, defect, run(**changes)).defect_changes == DefectChanges()
    for outcome in ("error", "not-applicable", "missing"):
        records = [run(FAILED), run({"area.first": outcome}, core="1.4.62")]
        assert judged(small, defect, *records).defect_changes == DefectChanges()


def test_another_failure_of_the_clause_mends_nothing(small: Contract, run: Make, failure: Check) -> None:
    records = [run(FAILED), run(FAILED, core="1.4.62", got="worse")]
    assert judged(small, known_defect(failure), *records).defect_changes == DefectChanges()


@pytest.mark.parametrize(
    ("specifier", "closed"),
    [
        (">=1.0", ">=1.0,<1.5"),
        (">=1.0,!=1.2", ">=1.0,!=1.2,<1.5"),
        (">=1.0,<2", ">=1.0,<1.5"),
        (">=1.0, <2", ">=1.0,<1.5"),
        (">=1.0,<=2", ">=1.0,<1.5"),
    ],
)
def test_versions_are_closed_before_the_release_that_mended(specifier: str, closed: str) -> None:
    assert mended_specifier(specifier, "1.5") == closed


def test_the_next_release_of_each_package_needs_no_edit(contract: Contract, ledger: Ledger, make_record: Make) -> None:
    """What the newest releases have is known of the next ones too, so that a release without a change is no news."""
    newest = {name: ledger.newest(name).version for name in contract.packages}
    known = load_defects(contract.root)
    looked_at = set()
    for package, version in newest.items():
        head, _, last = version.rpartition(".")
        following = f"{head}.{int(last) + 1}"
        for combination in (newest, {package: version}):
            now, next_ = (
                make_record(combination=combination | {package: number}, third_party_choice=choice)
                for number, choice in ((version, "highest"), (following, "highest"))
            )
            for defect, shown in known.shown:
                any_choice = replace(shown, third_party=())
                assert defect.covers(any_choice, next_) is defect.covers(any_choice, now), f"{defect.id} {package}"
                looked_at |= {(defect.id, package)} if defect.covers(any_choice, next_) else set()
    assert {package for _, package in looked_at} == set(newest)


def test_the_same_failures_of_the_next_release_are_known(contract: Contract, ledger: Ledger, make_record: Make) -> None:
    """A whole record of the next releases with every failure that is known of the newest: nothing is to be edited."""
    newest = {name: ledger.newest(name).version for name in contract.packages}
    following = {name: f"{v.rpartition('.')[0]}.{int(v.rpartition('.')[2]) + 1}" for name, v in newest.items()}
    known = load_defects(contract.root)
    now = make_record(combination=newest)
    shown = {by.clause: by.fingerprints[0] for defect, by in known.shown if defect.covers(by, now)}
    assert shown
    decided = dict.fromkeys(contract.clauses_for(tuple(following)), "passed") | {"controls.must-fail": "failed"}
    record = make_record(
        decided | dict.fromkeys(shown, "failed"),
        cell="next",
        combination=following,
        attestation={n: {"version": v, "content": "c" * 64, "direct_url": None} for n, v in following.items()},
    )
    for clause, fingerprint in shown.items():
        # The fingerprint is a cached property, so a made-up check can have that of a real one.
        record.checks[clause].__dict__["fingerprint"] = fingerprint
    result = judge_records(contract, SUITE, [record], known)
    assert {finding.clause.id for finding in result.cells[0].findings if finding.defect is None} == set()
    assert (result.cells[0].verdict, result.exit) == ("defective", Exit.OK)


def test_no_record_changes_nothing(failure: Check) -> None:
    assert defect_changes(KnownDefects((known_defect(failure),)), [], complete=False) == DefectChanges()
