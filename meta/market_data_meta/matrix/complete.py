"""The complete matrix: every content combination that is published, decided."""

from __future__ import annotations

from collections.abc import Callable

from market_data_meta.contract import Contract
from market_data_meta.releases.contents import content_combinations, corner_combinations, distinct_contents
from market_data_meta.releases.ledger import Ledger
from market_data_meta.running.cells import CellRecords, RunOptions, decide
from market_data_meta.running.warm_runner import ProgressStep, RunRequest


def decide_matrix(
    contract: Contract, ledger: Ledger, options: RunOptions, on_progress: Callable[[ProgressStep], None]
) -> CellRecords:
    """Decide every cell of the matrix. ``on_progress`` is called with each step."""
    contents = distinct_contents(contract, ledger)
    every = content_combinations(contents)
    corners = frozenset(cell.combination for cell in corner_combinations(contents))
    return decide(contract, ledger, contents, RunRequest(tuple(every), corners), options, on_progress)
