"""``mdmeta can-i-deploy``: what it asks, of which matrix, about which versions, and how it ends."""

from __future__ import annotations

import json
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from example_matrix import example_matrix
from examples import LEDGER, ROOT
from jsonschema import Draft202012Validator

from market_data_meta.cli import cli
from market_data_meta.errors import MetaError
from market_data_meta.models import json_text

MATRIX = example_matrix(
    {"1.3 0.5": {"redis": "limited"}, "1.2 0.6": {"redis": "broken"}}, {"1.3 0.5": "defective", "1.2 0.6": "defective"}
)
SET = ("core==1.2", "pipeline==0.1", "store==0.6")


@pytest.fixture(scope="module")
def matrix_file(tmp_path_factory: pytest.TempPathFactory) -> str:
    file = tmp_path_factory.mktemp("published") / "matrix.json"
    file.write_text(json_text(MATRIX))
    return str(file)


@pytest.fixture(autouse=True)
def _no_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    """A published matrix is asked without what was run on this machine."""

    def fail(*_: object) -> None:
        raise AssertionError("the cache was read")

    monkeypatch.setattr("market_data_meta.commands.common.known_matrix", fail)


def ask(matrix_file: str, *arguments: str) -> Result:
    command = ["--root", str(ROOT), "can-i-deploy", "--matrix", matrix_file, *arguments]
    return CliRunner().invoke(cli, command, standalone_mode=False)


def answer(matrix_file: str, *arguments: str) -> dict[str, Any]:
    result = ask(matrix_file, "--json", *arguments)
    data: dict[str, Any] = json.loads(result.stdout)
    assert result.exit_code == data["exit"]
    schema = json.loads((ROOT / "contracts" / "schemas" / "can-i-deploy.schema.json").read_text())
    Draft202012Validator(schema).validate(data)
    return data


def error_of(matrix_file: str, *arguments: str) -> MetaError:
    error = ask(matrix_file, *arguments).exception
    assert isinstance(error, MetaError), error
    return error


def test_the_answer_goes_to_standard_output_and_the_age_of_the_matrix_beside_it(matrix_file: str) -> None:
    result = ask(matrix_file, *SET)
    assert result.exit_code == 0
    assert result.stdout.startswith("core 1.2, pipeline 0.1, store 0.6: 2 of 3 capabilities work, 1 is broken.\n")
    assert result.stderr.startswith("This matrix is of 2026-11-22")
    assert "redis.must" not in result.stdout
    assert "fails: redis.must" in ask(matrix_file, *SET, "--verbose").stdout


def test_the_question_is_in_the_words_of_who_asks(matrix_file: str) -> None:
    data = answer(matrix_file, "core>=1.1,<1.3", "store==0.6")
    assert data["question"] == {"core": "<1.3,>=1.1", "store": "==0.6"}
    assert data["combination"] == {"core": "1.2", "pipeline": "0.1", "store": "0.6"}
    told = ask(matrix_file, "core>=1.1,<1.3", "store==0.6").stderr.splitlines()
    assert told[1:] == ["core 1.2: the newest that is <1.3,>=1.1"]


def test_with_nothing_named_the_newest_set_that_may_go_out_is_meant(matrix_file: str) -> None:
    assert answer(matrix_file)["combination"] == {"core": "1.3", "pipeline": "0.1", "store": "0.5"}


@pytest.mark.parametrize(
    ("options", "status", "unmet"),
    [
        (("--needs", "write"), 0, []),
        (("--needs", "write, redis"), 1, ["redis"]),
        (("--needs", "write", "--needs", "redis"), 1, ["redis"]),
        (("--needs-fully", "redis,write"), 1, ["redis"]),
    ],
)
def test_needs_may_be_given_in_one_option_or_several(
    matrix_file: str, options: tuple[str, ...], status: int, unmet: list[str]
) -> None:
    data = answer(matrix_file, *SET, *options)
    assert (data["exit"], data["unmet"]) == (status, unmet)


