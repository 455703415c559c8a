"""``mdmeta matrix``: every published combination, by one run for each distinct combination of code."""

from __future__ import annotations

import re
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

import click
from rich.console import Console
from rich.markup import escape

from market_data_meta import suite
from market_data_meta.commands.backtests import observe_option, records_alone, with_observed
from market_data_meta.commands.common import (
    Checkout,
    as_of_option,
    cache_option,
    json_option,
    out_option,
    say,
    say_next,
)
from market_data_meta.commands.progress import cell_progress, progress
from market_data_meta.deployment.runs import runs_of_services
from market_data_meta.errors import ErrorCode, Exit, MetaError, undecided
from market_data_meta.files import write_whole
from market_data_meta.judging.records import Record
from market_data_meta.matrix.backtest import backtest_result
from market_data_meta.matrix.complete import decide_matrix, decide_repeated_matrix
from market_data_meta.matrix.confirm import confirm, sample_cells
from market_data_meta.matrix.document import matrix_result
from market_data_meta.matrix.sets import named_sets, releases_of
from market_data_meta.matrix.spread import dask, spread
from market_data_meta.matrix.third_party import third_party_result
from market_data_meta.matrix.verdicts import MatrixVerdicts
from market_data_meta.models import json_text
from market_data_meta.releases.combinations import HIGHEST, LOWEST, TODAY
from market_data_meta.render.backtest.files import write_backtest
from market_data_meta.render.matrix.files import NAME, write_matrix
from market_data_meta.render.matrix.terminal import show_matrix
from market_data_meta.render.matrix.third_party_lines import CHOICES
from market_data_meta.results.matrix import SpuriousCheck
from market_data_meta.results.third_party import ThirdPartyResult
from market_data_meta.running import environments
from market_data_meta.running.cache import default_cache
from market_data_meta.running.cell_records import CellRecords
from market_data_meta.running.cells import RunOptions
from market_data_meta.running.release_runs import ReleaseAlone

PARTS = 16
"""Tasks that the cells are split into for an executor: each loads its template once, 30 cells share it."""


def _shard(context: click.Context, option: click.Parameter, text: str) -> tuple[int, int]:
    match = re.fullmatch(r"(\d+)/(\d+)", text)
    if not match or not 1 <= int(match[1]) <= int(match[2]):
        raise click.BadParameter(f"{text!r} is not a part such as 2/4", context, option)
    return int(match[1]), int(match[2])


@click.command("matrix")
@click.option("--shard", default="1/1", callback=_shard, help="Run part i of n only, for a CI job that fans out.")
@click.option("--exhaustive", is_flag=True, help="Run every clause in every cell; no run stands for another.")
@click.option("--executor", metavar="ADDRESS", help="A Dask scheduler that takes the cells: tcp://host:8786.")
@click.option(
    "--confirm",
    "sampled",
    type=click.IntRange(min=1),
    help="Also run this many cells in the isolated lane, and compare.",
)
@click.option(
    "--third-party",
    "choices",
    multiple=True,
    type=click.Choice([LOWEST, TODAY]),
    help="Decide all of it with these versions of the libraries too, and say where it differs (repeat it for both).",
)
@observe_option
@as_of_option
@cache_option
@out_option
@json_option
@click.pass_obj
def matrix_command(
    checkout: Checkout,
    shard: tuple[int, int],
    executor: str | None,
    sampled: int | None,
    choices: tuple[Literal["lowest", "today"], ...],
    cache: Path | None,
    out: Path | None,
    *,
    exhaustive: bool,
    observe: bool,
    as_json: bool,
) -> None:
    r"""Decide every published combination, and write matrix.json, its page (site/), summary, picture and badge.

    What mdmeta backtest says is written beside it, and quoted by the page; with --observe it says of every release
    what changed.

    Releases with the same code share a run, and a check runs once for the code of the packages that its clause binds.
    What is in the cache is not run again, so an interrupted matrix goes on where it stopped.

    \b
    Example: mdmeta matrix
             mdmeta matrix --shard 2/4
             mdmeta matrix --confirm 12
             mdmeta matrix --executor tcp://scheduler:8786
             mdmeta matrix --exhaustive --json
             mdmeta matrix --third-party lowest --third-party today
             mdmeta matrix --as-of 2025-10-28 --out then
    """
    options = RunOptions(cache or default_cache(), shard=shard, exhaustive=exhaustive)
    if executor:
        parts = [(number, PARTS) for number in range(1, PARTS + 1)] if shard == (1, 1) else [shard]
        with dask(executor) as engine:
            runs = spread(
                engine, checkout.root, options.cache, parts=parts, exhaustive=exhaustive, moment=checkout.moment
            )
        say(f"{runs} runs came from {executor}")
    if shard != (1, 1):
        for choice in (HIGHEST, *dict.fromkeys(choices)):
            _run_part(checkout, replace(options, third_party=choice))
        return
    sets = named_sets(checkout.contract, checkout.ledger, environments.version_of(options.interpreter))
    # They wait for installers where cells compute, and the other way round.
    with ThreadPoolExecutor(1) as beside:
        alone = [beside.submit(_run_alone, checkout, options, *release) for release in releases_of(sets)]
        try:
            records, spurious = _decide(checkout, options)
        except BaseException:
            beside.shutdown(cancel_futures=True)
            raise
        release_records = tuple(record for run in alone if (record := run.result()))
    third_party = tuple(_third_party(checkout, options, choice, records) for choice in dict.fromkeys(choices))
    matrix = MatrixVerdicts(
        checkout.contract,
        suite.digest(checkout.root),
        records,
        checkout.known_defects,
        release_records,
        sets,
        spurious,
        runs_of_services(checkout.contract, checkout.ledger, records),
        third_party,
    )
    result = matrix_result(checkout.contract, checkout.ledger, matrix)
    folder = out or checkout.out
    write_whole(folder / NAME, json_text(result, indent=None))
    observing = replace(options, run=observe)
    backtest = backtest_result(checkout.contract, checkout.ledger, matrix, records_alone(checkout, observing))
    write_backtest(folder, with_observed(checkout, observing, backtest))
    write_matrix(folder, result, checkout.contract)
    if as_json:
        click.echo(json_text(result, indent=None), nl=False)
    else:
        show_matrix(result, Console())
    disagree = sampled is not None and _lanes_disagree(checkout, records, sampled, folder)
    if not as_json:
        say_next(
            f"./scripts/mdmeta can-i-deploy newest{checkout.as_of_words}",
            f"what works; the page is {folder / 'site' / 'index.html'}",
        )
    sys.exit(Exit.TOOL_FAILED if disagree else matrix.exit)


