"""``mdmeta backtest``: would a required gate have stopped the releases that broke something?"""

from __future__ import annotations

from pathlib import Path

import click
from rich.console import Console

from market_data_meta.commands.backtests import known_backtest, observe_option, show_releases
from market_data_meta.commands.common import Checkout, cache_option, json_option, out_option, verbose_option


@click.command("backtest")
@click.argument("release", required=False, metavar="[PACKAGE | PACKAGE==V]")
@observe_option
@cache_option
@out_option
@verbose_option
@json_option
@click.pass_obj
def backtest_command(
    checkout: Checkout,
    release: str | None,
    cache: Path | None,
    out: Path | None,
    *,
    observe: bool,
    verbose: bool,
    as_json: bool,
) -> None:
    r"""Judge every release as of its upload, against its predecessor and the partners of then.

    Could it be installed with what was out? What got worse and what was mended, in the newest set of then? Would a
    required gate have stopped it, and how long did it take until a newer release mended it? The answers come from the
    results of mdmeta matrix, so with the libraries of the ledger's date. What changed with a release of other code is
    observed by probes. Nothing is run without --observe. Without a release backtest.json and backtest.md are written.

    \b
    Example: mdmeta backtest
             mdmeta backtest core
             mdmeta backtest core==1.2.33 --observe --json
    """
    # Imported here: they load pydantic, which --help can do without.
    from market_data_meta.models import json_text
    from market_data_meta.render.backtest.files import write_backtest
    from market_data_meta.render.backtest.terminal import show_backtest

    result = known_backtest(checkout, cache, release, observe=observe)
    if release:
        show_releases(result, release, as_json=as_json, verbose=verbose)
        return
    write_backtest(out or checkout.out, result)
    if as_json:
        click.echo(json_text(result), nl=False)
    else:
        show_backtest(result, Console(soft_wrap=True), verbose=verbose)
