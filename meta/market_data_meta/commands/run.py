"""``mdmeta run``: one combination, for real."""

from __future__ import annotations

import re
from pathlib import Path

import click
from rich.markup import escape

from market_data_meta import suite
from market_data_meta.commands.common import Checkout, finish, json_option, out_option, say, verbose_option
from market_data_meta.errors import ErrorCode, MetaError
from market_data_meta.judging.report_document import report_result
from market_data_meta.judging.verdicts import judge_records
from market_data_meta.releases.combinations import THIRD_PARTY, Cell, parse_cell
from market_data_meta.running.isolated import run_cell


@click.command("run")
@click.argument("pins", nargs=-1, required=True, metavar="PACKAGE==V...")
@click.option("--python", "interpreter", help="Python version to use, such as 3.12 [the one that runs mdmeta].")
@click.option(
    "--into",
    type=click.Path(path_type=Path, resolve_path=True),
    help="A virtual environment to fill instead of one of its own; what is in it is replaced.",
)
@click.option(
    "--third-party", type=click.Choice(THIRD_PARTY), help="Third-party versions [highest as of the ledger's date]."
)
@verbose_option
@out_option
@json_option
@click.pass_obj
def run_command(
    here: Checkout,
    pins: tuple[str, ...],
    interpreter: str | None,
    into: Path | None,
    third_party: str | None,
    out: Path | None,
    *,
    verbose: bool,
    as_json: bool,
) -> None:
    r"""Run the suite on one combination, in an environment of its own.

    One package alone runs the clauses of release scope. A combination that the packages' requirements forbid is
    forced, and its record says so.

    \b
    Example: mdmeta run core==1.4.9 pipeline==0.8.30 store==0.6.34
             mdmeta run store==0.6.73
             mdmeta run core1.4.61-pipeline0.8.70-store0.6.73 --third-party lowest
    """
    cell = parse_cell(pins, here.contract.packages, here.ledger)
    if interpreter and not re.fullmatch(r"3\.\d+", interpreter):
        raise MetaError(ErrorCode.BAD_PYTHON, f"{interpreter!r} is not a version of Python", hint="write --python 3.12")
    cell = Cell(cell.combination, third_party or cell.third_party, interpreter or cell.python)

    def progress(step: str) -> None:
        if not as_json:
            say(f"[dim]{escape(step)} …[/]")

    record = run_cell(here.contract, here.ledger, cell, out=(out or here.out).resolve(), into=into, progress=progress)
    report = judge_records(here.contract, suite.digest(here.root), [record], here.waivers)
    finish(report_result(report), as_json=as_json, verbose=verbose)
