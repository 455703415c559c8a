"""The matrix beside one with other versions of the libraries: what is told to differ, and what is not."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
from examples import LEDGER

from market_data_meta.contract import Contract
from market_data_meta.errors import MetaError
from market_data_meta.judging.records import Check
from market_data_meta.matrix.document import matrix_result
from market_data_meta.matrix.third_party import third_party_result
from market_data_meta.matrix.verdicts import MatrixVerdicts
from market_data_meta.models import parse_document
from market_data_meta.render.matrix.markdown import matrix_markdown
from market_data_meta.results.matrix import MatrixResult
from market_data_meta.results.third_party import ThirdPartyResult

Make = Callable[..., MatrixVerdicts]
NEWEST = "1.3 0.1 0.6"


def compared(small: Contract, usual: MatrixVerdicts, other: MatrixVerdicts) -> ThirdPartyResult:
    return third_party_result(small, "lowest", LEDGER.as_of, usual.cell_records, other.cell_records)


def test_what_comes_out_the_same_is_no_difference(small: Contract, make_matrix: Make) -> None:
    outcomes = {NEWEST: {"area.first": "failed"}, "1.2 0.1 0.6": None, "1.0 0.1 0.6": "no versions satisfy it"}
    result = compared(small, make_matrix(outcomes), make_matrix(outcomes))
    assert (result.differences, result.without_record) == ((), ())


@pytest.mark.parametrize(("usual", "other"), [("passed", "failed"), ("failed", "passed"), ("passed", "error")])
def test_a_clause_that_comes_out_otherwise_is_told_with_its_cells(
    small: Contract, make_matrix: Make, usual: str, other: str
) -> None:
    before, after = ({NEWEST: {"area.first": outcome}} for outcome in (usual, other))
    usual_matrix = make_matrix(before)
    (difference,) = compared(small, usual_matrix, make_matrix(after)).differences
    labels = [cell.combination.label for cell in usual_matrix.cell_records.cells]
    assert (difference.clause, difference.usual, difference.outcome) == ("area.first", usual, other)
    assert [labels[position] for position in difference.cells] == ["core1.3-pipeline0.1-store0.6"]


def test_what_cannot_run_is_one_difference_of_a_clause_whatever_each_cell_says(
    small: Contract, make_matrix: Make
) -> None:
    """The causes name their cells, and there are as many as cells."""
    usual, other = make_matrix(), make_matrix()
    errors = {}
    for cell, record in other.cell_records.records.items():
        error = Check("area.first", "error", str(cell), None, None, 0)
        errors[cell] = replace(record, checks={**record.checks, "area.first": error})
    records = replace(other.cell_records, records=errors)
    (difference,) = third_party_result(small, "lowest", LEDGER.as_of, usual.cell_records, records).differences
    assert len(difference.cells) == 6


def test_of_cells_that_only_these_libraries_cannot_run_the_reason_is_told(small: Contract, make_matrix: Make) -> None:
    usual = make_matrix({"1.2 0.1 0.6": None})
    other = make_matrix({NEWEST: "no wheel of numpy is so old", "1.2 0.1 0.6": None})
    (without,) = compared(small, usual, other).without_record
    assert without.reason == "no wheel of numpy is so old"
    assert len(without.cells) == 1


def test_the_summary_says_what_differs(small: Contract, make_matrix: Make) -> None:
    usual = make_matrix()
    third_party = compared(small, usual, make_matrix({NEWEST: {"area.first": "failed"}}))
    text = matrix_markdown(matrix_result(small, LEDGER, replace(usual, third_party=(third_party,))))
    assert "## With the lowest versions of the libraries" in text
    assert "1 of 6 cells differ in 1 clause." in text
    assert "- area.first fails, and holds with the usual libraries, in " in text


def test_a_difference_of_a_cell_that_does_not_exist_is_no_matrix(small: Contract, make_matrix: Make) -> None:
    usual = make_matrix()
    third_party = compared(small, usual, make_matrix({NEWEST: {"area.first": "failed"}}))
    data = matrix_result(small, LEDGER, replace(usual, third_party=(third_party,))).model_dump(
        mode="json", by_alias=True
    )
    data["third_party"][0]["differences"][0]["cells"] = [6]
    with pytest.raises(MetaError, match="a cell differs that does not exist"):
        parse_document(MatrixResult, data, "matrix.json")
