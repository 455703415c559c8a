"""``mdmeta explain``: all about one clause."""

from __future__ import annotations

import json

import click
from rich.console import Console

from market_data_meta.commands.here import Here, json_option
from market_data_meta.explain import explained, show_explained
from market_data_meta.waivers import load_waivers


@click.command("explain")
@click.argument("clause")
@json_option
@click.pass_obj
def explain_command(here: Here, clause: str, *, as_json: bool) -> None:
    r"""Tell all about one clause: its rule, level, source, expected values, check and waivers.

    \b
    Example: mdmeta explain chain.hard-pauses
    """
    data = explained(here.contract, load_waivers(here.root), clause)
    if as_json:
        click.echo(json.dumps(data, indent=1))
    else:
        show_explained(data, Console())
