"""A few clauses on one cell: the environment is used again, the verdict is about them alone, a person can step in."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from examples import PATIENCE
from jsonschema import Draft202012Validator

from market_data_meta.contract import Contract
from market_data_meta.errors import MetaError
from market_data_meta.releases.combinations import Cell, parse_cell
from market_data_meta.releases.ledger import Ledger
from market_data_meta.running import clause_runs, environments
from market_data_meta.running.clause_runs import check_scopes, run_clauses
from market_data_meta.running.isolated import INSTALLED_FILE, install_cell
from market_data_meta.schemas import schema

HOLDS, FAILS = "packaging.modules-import", "packaging.imports-declared"


def mdmeta(root: Path, out: Path, *arguments: str, text: str = "") -> subprocess.CompletedProcess[str]:
    """Run the command on the newest core alone."""
    command = [sys.executable, "-m", "market_data_meta", "--root", str(root), "run", "core==newest", "--out", str(out)]
    return subprocess.run(
        [*command, *arguments], input=text, capture_output=True, text=True, timeout=PATIENCE, check=False
    )


@pytest.fixture(scope="module")
def cell(contract: Contract, ledger: Ledger) -> Cell:
    return parse_cell(["core==newest"], contract.packages, ledger)


@pytest.fixture(scope="module")
def out(contract: Contract, ledger: Ledger, cell: Cell, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of results in which two clauses have been run."""
    folder = tmp_path_factory.mktemp("results")
    record = run_clauses(contract, ledger, cell, [HOLDS, FAILS], out=folder, progress=print)
    assert record.checks.keys() == {HOLDS, FAILS, *contract.controls}
    assert (record.checks[HOLDS].outcome, record.checks[FAILS].outcome) == ("passed", "failed")
    return folder


def test_a_run_of_a_few_clauses_leaves_no_record(out: Path) -> None:
    assert [file for file in out.rglob("*.jsonl") if "site-packages" not in file.parts] == []
    assert not (out / "records").exists()


def test_the_environment_is_used_again(
    contract: Contract, ledger: Ledger, cell: Cell, out: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(clause_runs, "install_cell", lambda *_: pytest.fail("it is installed anew"))
    record = run_clauses(contract, ledger, cell, [HOLDS], out=out, progress=print)
    assert record.checks[HOLDS].outcome == "passed"


def test_an_installation_that_is_interrupted_leaves_no_note_of_what_is_installed(
    contract: Contract, ledger: Ledger, cell: Cell, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupt(*_: object) -> str:
        raise KeyboardInterrupt

    (tmp_path / INSTALLED_FILE).write_text("{}")
    monkeypatch.setattr(environments, "create", interrupt)
    with pytest.raises(KeyboardInterrupt):
        install_cell(contract, ledger, cell, tmp_path, print)
    assert not (tmp_path / INSTALLED_FILE).exists()


def test_the_verdict_is_about_these_clauses_only(root: Path, out: Path) -> None:
    process = mdmeta(root, out, "--clause", HOLDS)
    assert process.returncode == 0, process.stderr
    assert f"passed          {HOLDS}" in process.stdout
    assert "nothing is said of the others" in process.stdout
    assert "conforms" not in process.stdout
    data = json.loads(mdmeta(root, out, "--clause", HOLDS, "--clause", FAILS, "--json").stdout)
    Draft202012Validator(schema(root, "clause-run")).validate(data)
    assert {row["clause"]: (row["outcome"], row["known"]) for row in data["clauses"]} == {
        HOLDS: ("passed", False),
        FAILS: ("failed", True),
    }


def test_a_person_steps_into_a_check_that_fails(root: Path, out: Path) -> None:
    process = mdmeta(root, out, "--clause", FAILS, "--pdb", text="p 'stopped in', clause.id\nq\n")
    assert process.returncode == 3, process.stderr
    assert f"('stopped in', '{FAILS}')" in process.stdout
    assert mdmeta(root, out, "--clause", HOLDS, "--pdb").returncode == 0


@pytest.mark.parametrize(
    ("words", "clause", "hint"),
    [
        ("core==newest", "chain.hard-pauses", "mdmeta run newest --clause chain.hard-pauses"),
        ("newest", HOLDS, f"mdmeta run core==newest --clause {HOLDS}"),
    ],
)
def test_a_clause_of_another_scope_is_refused_with_what_to_run(
    contract: Contract, ledger: Ledger, words: str, clause: str, hint: str
) -> None:
    with pytest.raises(MetaError) as raised:
        check_scopes(contract, parse_cell([words], contract.packages, ledger), [clause])
    assert raised.value.hint == hint


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--clause", "packaging.modules-imported"), "did you mean packaging.modules-import"),
        (("--pdb",), "--pdb is for --clause"),
        (("--clause", HOLDS, "--into", "x"), "--into has nothing to fill"),
    ],
)
def test_bad_usage_is_refused_with_a_hint(root: Path, tmp_path: Path, arguments: tuple[str, ...], words: str) -> None:
    process = mdmeta(root, tmp_path, *arguments)
    assert process.returncode == 2
    assert words in " ".join(process.stderr.split())
