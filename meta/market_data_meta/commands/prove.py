"""``mdmeta prove``: what the suite detects, and that it cries wolf at nothing."""

from __future__ import annotations

import sys
from pathlib import Path

import click
from rich.console import Console

from market_data_meta.commands.common import Checkout, cache_option, json_option, out_option, verbose_option
from market_data_meta.commands.independent import prove_independent, prove_machine_made
from market_data_meta.commands.progress import progress
from market_data_meta.errors import ErrorCode, MetaError
from market_data_meta.files import write_whole
from market_data_meta.models import json_text
from market_data_meta.prove.changes import Change
from market_data_meta.prove.document import proof_result
from market_data_meta.prove.proof import prove
from market_data_meta.render.proof.independent import show_independent
from market_data_meta.render.proof.picture import proof_picture
from market_data_meta.render.proof.terminal import show_proof
from market_data_meta.running.cache import default_cache
from market_data_meta.running.cells import RunOptions

MUTANTS = 200
"""A sample of about a quarter, which takes a minute or two."""


@click.command("prove")
@click.argument("areas", nargs=-1, metavar="[AREA|CLAUSE]...")
@click.option("--mutants", type=click.IntRange(min=0), help=f"How many machine-made mutants to try [{MUTANTS}].")
@click.option("--quick", is_flag=True, help="Run only the clauses that a break is aimed at; no mutants, no proof.json.")
@click.option("--independent", is_flag=True, help="Gate the changes that were written without a look at the suite.")
@click.option("--sample", type=click.IntRange(min=1), help="With --independent: so many of them, always the same.")
@click.option(
    "--machine-made",
    type=click.IntRange(min=1),
    help="Gate so many mutants of any function of the newest releases, always the same.",
)
@cache_option
@verbose_option
@out_option
@json_option
@click.pass_obj
def prove_command(
    checkout: Checkout,
    areas: tuple[str, ...],
    mutants: int | None,
    sample: int | None,
    machine_made: int | None,
    cache: Path | None,
    out: Path | None,
    *,
    quick: bool,
    independent: bool,
    verbose: bool,
    as_json: bool,
) -> None:
    r"""Make breaks and harmless changes in the newest releases: every break must fail a check, and nothing else may.

    A break is tried where its clauses are decided: in the newest combination, in a service, or on its release alone.
    After that come mutants: machine-made changes of the lines that the checks of the feedback chain execute, always the
    same sample. With areas or clauses, only the breaks that are aimed at them are made. A complete proof is written to
    the folder of results (proof.json, proof.svg).

    With --independent nothing is aimed at a clause: each change of tests/independent, which its author wrote from the
    wheels alone, is built and goes through a quick gate, as a pull request would. It says how many are caught by
    clauses, by observations and by both, and writes independent.json. It takes hours; areas are then packages or kinds.
    With --machine-made mutants go through the gate in their place, of which some nobody can notice.

    \b
    Example: mdmeta prove
             mdmeta prove --mutants 2000
             mdmeta prove chain enums.members
             mdmeta prove --independent --sample 20
             mdmeta prove --machine-made 30
    """
    options = RunOptions(cache or default_cache())
    if independent or machine_made:
        if machine_made:
            answers = prove_machine_made(checkout, areas, machine_made, options)
        else:
            answers = prove_independent(checkout, areas, sample or 0, options)
            if len(answers.trials) == answers.written:
                write_whole((out or checkout.out) / "independent.json", json_text(answers))
        if as_json:
            click.echo(json_text(answers), nl=False)
        else:
            show_independent(answers, Console(), verbose=verbose)
        sys.exit(answers.exit)
    # Imported here: the models of files load pydantic.
    from market_data_meta.prove.change_files import load_breaks, load_harmless

    changes = [change for change in load_breaks(checkout.root) if not areas or _is_aimed_at(change, areas)]
    if not changes:
        files = " or ".join(dict.fromkeys(f"tests/breaks/{area.split('.')[0]}.toml" for area in areas))
        hint = f"write a [[break]] in {files}; mdmeta explain lists the clauses"
        raise MetaError(ErrorCode.NO_BREAK, f"no break is aimed at {' '.join(areas)}", hint=hint)
    changes += [] if areas else load_harmless(checkout.root)
    number = 0 if areas or quick else MUTANTS if mutants is None else mutants
    with progress() as on_progress:
        proof = prove(checkout.contract, checkout.ledger, changes, options, on_progress, number=number, quick=quick)
    result = proof_result(proof)
    # A part of the changes proves nothing about the whole suite, and nothing about clauses that they are not aimed at.
    if areas or quick:
        result = result.model_copy(update={"silent_clauses": (), "fragile": ()})
    else:
        write_whole((out or checkout.out) / "proof.json", json_text(result))
        write_whole((out or checkout.out) / "proof.svg", proof_picture(result))
    if as_json:
        click.echo(json_text(result), nl=False)
    else:
        show_proof(result, Console(), verbose=verbose)
    sys.exit(proof.exit)


def _is_aimed_at(change: Change, areas: tuple[str, ...]) -> bool:
    """Whether the change is aimed at one of these areas or clauses."""
    return any(name in areas or name.split(".")[0] in areas for name in change.clauses)
