"""The report for people at a terminal; colour and width are rich's business (``NO_COLOR``, pipes)."""

from __future__ import annotations

from rich.console import Console, Group
from rich.markup import escape
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from market_data_meta.render.capability_lines import count_table, show_states
from market_data_meta.render.defect_lines import mended_lines, stale_lines
from market_data_meta.render.report.expectation import expectation
from market_data_meta.render.signs import with_mark
from market_data_meta.render.text import counts_in_words, printable, users_servers_lines
from market_data_meta.results.report import ReportFinding, ReportResult

WIDE = 100
"""Columns from which on the name of a cell and its evidence stand beside each other."""
STYLES = {"failed": "bold red", "error": "bold yellow", "known defect": "yellow"}


def show_report(report: ReportResult, console: Console, *, verbose: bool = False) -> None:
    """Print what works, then the cells, then each finding; known defects in one line each unless ``verbose``."""
    show_capabilities(report, console)
    table = Table(box=None, pad_edge=False)
    table.add_column("verdict", no_wrap=True)
    # A name that is broken cannot be copied: where there is no room beside it, the evidence stands below.
    beside = console.width >= WIDE
    table.add_column("combination", no_wrap=beside, overflow="fold")
    if beside:
        table.add_column("evidence", overflow="fold")
    for cell in report.cells:
        lines = [counts_in_words(cell.counts)]
        if cell.verdict in ("unknown", "uninstallable"):
            lines += [reason.splitlines()[0] if cell.verdict == "unknown" else reason for reason in cell.reasons[:3]]
        lines += [f"forced: {why}" for why in cell.forced]
        lines += users_servers_lines(cell.users_servers)
        name, text = escape(cell.cell), escape(printable("\n".join(lines)))
        table.add_row(with_mark(cell.verdict), *((name, text) if beside else (f"{name}\n{text}",)))
    console.print(table)
    _show_findings(report, console, verbose=verbose)
    for text in mended_lines(report.mended):
        console.print(Text(printable(text), style="green"))
    for text in stale_lines(report.stale_defects):
        console.print(Text(printable(text), style="bold red"))
    console.print(f"[dim]expectation: {expectation(report)}[/]", highlight=False)
    for name in report.absent:
        console.print(f"[yellow]not run here[/] {escape(name)}: no such interpreter")


def show_capabilities(report: ReportResult, console: Console) -> None:
    """Print the state of each capability, or for several combinations in how many it has which state."""
    if report.capability_counts:
        # Services and single releases have none of their own: what they decide is in the combination's.
        combinations = [cell for cell in report.cells if cell.capabilities]
        if len(combinations) == 1:
            show_states(combinations[0].capabilities, console)
        else:
            console.print(count_table(report.capability_counts))
        console.print()


def _show_findings(report: ReportResult, console: Console, *, verbose: bool) -> None:
    """Print what is not known in full, and of known defects the sentence, or all too."""
    for finding in report.findings:
        if verbose or finding.defect is None:
            console.print(finding_in_full(finding))
    known = {finding.defect: finding.means for finding in report.findings if finding.defect is not None}
    if known and not verbose:
        console.print(f"\nknown defects: {len(known)} (--verbose shows what was expected and got)")
        for means in known.values():
            console.print(Padding(Text(str(means)), (0, 0, 0, 2)))


def finding_in_full(finding: ReportFinding) -> Group:
    """A finding with all that a reader needs to see it again."""
    title = Text.assemble(
        "\n", (finding.title, STYLES[finding.title]), " ", (finding.clause, "bold"), f"  ({finding.level})"
    )
    rows = [("rule", finding.rule)]
    if finding.outcome == "error":
        rows.append(("error", str(finding.message)))
    else:
        rows.append(("looked at", str(finding.message)))
        rows += [("expected", _lines(finding.expected)), ("got", _lines(finding.got))]
    if finding.means is not None:
        rows.insert(0, ("defect", f"{finding.defect}: {finding.means}"))
    more = f" and {len(finding.cells) - 3} more" if len(finding.cells) > 3 else ""
    where = ", ".join(finding.cells[:3]) + more
    rows += [("source", finding.source), ("where", where), ("run it", finding.reproduce)]
    table = Table(box=None, show_header=False, padding=(0, 1))
    for name, value in rows:
        table.add_row(Text(name, style="dim"), Text(printable(value)))
    return Group(title, table)


def _lines(value: object) -> str:
    return "\n".join(map(str, value)) if value and isinstance(value, list) else str(value)
