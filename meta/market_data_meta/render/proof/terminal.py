"""A proof for people at a terminal: what went wrong in full, the rest counted."""

from __future__ import annotations

from rich.console import Console
from rich.table import Table
from rich.text import Text

from market_data_meta.judging.check_files import check_words
from market_data_meta.render.text import printable
from market_data_meta.results.proof import MutantResult, ProofResult, TrialResult

TITLES = ("breaks caught", "harmless changes left alone")


def show_proof(proof: ProofResult, console: Console, *, verbose: bool) -> None:
    """Print the misses and false alarms, then the counts by package and area, then what depends on one check."""
    scores = {TITLES[0]: proof.breaks, TITLES[1]: proof.harmless}
    for score in scores.values():
        for trial in score.trials:
            if trial.verdict not in ("caught", "silent"):
                _wrong(trial, console)
    for title, score in scores.items():
        style = "green" if score.right == score.of else "bold red"
        console.print(Text(f"{score.right} of {score.of} {title}", style=style))
    _mutants(proof.mutants, console, verbose=verbose)
    console.print(_counts(proof))
    console.print(
        f"{len(proof.fragile)} breaks are caught by one check only{'' if verbose else ' (--verbose lists them)'}"
    )
    for row in proof.fragile if verbose else ():
        console.print(Text(printable(f"  {row.clause}  {row.package}: {row.why}"), style="dim"))
    for name in proof.silent_clauses:
        console.print(Text(f"never fired: {name}", style="yellow"))


def _mutants(mutants: MutantResult, console: Console, *, verbose: bool) -> None:
    if not mutants.of:
        return
    counts = f"{mutants.caught} of {mutants.of} mutants caught, {mutants.explained} more explained"
    console.print(f"{counts} (of {mutants.possible:,} possible ones)")
    for text in mutants.stale_reasons:
        console.print(Text(printable(f"a reason without its mutant: {text}"), style="bold red"))
    for survivor in mutants.survivors:
        if verbose or not survivor.reason:
            change = f"{survivor.kind}: {survivor.before} -> {survivor.after}  {survivor.reason}"
            text = printable(f"  {survivor.file}:{survivor.line}  {change}".replace("\n", " "))
            console.print(Text(text, style="dim" if survivor.reason else "yellow"))


def _counts(proof: ProofResult) -> Table:
    table = Table(box=None, pad_edge=False)
    for column in ("by package or area", *TITLES):
        table.add_column(column)
    columns = [score.by_package | score.by_area for score in (proof.breaks, proof.harmless)]
    for name in dict.fromkeys(name for column in columns for name in column):
        shares = [column.get(name) for column in columns]
        table.add_row(name, *(f"{share.right} of {share.of}" if share else "" for share in shares))
    return table


def _wrong(trial: TrialResult, console: Console) -> None:
    console.print(Text(f"{trial.verdict}  {trial.package} {trial.file}", style="bold red"))
    rows = {"why": trial.why, "aimed at": ", ".join(trial.clauses), "got worse": ", ".join(trial.worse)}
    rows |= {"said": trial.said, "undecided": ", ".join(trial.undecided), "fault": trial.fault}
    if trial.verdict == "missed":
        rows["look at"] = f"{' and '.join(map(check_words, trial.clauses))}, and the break in tests/breaks"
    for name, value in rows.items():
        if value:
            console.print(Text(printable(f"  {name:9}  {value}")))
