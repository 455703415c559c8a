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
from rich.markup import escape

from market_data_meta.candidates.candidate import Candidate
from market_data_meta.candidates.newer_ledger import ledger_that_meets
from market_data_meta.candidates.sources import read_candidate
from market_data_meta.commands.common import (
    Checkout,
    as_of_option,
    cache_option,
    json_option,
    out_option,
    released_option,
    say,
    say_next,
    verbose_option,
)
from market_data_meta.commands.progress import progress
from market_data_meta.contract import Contract
from market_data_meta.errors import ErrorCode, MetaError
from market_data_meta.gate.causes import find_causes
from market_data_meta.gate.depends_on import companions, join_companions
from market_data_meta.gate.document import gate_result
from market_data_meta.gate.meant_changes import meant_changes
from market_data_meta.gate.observation_report import observation_report
from market_data_meta.gate.partners import ALL, ALLOWED, PINNED, QUICK
from market_data_meta.gate.runner import GateCallbacks, GateRun
from market_data_meta.gate.source_changes import read_source_changes
from market_data_meta.judging.comparison import CellComparison
from market_data_meta.models import json_text
from market_data_meta.releases.announcements import announced_release
from market_data_meta.releases.combinations import parse_pins
from market_data_meta.releases.ledger import Ledger
from market_data_meta.render.gate.files import forget_gate, write_gate
from market_data_meta.render.gate.terminal import show_gate
from market_data_meta.results.gate import GateResult
from market_data_meta.running.cache import default_cache
from market_data_meta.running.cells import RunOptions
from market_data_meta.running.environments import version_of


class _GateCommand(click.Command):
    """A command with an option for each package of the contract, whatever they are."""

    def get_params(self, ctx: click.Context) -> list[click.Parameter]:
        """The options of the packages first, then those that are declared."""
        checkout: Checkout = ctx.obj
        text = "{}'s candidate: a wheel, an sdist, a source tree, git+URL@REF, or a version."
        options = [
            click.Option([f"--{name}"], metavar="X", help=text.format(name)) for name in checkout.contract.packages
        ]
        return [*options, *super().get_params(ctx)]


