"""Decides the complete matrix: every combination of published contents."""

from __future__ import annotations

from collections.abc import Callable

from market_data_meta.contract import Contract
from market_data_meta.releases.contents import content_combinations, distinct_contents, oldest_and_newest_combinations
from market_data_meta.releases.ledger import Ledger
from market_data_meta.running.cells import CellRecords, RunOptions, decide
from market_data_meta.running.warm_runner import ProgressStep, RunRequest


def decide_matrix(
    contract: Contract, ledger: Ledger, options: RunOptions, on_progress: Callable[[ProgressStep], None]
) -> CellRecords:
    """Decide every cell of the matrix. ``on_progress`` is called with each step."""
    contents = distinct_contents(contract, ledger)
    cells = content_combinations(contents)
    corners = frozenset(cell.combination for cell in oldest_and_newest_combinations(contents))
    return decide(contract, ledger, contents, RunRequest(tuple(cells), corners), options, on_progress)
