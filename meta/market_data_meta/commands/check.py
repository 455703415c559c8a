"""``mdmeta check``: is the contract valid?"""

from __future__ import annotations

import sys

import click

from market_data_meta.commands.common import Checkout, json_option, say
from market_data_meta.errors import Exit, MetaError


@click.command("check")
@click.option("--fix", is_flag=True, help="First copy the rule of each clause into the docstring of its check.")
@json_option
@click.pass_obj
def check_command(checkout: Checkout, *, fix: bool, as_json: bool) -> None:
    r"""Validate contracts/: schemas, clauses with their checks and breaks, known defects, ledger and tox.ini.

    A rule is written once, in contracts/clauses; --fix writes it into the docstring of its check.

    \b
    Example: mdmeta check
             mdmeta check --fix
    """
    # Imported here: the models of files load pydantic.
    from market_data_meta.consistency import fix_docstrings, problems
    from market_data_meta.models import json_text
    from market_data_meta.render.contract_check.terminal import contract_check_lines
    from market_data_meta.results.contract_check import ContractCheckResult

    fixed = fix_docstrings(checkout.contract) if fix else []
    contract_problems = problems(checkout.root)
    try:
        clauses = len(checkout.contract.clauses)
    except MetaError:
        # A contract that cannot be read has its problems in the list.
        clauses = 0
    result = ContractCheckResult(clauses=clauses, fixed=tuple(fixed), problems=tuple(contract_problems))
    if as_json:
        click.echo(json_text(result), nl=False)
    else:
        for line in contract_check_lines(result):
            say(line)
    sys.exit(Exit.BAD_INPUT if result.problems else Exit.OK)
