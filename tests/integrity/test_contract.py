"""The contract's data is valid, and clauses, checks, breaks, waivers, ledger and tox.ini agree."""

from __future__ import annotations

from pathlib import Path

import pytest

from market_data_meta.contract import Contract
from market_data_meta.contract_files import load_contract
from market_data_meta.judging.consistency import problems
from market_data_meta.judging.waiver_file import load_waivers
from market_data_meta.judging.waivers import Waiver
from market_data_meta.prove.change_files import load_breaks
from market_data_meta.prove.changes import Change
from market_data_meta.releases.ledger_files import load_ledger

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def contract() -> Contract:
    return load_contract(ROOT)


@pytest.fixture(scope="module")
def breaks() -> list[Change]:
    return load_breaks(ROOT)


@pytest.fixture(scope="module")
def waivers() -> tuple[Waiver, ...]:
    return load_waivers(ROOT, load_ledger(ROOT, load_contract(ROOT).packages))


def test_everything_agrees() -> None:
    assert problems(ROOT) == []


def test_every_clause_has_been_seen_to_fail(
    contract: Contract, breaks: list[Change], waivers: tuple[Waiver, ...]
) -> None:
    """Each clause has a seeded break that it must catch, or fails on a real release of today."""
    shown = {name for seeded in breaks for name in seeded.clauses} | {waiver.clause for waiver in waivers}
    assert sorted(contract.clauses.keys() - contract.controls.keys() - shown) == []


def test_every_break_names_a_clause_and_a_package(contract: Contract, breaks: list[Change]) -> None:
    known = contract.clauses.keys()
    assert [b for b in breaks if not set(b.clauses) <= known or b.package not in contract.packages] == []


def test_no_break_is_seeded_twice(breaks: list[Change]) -> None:
    assert len(breaks) == len({(b.clauses, b.edits) for b in breaks})


def test_modules_are_small() -> None:
    """A module is one thing: none of the project's is longer than 400 lines."""
    files = [file for folder in ("meta", "tests") for file in (ROOT / folder).rglob("*.py")]
    assert files
    assert [f"{f.name} {n}" for f in files if (n := len(f.read_text().splitlines())) > 400] == []
