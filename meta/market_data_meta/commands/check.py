"""``mdmeta check``: is the contract valid?"""

from __future__ import annotations

import sys
from pathlib import Path

import click

from market_data_meta.commands.common import Checkout, cache_option, json_option, say
from market_data_meta.errors import Exit, MetaError
from market_data_meta.running.cache import default_cache
from market_data_meta.running.cells import RunOptions


@click.command("check")
@click.option("--fix", is_flag=True, help="First copy the rule of each clause into the docstring of its check.")
@cache_option
@json_option
@click.pass_obj
def check_command(checkout: Checkout, cache: Path | None, *, fix: bool, as_json: bool) -> None:
    r"""Validate contracts/: schemas, clauses with their checks and breaks, known defects, ledger and tox.ini.

    A rule is written once, in contracts/clauses; --fix writes it into the docstring of its check. The changes that
    mdmeta prove makes are looked up in the wheels of the newest releases, which are downloaded once. Exit 3: nothing is
    wrong, but a wheel could not be had.

    \b
    Example: mdmeta check
             mdmeta check --fix
    """
    # Imported here: the models of files load pydantic.
    from market_data_meta.consistency import fix_docstrings, problems
    from market_data_meta.models import json_text
    from market_data_meta.prove.change_files import load_breaks, load_harmless
    from market_data_meta.prove.fit import changes_fit
    from market_data_meta.render.contract_check.terminal import contract_check_lines
    from market_data_meta.results.contract_check import ContractCheckResult

    fixed = fix_docstrings(checkout.contract) if fix else []
    contract_problems = problems(checkout.root)
    not_looked_at: tuple[str, ...] = ()
    try:
        changes = [*load_breaks(checkout.root), *load_harmless(checkout.root)]
        fit = changes_fit(checkout.contract, checkout.ledger, changes, RunOptions(cache or default_cache()))
        contract_problems, not_looked_at = [*contract_problems, *fit.misfits], fit.not_looked_at
    except MetaError as error:
        # A file that cannot be read is among the problems already.
        not_looked_at = () if contract_problems else (str(error),)
    try:
        clauses = len(checkout.contract.clauses)
    except MetaError:
        # A contract that cannot be read has its problems in the list.
        clauses = 0
    result = ContractCheckResult(
        clauses=clauses, fixed=tuple(fixed), problems=tuple(contract_problems), not_looked_at=not_looked_at
    )
    if as_json:
        click.echo(json_text(result), nl=False)
    else:
        for line in contract_check_lines(result):
            say(line)
    sys.exit(Exit.BAD_INPUT if result.problems else Exit.UNDECIDED if result.not_looked_at else Exit.OK)
