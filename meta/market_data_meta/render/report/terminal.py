"""The report for people at a terminal; colour and width are rich's business (``NO_COLOR``, pipes)."""

from __future__ import annotations

from rich.console import Console, Group
from rich.markup import escape
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from market_data_meta.judging.findings import Group as Finding
from market_data_meta.judging.findings import evidence, group_findings, printable
from market_data_meta.judging.verdicts import Report

SIGNS = {
    "compatible": "[green]✔ compatible[/]",
    "incompatible": "[red]✘ incompatible[/]",
    "uninstallable": "[yellow]⊘ uninstallable[/]",
    "unknown": "[yellow]? unknown[/]",
}
STYLES = {"failed": "bold red", "error": "bold yellow", "waived": "dim"}


def show(report: Report, console: Console, *, verbose: bool = False) -> None:
    """Print the cells, then each finding; waived ones in one line each unless ``verbose``."""
    table = Table(box=None, pad_edge=False)
    table.add_column("verdict", no_wrap=True)
    table.add_column("combination", overflow="fold")
    table.add_column("evidence", overflow="fold")
    for cell in report.cells:
        lines = [evidence(dict(cell.counts))]
        if cell.verdict in ("unknown", "uninstallable"):
            lines += [reason.splitlines()[0] if cell.verdict == "unknown" else reason for reason in cell.reasons[:3]]
        forced = cell.record.header.get("forced", []) if cell.record else []
        lines += [f"forced: {why}" for why in forced]
        table.add_row(SIGNS[cell.verdict], escape(cell.cell), escape(printable("\n".join(lines))))
    console.print(table)
    groups = group_findings(report)
    for group in groups:
        if verbose or not group.waiver:
            console.print(_finding(group))
    waived = [group for group in groups if group.waiver]
    if waived and not verbose:
        console.print(f"\n[dim]known failures that are waived: {len(waived)} (--verbose shows them):[/]")
        for group in waived:
            console.print(
                Padding(f"[dim]{escape(group.clause.id)}  in {len(group.cells)} of the cells[/]", (0, 0, 0, 2))
            )
    for rot in report.rotten:
        console.print(
            f"\n[bold red]rotten waiver[/] {escape(rot.waiver.clause)} ({rot.waiver.fingerprint}): {escape(rot.how)}"
        )
        console.print("  try: remove or mend it in contracts/waivers.toml; mdmeta report --propose writes what fits")
    for name in report.absent:
        console.print(f"[yellow]not run here[/] {escape(name)}: no such interpreter")


def _finding(group: Finding) -> Group:
    title = Text.assemble(
        "\n", (group.title, STYLES[group.title]), " ", (group.clause.id, "bold"), f"  ({group.clause.level})"
    )
    check = group.check
    rows = [("rule", group.clause.rule)]
    if check.outcome == "error":
        rows.append(("error", str(check.message)))
    else:
        rows += [("looked at", str(check.message)), ("expected", _lines(check.expected)), ("got", _lines(check.got))]
    if group.waiver:
        rows.append(("accepted", group.waiver.reason))
    more = f" and {len(group.cells) - 3} more" if len(group.cells) > 3 else ""
    rows += [("source", group.clause.source), ("where", ", ".join(group.cells[:3]) + more), ("run it", group.reproduce)]
    table = Table(box=None, show_header=False, padding=(0, 1))
    for name, value in rows:
        table.add_row(Text(name, style="dim"), Text(printable(value)))
    return Group(title, table)


def _lines(value: object) -> str:
    return "\n".join(map(str, value)) if value and isinstance(value, list) else str(value)