def test_a_yanked_release_is_taken_only_if_it_is_asked_for(matrix_file: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The matrix does not say which releases are yanked; the ledger does."""
    cores = tuple(replace(known, yanked=known.version == "1.3") for known in LEDGER.releases["core"])
    ledger = replace(LEDGER, releases={**LEDGER.releases, "core": cores})
    monkeypatch.setattr("market_data_meta.commands.common.Checkout.ledger", ledger)
    assert answer(matrix_file)["combination"]["core"] == "1.2"
    assert answer(matrix_file, "core>=1.0")["combination"]["core"] == "1.2"
    assert answer(matrix_file, "core==1.3")["reasons"] == ["core 1.3 is yanked"]


def test_needs_choose_the_set(matrix_file: str) -> None:
    assert answer(matrix_file, "--needs", "redis")["combination"]["core"] == "1.3"
    assert answer(matrix_file, "--needs-fully", "redis")["combination"] == {
        "core": "1.2",
        "pipeline": "0.1",
        "store": "0.5",
    }


def test_what_is_unknown_or_misspelt_is_bad_input(matrix_file: str) -> None:
    error = error_of(matrix_file, *SET, "--needs", "rediss")
    assert (error.code, error.exit, error.hint) == ("unknown-capability", 2, "did you mean redis?")
    error = error_of(matrix_file, "core==1.4.61")
    assert (error.code, error.exit) == ("unknown-release", 2)
    assert error.what == "this matrix of 2026-11-22 does not know core 1.4.61"
    assert error_of(matrix_file, "core==deployed").code == "not-deployed"
    assert error_of("no-file.json", "core==1.2").code == "unreadable"


def test_versions_are_read_from_a_file_and_those_that_are_named_win(matrix_file: str, tmp_path: Path) -> None:
    file = tmp_path / "requirements.txt"
    file.write_text("market-data-core==1.2\nmarket-data-store>=0.5\n-r more.txt\n")
    data = answer(matrix_file, "--from", str(file))
    assert data["combination"] == {"core": "1.2", "pipeline": "0.1", "store": "0.6"}
    assert answer(matrix_file, "--from", str(file), "store==0.5")["combination"]["store"] == "0.5"
    question = answer(matrix_file, "--from", str(file), "newest")["question"]
    assert question == {"core": "==1.2", "store": ">=0.5", "pipeline": "newest"}
    assert ask(matrix_file, "--from", str(file)).stderr.splitlines()[1:] == [
        "requirements.txt line 3: -r more.txt is not followed",
        "core 1.2, as requirements.txt line 1 asks",
        "store 0.6: the newest that is >=0.5, as requirements.txt line 2 asks",
    ]
    # A line about a package whose version is named need not be understood.
    file.write_text("-e ../market-data-core\nmarket-data-store==0.6\n")
    assert error_of(matrix_file, "--from", str(file)).code == "direct-reference"
    assert answer(matrix_file, "--from", str(file), "core==1.2")["combination"]["core"] == "1.2"


def test_what_is_told_of_a_file_is_told_as_it_is(matrix_file: str, tmp_path: Path) -> None:
    """Square brackets would be read as colours."""
    file = tmp_path / "pyproject.toml"
    file.write_text(
        "[project]\ndependencies = ['market-data-store>=0.5']\n[tool.poetry.dependencies]\nmarket-data-core = '^1.2'\n"
    )
    assert ask(matrix_file, "--from", str(file)).stderr.splitlines()[1:] == [
        "pyproject.toml: [tool.poetry.dependencies] is not read; its poetry.lock can be",
        "store 0.6: the newest that is >=0.5, as pyproject.toml [project] asks",
    ]


def test_versions_are_read_from_an_environment(matrix_file: str, tmp_path: Path) -> None:
    python = tmp_path / "python"
    python.write_text("""#!/bin/sh\necho '{"market-data-core": ["1.1", false]}'\n""")
    python.chmod(0o755)
    assert answer(matrix_file, "--from-env", str(python))["combination"]["core"] == "1.1"
    assert f"market-data-store is not installed in {python}" in ask(matrix_file, "--from-env", str(python)).stderr


def test_a_source_without_any_of_the_packages_is_no_question(matrix_file: str, tmp_path: Path) -> None:
    """Whoever names the wrong file must not be answered about the newest set instead."""
    error = error_of(matrix_file, "--from-env", sys.executable)
    assert (error.code, error.exit) == ("incomplete", 2)
    assert error.what == f"{sys.executable} has none of market-data-core, market-data-pipeline, market-data-store"
    file = tmp_path / "requirements.txt"
    file.write_text("requests\n")
    assert error_of(matrix_file, "--from", str(file)).code == "incomplete"
    assert answer(matrix_file, "--from", str(file), "core==1.2")["combination"]["core"] == "1.2"


def test_a_file_and_an_environment_are_not_read_at_once(matrix_file: str) -> None:
    result = ask(matrix_file, "--from", "requirements.txt", "--from-env", sys.executable)
    assert "give one of them" in str(result.exception)


def test_without_a_published_matrix_what_was_run_here_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("market_data_meta.commands.can_i_deploy.known_matrix_result", lambda *_: MATRIX)
    result = CliRunner().invoke(cli, ["--root", str(ROOT), "can-i-deploy", *SET, "--json"], standalone_mode=False)
    assert (result.exit_code, json.loads(result.stdout)["combination"]["core"], result.stderr) == (0, "1.2", "")
    error = CliRunner().invoke(cli, ["--root", str(ROOT), "can-i-deploy", "core==9"], standalone_mode=False).exception
    assert "the ledger of 2026-11-22 does not know core 9" in str(error)
