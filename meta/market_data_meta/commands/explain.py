"""``mdmeta explain``: all about one clause, an area, or the error codes."""

from __future__ import annotations

import click
from rich.console import Console

from market_data_meta.commands.common import Checkout, json_option
from market_data_meta.judging.explanations import clause_explanation, clause_list, error_list
from market_data_meta.models import json_text
from market_data_meta.render.explanation.terminal import show_clause, show_clause_list, show_error_list


@click.command("explain")
@click.argument("name", required=False, metavar="[AREA|CLAUSE]")
@click.option("--errors", is_flag=True, help="List all error codes of mdmeta instead.")
@json_option
@click.pass_obj
def explain_command(checkout: Checkout, name: str | None, *, errors: bool, as_json: bool) -> None:
    r"""Tell all about one clause: its rule, level, source, expected values, check and waivers.

    With an area: list its clauses. With neither: list all clauses.

    \b
    Example: mdmeta explain chain.hard-pauses
             mdmeta explain chain
             mdmeta explain
             mdmeta explain --errors
    """
    console = Console()
    if errors:
        if name:
            raise click.UsageError("--errors lists all codes, and takes no clause")
        listed_errors = error_list()
        click.echo(json_text(listed_errors), nl=False) if as_json else show_error_list(listed_errors, console)
    elif name and "." in name:
        explanation = clause_explanation(checkout.contract, checkout.waivers, name)
        click.echo(json_text(explanation), nl=False) if as_json else show_clause(explanation, console)
    else:
        clauses = clause_list(checkout.contract, checkout.waivers, name)
        click.echo(json_text(clauses), nl=False) if as_json else show_clause_list(clauses, console)
