"""``mdmeta backtest`` and ``mdmeta history PACKAGE``: the same answer, of all releases or of some."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from examples import LEDGER, ROOT, SUITE

from market_data_meta.cli import cli
from market_data_meta.commands import backtests
from market_data_meta.commands.common import Checkout
from market_data_meta.contract import Contract
from market_data_meta.errors import Exit, MetaError
from market_data_meta.matrix.release_changes import ReleaseObserver
from market_data_meta.matrix.verdicts import MatrixVerdicts
from market_data_meta.results.observations import ObservedChanges


@pytest.fixture
def ask(
    small: Contract, make_matrix: Callable[..., MatrixVerdicts], monkeypatch: pytest.MonkeyPatch
) -> Callable[..., Result]:
    """The answer of a command about ``LEDGER``, in which store 0.6 breaks what held with 0.5."""
    broken = {"area.first": "failed"}
    matrix = make_matrix({f"{core} 0.1 0.6": broken for core in ("1.0", "1.2", "1.3")})
    monkeypatch.setattr(Checkout, "ledger", replace(LEDGER, as_of="2026-11-22T10:00:00Z"))
    monkeypatch.setattr(Checkout, "contract", small)
    monkeypatch.setattr(backtests, "known_matrix", lambda *_: matrix)

    def run(*arguments: str) -> Result:
        return CliRunner().invoke(cli, ["--root", str(ROOT), *arguments], standalone_mode=False)

    return run


def test_it_is_printed_and_written_for_programs_and_people(ask: Callable[..., Result], tmp_path: Path) -> None:
    result = ask("backtest", "--out", str(tmp_path), "--json")
    assert json.loads(result.stdout) == json.loads((tmp_path / "backtest.json").read_text(encoding="utf-8"))
    assert (tmp_path / "backtest.md").read_text(encoding="utf-8").startswith("# Would the gate have stopped it?")
    assert "A required gate would have stopped all of them." in ask("backtest", "--out", str(tmp_path)).stdout


@pytest.mark.parametrize("command", ["backtest", "history"])
def test_history_of_a_release_says_what_backtest_says(ask: Callable[..., Result], command: str) -> None:
    one = ask(command, "store==0.6").stdout
    assert "area.first (must, broke)" in one
    assert ask(command, "market-data-store==newest").stdout == one
    assert [row["version"] for row in json.loads(ask(command, "store", "--json").stdout)["releases"]] == ["0.5", "0.6"]


@pytest.mark.parametrize(
    ("arguments", "runs", "about"),
    [
        (("backtest", "store==0.6"), False, ("store", "0.6")),
        (("history", "store", "--observe"), True, ("store", None)),
        (("backtest", "--observe", "--out", "."), True, (None, None)),
    ],
)
def test_probes_run_only_where_that_is_asked_for(
    ask: Callable[..., Result],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    arguments: tuple[str, ...],
    runs: bool,
    about: tuple[str | None, str | None],
) -> None:
    """Only the releases that are named are observed, and without ``--observe`` what is not known stays unknown."""
    monkeypatch.chdir(tmp_path)
    asked: list[object] = []

    def observe(observer: ReleaseObserver, *of: str | None) -> dict[str, ObservedChanges]:
        asked.append((observer.options.run, of))
        return {}

    assert "What changed in it is not known: it has not been observed yet" in ask("history", "store==0.6").stdout
    monkeypatch.setattr(ReleaseObserver, "observe", observe)
    assert ask(*arguments).exit_code == 0
    assert asked == [(runs, about)]


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("backtest", "stores"), "not a package under contract"),
        (("history", "store==9"), "store 9 is not in the ledger"),
    ],
)
def test_a_release_that_there_is_not_is_refused(
    ask: Callable[..., Result], arguments: tuple[str, ...], says: str
) -> None:
    error = ask(*arguments).exception
    assert isinstance(error, MetaError)
    assert says in error.what


def test_without_any_run_it_is_undecided(
    ask: Callable[..., Result], make_matrix: Callable[..., MatrixVerdicts], monkeypatch: pytest.MonkeyPatch
) -> None:
    matrix = make_matrix()
    nothing = replace(matrix, cell_records=replace(matrix.cell_records, records={}))
    monkeypatch.setattr(backtests, "known_matrix", lambda *_: nothing)
    error = ask("backtest").exception
    assert isinstance(error, MetaError)
    assert (error.exit, error.hint) == (Exit.UNDECIDED, "mdmeta matrix makes the evidence")
    # What changed is known without it.
    monkeypatch.setattr(ReleaseObserver, "observe", lambda *_: {})
    assert ask("history", "store==0.6", "--observe").exit_code == 0


def test_a_matrix_writes_it_beside_its_page_which_quotes_it(
    ask: Callable[..., Result],
    make_matrix: Callable[..., MatrixVerdicts],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    records = make_matrix({f"{core} 0.1 0.6": {"area.first": "failed"} for core in ("1.0", "1.2", "1.3")}).cell_records
    command = "market_data_meta.commands.matrix"
    monkeypatch.setattr(f"{command}.decide_repeated_matrix", lambda *_: (records, ()))
    monkeypatch.setattr(f"{command}._run_alone", lambda *_: None)
    monkeypatch.setattr(f"{command}.runs_of_services", lambda *_: {})
    monkeypatch.setattr(f"{command}.suite.digest", lambda _: SUITE)
    result = ask("matrix", "--out", str(tmp_path))
    assert (tmp_path / "backtest.json").is_file(), result.exception
    rows = json.loads((tmp_path / "backtest.json").read_text(encoding="utf-8"))["releases"]
    assert {row["version"]: row["gate"] for row in rows if row["package"] == "store"}["0.6"] == "stopped"
    assert '"backtest":{"summary"' in (tmp_path / "site" / "index.html").read_text(encoding="utf-8")
