"""The rates of independent changes for people at a terminal."""

from __future__ import annotations

from rich.console import Console
from rich.table import Table
from rich.text import Text

from market_data_meta.render.text import printable
from market_data_meta.results.independent import IndependentRate, IndependentResult, IndependentTrialResult


def show_independent(result: IndependentResult, console: Console, *, verbose: bool) -> None:
    """Print what was missed and what alarmed for nothing, then the rates."""
    for trial in result.trials:
        if trial.fault or trial.harmless != (not trial.clauses and not trial.findings) or verbose:
            console.print(Text(printable(trial_line(trial)), style="yellow" if not trial.harmless else ""))
    table = Table(box=None, pad_edge=False)
    for column in ("changes", "of", "gate failed", "told", "by clauses", "by observations", "undecided"):
        table.add_column(column)
    rows = {"all breaks": result.breaks, **result.breaks_by_package, **(result.breaks_by_kind if verbose else {})}
    for name, rate in (rows | {"harmless": result.harmless}).items():
        table.add_row(name, *map(str, _numbers(rate)))
    console.print(table)


def _numbers(rate: IndependentRate) -> tuple[int, ...]:
    return rate.of, rate.failed, rate.told, rate.by_clauses, rate.by_observations, rate.undecided


def trial_line(trial: IndependentTrialResult) -> str:
    """One trial on one line: the gate's answer, what it was about, and what showed it."""
    answers = {0: "passed", 1: "failed", 3: "undecided", None: "not run"}
    what = "harmless" if trial.harmless else "break"
    signs = ", ".join([*trial.clauses, *trial.findings][:3]) or trial.fault
    return f"{answers[trial.exit]:9} {what} {'+'.join(trial.packages)} ({trial.kind}): {trial.why} {signs}".rstrip()
