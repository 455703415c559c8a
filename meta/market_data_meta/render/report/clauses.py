"""A run of a few clauses for people at a terminal: failures in full, then a line for each clause."""

from __future__ import annotations

from rich.console import Console
from rich.text import Text

from market_data_meta.render.defect_lines import mended_lines, stale_lines
from market_data_meta.render.report.terminal import STYLES, finding_in_full
from market_data_meta.render.text import printable, users_servers_lines
from market_data_meta.results.clause_run import ClauseRunResult
from market_data_meta.results.report import ReportResult


def show_clause_run(run: ClauseRunResult, report: ReportResult, console: Console) -> None:
    """Print the failures in full, known ones too, then one line for each clause."""
    for finding in report.findings:
        again = f"{finding.reproduce} --clause {finding.clause}"
        console.print(finding_in_full(finding.model_copy(update={"reproduce": again})))
    console.print()
    for row in run.clauses:
        style = STYLES["known defect"] if row.known else STYLES.get(row.outcome, "green")
        line = Text.assemble((f"{'known defect' if row.known else row.outcome:14}  ", style), row.clause)
        if row.outcome == "not-applicable":
            line.append(f"  {printable(str(row.message))}", "dim")
        console.print(line, soft_wrap=True)
    for text in users_servers_lines(run.users_servers):
        console.print(Text(printable(text)), soft_wrap=True)
    for reason in run.reasons:
        console.print(Text(f"unknown: {printable(reason)}", style="yellow"), soft_wrap=True)
    for text in mended_lines(report.mended):
        console.print(Text(printable(text), style="green"), soft_wrap=True)
    for text in stale_lines(report.stale_defects):
        console.print(Text(printable(text), style="bold red"), soft_wrap=True)
    number = len(run.clauses)
    console.print(
        f"{number} {'clause' if number == 1 else 'clauses'} on {run.cell}; nothing is said of the others.",
        soft_wrap=True,
        highlight=False,
    )
