"""The JSON of the matrix and of histories: exactly the fields of the published schemas."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from examples import LEDGER, SUITE, known_defect
from jsonschema import Draft202012Validator

from market_data_meta.contract import Contract
from market_data_meta.errors import Exit
from market_data_meta.judging.defects import KnownDefects
from market_data_meta.judging.records import Record
from market_data_meta.matrix.document import matrix_result
from market_data_meta.matrix.history import STATES, clause_history, history_result
from market_data_meta.matrix.sets import named_sets
from market_data_meta.matrix.verdicts import MatrixVerdicts
from market_data_meta.models import Document, json_text
from market_data_meta.schemas import schema

FAILED = {"area.first": "failed"}


@pytest.fixture
def matrix(make_matrix: Callable[..., MatrixVerdicts]) -> MatrixVerdicts:
    """A matrix with a violated, an unknown, and an uninstallable cell, and one that fails a should clause."""
    return make_matrix(
        {
            "1.3 0.1 0.6": {"area.first": "failed"},
            "1.3 0.1 0.5": {"area.second": "failed"},
            "1.2 0.1 0.6": None,
            "1.0 0.1 0.6": "no versions satisfy it",
        }
    )


def valid(root: Path, name: str, document: Document) -> Any:
    """The document's data as a reader gets it, validated by its published schema."""
    data = json.loads(json_text(document))
    Draft202012Validator(schema(root, name)).validate(data)
    return data


def test_the_matrix_follows_the_published_schema(root: Path, small: Contract, matrix: MatrixVerdicts) -> None:
    data = valid(root, "matrix", matrix_result(small, LEDGER, matrix))
    assert data["suite"] == SUITE
    verdicts = {" ".join(cell["combination"].values()): cell["verdict"] for cell in data["cells"]}
    assert verdicts == {
        "1.3 0.1 0.6": "violates",
        "1.3 0.1 0.5": "conforms",
        "1.2 0.1 0.6": "unknown",
        "1.2 0.1 0.5": "conforms",
        "1.0 0.1 0.6": "uninstallable",
        "1.0 0.1 0.5": "conforms",
    }


def test_each_cell_says_what_works_whatever_is_expected(root: Path, small: Contract, matrix: MatrixVerdicts) -> None:
    """The should clause that fails with store 0.5 leaves the verdict as it is, and the capability limited."""
    data = valid(root, "matrix", matrix_result(small, LEDGER, matrix))
    states = {" ".join(cell["combination"].values()): cell["capabilities"]["talk"] for cell in data["cells"]}
    assert states == {
        "1.3 0.1 0.6": "broken",
        "1.3 0.1 0.5": "limited",
        "1.2 0.1 0.6": "unknown",
        "1.2 0.1 0.5": "works",
        "1.0 0.1 0.6": "broken",
        "1.0 0.1 0.5": "works",
    }


def test_cells_point_at_contents_and_findings_at_cells(root: Path, small: Contract, matrix: MatrixVerdicts) -> None:
    data = valid(root, "matrix", matrix_result(small, LEDGER, matrix))
    for cell in data["cells"]:
        for package, version in cell["combination"].items():
            assert version in data["packages"][package][cell["codes"][package]]["releases"]
    places = {f["clause"]: [data["cells"][n]["combination"] for n in f["cells"]] for f in data["findings"]}
    assert places == {
        "area.first": [{"core": "1.3", "pipeline": "0.1", "store": "0.6"}],
        "area.second": [{"core": "1.3", "pipeline": "0.1", "store": "0.5"}],
    }


def test_each_clause_with_a_finding_has_its_history(
    root: Path, small: Contract, make_matrix: Callable[..., MatrixVerdicts]
) -> None:
    """Neighbouring releases with the same state are one span, and a change begins a new one."""
    failed = {"area.first": "failed"}
    data = valid(root, "matrix", matrix_result(small, LEDGER, make_matrix({"1.2 0.1": failed, "1.3 0.1": failed})))
    assert data["history"].keys() == {"area.first"}
    assert data["history"]["area.first"]["core"] == [
        {"from": "1.0", "to": "1.0", "state": "passed", "changed": False},
        {"from": "1.1", "to": "1.3", "state": "failed", "changed": True},
    ]
    assert [row["state"] for row in data["history"]["area.first"]["store"]] == ["mixed"]


