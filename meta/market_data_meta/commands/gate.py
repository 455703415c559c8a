"""``mdmeta gate``: do these candidates break the contract with anything that they may meet?"""

from __future__ import annotations

import os
import secrets
import sys
import tempfile
from dataclasses import replace
from io import TextIOBase
from pathlib import Path

import click
from rich.console import Console

from market_data_meta.commands.common import Checkout, json_option, out_option, say, verbose_option
from market_data_meta.commands.matrix import cache_option
from market_data_meta.commands.progress import progress
from market_data_meta.contract import Contract
from market_data_meta.errors import ErrorCode, MetaError
from market_data_meta.gate.candidates import Candidate
from market_data_meta.gate.depends_on import companions, together
from market_data_meta.gate.document import gate_result
from market_data_meta.gate.partners import ALL, ALLOWED, PINNED, QUICK
from market_data_meta.gate.runner import Gate, GateListener
from market_data_meta.gate.sources import candidate_of
from market_data_meta.judging.comparison import CellComparison
from market_data_meta.models import json_text
from market_data_meta.releases.combinations import parse_pins
from market_data_meta.releases.ledger import Ledger
from market_data_meta.render.gate.files import forget_gate, write_gate
from market_data_meta.render.gate.terminal import show_gate
from market_data_meta.running.cache import default_cache
from market_data_meta.running.cells import RunOptions


class _GateCommand(click.Command):
    """A command with an option for each package of the contract, whatever they are."""

    def get_params(self, ctx: click.Context) -> list[click.Parameter]:
        """The options of the packages first, then those that are declared."""
        here: Checkout = ctx.obj
        text = "{}'s candidate: a wheel, an sdist, a source tree, git+URL@REF, or a version."
        options = [click.Option([f"--{name}"], metavar="X", help=text.format(name)) for name in here.contract.packages]
        return [*options, *super().get_params(ctx)]


@click.command("gate", cls=_GateCommand)
@click.argument("pins", nargs=-1, metavar="[PARTNER==V]...")
@click.option(
    "--depends-on",
    "text",
    metavar="FILE",
    type=click.File(encoding="utf-8", errors="replace"),
    help="Text of a pull request (- reads it from standard input): its Depends-On lines add companions.",
)
@click.option("--all", "reach", flag_value=ALL, help="Also run the combinations that the requirements forbid.")
@click.option("--quick", "reach", flag_value=QUICK, help="Run with the newest and the deployed partners only.")
@click.option("--strict", is_flag=True, help="A should clause that got worse counts like a must clause.")
@click.option("--allow-direct", is_flag=True, help="Install what a candidate requires by address (name @ url).")
@cache_option
@verbose_option
@out_option
@json_option
@click.pass_obj
def gate_command(
    here: Checkout,
    /,
    pins: tuple[str, ...],
    text: TextIOBase | None,
    reach: str | None,
    cache: Path | None,
    out: Path | None,
    *,
    strict: bool,
    allow_direct: bool,
    verbose: bool,
    as_json: bool,
    **sources: str | None,
) -> None:
    r"""Run candidates with each distinct code that they may be installed with, and compare with the releases before.

    Exit 0: nothing got worse. Exit 1: a must clause did; the report says which, because of which candidate, and how to
    see it again. With PARTNER==V the candidates run with those partners only; newest and deployed are versions too, and
    stand alone for all partners. Writes gate.json, and its other forms beside it, to the folder of results.

    \b
    Example: mdmeta gate --core ../market-data-core
             mdmeta gate --store dist/market_data_store-0.6.74-py3-none-any.whl --quick
             mdmeta gate --core git+https://github.com/OWNER/market-data-core@refs/pull/7/head --pipeline ../pipeline
             mdmeta gate --core ../market-data-core pipeline==newest store==deployed
             mdmeta gate --core ../market-data-core deployed
             mdmeta gate --core ../market-data-core --depends-on text-of-the-pull-request.md
    """
    contract, ledger = here.contract, replace(here.ledger, allows_direct_references=allow_direct)
    if os.environ.get("GITHUB_ACTIONS"):
        # A line of output that begins as a command is one to GitHub, and what a candidate says is quoted in ours.
        click.echo(f"::stop-commands::{secrets.token_hex(16)}", err=True)
    given = {name: source for name in contract.packages if (source := sources.get(name))}
    if text:
        given = together(given, companions(text.read(), contract.packages))
    if not given:
        hint = " or ".join(f"--{name} X" for name in contract.packages)
        raise MetaError(ErrorCode.NO_CANDIDATE, "no candidate is given", hint=f"give {hint}")
    pinned = parse_pins(pins, contract.packages, ledger, candidates=given)
    if twice := given.keys() & pinned.keys():
        raise MetaError(ErrorCode.TWICE, f"{', '.join(sorted(twice))} is both a candidate and a partner")
    if pinned and reach:
        raise MetaError(ErrorCode.BAD_REACH, "partners are named, so --all and --quick have nothing to choose")
    asked = RunOptions(cache or default_cache())
    folder = out or here.out
    forget_gate(folder)
    with tempfile.TemporaryDirectory(prefix="mdmeta-gate-") as scratch, progress(10) as step:
        candidates = _candidates(contract, ledger, given, Path(scratch))
        listener = GateListener(step, _first)
        reached = PINNED if pinned else reach or ALLOWED
        gated = Gate(contract, ledger, candidates, asked, reached, pinned, strict, listener).run()
    result = gate_result(gated, contract)
    write_gate(folder, result, [cell.pair.now for cell in gated.cells if cell.pair.now])
    if as_json:
        click.echo(json_text(result), nl=False)
    else:
        show_gate(result, Console(), verbose=verbose)
    sys.exit(gated.exit)


def _candidates(contract: Contract, ledger: Ledger, given: dict[str, str], folder: Path) -> tuple[Candidate, ...]:
    return tuple(
        candidate_of(contract, ledger, name, source, folder / name, lambda what: say(f"[dim]{what} …[/]"))
        for name, source in given.items()
    )


def _first(cell: CellComparison) -> None:
    """Tell what the first cell says, while the others run."""
    worse = sum(kind == "regression" for kind in cell.kinds.values())
    said = f"{worse} got worse" if worse else "nothing got worse"
    say(f"first result: {cell.pair.cell}, {len(cell.kinds)} clauses, {said}")
