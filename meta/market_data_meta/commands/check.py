"""``mdmeta check``: is the contract valid?"""

from __future__ import annotations

import json
import sys

import click
from rich.markup import escape

from market_data_meta.commands.common import Checkout, json_option, say
from market_data_meta.errors import Exit, MetaError
from market_data_meta.judging.check_files import check_words


@click.command("check")
@click.option("--fix", is_flag=True, help="First copy the rule of each clause into the docstring of its check.")
@json_option
@click.pass_obj
def check_command(here: Checkout, *, fix: bool, as_json: bool) -> None:
    r"""Validate contracts/: schemas, clauses with their checks and breaks, waivers, ledger and tox.ini.

    A rule is written once, in contracts/clauses; --fix writes it into the docstring of its check.

    \b
    Example: mdmeta check
             mdmeta check --fix
    """
    # Imported here: the models of files load pydantic.
    from market_data_meta.consistency import fix_docstrings, problems

    fixed = fix_docstrings(here.contract) if fix else []
    contract_problems = problems(here.root)
    try:
        clauses = len(here.contract.clauses)
    except MetaError:
        # A contract that cannot be read has its problems in the list.
        clauses = 0
    if as_json:
        data = {"format": 1, "clauses": clauses, "fixed": fixed, "problems": contract_problems}
        click.echo(json.dumps(data, indent=1))
    else:
        for clause in fixed:
            say(f"[green]✔[/] rewrote the docstring of {escape(check_words(clause))}")
        for problem in contract_problems:
            say(f"[red]✘[/] {escape(problem)}")
        if not contract_problems:
            say(f"[green]✔[/] {clauses} clauses, their checks and breaks, the ledger and tox.ini agree")
    sys.exit(Exit.BAD_INPUT if contract_problems else Exit.COMPATIBLE)
