"""The complete matrix judged: a verdict for each cell, and each promise held against it. Pure functions; no I/O."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

from market_data_meta.contract import Contract
from market_data_meta.errors import Exit
from market_data_meta.judging.verdicts import UNINSTALLABLE, UNKNOWN, CellVerdict, judge
from market_data_meta.judging.waivers import RottenWaiver, Waiver, rotten_waivers
from market_data_meta.matrix.promises import (
    OVER_PROMISED,
    UNDECIDED,
    PromiseCount,
    Support,
    classes,
    promised,
    refused,
    supported,
)
from market_data_meta.releases.contents import Content, ContentCombination
from market_data_meta.running.cells import CellRecords


@dataclass(frozen=True)
class Matrix:
    """Every cell with its verdict, and what the releases promise about the combinations that it stands for.

    It is judged as far as it is asked: one answer needs one verdict.
    """

    contract: Contract
    suite: str
    complete: CellRecords
    waivers: tuple[Waiver, ...]

    @property
    def codes(self) -> Mapping[str, tuple[Content, ...]]:
        """The distinct codes of each package, oldest first."""
        return self.complete.codes

    def judged(self, square: ContentCombination) -> CellVerdict:
        """One cell with its verdict. One that has no record is unknown, and says why."""
        name = square.combination.label
        if why := self.complete.uninstallable.get(square):
            return CellVerdict(name, None, UNINSTALLABLE, (why,), (), {})
        record = self.complete.records.get(square)
        if record is None:
            why = self.complete.faults.get(square, "it was not run: there is no record")
            return CellVerdict(name, None, UNKNOWN, (why,), (), {})
        return judge(self.contract, self.suite, record, self.waivers)

    @cached_property
    def cells(self) -> dict[ContentCombination, CellVerdict]:
        """Every cell with its verdict."""
        return {square: self.judged(square) for square in self.complete.squares}

    @cached_property
    def promised(self) -> tuple[PromiseCount, ...]:
        """Every cell with how many of its combinations are allowed."""
        return promised(self.contract, self.codes, self._verdicts, self.complete.python)

    @cached_property
    def supported(self) -> tuple[Support, ...]:
        """For each release what it asks for of each other package, and what works with it."""
        return supported(self.contract, self.codes, self._verdicts, self.complete.python)

    @cached_property
    def refused(self) -> dict[str, dict[str, list[str]]]:
        """For each package and each requirement on it the published versions that it keeps out."""
        return refused(self.contract, self.codes, self.complete.python)

    @cached_property
    def rotten(self) -> tuple[RottenWaiver, ...]:
        """The waivers whose failure is gone or different in a cell that they cover."""
        seen = [cell.record for cell in self.cells.values() if cell.record and cell.verdict != UNKNOWN]
        return tuple(rotten_waivers(self.waivers, seen, complete=False))

    @cached_property
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

    @property
    def _verdicts(self) -> dict[ContentCombination, str]:
        return {square: cell.verdict for square, cell in self.cells.items()}
