"""``mdmeta check``: is the contract valid?"""

from __future__ import annotations

import json
import sys

import click
from rich.markup import escape

from market_data_meta.commands.common import Checkout, json_option, say
from market_data_meta.errors import Exit
from market_data_meta.judging import consistency


@click.command("check")
@json_option
@click.pass_obj
def check_command(here: Checkout, *, as_json: bool) -> None:
    r"""Validate contracts/: schemas, clauses and their checks, waivers, ledger and tox.ini.

    \b
    Example: mdmeta check
    """
    found = consistency.problems(here.contract)
    if as_json:
        click.echo(json.dumps({"format": 1, "clauses": len(here.contract.clauses), "problems": found}, indent=1))
    else:
        for problem in found:
            say(f"[red]✘[/] {escape(problem)}")
        if not found:
            say(f"[green]✔[/] {len(here.contract.clauses)} clauses, their checks, the ledger and tox.ini agree")
    sys.exit(Exit.BAD_INPUT if found else Exit.COMPATIBLE)
