"""The verdict of each cell of the matrix, and how the releases' promises compare with it. Pure functions; no I/O."""

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
    CellPromise,
    VersionSupport,
    cell_promises,
    combinations_by_class,
    refused_versions,
    version_support,
)
from market_data_meta.releases.contents import Content, ContentCombination
from market_data_meta.running.cells import CellRecords


@dataclass(frozen=True)
class MatrixVerdicts:
    """Every cell with its verdict, and what the releases promise about the combinations that it stands for.

    A cell is judged when its verdict is first needed: the answer to can-i-deploy needs only one.
    """

    contract: Contract
    suite_digest: str
    cell_records: CellRecords
    waivers: tuple[Waiver, ...]

    @property
    def contents(self) -> Mapping[str, tuple[Content, ...]]:
        """The distinct contents of each package, oldest first."""
        return self.cell_records.contents

    def verdict_of(self, cell: ContentCombination) -> CellVerdict:
        """The verdict of a cell. Without a record it is unknown or uninstallable, with the reason."""
        name = cell.combination.label
        if why := self.cell_records.uninstallable.get(cell):
            return CellVerdict(name, None, UNINSTALLABLE, (why,), (), {})
        record = self.cell_records.records.get(cell)
        if record is None:
            why = self.cell_records.faults.get(cell, "it was not run: there is no record")
            return CellVerdict(name, None, UNKNOWN, (why,), (), {})
        return judge(self.contract, self.suite_digest, record, self.waivers)

    @cached_property
    def cell_verdicts(self) -> dict[ContentCombination, CellVerdict]:
        """Every cell with its verdict."""
        return {cell: self.verdict_of(cell) for cell in self.cell_records.cells}

    @cached_property
    def cell_promises(self) -> tuple[CellPromise, ...]:
        """Every cell with how many of its combinations are allowed."""
        return cell_promises(self.contract, self.contents, self._verdict_words, self.cell_records.python)

    @cached_property
    def version_support(self) -> tuple[VersionSupport, ...]:
        """For each release what it requires of each other package, and which versions work with it."""
        return version_support(self.contract, self.contents, self._verdict_words, self.cell_records.python)

    @cached_property
    def refused_versions(self) -> dict[str, dict[str, list[str]]]:
        """For each package and each requirement on it the published versions that it does not allow."""
        return refused_versions(self.contract, self.contents, self.cell_records.python)

    @cached_property
    def rotten_waivers(self) -> tuple[RottenWaiver, ...]:
        """The waivers whose failure is gone or different in a cell that they cover."""
        records = [
            verdict.record for verdict in self.cell_verdicts.values() if verdict.record and verdict.verdict != UNKNOWN
        ]
        return tuple(rotten_waivers(self.waivers, records, complete=False))

    @cached_property
    def combinations_by_class(self) -> dict[str, int]:
        """How many published combinations are in each class of promise."""
        return combinations_by_class(self.cell_promises)

    @property
    def exit(self) -> Exit:
        """Violated where an allowed combination is broken or a waiver has rotted.

        A forbidden combination that is broken was rightly excluded.
        """
        combinations = self.combinations_by_class
        if combinations[OVER_PROMISED] or self.rotten_waivers:
            return Exit.VIOLATED
        return Exit.UNDECIDED if combinations[UNDECIDED] or not self.cell_verdicts else Exit.COMPATIBLE

    @property
    def _verdict_words(self) -> dict[ContentCombination, str]:
        return {cell: verdict.verdict for cell, verdict in self.cell_verdicts.items()}
