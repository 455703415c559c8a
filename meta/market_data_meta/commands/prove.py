"""``mdmeta prove``: what the suite detects."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import click
from rich.markup import escape

from market_data_meta.commands.here import Here, json_option, out_option, say
from market_data_meta.errors import Exit, MetaError
from market_data_meta.prove import Trial, load_breaks, prove, untried


@click.command("prove")
@click.argument("areas", nargs=-1, metavar="[AREA|CLAUSE]...")
@out_option
@json_option
@click.pass_obj
def prove_command(here: Here, areas: tuple[str, ...], out: Path | None, *, as_json: bool) -> None:
    r"""Seed breaks into the newest releases and see whether the suite catches them.

    \b
    Example: mdmeta prove
             mdmeta prove chain enums.backpressure-level
    """
    breaks = [b for b in load_breaks(here.root) if not areas or b.clause in areas or b.clause.split(".")[0] in areas]
    if not breaks:
        raise MetaError("no-break", f"no break is aimed at {' '.join(areas)}", hint="mdmeta explain lists the clauses")
    folder = (out or here.out).resolve()
    folder.mkdir(parents=True, exist_ok=True)

    def done(trial: Trial) -> None:
        sign = "[green]✔ caught[/]" if trial.caught else f"[red]✘ {trial.outcome}[/]"
        say(f"{sign} {trial.seeded.clause} [dim]({escape(trial.seeded.package)}: {escape(trial.seeded.why)})[/]")
        if not trial.caught and trial.said:
            say(f"  [dim]{escape(trial.said)}[/]")

    trials = prove(here.contract, here.ledger, breaks, out=folder, done=done)
    missed = [trial for trial in trials if not trial.caught]
    if as_json:
        rows = [
            {"clause": t.seeded.clause, "package": t.seeded.package, "why": t.seeded.why, "outcome": t.outcome}
            for t in trials
        ]
        data = {"format": 1, "caught": len(trials) - len(missed), "missed": len(missed), "trials": rows}
        click.echo(
            json.dumps(data | {"clauses_without_break": untried(here.contract, load_breaks(here.root))}, indent=1)
        )
    else:
        say(f"{len(trials) - len(missed)} of {len(trials)} breaks caught")
    sys.exit(Exit.VIOLATED if missed else Exit.COMPATIBLE)
