"""``mdmeta explain``: all about one clause, an area, or the error codes."""

from __future__ import annotations

import json

import click
from rich.console import Console

from market_data_meta.commands.common import Checkout, json_option
from market_data_meta.judging.explanations import (
    error_codes,
    explained,
    listed,
    show_error_codes,
    show_explained,
    show_listed,
)


@click.command("explain")
@click.argument("name", required=False, metavar="[AREA|CLAUSE]")
@click.option("--errors", is_flag=True, help="List the codes that an error of mdmeta may have, instead.")
@json_option
@click.pass_obj
def explain_command(here: Checkout, name: str | None, *, errors: bool, as_json: bool) -> None:
    r"""Tell all about one clause: its rule, level, source, expected values, check and waivers.

    With an area: list its clauses. With neither: list all clauses.

    \b
    Example: mdmeta explain chain.hard-pauses
             mdmeta explain chain
             mdmeta explain
             mdmeta explain --errors
    """
    if errors:
        if name:
            raise click.UsageError("--errors lists all codes, and takes no clause")
        data, show = error_codes(), show_error_codes
    elif name and "." in name:
        data, show = explained(here.contract, here.waivers, name), show_explained
    else:
        data, show = listed(here.contract, here.waivers, name), show_listed
    if as_json:
        click.echo(json.dumps(data, indent=1))
    else:
        show(data, Console())
