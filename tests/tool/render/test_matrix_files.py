"""The matrix rendered again from its JSON: the same files, and a damaged file is bad input and loses nothing else."""

from __future__ import annotations

import io
import json
import re
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from examples import LEDGER, PATIENCE
from rich.console import Console

from market_data_meta.contract import Contract
from market_data_meta.errors import MetaError
from market_data_meta.matrix.backtest import backtest_result
from market_data_meta.matrix.document import matrix_result
from market_data_meta.matrix.verdicts import MatrixVerdicts
from market_data_meta.models import json_text, parse_document
from market_data_meta.render.backtest.files import write_backtest
from market_data_meta.render.matrix.files import NAME, read_matrix, write_matrix
from market_data_meta.render.matrix.markdown import matrix_markdown
from market_data_meta.render.matrix.terminal import show_matrix
from market_data_meta.results.matrix import MatrixResult
from market_data_meta.strict_json import strict_json

FILES = ("matrix.md", "matrix.svg", "badge.json", "site/index.html")


@pytest.fixture
def data(small: Contract, make_matrix: Callable[..., MatrixVerdicts]) -> dict[str, Any]:
    """A matrix with one broken cell, as JSON."""
    written: dict[str, Any] = json.loads(
        json_text(matrix_result(small, LEDGER, make_matrix({"1.3 0.1 0.6": {"area.first": "failed"}})))
    )
    return written


def report(root: Path, out: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "market_data_meta", "--root", str(root), "report", "--out", str(out)]
    return subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE, check=False)


def test_what_is_written_reads_back(tmp_path: Path, data: dict[str, Any]) -> None:
    (tmp_path / NAME).write_text(json.dumps(data))
    assert json.loads(json_text(read_matrix(tmp_path / NAME))) == data


def test_a_report_renders_the_matrix_as_the_matrix_itself_does(
    root: Path, tmp_path: Path, contract: Contract, data: dict[str, Any]
) -> None:
    """Nothing but the JSON is needed, and it is not written again."""
    once, again = tmp_path / "once", tmp_path / "again"
    write_matrix(once, parse_document(MatrixResult, data, NAME), contract)
    again.mkdir()
    (again / NAME).write_text(json.dumps(data, indent=3))
    process = report(root, again)
    assert process.returncode == 3, process.stderr
    assert [(again / name).read_text() for name in FILES] == [(once / name).read_text() for name in FILES]
    assert (again / NAME).read_text() == json.dumps(data, indent=3)


@pytest.mark.parametrize(
    "got", ["a\ud800b", {"\udfff": "\U0001f600"}, ["</script>", 1 << 60, -0.0]], ids=["text", "table", "list"]
)
def test_whatever_a_check_got_the_page_reads_its_data(
    tmp_path: Path, contract: Contract, data: dict[str, Any], got: object
) -> None:
    """What is written for other programs is strictly JSON, the data of the page and of the badge too."""
    data["findings"][0] |= {"got": got, "message": "a\ud800b"}
    matrix = parse_document(MatrixResult, data, NAME)
    write_matrix(tmp_path, matrix, contract)
    page = (tmp_path / "site" / "index.html").read_text(encoding="utf-8")
    (embedded,) = re.findall(r'<script[^>]*type="application/json"[^>]*>(.*?)</script>', page, re.DOTALL)
    for text in (embedded, (tmp_path / "badge.json").read_text(), json_text(matrix)):
        assert "\ud800" not in json.dumps(strict_json(text), ensure_ascii=False)


def test_without_a_matrix_none_is_rendered(root: Path, tmp_path: Path) -> None:
    assert report(root, tmp_path).returncode == 3
    assert not any((tmp_path / name).exists() for name in FILES)


def change(data: dict[str, Any], **changes: Any) -> str:
    return json.dumps(data | changes)


@pytest.mark.parametrize(
    ("damage", "words"),
    [
        (lambda data: json.dumps(data)[:-9], "is not JSON"),
        (lambda _: "[]", "is not a matrix"),
        (lambda data: change(data, format=1), "format: "),
        (
            lambda data: change(data, cells=[{**data["cells"][0], "codes": {"core": 9, "pipeline": 0, "store": 0}}]),
            "code",
        ),
        (lambda data: change(data, cells=[{**data["cells"][0], "codes": {"core": 0}}]), "not of the packages"),
        (lambda data: change(data, supported=[{**data["supported"][0], "asks": "~~1"}]), "'~~1'"),
        (lambda data: change(data, supported=[{**data["supported"][0], "other": "croe"}]), "croe"),
        (lambda data: change(data, findings=[{**data["findings"][0], "cells": [99]}]), "area.first"),
    ],
)
def test_what_no_matrix_says_is_bad_input_that_names_the_place(
    tmp_path: Path, data: dict[str, Any], damage: Callable[[dict[str, Any]], str], words: str
) -> None:
    (tmp_path / NAME).write_text(damage(data))
    with pytest.raises(MetaError) as raised:
        read_matrix(tmp_path / NAME)
    assert raised.value.code in {"bad-matrix", "not-json"}
    assert words in str(raised.value)


def test_a_damaged_matrix_does_not_lose_the_report(root: Path, tmp_path: Path) -> None:
    (tmp_path / NAME).write_text("{}")
    process = report(root, tmp_path)
    assert (process.returncode, "bad-matrix" in process.stderr) == (2, True), process.stderr
    assert (tmp_path / "report.json").exists()
    assert not any((tmp_path / name).exists() for name in FILES)


def test_what_did_not_repeat_is_told_as_what_is_known_of_it(data: dict[str, Any]) -> None:
    """Its names steer neither a terminal nor Markdown; where further runs brought no result, no more is said."""
    data["spurious"] = [
        {"cell": "1.3 \x1b[2J", "clause": "area.`<b>`", "outcomes": ["failed", "passed"]},
        {"cell": "1.3", "clause": "area.first", "outcomes": ["failed", "no result"]},
    ]
    matrix = MatrixResult.model_validate(data)
    stream = io.StringIO()
    show_matrix(matrix, Console(file=stream, width=160))
    assert "\x1b" not in stream.getvalue()
    for text in (stream.getvalue(), matrix_markdown(matrix)):
        assert "it does not come out the same each time: failed, passed" in text
        assert "area.first in 1.3: it could not be run again each time: failed, no result" in text
    assert "<b>" not in matrix_markdown(matrix)


def test_the_page_quotes_a_backtest_of_the_same_suite_and_date(
    tmp_path: Path, small: Contract, make_matrix: Callable[..., MatrixVerdicts]
) -> None:
    ledger = replace(LEDGER, as_of="2026-11-22T10:00:00Z")
    matrix = make_matrix({"1.3 0.1 0.6": {"area.first": "failed"}})
    backtest = backtest_result(small, ledger, matrix)

    def is_quoted() -> bool:
        write_matrix(tmp_path, matrix_result(small, ledger, matrix), small)
        return '"backtest":{"summary"' in (tmp_path / "site" / "index.html").read_text(encoding="utf-8")

    assert not is_quoted()
    write_backtest(tmp_path, backtest)
    assert is_quoted()
    write_backtest(tmp_path, backtest.model_copy(update={"as_of": "2026-11-21"}))
    assert not is_quoted()
