"""``mdmeta history``: in which releases a clause started or stopped holding, and what a release did."""

from __future__ import annotations

from pathlib import Path

import click
from rich.console import Console

from market_data_meta.commands.backtests import known_backtest, names_releases, observe_option, show_releases
from market_data_meta.commands.common import (
    Checkout,
    as_of_option,
    cache_option,
    json_option,
    known_matrix,
    verbose_option,
)
from market_data_meta.contract import Clause
from market_data_meta.errors import ErrorCode, undecided
from market_data_meta.judging.explanations import clause_of
from market_data_meta.matrix.history import clause_history, history_result
from market_data_meta.models import json_text
from market_data_meta.render.history.terminal import show_history


@click.command("history")
@click.argument("clause", metavar="CLAUSE | PACKAGE | PACKAGE==V")
@observe_option
@as_of_option
@cache_option
@verbose_option
@json_option
@click.pass_obj
def history_command(
    checkout: Checkout, clause: str, cache: Path | None, *, observe: bool, verbose: bool, as_json: bool
) -> None:
    r"""Show in which releases a clause started or stopped holding, from the results of mdmeta matrix.

    Each package that the clause binds is followed from its oldest release to its newest, with the same partners. Of a
    package, or of one release, it is shown what mdmeta backtest says: what each release broke, mended and changed.
    Nothing is run without --observe.

    \b
    Example: mdmeta history chain.hard-pauses
             mdmeta history core
             mdmeta history core==1.2.33 --observe
    """
    contract = checkout.contract
    if names_releases(checkout, clause):
        backtest = known_backtest(checkout, cache, clause, observe=observe)
        show_releases(backtest, clause, as_json=as_json, verbose=verbose)
        return
    bound_clause = clause_of(contract, clause)
    matrix = known_matrix(checkout, cache)
    outcomes = clause_history(contract, matrix, clause)
    if not outcomes.has_evidence:
        raise undecided(ErrorCode.NO_EVIDENCE, f"nothing is known of {clause}", *_why_not(bound_clause, checkout))
    result = history_result(bound_clause, outcomes)
    if as_json:
        click.echo(json_text(result), nl=False)
    else:
        show_history(result, Console(soft_wrap=True))


def _why_not(clause: Clause, checkout: Checkout) -> tuple[str, str]:
    """Why there is no evidence, and a hint how to get it."""
    if clause.scope == "release":
        return f"its scope is {clause.scope}, and the matrix decides combinations", f"mdmeta explain {clause.id}"
    return "no run of it is in the cache", f"{checkout.matrix_command} makes the evidence"
