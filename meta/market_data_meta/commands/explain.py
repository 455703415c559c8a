"""``mdmeta explain``: all about one clause, an area, a capability, a known defect, or the error codes."""

from __future__ import annotations

import click
from rich.console import Console

from market_data_meta.commands.common import Checkout, json_option
from market_data_meta.judging.defect_document import defect_list, defect_named
from market_data_meta.judging.defect_file import reproducers
from market_data_meta.judging.defects import DefectChanges, KnownDefects
from market_data_meta.judging.explanations import capability_list, clause_explanation, clause_list, error_list
from market_data_meta.models import json_text
from market_data_meta.render.defects.terminal import show_defect
from market_data_meta.render.explanation.terminal import (
    show_capability_list,
    show_clause,
    show_clause_list,
    show_error_list,
)


@click.command("explain")
@click.argument("name", required=False, metavar="[AREA|CLAUSE|CAPABILITY|DEFECT]")
@click.option("--capabilities", is_flag=True, help="List what users want to do, and the clauses that decide it.")
@click.option("--errors", is_flag=True, help="List all error codes of mdmeta instead.")
@json_option
@click.pass_obj
def explain_command(checkout: Checkout, name: str | None, *, capabilities: bool, errors: bool, as_json: bool) -> None:
    r"""Show one clause: its rule, level, source, expected values, check and the known defects that it shows.

    With an area: list its clauses. With a capability: what it is, and the clauses that decide it. With the id
    of a known defect: what it means, and a script that shows it. Alone: list all clauses.

    \b
    Example: mdmeta explain chain.hard-pauses
             mdmeta explain chain
             mdmeta explain
             mdmeta explain redis
             mdmeta explain paused-provider-goes-on
             mdmeta explain --capabilities
             mdmeta explain --errors
    """
    console = Console()
    if name and (capabilities or errors):
        raise click.UsageError(f"--{'errors' if errors else 'capabilities'} lists all, and takes no name")
    if errors and capabilities:
        raise click.UsageError("--errors and --capabilities are two lists")
    if errors:
        listed_errors = error_list()
        click.echo(json_text(listed_errors), nl=False) if as_json else show_error_list(listed_errors, console)
    elif capabilities or name in checkout.contract.capabilities:
        listed_capabilities = capability_list(checkout.contract, checkout.known_defects, name)
        if as_json:
            click.echo(json_text(listed_capabilities), nl=False)
        else:
            show_capability_list(listed_capabilities, console)
    elif name in {defect.id for defect in checkout.known_defects.defects}:
        only = KnownDefects((defect_named(checkout.known_defects, name),))
        listed = defect_list(checkout.contract, only, reproducers(checkout.root), DefectChanges())
        if as_json:
            click.echo(json_text(listed), nl=False)
        else:
            show_defect(listed.defects[0], checkout.contract, console)
    elif name and "." in name:
        explanation = clause_explanation(checkout.contract, checkout.known_defects, name)
        click.echo(json_text(explanation), nl=False) if as_json else show_clause(explanation, console)
    else:
        clauses = clause_list(checkout.contract, checkout.known_defects, name)
        click.echo(json_text(clauses), nl=False) if as_json else show_clause_list(clauses, console)
