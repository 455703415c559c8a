"""Known defects for people at a terminal: the sentence first, then whose code it is and what it costs."""

from __future__ import annotations

from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from market_data_meta.contract import Contract
from market_data_meta.render.defect_lines import capabilities_line, mended_lines, stale_lines, versions_line
from market_data_meta.render.text import printable
from market_data_meta.results.defects import DefectDescription, DefectList


def show_defects(listed: DefectList, contract: Contract, console: Console) -> None:
    """Print each defect with the capabilities that it breaks or limits; those that break one come first."""
    for defect in listed.defects:
        _show_head(defect, contract, console)
    there = sum(defect.mended_in is None for defect in listed.defects)
    console.print(
        f"{len(listed.defects)} known defects, {there} of them in the newest releases; "
        "mdmeta explain ID shows its cause, and a script if it breaks a capability",
        highlight=False,
    )
    for text in mended_lines(listed.mended):
        console.print(Text(printable(text), style="green"))
    for text in stale_lines(listed.stale):
        console.print(Text(printable(text), style="bold red"))


def show_defect(defect: DefectDescription, contract: Contract, console: Console) -> None:
    """Print all that is known of one defect, and the script that shows it."""
    _show_head(defect, contract, console)
    rows = [("cause", defect.cause), ("workaround", defect.workaround), ("reported", defect.reported)]
    rows += [
        ("shown by", f"{shown.clause} ({', '.join(shown.fingerprints)}) in {versions_line(shown.versions)}")
        for shown in defect.shown_by
    ]
    table = Table.grid(padding=(0, 2))
    for name, value in rows:
        if value:
            table.add_row(Text(name, style="dim"), Text(value))
    console.print(Padding(table, (0, 0, 0, 2)))
    if defect.reproducer:
        console.print(Text("\na script that ends with 1 while the defect is there:", style="dim"))
        console.print(Text(defect.reproducer), soft_wrap=True)


def _show_head(defect: DefectDescription, contract: Contract, console: Console) -> None:
    style = "dim" if defect.mended_in else "bold red" if defect.broken else "yellow"
    console.print(Text(defect.id, style=style), soft_wrap=True)
    console.print(Padding(Text(defect.means), (0, 0, 0, 2)))
    about = f"{versions_line(defect.versions)}; {capabilities_line(defect, contract)}"
    console.print(Padding(Text(about, style="dim"), (0, 0, 0, 2)))
