"""A change that does not fit its release is told with its clause before anything runs, and by mdmeta check."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from market_data_meta.cli import cli
from market_data_meta.contract import Contract
from market_data_meta.errors import MetaError
from market_data_meta.prove import proof
from market_data_meta.prove.change_files import load_breaks
from market_data_meta.prove.changes import Change, Edit
from market_data_meta.prove.fit import misfits
from market_data_meta.prove.proof import prove
from market_data_meta.prove.trial_runs import NewestReleases
from market_data_meta.releases.ledger import Ledger
from market_data_meta.running.cache import default_cache
from market_data_meta.running.cells import RunOptions

LEVELS = "market_data_core/telemetry/backpressure.py"


@pytest.fixture
def sites(tmp_path: Path) -> dict[str, Path]:
    """Unpacked releases, of one file each."""
    for package in ("core", "pipeline"):
        (tmp_path / package).mkdir()
        (tmp_path / package / f"{package}.py").write_text("x = 1\n")
    return {package: tmp_path / package for package in ("core", "pipeline")}


def change(clause: str, file: str, before: str, package: str = "core") -> Change:
    return Change(package, (Edit(file, before, "y = 2\n"),), "Why.", (clause,))


@pytest.mark.parametrize(
    ("file", "before", "why"),
    [
        ("core.py", "x = 2", "its text occurs 0 times, not 1"),
        ("gone.py", "x = 1", "gone.py is to be edited, and is not there"),
        ("*.toml", "x = 1", "*.toml is to be edited, and is not there"),
        ("pipeline.py", "x = 1", "pipeline.py is to be edited, and is not there"),
    ],
)
def test_what_is_not_in_the_wheel_is_told_with_the_clause(
    contract: Contract, sites: dict[str, Path], file: str, before: str, why: str
) -> None:
    (sentence,) = misfits(contract, [change("chain.hard-pauses", file, before)], sites)
    assert sentence.startswith("tests/breaks/chain.toml, the break of chain.hard-pauses: ")
    assert why in sentence


def test_what_is_there_is_not(contract: Contract, sites: dict[str, Path]) -> None:
    assert misfits(contract, [change("chain.hard-pauses", "core.py", "x = 1")], sites) == []


def test_a_break_of_a_release_alone_may_be_made_in_what_is_installed_beside_it(
    contract: Contract, sites: dict[str, Path]
) -> None:
    assert misfits(contract, [change("packaging.shares-no-file", "core.py", "x = 1", "pipeline")], sites) == []
    assert misfits(contract, [change("packaging.shares-no-file", "core.py", "x = 2", "pipeline")], sites)


def test_all_that_is_written_down_fits_the_newest_releases(root: Path, contract: Contract, ledger: Ledger) -> None:
    newest = NewestReleases(contract, ledger, RunOptions(default_cache()))
    assert misfits(contract, load_breaks(root), newest.sites) == []


def test_a_proof_begins_only_where_all_changes_fit(
    contract: Contract, ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(proof, "try_in_cell", lambda *_: pytest.fail("something was run"))
    unfit = [change("chain.hard-pauses", LEVELS, "no such text"), change("enums.members", "gone.py", "x")]
    with pytest.raises(MetaError, match="2 of the changes do not fit") as caught:
        prove(contract, ledger, unfit, RunOptions(default_cache()), lambda _: None)
    assert "chain.hard-pauses" in caught.value.why
    assert "enums.members" in caught.value.why


@pytest.fixture
def check(root: Path, tmp_path: Path) -> Callable[..., Result]:
    """Run ``mdmeta check --json`` on a copy of the checkout in which the breaks of an area read otherwise."""
    for name in ("contracts", "tests/conformance", "tests/breaks", "tests/harmless"):
        shutil.copytree(root / name, tmp_path / name)
    for name in ("tox.ini", "pyproject.toml"):
        shutil.copy(root / name, tmp_path / name)

    def run(*arguments: str) -> Result:
        return CliRunner().invoke(cli, ["--root", str(tmp_path), "check", "--json", *arguments])

    return run


def test_check_tells_a_break_that_is_not_in_the_wheel(check: Callable[..., Result], tmp_path: Path) -> None:
    file = tmp_path / "tests" / "breaks" / "chain.toml"
    file.write_text(file.read_text().replace("BackpressureLevel.hard: 0.0,", "BackpressureLevel.hard: 0.7,", 1))
    result = check()
    assert result.exit_code == 2
    (problem,) = json.loads(result.stdout)["problems"]
    assert problem.startswith("tests/breaks/chain.toml, the break of chain.hard-pauses: ")


def test_check_says_where_it_could_not_look(
    check: Callable[..., Result], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("UV_DEFAULT_INDEX", "http://127.0.0.1:9/simple/")
    result = check("--cache", str(tmp_path / "cache"))
    data = json.loads(result.stdout)
    assert (result.exit_code, data["problems"], len(data["not_looked_at"])) == (3, [], 3)
    assert all(sentence.startswith("whether the changes of ") for sentence in data["not_looked_at"])
