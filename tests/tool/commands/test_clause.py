"""``mdmeta clause new``: the table and the test of a clause, in a copy of the contract."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import click.testing
import pytest
from click.testing import CliRunner
from jsonschema import Draft202012Validator

from market_data_meta.commands.clause import new_command
from market_data_meta.commands.common import Checkout
from market_data_meta.consistency import fix_docstrings, problems
from market_data_meta.contract import Contract
from market_data_meta.contract_files import load_contract
from market_data_meta.errors import MetaError
from market_data_meta.judging.observed_runs import ObservedRun, ObservedSide
from market_data_meta.releases.ledger import Ledger, Release
from market_data_meta.running import observed_releases
from market_data_meta.schemas import schema

RULE = 'A sentence with "quotes", a backslash \\ and an ü.'
FIELDS = ("--rule", RULE, "--level", "must", "--scope", "combination", "--source", "A source.")
BINDS = ("--binds", "core", "--binds", "market-data-store")


def new(copy: Path, *arguments: str) -> click.testing.Result:
    """Run the command on the copy."""
    return CliRunner().invoke(new_command, arguments, obj=Checkout(copy))


@pytest.mark.parametrize(("area", "more"), [("chain", ()), ("fresh_area", ("--about", "What a fresh area is about."))])
def test_a_new_clause_is_valid_but_for_what_is_still_to_be_written(
    copy: Path, area: str, more: tuple[str, ...]
) -> None:
    before = {file.name: file.read_text() for file in (copy / "contracts/clauses").iterdir()}
    expect = ("--expect", 'levels=["soft", "hard"]', "--applies", "core>=1.3")
    result = new(copy, f"{area}.new-rule", *FIELDS, *BINDS, *expect, *more)
    assert result.exit_code == 0, result.output
    assert f"[clauses.new-rule] in contracts/clauses/{area}.toml" in result.stderr
    assert f"test_new_rule in tests/conformance/test_{area}.py" in result.stderr
    assert f"a [[break]] that it must catch, in tests/breaks/{area}.toml" in result.stderr
    contract = load_contract(copy)
    clause = contract.clauses[f"{area}.new-rule"]
    assert (clause.rule, clause.binds, clause.scope) == (RULE, ("core", "store"), "combination")
    assert (clause.expect, clause.applies) == ({"levels": ["soft", "hard"]}, {"core": ">=1.3"})
    # Of an area that is there already, the capability takes the clause.
    without_capability = ["contracts/capabilities.toml"] if area == "fresh_area" else []
    assert ("the capability that it belongs to" in result.stderr) == bool(without_capability)
    assert [p.partition(":")[0] for p in problems(contract.root)] == [
        f"{area}.new-rule",
        *without_capability,
        f"{area}.new-rule has never been seen to fail",
    ]
    after = {file.name: file.read_text() for file in (copy / "contracts/clauses").iterdir()}
    assert after[f"{area}.toml"].startswith(before.get(f"{area}.toml", "# What a fresh area is about.\n"))
    assert {name for name in after if after[name] != before.get(name)} == {f"{area}.toml"}


@pytest.mark.parametrize("area", ["chain", "fresh"])
def test_what_is_written_keeps_to_the_style_of_the_suite(root: Path, copy: Path, area: str) -> None:
    assert new(copy, f"{area}.new-rule", *FIELDS, *BINDS, "--about", "A sentence.").exit_code == 0
    shutil.copy(root / "pyproject.toml", copy)
    inside = "meta/market_data_meta/inside"
    shutil.copytree(root / inside, copy / inside)
    file = f"tests/conformance/test_{area}.py"
    for command in (["check"], ["format", "--check"]):
        process = subprocess.run(
            [sys.executable, "-m", "ruff", *command, file], cwd=copy, capture_output=True, text=True, check=False
        )
        assert process.returncode == 0, process.stdout + process.stderr


def test_an_id_that_exists_is_refused_and_nothing_is_written(copy: Path) -> None:
    before = (copy / "contracts/clauses/chain.toml").read_bytes()
    error = new(copy, "chain.hard-pauses", *FIELDS, *BINDS).exception
    assert isinstance(error, MetaError)
    assert error.code == "clause-exists"
    assert (copy / "contracts/clauses/chain.toml").read_bytes() == before


HEALTH = "http:market_data_pipeline.api.app GET /health[plain]"


@pytest.fixture
def observed(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The releases that were observed; each answers a request."""
    asked: list[str] = []

    def observe(_contract: Contract, _ledger: Ledger, package: str, release: Release, *_: object) -> ObservedSide:
        asked.append(f"{package} {release.version}")
        return ObservedSide((ObservedRun({HEALTH: '{"service": "mdp", "status": 200}'}),))

    monkeypatch.setattr(observed_releases, "observe_release", observe)
    return asked