@click.command("gate", cls=_GateCommand)
@click.argument("pins", nargs=-1, metavar="[PARTNER==V]...")
@click.option(
    "--depends-on",
    "text",
    metavar="FILE",
    type=click.File(encoding="utf-8", errors="replace"),
    help="Text of a pull request (- reads it from standard input): its Depends-On lines add companions, its Changes "
    "lines accept what is meant.",
)
@released_option
@click.option("--all", "with_forbidden", is_flag=True, help="Also run the combinations that the requirements forbid.")
@click.option(
    "--quick",
    is_flag=True,
    envvar="MDMETA_QUICK",
    show_envvar=True,
    help="Run with the newest and the deployed partners only, and of services only what a capability needs to work.",
)
@click.option("--strict", is_flag=True, help="A should clause that got worse counts like a must clause.")
@click.option("--no-observations", is_flag=True, help="Run the clauses only: compare nothing that no clause is about.")
@click.option("--allow-direct", is_flag=True, help="Install what a candidate requires by address (name @ url).")
@as_of_option
@cache_option
@verbose_option
@out_option
@json_option
@click.pass_obj
def gate_command(
    checkout: Checkout,
    /,
    pins: tuple[str, ...],
    text: TextIOBase | None,
    released: tuple[str, str] | None,
    cache: Path | None,
    out: Path | None,
    *,
    with_forbidden: bool,
    quick: bool,
    strict: bool,
    no_observations: bool,
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
             mdmeta gate --store git+https://github.com/OWNER/market-data-store@COMMIT --as-of 2025-10-22T05:00Z
             mdmeta gate --released market-data-core v1.4.62
             mdmeta gate --core ../market-data-core --depends-on text-of-the-pull-request.md
    """
    contract, ledger = checkout.contract, replace(checkout.ledger, allows_direct_references=allow_direct)
    if os.environ.get("GITHUB_ACTIONS"):
        # A line of output that begins as a command is one to GitHub, and what a candidate says is quoted in ours.
        click.echo(f"::stop-commands::{secrets.token_hex(16)}", err=True)
    candidate_sources = {name: source for name in contract.packages if (source := sources.get(name))}
    if released:
        _add_released(candidate_sources, *released, contract)
    request_text = text.read() if text else ""
    candidate_sources = join_companions(candidate_sources, companions(request_text, contract.packages))
    if not candidate_sources:
        hint = " or ".join(f"--{name} X" for name in contract.packages)
        raise MetaError(ErrorCode.NO_CANDIDATE, "no candidate is given", hint=f"give {hint}")
    options = RunOptions(cache or default_cache())
    python = version_of(options.interpreter)
    pinned = parse_pins(pins, contract.packages, ledger, candidates=candidate_sources, python=python)
    if both := candidate_sources.keys() & pinned.keys():
        raise MetaError(ErrorCode.TWICE, f"{', '.join(sorted(both))} is both a candidate and a partner")
    if pinned and (with_forbidden or quick):
        raise MetaError(ErrorCode.BAD_REACH, "partners are named, so --all and --quick have nothing to choose")
    if with_forbidden and quick:
        raise MetaError(ErrorCode.BAD_REACH, "--all asks for every combination and --quick for few", hint="give one")
    folder = out or checkout.out
    forget_gate(folder)
    with tempfile.TemporaryDirectory(prefix="mdmeta-gate-") as scratch, progress(10) as on_progress:
        ledger, candidates = _candidates(checkout, ledger, candidate_sources, Path(scratch), python)
        callbacks = GateCallbacks(on_progress, _say_first_result)
        partners = PINNED if pinned else ALL if with_forbidden else QUICK if quick else ALLOWED
        gate = GateRun(contract, ledger, candidates, options, partners, pinned, strict, callbacks, not no_observations)
        comparison = gate.run()
        changes = read_source_changes(contract, candidates, options, Path(scratch))
    if observed := comparison.observed:
        meant = meant_changes(request_text)
        comparison = replace(
            comparison, observations=observation_report(observed, contract, candidates, changes, meant)
        )
    packages_of = {name: package.name for package in contract.packages.values() for name in package.imports}
    causes = find_causes(comparison.differences, comparison.cells, changes, packages_of)
    result = gate_result(comparison, contract, causes)
    write_gate(folder, result, [cell.pair.now for cell in comparison.cells if cell.pair.now])
    if as_json:
        click.echo(json_text(result), nl=False)
    else:
        show_gate(result, Console(), verbose=verbose)
        say_next(*next_step(result, folder, checkout.as_of_words))
    sys.exit(comparison.exit)


def _add_released(sources: dict[str, str], origin: str, version: str, contract: Contract) -> None:
    """Add a release that a repository announces to the candidates' sources. Raises MetaError where there is none."""
    release = announced_release(origin, version, contract)
    if release is None:
        what = f"{origin[:100]} is no package under contract: its release changes what is deployed"
        raise MetaError(ErrorCode.NO_CANDIDATE, what, hint="mdmeta can-i-deploy deployed")
    if release[0] in sources:
        raise MetaError(ErrorCode.TWO_CANDIDATES, f"{release[0]} is both a candidate and announced as released")
    sources[release[0]] = release[1]


def next_step(gate: GateResult, folder: Path, as_of_words: str = "") -> tuple[str, str]:
    """What to do after a gate: a command, and what it is for. ``as_of_words`` make it about the same time."""
    regression = next((difference for difference in gate.differences if difference.kind == "regression"), None)
    if regression:
        return f"./scripts/mdmeta explain {regression.clause}", "what it asks for, and who says so"
    if gate.exit:
        return f"./scripts/mdmeta report --gate {folder / 'gate.json'} --verbose", "all that the gate has seen"
    return f"./scripts/mdmeta can-i-deploy newest{as_of_words}", "what works with the releases that are out"


def _candidates(
    checkout: Checkout, ledger: Ledger, sources: dict[str, str], folder: Path, python: str
) -> tuple[Ledger, tuple[Candidate, ...]]:
    """The candidates, and the ledger that has what they require of each other's packages, if there is one."""
    contract = checkout.contract

    def read_index() -> Ledger:
        # Imported here: the client of the index costs more to load than any other command takes.
        from market_data_meta.releases.index import refreshed_ledger

        say("[dim]a candidate asks for a release that the ledger does not have: reading the index …[/]")
        return refreshed_ledger(contract, checkout.ledger, lambda text: say(escape(text)))

    def read_candidates(ledger: Ledger, folder: Path) -> tuple[Candidate, ...]:
        return tuple(
            read_candidate(contract, ledger, name, source, folder / name, lambda step: say(f"[dim]{step} …[/]"), python)
            for name, source in sources.items()
        )

    candidates = read_candidates(ledger, folder)
    # As of another time the ledger knows what was out then, and nothing of now is asked for.
    newer = ledger if checkout.moment else ledger_that_meets(contract, ledger, candidates, python, read_index)
    return newer, candidates if newer is ledger else read_candidates(newer, folder / "again")


def _say_first_result(cell: CellComparison) -> None:
    """Say how the first cell compares, while the others run."""
    worse = sum(kind == "regression" for kind in cell.kinds.values())
    result = f"{worse} fail that held before; they are run again before they count" if worse else "nothing got worse"
    say(f"first result: {cell.pair.cell}, {len(cell.kinds)} clauses, {result}")
