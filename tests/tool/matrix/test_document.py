"""The JSON of the matrix, of deploy answers and of histories: exactly the fields of the published schemas."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from examples import LEDGER, SUITE
from jsonschema import Draft202012Validator
from rich.console import Console

from market_data_meta.contract import Contract
from market_data_meta.matrix.deploy_answer import answer_result, deploy_decision
from market_data_meta.matrix.document import matrix_result
from market_data_meta.matrix.history import STATES, clause_history, history_result
from market_data_meta.matrix.verdicts import MatrixVerdicts
from market_data_meta.models import Document, json_text
from market_data_meta.releases.combinations import Combination
from market_data_meta.render.deploy_answer.terminal import show_answer
from market_data_meta.schemas import schema


@pytest.fixture
def matrix(make_matrix: Callable[..., MatrixVerdicts]) -> MatrixVerdicts:
    """A matrix with an incompatible, an unknown, and an uninstallable cell, and one that fails a should clause."""
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
    data = valid(root, "matrix", matrix_result(small, matrix))
    assert data["suite"] == SUITE
    verdicts = {" ".join(cell["combination"].values()): cell["verdict"] for cell in data["cells"]}
    assert verdicts == {
        "1.3 0.1 0.6": "incompatible",
        "1.3 0.1 0.5": "compatible",
        "1.2 0.1 0.6": "unknown",
        "1.2 0.1 0.5": "compatible",
        "1.0 0.1 0.6": "uninstallable",
        "1.0 0.1 0.5": "compatible",
    }


def test_each_cell_says_what_works_whatever_is_expected(root: Path, small: Contract, matrix: MatrixVerdicts) -> None:
    """The should clause that fails with store 0.5 leaves the verdict compatible, and the capability limited."""
    data = valid(root, "matrix", matrix_result(small, matrix))
    states = {" ".join(cell["combination"].values()): cell["capabilities"]["talk"] for cell in data["cells"]}
    assert states == {
        "1.3 0.1 0.6": "broken",
        "1.3 0.1 0.5": "limited",
        "1.2 0.1 0.6": "unknown",
        "1.2 0.1 0.5": "works",
        "1.0 0.1 0.6": "unknown",
        "1.0 0.1 0.5": "works",
    }


@pytest.mark.parametrize(
    ("core", "store", "state", "words"),
    [
        ("1.2", "0.5", "✔ works", "Let the packages talk"),
        ("1.3", "0.5", "◐ limited", "The rule of area.second. This does not hold: what was looked at: a defect."),
        ("1.3", "0.6", "✘ broken", "The rule of area.first. This does not hold: what was looked at: a defect."),
        ("1.1", "0.6", "? unknown", "there is no record"),
        ("1.0", "0.6", "? unknown", "no versions satisfy it"),
    ],
)
def test_an_answer_says_what_will_work_before_its_evidence(
    small: Contract, matrix: MatrixVerdicts, core: str, store: str, state: str, words: str
) -> None:
    combination = Combination((("core", core), ("pipeline", "0.1"), ("store", store)))
    output = io.StringIO()
    show_answer(
        answer_result(deploy_decision(small, LEDGER, matrix, combination)), Console(file=output, soft_wrap=True)
    )
    before, evidence, _ = output.getvalue().partition("  evidence ")
    assert evidence
    assert f"{state}  Let the packages talk" in before
    assert words in before


def test_cells_point_at_contents_and_findings_at_cells(root: Path, small: Contract, matrix: MatrixVerdicts) -> None:
    data = valid(root, "matrix", matrix_result(small, matrix))
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
    data = valid(root, "matrix", matrix_result(small, make_matrix({"1.2 0.1": failed, "1.3 0.1": failed})))
    assert data["history"].keys() == {"area.first"}
    assert data["history"]["area.first"]["core"] == [
        {"from": "1.0", "to": "1.0", "state": "passed", "changed": False},
        {"from": "1.1", "to": "1.3", "state": "failed", "changed": True},
    ]
    assert [row["state"] for row in data["history"]["area.first"]["store"]] == ["mixed"]


def test_every_release_has_its_date(root: Path, small: Contract, matrix: MatrixVerdicts) -> None:
    data = valid(root, "matrix", matrix_result(small, matrix))
    contents = [content for column in data["packages"].values() for content in column]
    assert all(content["uploaded"] == ["2026-01-01"] * len(content["releases"]) for content in contents)


def test_promises_add_up_to_what_the_cells_stand_for(root: Path, small: Contract, matrix: MatrixVerdicts) -> None:
    data = valid(root, "matrix", matrix_result(small, matrix))
    assert sum(data["promise"].values()) == sum(cell["stands_for"] for cell in data["cells"]) == 8
    assert {row["works"] for row in data["supported"] if row["package"] == "core" and row["version"] == "1.3"} == {
        ">=0.1",
        "==0.5",
    }


@pytest.mark.parametrize(
    ("core", "store", "verdict", "exit_"),
    [
        ("1.2", "0.5", "compatible", 0),
        ("1.0", "0.5", "compatible", 1),
        ("1.3", "0.6", "incompatible", 1),
        ("1.1", "0.6", "unknown", 3),
        ("1.0", "0.6", "uninstallable", 3),
    ],
)
def test_an_answer_follows_the_published_schema(
    root: Path, small: Contract, matrix: MatrixVerdicts, core: str, store: str, verdict: str, exit_: int
) -> None:
    combination = Combination((("core", core), ("pipeline", "0.1"), ("store", store)))
    data = valid(root, "can-i-deploy", answer_result(deploy_decision(small, LEDGER, matrix, combination)))
    assert (data["verdict"], data["exit"], data["deploy"]) == (verdict, exit_, exit_ == 0)
    assert (data["evidence"]["suite"] is None) == (verdict in ("unknown", "uninstallable"))


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


@pytest.mark.parametrize("name", ["can-i-deploy", "history", "matrix"])
def test_a_schema_refuses_missing_and_unknown_fields(
    root: Path, small: Contract, matrix: MatrixVerdicts, name: str
) -> None:
    combination = Combination((("core", "1.2"), ("pipeline", "0.1"), ("store", "0.5")))
    build: Callable[[], Document] = {
        "can-i-deploy": lambda: answer_result(deploy_decision(small, LEDGER, matrix, combination)),
        "history": lambda: history_result(small.clauses["area.first"], clause_history(small, matrix, "area.first")),
        "matrix": lambda: matrix_result(small, matrix),
    }[name]
    data = json.loads(json_text(build()))
    validator = Draft202012Validator(schema(root, name))
    assert validator.is_valid(data)
    assert not validator.is_valid(data | {"more": 1})
    assert not any(validator.is_valid({k: v for k, v in data.items() if k != key}) for key in data)
