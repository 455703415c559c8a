"""Candidates that ask for a release which the ledger does not have yet."""

from __future__ import annotations

from dataclasses import replace

import pytest
from examples import LEDGER, candidate, release

from market_data_meta.candidates.newer_ledger import ledger_that_meets
from market_data_meta.contract import Contract
from market_data_meta.releases.interpreters import PYTHON
from market_data_meta.releases.ledger import Ledger

NEWER = replace(
    LEDGER, as_of="2026-11-23", releases={**LEDGER.releases, "core": (*LEDGER.releases["core"], release("1.4", "c"))}
)


@pytest.mark.parametrize(
    ("requirement", "reads", "as_of"),
    [
        ("market-data-core>=1.3", 0, "2026-11-22"),
        ("market-data-core>=1.4", 1, "2026-11-23"),
        ("market-data-core>=1.5", 1, "2026-11-22"),
        ("click>=99", 0, "2026-11-22"),
    ],
)
def test_the_index_is_read_where_the_ledger_lacks_what_a_candidate_requires(
    small: Contract, requirement: str, reads: int, as_of: str
) -> None:
    """What nobody has published by now either leaves the ledger as it is, so that the answer is the same tomorrow."""
    read: list[int] = []

    def index() -> Ledger:
        read.append(1)
        return NEWER

    ledger = ledger_that_meets(small, LEDGER, [candidate("store", "0.7", "9", requirement)], PYTHON, index)
    assert (len(read), ledger.as_of) == (reads, as_of)


def test_a_companion_may_be_what_a_candidate_requires(small: Contract) -> None:
    both = [candidate("store", "0.7", "9", "market-data-core>=2"), candidate("core", "2.0", "8")]
    assert ledger_that_meets(small, LEDGER, both, PYTHON, lambda: NEWER) is LEDGER
