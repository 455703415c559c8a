"""Where the matrix is another one with other versions of the third-party libraries."""

from __future__ import annotations

from typing import Literal

from market_data_meta.models import Model
from market_data_meta.results.parts import Count, Outcome, Text
from market_data_meta.results.services import Positions

ClauseOutcome = Outcome | Literal["undecided"]
"""How a clause came out, or that no run has decided it."""


class ThirdPartyDifference(Model):
    """A clause that comes out otherwise with these libraries than with the usual ones; ``cells`` are positions.

    ``why`` says what fails, or what no longer does.
    """

    clause: Text
    usual: ClauseOutcome
    outcome: ClauseOutcome
    why: str
    cells: Positions


class CellsWithoutRecord(Model):
    """Cells of which nothing is known with these libraries, and the reason."""

    reason: Text
    cells: Positions


class ThirdPartyResult(Model):
    """The complete matrix with other third-party versions, beside the usual one: the highest as of the ledger's date.

    ``as_of`` is the time as of which they were chosen. What a run of a release alone decides is not in it.
    """

    choice: Literal["lowest", "today"]
    as_of: Text
    differences: tuple[ThirdPartyDifference, ...]
    without_record: tuple[CellsWithoutRecord, ...]
    ran: Count

    @property
    def positions(self) -> set[int]:
        """The cells that it speaks of."""
        different = {cell for row in self.differences for cell in row.cells}
        return different | {cell for row in self.without_record for cell in row.cells}
