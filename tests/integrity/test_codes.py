"""Releases of the same code have the same verdicts: no clause and no known defect is for a part of them only."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import pytest
from packaging.specifiers import SpecifierSet

from market_data_meta.contract import Contract
from market_data_meta.contract_files import load_contract
from market_data_meta.judging.defect_file import load_defects
from market_data_meta.releases.ledger import Ledger
from market_data_meta.releases.ledger_files import load_ledger

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def contract() -> Contract:
    return load_contract(ROOT)


@pytest.fixture(scope="module")
def ledger(contract: Contract) -> Ledger:
    return load_ledger(ROOT, contract.packages)


def split_codes(ledger: Ledger, package: str, specifier: str) -> Iterator[str]:
    """A sentence for each code id of the package of which only some releases satisfy the specifier."""
    specifiers = SpecifierSet(specifier)
    versions_by_code = defaultdict(list)
    for release in ledger.releases[package]:
        versions_by_code[release.code].append(release.version)
    for versions in versions_by_code.values():
        satisfying = [version for version in versions if specifiers.contains(version, prereleases=True)]
        if satisfying and satisfying != versions:
            yield f"of {package} {', '.join(versions)} only {', '.join(satisfying)}"


def test_a_clause_applies_to_versions_of_packages_that_it_binds(contract: Contract) -> None:
    clauses = [clause for clause in contract.clauses.values() if clause.scope == "combination"]
    assert any(clause.applies for clause in clauses)
    assert [clause.id for clause in clauses if clause.applies.keys() - set(clause.binds)] == []


def test_no_clause_splits_a_code(contract: Contract, ledger: Ledger) -> None:
    """A clause that no release decides alone applies to all releases of a code, or to none of them."""
    problems = [
        f"{clause.id}: {split}"
        for clause in contract.clauses.values()
        if clause.scope != "release"
        for package, specifier in clause.applies.items()
        for split in split_codes(ledger, package, specifier)
    ]
    assert problems == []


def test_no_known_defect_splits_a_code(contract: Contract, ledger: Ledger) -> None:
    """A clause that no release decides alone shows a defect in all releases of a code, or in none of them."""
    shown = [(d, by) for d, by in load_defects(ROOT).shown if contract.clauses[by.clause].scope != "release"]
    assert shown
    problems = [
        f"{defect.id} {by.clause}: {split}"
        for defect, by in shown
        for package, specifier in (by.versions or defect.versions).items()
        for split in split_codes(ledger, package, specifier)
    ]
    assert problems == []


def test_a_split_code_is_detected(ledger: Ledger) -> None:
    """The two tests above can fail: store 0.6.4 up to 0.6.12 have one code, 0.6.13 has another."""
    assert list(split_codes(ledger, "store", ">=0.6.6"))
    assert list(split_codes(ledger, "store", ">=0.6.0,<=0.6.11"))
    assert not list(split_codes(ledger, "store", ">=0.6.4,<=0.6.12"))
    assert not list(split_codes(ledger, "store", ">=99"))
