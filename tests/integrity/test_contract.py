"""The contract's data is valid, and clauses, checks, breaks, defects, ledger and tox.ini agree."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from market_data_meta.consistency import problems
from market_data_meta.contract import Contract
from market_data_meta.contract_files import load_contract
from market_data_meta.prove.change_files import load_breaks
from market_data_meta.prove.changes import Change

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def contract() -> Contract:
    return load_contract(ROOT)


@pytest.fixture(scope="module")
def breaks() -> list[Change]:
    return load_breaks(ROOT)


def test_everything_agrees() -> None:
    """``mdmeta check`` has nothing to report: all files agree, and each clause fails on a seeded break or a release."""
    assert problems(ROOT) == []


def test_no_break_is_seeded_twice(breaks: list[Change]) -> None:
    assert len(breaks) == len({(b.clauses, b.edits) for b in breaks})


def test_modules_are_small() -> None:
    """No module of the project is longer than 400 lines."""
    files = [file for folder in ("meta", "tests") for file in (ROOT / folder).rglob("*.py")]
    assert files
    assert [f"{f.name} {n}" for f in files if (n := len(f.read_text().splitlines())) > 400] == []


def test_every_clause_belongs_to_exactly_one_capability(contract: Contract) -> None:
    counts = Counter(
        clause for capability in contract.capabilities.values() for clause in capability.essential + capability.others
    )
    assert counts.keys() == contract.clauses.keys() - contract.controls.keys()
    assert [clause for clause, count in counts.items() if count > 1] == []
    assert 10 <= len(contract.capabilities) <= 18
