"""``mdmeta can-i-deploy``: may these releases go out together, and on what evidence."""

from __future__ import annotations

import sys
from pathlib import Path

import click
from rich.console import Console

from market_data_meta.commands.common import Checkout, cache_option, json_option, known_matrix
from market_data_meta.errors import ErrorCode, undecided
from market_data_meta.matrix.deploy_answer import answer_result, deploy_decision, newest_deployable
from market_data_meta.models import json_text
from market_data_meta.releases.combinations import Combination, parse_pins
from market_data_meta.render.deploy_answer.terminal import show_answer


@click.command("can-i-deploy")
@click.argument("pins", nargs=-1, required=True, metavar="PACKAGE==V...")
@cache_option
@json_option
@click.pass_obj
def can_i_deploy_command(checkout: Checkout, pins: tuple[str, ...], cache: Path | None, *, as_json: bool) -> None:
    r"""Say whether releases may go out together, from the results of mdmeta matrix; nothing is run.

    With a package left out: the newest releases of it with which the others may go out.

    \b
    Example: mdmeta can-i-deploy newest
             mdmeta can-i-deploy core==newest deployed
             mdmeta can-i-deploy core==1.4.61 store==0.6.73
    """
    contract, ledger = checkout.contract, checkout.ledger
    versions = parse_pins(pins, contract.packages, ledger)
    matrix = known_matrix(checkout, cache)
    if len(versions) == len(contract.packages):
        combination = Combination(tuple((name, versions[name]) for name in contract.packages))
        decision = deploy_decision(contract, ledger, matrix, combination)
    else:
        newest = newest_deployable(contract, ledger, matrix, versions)
        if newest is None:
            what = f"no published partners of {' '.join(f'{n}=={v}' for n, v in versions.items())} are known to work"
            raise undecided(ErrorCode.NO_PARTNERS, what, hint="mdmeta matrix shows what there is evidence of")
        decision = newest
    result = answer_result(decision)
    if as_json:
        click.echo(json_text(result), nl=False)
    else:
        show_answer(result, Console(soft_wrap=True))
    sys.exit(decision.exit)