def test_every_release_has_its_date(root: Path, small: Contract, matrix: MatrixVerdicts) -> None:
    data = valid(root, "matrix", matrix_result(small, LEDGER, matrix))
    contents = [content for column in data["packages"].values() for content in column]
    assert all(content["uploaded"] == ["2026-01-01"] * len(content["releases"]) for content in contents)


def test_promises_add_up_to_what_the_cells_stand_for(root: Path, small: Contract, matrix: MatrixVerdicts) -> None:
    data = valid(root, "matrix", matrix_result(small, LEDGER, matrix))
    counts = data["promises"]["talk"]
    assert sum(cell["stands_for"] for cell in data["cells"]) == 8
    assert counts == {
        "allowed": {"works": 2, "limited": 1, "unknown": 2},
        # What cannot be installed is broken.
        "forbidden": {"works": 1, "broken": 2},
    }
    usable = {
        row["usable"]["talk"] for row in data["supported"] if row["package"] == "core" and row["version"] == "1.3"
    }
    assert usable == {">=0.1", "==0.5"}


def test_the_sets_that_people_ask_about_are_judged(root: Path, small: Contract, matrix: MatrixVerdicts) -> None:
    """Each is of the cell with the same code; what rules it out is said."""
    matrix = replace(matrix, sets=named_sets(small, LEDGER))
    data = valid(root, "matrix", matrix_result(small, LEDGER, matrix))
    rows = {one["name"]: one for one in data["sets"]}
    assert {name: " ".join(one["combination"].values()) for name, one in rows.items()} == {
        "newest": "1.3 0.1 0.6",
        "deployed": "1.1 0.1 0.5",
        "oldest": "1.1 0.1 0.5",
    }
    assert {name: (one["verdict"], one["capabilities"][0]["state"]) for name, one in rows.items()} == {
        "newest": ("violates", "broken"),
        "deployed": ("conforms", "works"),
        "oldest": ("conforms", "works"),
    }
    assert rows["newest"]["forbidden"] == ["store 0.6 requires market-data-core<1.3, not 1.3"]
    assert rows["deployed"]["forbidden"] == []
    assert data["cells"][rows["deployed"]["cell"]]["combination"]["core"] == "1.2"


def test_the_best_set_is_the_newest_allowed_one_in_the_best_state(
    root: Path, small: Contract, matrix: MatrixVerdicts
) -> None:
    """With core 1.3 it is limited, so core 1.2 is better; with store 0.6 it is not known."""
    (best,) = valid(root, "matrix", matrix_result(small, LEDGER, matrix))["best"]
    assert (best["state"], " ".join(best["combination"].values())) == ("works", "1.2 0.1 0.5")


def test_nothing_decided_has_no_best_set(
    root: Path, small: Contract, make_matrix: Callable[..., MatrixVerdicts]
) -> None:
    nothing = make_matrix(dict.fromkeys(("1.0 0.1", "1.2 0.1", "1.3 0.1")))
    data = valid(root, "matrix", matrix_result(small, LEDGER, nothing))
    assert data["best"] == [{"capability": "talk", "state": "unknown", "combination": None, "cell": None}]
    assert data["exit"] == Exit.UNDECIDED


def with_defect(matrix: MatrixVerdicts, make_record: Callable[..., Record], **versions: str) -> MatrixVerdicts:
    check = make_record({"area.first": "failed"}).checks["area.first"]
    return replace(matrix, known_defects=KnownDefects((replace(known_defect(check), versions=versions),)))


def test_a_finding_names_its_defect_in_the_words_of_a_user(
    root: Path, small: Contract, matrix: MatrixVerdicts, make_record: Callable[..., Record]
) -> None:
    matrix = with_defect(matrix, make_record, core=">=1.3", store=">=0.6")
    data = valid(root, "matrix", matrix_result(small, LEDGER, matrix))
    assert [(row["clause"], row["defect"]) for row in data["findings"]] == [
        ("area.second", None),
        ("area.first", "it-is-wrong"),
    ]
    assert data["findings"][1]["sentence"] == "Something is wrong."
    assert [defect["id"] for defect in data["defects"]] == ["it-is-wrong"]
    states = {" ".join(c["combination"].values()): (c["verdict"], c["capabilities"]["talk"]) for c in data["cells"]}
    assert states["1.3 0.1 0.6"] == ("defective", "broken")


