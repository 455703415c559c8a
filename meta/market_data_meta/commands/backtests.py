"""What commands about the backtest share: the backtest of what is known, and how one release of it is shown."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click
from packaging.utils import canonicalize_name
from rich.console import Console

from market_data_meta.commands.common import Checkout, known_matrix
from market_data_meta.errors import ErrorCode, undecided
from market_data_meta.releases.combinations import package_named, published_release

if TYPE_CHECKING:
    from market_data_meta.results.backtest import BacktestResult


def known_backtest(checkout: Checkout, cache: Path | None) -> BacktestResult:
    """The backtest by the records that are in the cache. Raises MetaError where there are none."""
    from market_data_meta.matrix.backtest import backtest_result

    matrix = known_matrix(checkout, cache)
    if not matrix.cell_records.records:
        hint = f"{checkout.matrix_command} makes the evidence"
        raise undecided(ErrorCode.NO_EVIDENCE, "nothing is known of any release", "no run is in the cache", hint)
    return backtest_result(checkout.contract, checkout.ledger, matrix)


def names_releases(checkout: Checkout, word: str) -> bool:
    """Whether a word names a package or a release, ``core`` or ``core==1.2.33``, and not a clause."""
    name = canonicalize_name(word.partition("==")[0]).removeprefix("market-data-")
    return "==" in word or name in checkout.contract.packages


def show_releases(checkout: Checkout, result: BacktestResult, word: str, *, as_json: bool, verbose: bool) -> None:
    """Show what the backtest says of a package or a release. Raises MetaError where there is none of that name."""
    from market_data_meta.models import json_text
    from market_data_meta.render.backtest.terminal import show_backtest, show_release

    name, _, version = word.partition("==")
    package = package_named(name, checkout.contract.packages, f"=={version}" if version else "")
    exact = published_release(package, version, checkout.ledger).version if version else None
    about = result.about(package, exact)
    console = Console(soft_wrap=True)
    if as_json:
        click.echo(json_text(about), nl=False)
    elif exact:
        for release in about.releases:
            show_release(release, console)
    else:
        show_backtest(about, console, verbose=verbose)
