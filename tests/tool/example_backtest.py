"""A backtest made up field by field, for the tests of what is said of it."""

from __future__ import annotations

import io

from examples import SUITE
from rich.console import Console

from market_data_meta.render.backtest.terminal import show_backtest
from market_data_meta.results.backtest import BacktestDay, BacktestRelease, BacktestResult


def made_release(version: str = "1.1", **changes: object) -> BacktestRelease:
    """A release of Core after 1.0 of which nothing is known, with these fields."""
    fields: dict[str, object] = {
        "package": "core",
        "version": version,
        "uploaded": "2026-01-01T02:00:00Z",
        "predecessor": "1.0",
        "same_code": False,
        "partners": None,
        "not_installable": (),
        "made_installable": None,
        "lost": (),
        "worse": (),
        "mended": (),
        "capabilities": (),
        "gate": "passed",
        "why": (),
        "undecided": (),
        "observed": None,
    }
    return BacktestRelease.model_validate(fields | changes)


def result_of(*releases: BacktestRelease, days: tuple[BacktestDay, ...] = ()) -> BacktestResult:
    """The backtest of these releases."""
    return BacktestResult(suite=SUITE, as_of="2026-01-09", libraries="2026-01-09", releases=releases, days=days)


def shown(result: BacktestResult, *, verbose: bool = False) -> str:
    """What a terminal shows of it."""
    console = Console(file=io.StringIO(), width=300)
    show_backtest(result, console, verbose=verbose)
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()
