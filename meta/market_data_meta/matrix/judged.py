"""The complete matrix judged: a verdict for each cell, and each promise held against it. Pure functions; no I/O."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from market_data_meta.contract import Contract
from market_data_meta.errors import Exit
from market_data_meta.matrix.codes import Code, Square
from market_data_meta.matrix.complete import Complete
from market_data_meta.matrix.promise import OVER_PROMISED, UNDECIDED, Promised, Support, classes, promised, supported
from market_data_meta.verdict import UNINSTALLABLE, UNKNOWN, Judged, judge
from market_data_meta.waivers import Rotten, Waiver, rotten


@dataclass(frozen=True)
class Matrix:
    """Every cell with its verdict, and what the releases promise about the combinations that it stands for."""

    suite: str
    codes: Mapping[str, tuple[Code, ...]]
    cells: Mapping[Square, Judged]
    promised: tuple[Promised, ...]
    supported: tuple[Support, ...]
    rotten: tuple[Rotten, ...]
    wide: frozenset[str]
    ran: int

    @property
    def classes(self) -> dict[str, int]:
        """How many published combinations are in each class of promise."""
        return classes(self.promised)

    @property
    def exit(self) -> Exit:
        """Violated where an allowed combination is broken or a waiver has rotted.

        A forbidden combination that is broken was rightly excluded.
        """
        counts = self.classes
        if counts[OVER_PROMISED] or self.rotten:
            return Exit.VIOLATED
        return Exit.UNDECIDED if counts[UNDECIDED] or not self.cells else Exit.COMPATIBLE


def judge_matrix(contract: Contract, suite: str, complete: Complete, waivers: tuple[Waiver, ...]) -> Matrix:
    """Judge every cell. One that has no record is unknown, and says why."""
    cells = {square: _judged(contract, suite, complete, square, waivers) for square in complete.squares}
    seen = [cell.record for cell in cells.values() if cell.record and cell.verdict != UNKNOWN]
    verdicts = {square: cell.verdict for square, cell in cells.items()}
    return Matrix(
        suite,
        complete.codes,
        cells,
        promised(contract, complete.codes, verdicts),
        supported(contract, complete.codes, verdicts),
        tuple(rotten(waivers, seen, complete=False)),
        complete.wide,
        complete.ran,
    )


def _judged(contract: Contract, suite: str, complete: Complete, square: Square, waivers: tuple[Waiver, ...]) -> Judged:
    name = square.combination.label
    if why := complete.uninstallable.get(square):
        return Judged(name, None, UNINSTALLABLE, (why,), (), {})
    record = complete.records.get(square)
    if record is None:
        why = complete.faults.get(square, "it was not run: there is no record")
        return Judged(name, None, UNKNOWN, (why,), (), {})
    return judge(contract, suite, record, waivers)
