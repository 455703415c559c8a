"""Which checks are told as unsteady: records made up field by field."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
from bench.unsteady import SuiteRun, faults, unsteady

from market_data_meta.inside.mdm_plan import ENVIRONMENT
from market_data_meta.judging.records import Record

Make = Callable[..., Record]
CELL = "core1.4.61-pipeline0.8.70-store0.6.73"


def runs(*records: Record) -> list[SuiteRun]:
    """One run in each round."""
    return [SuiteRun(number, record) for number, record in enumerate(records, 1)]


def test_checks_that_come_out_the_same_are_not_listed(make_record: Make) -> None:
    assert unsteady(runs(*(make_record({"area.first": "failed"}) for _ in range(3)))) == []


@pytest.mark.parametrize("outcome", ["passed", "error", "not-applicable", "missing"])
def test_a_check_with_another_outcome_is_listed_with_the_runs(make_record: Make, outcome: str) -> None:
    failed = make_record({"area.first": "failed"})
    (check,) = unsteady(runs(failed, make_record({"area.first": outcome}), failed))
    assert (check.cell, check.clause) == (CELL, "area.first")
    assert [answer.runs for answer in check.answers] == [("1 isolated", "3 isolated"), ("2 isolated",)]
    assert check.answers[0].outcome.startswith("failed")
    assert check.answers[1].outcome.startswith(outcome)


def test_a_check_that_got_something_else_is_listed(make_record: Make) -> None:
    records = [make_record({"area.first": "failed"}, got=got) for got in ("1 of 2", "1 of 2", "2 of 2")]
    checks = {check.clause: check for check in unsteady(runs(*records))}
    assert [answer.runs for answer in checks["area.first"].answers] == [("1 isolated", "2 isolated"), ("3 isolated",)]


def test_a_check_that_expected_something_else_is_listed(make_record: Make) -> None:
    first, second = (make_record({"area.first": "failed"}) for _ in range(2))
    checks = {**second.checks, "area.first": replace(second.checks["area.first"], expected="another value")}
    assert [check.clause for check in unsteady(runs(first, replace(second, checks=checks)))] == ["area.first"]


def test_an_address_in_memory_makes_no_difference(make_record: Make) -> None:
    records = [make_record({"area.first": "failed"}, got=f"<object at {place}>") for place in ("0x1f", "0x2e")]
    assert unsteady(runs(*records)) == []


def test_a_check_that_differs_between_the_lanes_is_listed(make_record: Make) -> None:
    (check,) = unsteady(runs(make_record(), make_record({"area.first": "failed"}, lane="warm")))
    assert [answer.runs for answer in check.answers] == [("1 isolated",), ("2 warm",)]


def test_cells_are_not_compared_with_each_other(make_record: Make) -> None:
    assert unsteady(runs(make_record(), make_record({"area.first": "failed"}, cell="another"))) == []


def test_ignored_clauses_are_left_out(make_record: Make) -> None:
    assert unsteady(runs(make_record(), make_record({"area.first": "failed"})), ["area.first"]) == []


def test_a_run_that_died_is_a_fault_and_says_nothing_of_a_check(make_record: Make) -> None:
    dead = make_record({"area.first": "failed"}, footer=None, death="it was killed")
    assert unsteady(runs(make_record(), dead)) == []
    assert faults(runs(make_record(), dead)) == [
        f"round 2 isolated: {CELL}: the run is incomplete: it was killed",
    ]


def test_a_line_names_what_differed_with_the_environment_of_its_run(make_record: Make) -> None:
    own = {**ENVIRONMENT, "TZ": "UTC"}
    records = [make_record({"area.first": outcome}) for outcome in ("passed", "passed", "failed")]
    records[2] = replace(records[2], header=replace(records[2].header, environment=own))
    (check,) = unsteady(runs(*records))
    assert check.line == (
        f'{CELL}: area.first: failed [what was looked at, got "a defect"] in 3 isolated (TZ=UTC); passed in the other 2'
    )
