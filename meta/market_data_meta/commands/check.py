"""``mdmeta check``: is the contract valid?"""

from __future__ import annotations

import json
import sys

import click
from rich.markup import escape

from market_data_meta.commands.common import Checkout, json_option, say
from market_data_meta.errors import Exit, MetaError


@click.command("check")
@json_option
@click.pass_obj
def check_command(here: Checkout, *, as_json: bool) -> None:
    r"""Validate contracts/: schemas, clauses and their checks, waivers, ledger and tox.ini.

    \b
    Example: mdmeta check
    """
    # Imported here: the models of files load pydantic.
    from market_data_meta.judging.consistency import problems

    contract_problems = problems(here.root)
    try:
        clauses = len(here.contract.clauses)
    except MetaError:
        # A contract that cannot be read has its problems in the list.
        clauses = 0
    if as_json:
        click.echo(json.dumps({"format": 1, "clauses": clauses, "problems": contract_problems}, indent=1))
    else:
        for problem in contract_problems:
            say(f"[red]✘[/] {escape(problem)}")
        if not contract_problems:
            say(f"[green]✔[/] {clauses} clauses, their checks, the ledger and tox.ini agree")
    sys.exit(Exit.BAD_INPUT if contract_problems else Exit.COMPATIBLE)
