"""The complete matrix for people at a terminal: what works, where, and what is not known yet."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from rich.console import Console
from rich.markup import escape
from rich.table import Table
from rich.text import Text

from market_data_meta.render.defect_lines import mended_lines, stale_lines
from market_data_meta.render.matrix.spurious_lines import spurious_lines
from market_data_meta.render.matrix.third_party_lines import third_party_lines, third_party_summary
from market_data_meta.render.signs import with_mark, with_state_mark
from market_data_meta.render.text import printable
from market_data_meta.results.matrix import MatrixCell, MatrixResult


def show_matrix(matrix: MatrixResult, console: Console) -> None:
    """Print what works in the sets that people ask about, verdicts in numbers, and each failure that is not known."""
    _show_sets(matrix, console)
    verdicts = Counter(cell.verdict for cell in matrix.cells)
    published = matrix.published
    table = Table(box=None, pad_edge=False)
    for name in ("verdict", "cells", "published combinations"):
        table.add_column(name, justify="left" if name == "verdict" else "right")
    for verdict, number in verdicts.most_common():
        table.add_row(with_mark(verdict), f"{number:,}", f"{published[verdict]:,}")
    console.print()
    console.print(table)
    _show_unknown(matrix.cells, console)
    for text in mended_lines(matrix.mended):
        console.print(Text(printable(text), style="green"))
    for text in stale_lines(matrix.stale_defects):
        console.print(Text(printable(text), style="bold red"))
    for text in spurious_lines(matrix.spurious):
        console.print(Text(f"\n{printable(text)}", style="yellow"))
    for libraries in matrix.third_party:
        console.print(Text(f"\n{printable(third_party_summary(matrix, libraries))}"))
        for text in third_party_lines(matrix, libraries):
            console.print(Text(f"  {printable(text)}"))
    for name in matrix.wide:
        console.print(f"\n[yellow]wide[/] {name} depends on more than it binds: it was decided in every cell")


def _show_sets(matrix: MatrixResult, console: Console) -> None:
    """Print a line for each capability with its state in each set, and in the best allowed one."""
    table = Table(box=None, pad_edge=False)
    table.add_column("", overflow="fold")
    for one in matrix.sets:
        table.add_column(f"{one.name}\n" + "\n".join(f"{name} {v}" for name, v in one.combination.items()))
    table.add_column("best\nallowed\nset")
    best = {one.capability: one.state for one in matrix.best}
    for capability in matrix.capabilities:
        states = [next(c.state for c in one.capabilities if c.name == capability.name) for one in matrix.sets]
        table.add_row(escape(capability.title), *map(with_state_mark, [*states, best[capability.name]]))
    console.print(table)


def _show_unknown(cells: Iterable[MatrixCell], console: Console) -> None:
    violated: Counter[str] = Counter()
    unknown: Counter[str] = Counter()
    for cell in cells:
        if cell.verdict == "violates":
            violated.update(cell.reasons)
        elif cell.verdict == "unknown":
            unknown.update(cell.reasons[:1])
    for title, counts in (
        ("clauses that fail in a way that is not known", violated),
        ("why there is no verdict", unknown),
    ):
        if counts:
            console.print(f"\n{title}:")
        for name, number in counts.most_common():
            console.print(f"  {number:4} cells  {escape(printable(name))}", highlight=False)
