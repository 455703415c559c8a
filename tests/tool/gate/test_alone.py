"""A candidate alone that asks for what nobody has published: the answer needs no run."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from examples import LEDGER, candidate, release

from market_data_meta.contract import Contract
from market_data_meta.gate.alone import ReleasePair
from market_data_meta.running.cells import RunOptions

UNPUBLISHED = "market-data-core>=9"


def not_run() -> None:
    pytest.fail("the candidate is run")


@pytest.mark.parametrize(("before", "was_uninstallable"), [("market-data-core<1.3", False), (UNPUBLISHED, True)])
def test_nothing_is_run_for_a_candidate_that_asks_for_what_nobody_has_published(
    small: Contract, tmp_path: Path, before: str, *, was_uninstallable: bool
) -> None:
    """It can no longer be installed, unless what is out before it asks for as much."""
    new = replace(candidate("store", "0.7", "9", UNPUBLISHED), predecessor=release("0.6", "f", before))
    pair = ReleasePair(small, LEDGER, new, (), RunOptions(tmp_path)).run(not_run)
    assert (pair.uninstallable, pair.was_uninstallable) == (True, was_uninstallable)
    assert pair.fault == "store 0.7 requires market-data-core>=9; the newest published is 1.3"
    assert (pair.cell, pair.baseline) == ("store0.7", "store0.6")
    assert list(tmp_path.iterdir()) == []