def _run_part(checkout: Checkout, options: RunOptions) -> None:
    """Run a part of the matrix, and keep its records. Raises MetaError where a cell brought none."""
    with progress() as on_progress:
        records = decide_matrix(checkout.contract, checkout.ledger, options, on_progress)
    part, parts = options.shard
    say(f"part {part} of {parts}: {records.run_count} runs; mdmeta matrix puts them together")
    if records.faults:
        why = next(iter(records.faults.values()))
        raise undecided(ErrorCode.CELLS_DIED, f"{len(records.faults)} cells brought no record", why)


def _decide(checkout: Checkout, options: RunOptions) -> tuple[CellRecords, tuple[SpuriousCheck, ...]]:
    with progress() as on_progress:
        return decide_repeated_matrix(checkout.contract, checkout.ledger, checkout.known_defects, options, on_progress)


def _third_party(
    checkout: Checkout, options: RunOptions, choice: Literal["lowest", "today"], usual: CellRecords
) -> ThirdPartyResult:
    """Where the matrix differs with this choice of third-party versions. What did not repeat there is an error."""
    say(f"[dim]the same with {CHOICES[choice]} …[/]")
    as_of = datetime.now(UTC).date().isoformat() if choice == TODAY else checkout.ledger.as_of
    other, _ = _decide(checkout, replace(options, third_party=choice))
    return third_party_result(checkout.contract, choice, as_of, usual, other)


def _run_alone(checkout: Checkout, options: RunOptions, package: str, version: str) -> Record | None:
    """The run of a single release in a clean install of its own.

    A release that cannot be run now has none: what only such a run decides is then unknown, and that is said.
    """
    release = ReleaseAlone(checkout.contract, checkout.ledger, package, version, options.interpreter, options.cache)
    try:
        return release.run(to_repeat=checkout.unexpected)
    except MetaError as error:
        say(f"[yellow]{package} {version} was not run alone[/]: {escape(str(error))}")
        return None


def _lanes_disagree(checkout: Checkout, records: CellRecords, number: int, out: Path) -> bool:
    """Run a sample of the cells in the isolated lane too, and say where it disagrees with the warm lane."""
    say(f"[dim]confirming {number} cells in the isolated lane …[/]")
    sampled = sample_cells(records.contents, number, checkout.ledger.as_of)
    with cell_progress() as on_step:
        confirmation = confirm(checkout.contract, checkout.ledger, records, sampled, out=out.resolve(), on_step=on_step)
    say(f"confirmed by the isolated lane: {len(confirmation.cells)} cells, {confirmation.agreed:,} checks agree")
    for row in confirmation.disagreements:
        say(f"[bold red]the lanes disagree[/] {row.cell} {row.clause}: isolated {row.isolated}, warm {row.warm}")
    return bool(confirmation.disagreements)