def test_a_clause_may_be_written_from_an_observation(copy: Path, observed: list[str]) -> None:
    """What was observed is what it expects, the release is its source, and its check begins with the request."""
    result = new(copy, "http.health", "--from", "http:GET /health", "--of", "pipeline==0.8.20")
    assert result.exit_code == 0, result.output
    assert observed == ["pipeline 0.8.20"]
    clause = load_contract(copy).clauses["http.health"]
    assert (clause.level, clause.scope, clause.binds) == ("should", "combination", ("pipeline",))
    assert clause.expect == {"observed": {"service": "mdp", "status": 200}}
    assert clause.source == f"Observed in pipeline 0.8.20: {HEALTH}."
    check = (copy / "tests/conformance/test_http.py").read_text()
    assert "async def test_health(clause: ClauseCheck) -> None:" in check
    assert 'response = await client.request("GET", "/health")' in check
    assert problems(copy)[0].startswith("http.health: its check is not written yet")


def test_what_the_author_says_goes_before_what_was_observed(copy: Path, observed: list[str], ledger: Ledger) -> None:
    """The package is that which the clause binds, or the observation names, and its release the newest."""
    result = new(copy, "chain.health", "--from", HEALTH, *FIELDS, *BINDS)
    assert result.exit_code == 0, result.output
    clause = load_contract(copy).clauses["chain.health"]
    assert (clause.rule, clause.level, clause.source, clause.binds) == (RULE, "must", "A source.", ("core", "store"))
    assert observed == [f"pipeline {ledger.newest('pipeline').version}"]


@pytest.mark.usefixtures("observed")
@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("--from", "http:GET /health"), "does not say of which package it is"),
        (("--from", "http:GET /other", "--binds", "pipeline"), "nothing is observed of pipeline"),
        (("--from", HEALTH, "--of", "pipeline==9"), "pipeline 9 is not in the ledger"),
    ],
)
def test_an_observation_that_there_is_not_is_refused(copy: Path, arguments: tuple[str, ...], says: str) -> None:
    error = new(copy, "http.health", *arguments).exception
    assert isinstance(error, MetaError)
    assert says in error.what
    assert not (copy / "contracts/clauses/http.toml").exists()


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("chain", *FIELDS, *BINDS), "is not the id of a clause"),
        (("chain.Bad_Name", *FIELDS, *BINDS), "is not the id of a clause"),
        (("chain.new", *FIELDS), "lacks --binds"),
        (("fresh.new", *FIELDS, *BINDS), "lacks --about"),
        (("chain.new", *FIELDS, "--binds", "croe"), "did you mean core"),
        (("chain.new", *FIELDS, *BINDS, "--rule", "no full stop"), "is not a sentence"),
        (("chain.new", *FIELDS, *BINDS, "--expect", "scale=x y"), "is not an expected value"),
        (("chain.new", *FIELDS, *BINDS, "--expect", "a=1 }\n[x]\ny = {"), "is not an expected value"),
        (("chain.new", *FIELDS, *BINDS, "--applies", "core"), "does not say to which releases"),
    ],
)
def test_what_cannot_be_written_is_refused(copy: Path, arguments: tuple[str, ...], words: str) -> None:
    before = {file: file.read_bytes() for file in copy.rglob("*") if file.is_file()}
    error = new(copy, *arguments).exception
    assert isinstance(error, MetaError)
    assert words in str(error)
    assert {file: file.read_bytes() for file in copy.rglob("*") if file.is_file()} == before


def test_json_has_the_published_shape(root: Path, copy: Path) -> None:
    data = json.loads(new(copy, "chain.new-rule", *FIELDS, *BINDS, "--json").stdout)
    Draft202012Validator(schema(root, "new-clause")).validate(data)
    assert all((copy / file).is_file() for file in data["files"])


def test_a_changed_rule_is_written_into_its_check(copy: Path) -> None:
    file, table = copy / "tests/conformance/test_chain.py", copy / "contracts/clauses/chain.toml"
    before = file.read_bytes()
    table.write_text(table.read_text().replace("A hard event gives an", "An event of level hard gives an"))
    assert any("mdmeta check --fix" in problem for problem in problems(copy))
    assert fix_docstrings(load_contract(copy)) == ["chain.hard-pauses"]
    assert problems(copy) == []
    assert file.read_bytes() == before.replace(b'"""A hard event gives an', b'"""An event of level hard gives an')


def test_on_a_terminal_it_asks_for_what_no_option_says(copy: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("click.testing._NamedTextIOWrapper.isatty", lambda _: True, raising=False)
    answers = "A rule.\nmust\ncombination\ncore, store\n"
    result = CliRunner().invoke(new_command, ["chain.new-rule", "--source", "S."], obj=Checkout(copy), input=answers)
    assert result.exit_code == 0, result.output
    clause = load_contract(copy).clauses["chain.new-rule"]
    assert (clause.rule, clause.level, clause.binds, clause.source) == ("A rule.", "must", ("core", "store"), "S.")
