"""Releases of the same content have the same verdicts: no clause and no known defect is for a part of them only."""

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


def split_contents(ledger: Ledger, package: str, specifier: str) -> Iterator[str]:
    """A sentence for each content of the package of which only some releases satisfy the specifier."""
    specifiers = SpecifierSet(specifier)
    contents = defaultdict(list)
    for release in ledger.releases[package]:
        contents[release.content].append(release.version)
    for versions in contents.values():
        satisfying = [version for version in versions if specifiers.contains(version, prereleases=True)]
        if satisfying and satisfying != versions:
            yield f"of {package} {', '.join(versions)} only {', '.join(satisfying)}"


def test_a_clause_applies_to_versions_of_packages_that_it_binds(contract: Contract) -> None:
    clauses = [clause for clause in contract.clauses.values() if clause.scope == "combination"]
    assert any(clause.applies for clause in clauses)
    assert [clause.id for clause in clauses if clause.applies.keys() - set(clause.binds)] == []


def test_no_clause_splits_a_content(contract: Contract, ledger: Ledger) -> None:
    """A clause of combination scope applies to all releases of a content, or to none of them."""
    problems = [
        f"{clause.id}: {split}"
        for clause in contract.clauses.values()
        if clause.scope == "combination"
        for package, specifier in clause.applies.items()
        for split in split_contents(ledger, package, specifier)
    ]
    assert problems == []


def test_no_known_defect_splits_a_content(contract: Contract, ledger: Ledger) -> None:
    """A clause of combination scope shows a defect in all releases of a content, or in none of them."""
    shown = [(d, by) for d, by in load_defects(ROOT).shown if contract.clauses[by.clause].scope == "combination"]
    assert shown
    problems = [
        f"{defect.id} {by.clause}: {split}"
        for defect, by in shown
        for package, specifier in (by.versions or defect.versions).items()
        for split in split_contents(ledger, package, specifier)
    ]
    assert problems == []


def test_a_split_content_is_detected(ledger: Ledger) -> None:
    """The two tests above can fail: store 0.6.4 up to 0.6.12 are one content, 0.6.13 is another."""
    assert list(split_contents(ledger, "store", ">=0.6.6"))
    assert list(split_contents(ledger, "store", ">=0.6.0,<=0.6.11"))
    assert not list(split_contents(ledger, "store", ">=0.6.4,<=0.6.12"))
    assert not list(split_contents(ledger, "store", ">=99"))
