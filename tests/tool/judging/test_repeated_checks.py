"""What came out otherwise than is known is news only if every further run shows it."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from examples import known_defect

from market_data_meta.contract import Contract
from market_data_meta.judging.defects import KnownDefects
from market_data_meta.judging.records import Record
from market_data_meta.judging.repeated_checks import differ, unexpected_checks, with_repetitions

Make = Callable[..., Record]
FAILED, PASSED = {"area.first": "failed"}, {"area.first": "passed"}


def test_a_new_failure_and_a_known_one_that_is_gone_are_unexpected(small: Contract, make_record: Make) -> None:
    failing, passing = make_record(FAILED), make_record(PASSED)
    nothing, known = KnownDefects(), KnownDefects((known_defect(failing.checks["area.first"]),))

    def clauses(record: Record, defects: KnownDefects) -> list[str]:
        return [check.clause for check in unexpected_checks(small, record, defects)]

    assert clauses(failing, nothing) == ["area.first"]
    assert clauses(failing, known) == []
    assert clauses(passing, known) == ["area.first"]
    assert clauses(passing, nothing) == []
    # A check that could not run says nothing that is new; the control that must fail is no clause of the packages.
    assert clauses(make_record({"area.first": "error"}), known) == []


def test_two_checks_differ_by_outcome_or_by_failure(make_record: Make) -> None:
    failing, passing = (make_record(outcomes).checks["area.first"] for outcomes in (FAILED, PASSED))
    otherwise = make_record(FAILED, got=["another defect"]).checks["area.first"]
    assert not differ(failing, failing)
    assert not differ(passing, make_record(PASSED, got="said by the way").checks["area.first"])
    assert differ(failing, passing)
    assert differ(failing, otherwise)
    assert differ(passing, None)


@pytest.mark.parametrize(
    ("repeated", "outcome"),
    [
        ([FAILED, FAILED, FAILED], "failed"),
        ([FAILED, PASSED, FAILED], "error"),
        ([PASSED, PASSED, PASSED], "error"),
        ([FAILED, FAILED, {"area.first": "missing"}], "error"),
    ],
)
def test_what_does_not_repeat_is_an_error_in_the_record(
    make_record: Make, repeated: list[dict[str, str]], outcome: str
) -> None:
    record = with_repetitions(make_record(FAILED), [make_record(each) for each in repeated], ["area.first"])
    check = record.checks["area.first"]
    assert check.outcome == outcome
    assert record.checks["area.second"].outcome == "passed"
    if outcome == "error":
        missing = {"area.first": "missing"} in repeated
        why = "it could not be run again each time" if missing else "it does not come out the same each time"
        assert str(check.message).startswith(f"{why}: failed, ")
        assert record.footer is not None
        assert record.footer.counts["error"] == 1
