"""The complete matrix for people at a terminal: counts, promises, and what is broken."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from market_data_meta.render.signs import PROMISES, with_mark
from market_data_meta.render.text import printable
from market_data_meta.results.matrix import MatrixCell, MatrixResult


def show_matrix(matrix: MatrixResult, console: Console) -> None:
    """Print verdicts and promises of ``matrix.json`` in numbers, then each clause that breaks cells, with how many."""
    verdicts = Counter(cell.verdict for cell in matrix.cells)
    published = matrix.published
    table = Table(box=None, pad_edge=False)
    for name in ("verdict", "cells", "published combinations"):
        table.add_column(name, justify="left" if name == "verdict" else "right")
    for verdict, number in verdicts.most_common():
        table.add_row(with_mark(verdict), f"{number:,}", f"{published[verdict]:,}")
    console.print(table)
    table = Table(box=None, pad_edge=False)
    table.add_column("promise")
    table.add_column("combinations", justify="right")
    table.add_column("what the packages' own requirements say of them", overflow="fold")
    for name, number in matrix.promise.model_dump(by_alias=True).items():
        table.add_row(name, f"{number:,}", PROMISES[name].words)
    console.print()
    console.print(table)
    _show_broken(matrix.cells, console)
    for waiver in matrix.rotten_waivers:
        title = f"[bold red]rotten waiver[/] {waiver.clause} ({waiver.fingerprint})"
        console.print(f"\n{title}: {escape(waiver.how)}")
    for name in matrix.wide:
        console.print(f"\n[yellow]wide[/] {name} depends on more than it binds: it was decided in every cell")


def _show_broken(cells: Iterable[MatrixCell], console: Console) -> None:
    broken: Counter[str] = Counter()
    unknown: Counter[str] = Counter()
    for cell in cells:
        if cell.verdict == "incompatible":
            broken.update(cell.reasons)
        elif cell.verdict == "unknown":
            unknown.update(cell.reasons[:1])
    for title, counts in (("broken clauses", broken), ("why there is no verdict", unknown)):
        if counts:
            console.print(f"\n{title}:")
        for name, number in counts.most_common():
            console.print(f"  {number:4} cells  {escape(printable(name))}", highlight=False)
