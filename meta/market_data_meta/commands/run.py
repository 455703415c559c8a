"""``mdmeta run``: one combination, for real."""

from __future__ import annotations

import re
import sys
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path
from typing import NoReturn

import click
from rich.console import Console
from rich.markup import escape

from market_data_meta import suite
from market_data_meta.commands.common import Checkout, finish, json_option, out_option, say, verbose_option
from market_data_meta.commands.progress import cell_progress
from market_data_meta.commands.run_pinned import AFTER_PINNED, PINNED, run_pinned
from market_data_meta.errors import ErrorCode, Exit, MetaError
from market_data_meta.judging.explanations import clause_of
from market_data_meta.judging.report_document import clause_run_result, report_result
from market_data_meta.judging.verdicts import judge_records
from market_data_meta.models import json_text
from market_data_meta.releases.combinations import THIRD_PARTY_CHOICES, Cell, parse_cell
from market_data_meta.render.report.clauses import show_clause_run
from market_data_meta.running.clause_runs import debug_clauses, deciding_cell, run_clauses
from market_data_meta.running.several_cells import run_cells


@click.command("run")
@click.argument("pins", nargs=-1, required=True, metavar="PACKAGE==V...")
@click.option("--python", "interpreter", help="Python version to use, such as 3.12 [the one that runs mdmeta].")
@click.option(
    "--into",
    type=click.Path(path_type=Path, resolve_path=True),
    help="A virtual environment to fill instead of one of its own; what is in it is replaced.",
)
@click.option(
    "--third-party",
    type=click.Choice(THIRD_PARTY_CHOICES),
    help="Third-party versions [highest as of the ledger's date].",
)
@click.option(
    "--clause",
    "clauses",
    multiple=True,
    metavar="ID",
    help="Run only this clause (repeat it for more); no record is kept.",
)
@click.option(
    "--pdb",
    "debug",
    is_flag=True,
    help="With --clause: run its check in one process on this terminal, in pytest's debugger, without the sandbox.",
)
@verbose_option
@out_option
@json_option
@click.pass_obj
def run_command(
    checkout: Checkout,
    pins: tuple[str, ...],
    interpreter: str | None,
    into: Path | None,
    third_party: str | None,
    clauses: tuple[str, ...],
    out: Path | None,
    *,
    debug: bool,
    verbose: bool,
    as_json: bool,
) -> None:
    r"""Run the suite on one combination, in an environment of its own.

    For one package alone, only the clauses of release scope run; for Core with one of the others, those of the service
    that they make, with real servers. A combination that the packages' requirements forbid is forced, and its record
    says so. The versions newest and deployed may stand alone, for all packages; pinned is all that tox.ini pins, each
    in a tox environment. With a combination its services run too, unless --into names one environment for the
    combination alone.

    With --clause only these clauses run, in an environment that is kept for the next time: the answer comes in seconds
    and is about these clauses only. With --pdb as well, a check that fails stops in the debugger, and breakpoint()
    stops anywhere: the checks share one process, without a fork and without the sandbox, so that the releases' code
    may do all that you may. Exit 0: all passed. Exit 3: not all did, which is no verdict.

    \b
    Example: mdmeta run newest
             mdmeta run pinned
             mdmeta run core==newest pipeline==deployed store==0.6.73
             mdmeta run store==newest
             mdmeta run core==newest store==newest
             mdmeta run core1.4.61-pipeline0.8.70-store0.6.73 --third-party lowest
             mdmeta run newest --clause chain.hard-pauses --clause chain.reaches-pipeline
             mdmeta run newest --clause chain.hard-pauses --pdb
    """
    if debug and (not clauses or as_json):
        raise click.UsageError("--pdb is for --clause, and on a terminal")
    if clauses and into:
        raise click.UsageError("--clause keeps an environment of its own, so --into has nothing to fill")
    if interpreter and not re.fullmatch(r"3\.\d+", interpreter):
        raise MetaError(ErrorCode.BAD_PYTHON, f"{interpreter!r} is not a version of Python", hint="write --python 3.12")
    if PINNED in pins:
        if pins != (PINNED,) or any((interpreter, third_party, into, clauses)):
            raise click.UsageError(f"{PINNED} stands alone: tox.ini says what each of its cells has")
        result = run_pinned(checkout, (out or checkout.out).resolve(), as_json=as_json)
        finish(result, as_json=as_json, verbose=verbose, then=AFTER_PINNED)
    contract = checkout.contract
    cell = parse_cell(pins, contract.packages, checkout.ledger, interpreter, contract.service_packages)
    cell = Cell(cell.combination, third_party or cell.third_party, interpreter or cell.python)

    folder = (out or checkout.out).resolve()
    if clauses:
        cell = deciding_cell(contract, cell, clauses)
        _run_clauses(checkout, cell, tuple(dict.fromkeys(clauses)), folder, debug=debug, as_json=as_json)
    # With --json nothing but the result is wanted.
    with nullcontext(lambda _: None) if as_json else cell_progress() as on_step:
        records = run_cells(
            contract,
            checkout.ledger,
            [cell] if into else [cell, *cell.services(contract.service_packages)],
            out=folder,
            into=into,
            on_step=on_step,
            to_repeat=checkout.unexpected,
            users_servers=True,
        )
    report = judge_records(contract, suite.digest(checkout.root), records, checkout.known_defects)
    finish(report_result(checkout.contract, report, checkout.known_defects), as_json=as_json, verbose=verbose)


def _run_clauses(
    checkout: Checkout,
    cell: Cell,
    clauses: tuple[str, ...],
    folder: Path,
    *,
    debug: bool,
    as_json: bool,
) -> NoReturn:
    """Run a few clauses and end with what they say."""

    def progress(step: str) -> None:
        if not as_json:
            say(f"[dim]{escape(step)} …[/]")

    contract, ledger = checkout.contract, checkout.ledger
    chosen = {name: clause_of(contract, name) for name in clauses}
    if debug:
        passed = debug_clauses(contract, ledger, cell, clauses, out=folder, progress=progress)
        sys.exit(Exit.OK if passed else Exit.UNDECIDED)
    record = run_clauses(contract, ledger, cell, clauses, out=folder, progress=progress)
    # Judged as if the contract had no other clauses: a clause that was not run is not missing.
    partial = replace(contract, clauses=chosen | contract.controls, capabilities={})
    known = checkout.known_defects.of_clauses(chosen)
    report = judge_records(partial, suite.digest(checkout.root), [record], known)
    if as_json:
        click.echo(json_text(clause_run_result(report)), nl=False)
    else:
        show_clause_run(clause_run_result(report), report_result(partial, report, known), Console())
    sys.exit(report.exit)
