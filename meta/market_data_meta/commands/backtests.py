"""What commands about the backtest share: the backtest of what is known, and how one release of it is shown."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click
from packaging.utils import canonicalize_name
from rich.console import Console

from market_data_meta.commands.common import Checkout, known_matrix
from market_data_meta.commands.progress import progress
from market_data_meta.errors import ErrorCode, undecided
from market_data_meta.releases.combinations import package_named, published_release
from market_data_meta.running.cache import default_cache
from market_data_meta.running.cells import RunOptions

if TYPE_CHECKING:
    from market_data_meta.judging.records import Record
    from market_data_meta.results.backtest import BacktestResult


observe_option = click.option(
    "--observe",
    is_flag=True,
    help="Run what says more of a release, where that is not known yet: the probes of a gate, and the release alone.",
)


def known_backtest(
    checkout: Checkout, cache: Path | None, word: str | None = None, *, observe: bool = False
) -> BacktestResult:
    """The backtest by the records that are in the cache, of all releases or of those that a word names.

    What changed with them is observed, or, without ``observe``, as far as the cache knows it. Raises MetaError where
    there are no records and nothing is observed, and for a word that names no release.
    """
    from market_data_meta.matrix.backtest import backtest_result

    about = _about(checkout, word) if word else (None, None)

    matrix = known_matrix(checkout, cache)
    if not matrix.cell_records.records and not observe:
        hint = f"{checkout.matrix_command} makes the evidence"
        raise undecided(ErrorCode.NO_EVIDENCE, "nothing is known of any release", "no run is in the cache", hint)
    options = RunOptions(cache or default_cache(), run=observe)
    alone = records_alone(checkout, options, *about)
    result = backtest_result(checkout.contract, checkout.ledger, matrix, alone)
    if about[0]:
        result = result.about(about[0], about[1])
    return with_observed(checkout, options, result, *about)


def records_alone(
    checkout: Checkout, options: RunOptions, package: str | None = None, version: str | None = None
) -> dict[tuple[str, str], Record]:
    """The runs of the releases alone that the backtest compares: of all packages, of one, or with one release."""
    from market_data_meta.matrix.publications import Publications
    from market_data_meta.matrix.releases_alone import run_releases_alone
    from market_data_meta.running.environments import version_of

    contract, ledger = checkout.contract, checkout.ledger
    publications = Publications(contract, ledger, version_of(options.interpreter))
    with progress() as on_progress:
        return run_releases_alone(
            contract, ledger, publications, options, checkout.unexpected, on_progress, (package, version)
        )


def with_observed(
    checkout: Checkout,
    options: RunOptions,
    result: BacktestResult,
    package: str | None = None,
    version: str | None = None,
) -> BacktestResult:
    """The backtest with what was observed of its releases: all, those of a package, or one."""
    from market_data_meta.matrix.release_changes import ReleaseObserver

    with progress() as on_progress:
        on_step = on_progress if options.run else lambda _: None
        observer = ReleaseObserver(checkout.contract, checkout.ledger, options, on_step)
        return result.with_observed(observer.observe(package, version))


def names_releases(checkout: Checkout, word: str) -> bool:
    """Whether a word names a package or a release, ``core`` or ``core==1.2.33``, and not a clause."""
    name = canonicalize_name(word.partition("==")[0]).removeprefix("market-data-")
    return "==" in word or name in checkout.contract.packages


def _about(checkout: Checkout, word: str) -> tuple[str, str | None]:
    """The package that a word names, and the version, if it names one. Raises MetaError where there is none."""
    name, _, version = word.partition("==")
    package = package_named(name, checkout.contract.packages, f"=={version}" if version else "")
    return package, published_release(package, version, checkout.ledger).version if version else None


def show_releases(result: BacktestResult, word: str, *, as_json: bool, verbose: bool) -> None:
    """Show what the backtest says of the package or the release that a word names."""
    from market_data_meta.models import json_text
    from market_data_meta.render.backtest.terminal import show_backtest, show_release

    console = Console(soft_wrap=True)
    if as_json:
        click.echo(json_text(result), nl=False)
    elif "==" in word:
        for release in result.releases:
            show_release(release, console, verbose=verbose)
    else:
        show_backtest(result, console, verbose=verbose)
