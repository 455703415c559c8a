"""Verdicts: which records make a combination conform or violate the contract, and which leave it unknown."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
from examples import SUITE, VERSIONS, known_defect

from market_data_meta.contract import Contract
from market_data_meta.errors import Exit
from market_data_meta.inside.mdm_plan import ENVIRONMENT
from market_data_meta.judging.defects import Defect, KnownDefects
from market_data_meta.judging.records import Record
from market_data_meta.judging.verdicts import CellVerdict, judge, judge_records, why_not_evidence

Make = Callable[..., Record]


NOTHING = KnownDefects()


def verdict_of(small: Contract, record: Record, *defects: Defect) -> CellVerdict:
    return judge(small, SUITE, record, KnownDefects(defects))


def test_a_cell_in_which_all_checks_pass_conforms(small: Contract, make_record: Make) -> None:
    result = verdict_of(small, make_record())
    assert (result.verdict, result.counts) == ("conforms", {"passed": 2})


def test_a_failed_must_violates_and_names_the_clause(small: Contract, make_record: Make) -> None:
    result = verdict_of(small, make_record({"area.first": "failed"}))
    assert (result.verdict, result.reasons) == ("violates", ("area.first",))


def test_a_failed_should_is_reported_and_violates_nothing(small: Contract, make_record: Make) -> None:
    result = verdict_of(small, make_record({"area.second": "failed"}))
    assert (result.verdict, [f.clause.id for f in result.findings]) == ("conforms", ["area.second"])


@pytest.mark.parametrize(("clause", "verdict"), [("area.first", "defective"), ("area.second", "conforms")])
def test_a_known_defect_is_counted_and_makes_a_cell_defective_where_a_must_clause_shows_it(
    small: Contract, make_record: Make, clause: str, verdict: str
) -> None:
    record = make_record({clause: "failed"})
    result = verdict_of(small, record, known_defect(record.checks[clause]))
    assert (result.verdict, result.reasons, result.counts) == (verdict, (), {"passed": 1, "known": 1})
    (finding,) = result.findings
    assert finding.defect
    assert (finding.clause.id, finding.defect.id) == (clause, "it-is-wrong")


def test_a_known_defect_does_not_hide_another_failure(small: Contract, make_record: Make) -> None:
    record = make_record({"area.first": "failed", "area.alone": "failed"})
    result = verdict_of(small, record, known_defect(record.checks["area.first"]))
    assert (result.verdict, result.reasons) == ("violates", ("area.alone",))
    assert [finding.defect is None for finding in result.findings] == [True, False]


def test_a_known_defect_beside_an_undecided_check_is_unknown(small: Contract, make_record: Make) -> None:
    record = make_record({"area.first": "failed", "area.second": "error"})
    assert verdict_of(small, record, known_defect(record.checks["area.first"])).verdict == "unknown"


@pytest.mark.parametrize("outcome", ["error", "missing"])
def test_a_cell_with_an_undecided_check_is_unknown(small: Contract, make_record: Make, outcome: str) -> None:
    assert verdict_of(small, make_record({"area.first": outcome})).verdict == "unknown"


def test_an_error_does_not_hide_a_violation(small: Contract, make_record: Make) -> None:
    record = make_record({"area.first": "failed", "area.second": "error"})
    assert verdict_of(small, record).verdict == "violates"


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"footer": None}, "incomplete"),
        ({"footer": None, "death": "killed by SIGSEGV"}, "SIGSEGV"),
        ({"suite": "6" * 64}, "another version of the suite"),
        ({"cell": "py312-core1.4.61"}, "it ran on Python 3.11.7, the label says 3.12"),
        ({"attestation": {}}, "core is not installed"),
        (
            {"attestation": {n: {"version": "9", "content": "c" * 64, "direct_url": None} for n in VERSIONS}},
            "core 9 is installed",
        ),
        (
            {"attestation": {n: {"version": v, "content": "0" * 64, "direct_url": None} for n, v in VERSIONS.items()}},
            "files of core",
        ),
    ],
)
def test_weak_evidence_is_unknown(small: Contract, make_record: Make, changes: dict[str, object], reason: str) -> None:
    result = verdict_of(small, make_record(**changes))
    assert result.verdict == "unknown"
    assert reason in result.reasons[0]


@pytest.mark.parametrize(
    ("control", "outcome"), [("must-pass", "failed"), ("must-fail", "passed"), ("must-fail", "missing")]
)
def test_a_control_that_came_out_wrong_makes_the_cell_unknown(
    small: Contract, make_record: Make, control: str, outcome: str
) -> None:
    result = verdict_of(small, make_record({f"controls.{control}": outcome}))
    assert result.verdict == "unknown"
    assert "control" in result.reasons[0]


def test_a_cell_to_which_no_clause_applies_has_no_evidence(small: Contract, make_record: Make) -> None:
    record = make_record({"area.first": "not-applicable", "area.second": "not-applicable"})
    assert "no evidence" in verdict_of(small, record).reasons[0]


def test_an_uninstallable_cell_has_the_reason_of_the_resolver(small: Contract, make_record: Make) -> None:
    result = verdict_of(small, make_record(uninstallable="because a needs b"))
    assert (result.verdict, result.reasons) == ("uninstallable", ("because a needs b",))


def test_a_record_of_a_cell_that_could_not_be_installed_is_weak_and_says_why(make_record: Make) -> None:
    """It is written before anything ran: without interpreter, attestation, third-party versions and checks."""
    record = make_record(uninstallable="because a needs b")
    header = replace(record.header, interpreter=None, attestation=None)
    assert why_not_evidence(replace(record, header=header, checks={})) == [
        "it could not be installed: because a needs b"
    ]


def test_a_record_without_interpreter_and_attestation_is_weak(make_record: Make) -> None:
    record = make_record(cell="py312-core1.4.61")
    header = replace(record.header, interpreter=None, attestation=None)
    assert why_not_evidence(replace(record, header=header))[:2] == [
        "it ran on Python of no known version, the label says 3.12",
        "core is not installed",
    ]


def test_an_expected_cell_that_was_not_run_is_unknown(small: Contract, make_record: Make) -> None:
    judged_records = judge_records(small, SUITE, [make_record()], NOTHING, expected=[make_record().cell, "core1.2.9"])
    assert [c.verdict for c in judged_records.cells] == ["conforms", "unknown"]
    assert judged_records.exit is Exit.UNDECIDED


def test_a_cell_whose_interpreter_is_absent_is_listed_without_a_verdict(small: Contract, make_record: Make) -> None:
    name = make_record().cell
    judged_records = judge_records(
        small, SUITE, [make_record()], NOTHING, expected=[name, "py313-x"], absent=("py313-x",)
    )
    assert (len(judged_records.cells), judged_records.absent, judged_records.exit) == (1, ("py313-x",), Exit.OK)


def test_no_records_are_undecided(small: Contract) -> None:
    assert judge_records(small, SUITE, [], NOTHING).exit is Exit.UNDECIDED


def test_a_violation_outweighs_an_unknown(small: Contract, make_record: Make) -> None:
    records = [make_record({"area.first": "failed"}), make_record(cell="other", footer=None)]
    assert judge_records(small, SUITE, records, NOTHING).exit is Exit.VIOLATED


def test_known_defects_are_no_violation(small: Contract, make_record: Make) -> None:
    record = make_record({"area.first": "failed"})
    judged = judge_records(small, SUITE, [record], KnownDefects((known_defect(record.checks["area.first"]),)))
    assert ([cell.verdict for cell in judged.cells], judged.exit) == (["defective"], Exit.OK)


def test_a_combination_that_cannot_be_installed_is_undecided(small: Contract, make_record: Make) -> None:
    assert judge_records(small, SUITE, [make_record(uninstallable="no set")], NOTHING).exit is Exit.UNDECIDED


@pytest.mark.parametrize("lane", ["isolated", "warm"])
def test_a_run_with_an_environment_of_its_own_is_no_evidence(small: Contract, make_record: Make, lane: str) -> None:
    """What it found may hold there only. A run with what every run has counts, and so does one that does not say."""
    own = make_record(lane=lane, environment={**ENVIRONMENT, "TZ": "UTC"})
    assert why_not_evidence(own) == ["it ran in an environment of its own: TZ=UTC"]
    assert verdict_of(small, own).verdict == "unknown"
    for environment in (dict(ENVIRONMENT), {}):
        assert why_not_evidence(make_record(lane=lane, environment=environment)) == []