@pytest.mark.parametrize(
    ("outcomes", "defect", "expected"),
    [
        # It is forbidden where it fails.
        ({"1.3 0.1 0.6": FAILED}, {}, Exit.OK),
        ({"1.2 0.1 0.6": FAILED}, {}, Exit.VIOLATED),
        ({"1.2 0.1 0.6": FAILED}, {"core": "<1.3", "store": ">=0.6"}, Exit.VIOLATED),
        ({"1.2 0.1": FAILED, "1.3 0.1": FAILED}, {"core": ">=1.1"}, Exit.OK),
        ({"1.2 0.1": FAILED}, {"core": ">=1.1"}, Exit.OK),
        ({"1.3 0.1": FAILED}, {"core": ">=1.1"}, Exit.VIOLATED),
        ({"1.2 0.1 0.6": "no versions"}, {}, Exit.VIOLATED),
        ({"1.0 0.1 0.6": "no versions"}, {}, Exit.OK),
        ({"1.2 0.1 0.6": None}, {}, Exit.UNDECIDED),
    ],
)
def test_the_exit_code_is_about_what_is_not_known(
    make_matrix: Callable[..., MatrixVerdicts],
    make_record: Callable[..., Record],
    outcomes: dict[str, Any],
    defect: dict[str, str],
    expected: Exit,
) -> None:
    """Neither a known defect nor a mended one violates; an entry that is wrong does, and an unknown failure does."""
    matrix = make_matrix(outcomes)
    assert (with_defect(matrix, make_record, **defect) if defect else matrix).exit is expected


def test_what_a_release_alone_shows_is_a_finding_of_its_cells(
    root: Path, small: Contract, matrix: MatrixVerdicts, make_record: Callable[..., Record]
) -> None:
    alone = make_record(
        {"area.alone": "failed", "area.first": "missing", "area.second": "missing"},
        cell="store0.6",
        combination={"store": "0.6"},
        attestation={"store": {"version": "0.6", "content": "f" * 64, "direct_url": None}},
        expected={"store": {"content": "f" * 64, "sha256": "d" * 64}},
    )
    data = valid(root, "matrix", matrix_result(small, LEDGER, replace(matrix, release_records=(alone,))))
    (finding,) = [row for row in data["findings"] if row["clause"] == "area.alone"]
    assert (finding["release"], finding["reproduce"]) == ("store 0.6", "./scripts/mdmeta run store==0.6")
    assert {data["cells"][place]["combination"]["store"] for place in finding["cells"]} == {"0.6"}
    assert len(finding["cells"]) == 3
    assert "area.alone" not in data["history"]


def test_a_history_follows_the_published_schema(root: Path, small: Contract, matrix: MatrixVerdicts) -> None:
    """Core 1.3 fails with store 0.6, whose outcome with older releases is unknown, so that it is no change."""
    data = valid(
        root, "history", history_result(small.clauses["area.first"], clause_history(small, matrix, "area.first"))
    )
    assert [(row["from"], row["to"], row["state"], row["changed"]) for row in data["packages"]["core"]] == [
        ("1.0", "1.0", "passed", False),
        ("1.1", "1.2", "unknown", False),
        ("1.3", "1.3", "mixed", False),
    ]


def test_the_schema_knows_every_state(root: Path) -> None:
    span = schema(root, "history")["$defs"]["HistorySpan"]
    assert tuple(span["properties"]["state"]["enum"]) == STATES


@pytest.mark.parametrize("name", ["history", "matrix"])
def test_a_schema_refuses_missing_and_unknown_fields(
    root: Path, small: Contract, matrix: MatrixVerdicts, name: str
) -> None:
    build: Callable[[], Document] = {
        "history": lambda: history_result(small.clauses["area.first"], clause_history(small, matrix, "area.first")),
        "matrix": lambda: matrix_result(small, LEDGER, matrix),
    }[name]
    data = json.loads(json_text(build()))
    validator = Draft202012Validator(schema(root, name))
    assert validator.is_valid(data)
    assert not validator.is_valid(data | {"more": 1})
    assert not any(validator.is_valid({k: v for k, v in data.items() if k != key}) for key in data)
