"""``mdmeta explain``: all about one clause."""

from __future__ import annotations

import json

import click
from rich.console import Console

from market_data_meta.commands.common import Checkout, json_option
from market_data_meta.judging.explanations import explained, listed, show_explained, show_listed


@click.command("explain")
@click.argument("clause", required=False)
@json_option
@click.pass_obj
def explain_command(here: Checkout, clause: str | None, *, as_json: bool) -> None:
    r"""Tell all about one clause: its rule, level, source, expected values, check and waivers; or list them all.

    \b
    Example: mdmeta explain chain.hard-pauses
             mdmeta explain
    """
    contract, waivers = here.contract, here.waivers
    data = listed(contract, waivers) if clause is None else explained(contract, waivers, clause)
    if as_json:
        click.echo(json.dumps(data, indent=1))
    elif clause is None:
        show_listed(data, Console())
    else:
        show_explained(data, Console())
