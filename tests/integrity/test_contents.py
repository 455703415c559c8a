"""A combination's verdicts are a function of its code: no clause and no waiver tells releases of one content apart."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import pytest
from packaging.specifiers import SpecifierSet

from market_data_meta.contract import Contract
from market_data_meta.contract_files import load_contract
from market_data_meta.judging.waiver_file import load_waivers
from market_data_meta.releases.ledger import Ledger
from market_data_meta.releases.ledger_files import load_ledger

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def contract() -> Contract:
    return load_contract(ROOT)


@pytest.fixture(scope="module")
def ledger(contract: Contract) -> Ledger:
    return load_ledger(ROOT, contract.packages)


def split(ledger: Ledger, package: str, specifier: str) -> Iterator[str]:
    """Name each content of the package of which some releases are specified and some are not, by those releases."""
    specified = SpecifierSet(specifier)
    contents = defaultdict(list)
    for release in ledger.releases[package]:
        contents[release.content].append(release.version)
    for versions in contents.values():
        found = [version for version in versions if specified.contains(version, prereleases=True)]
        if found and found != versions:
            yield f"of {package} {', '.join(versions)} only {', '.join(found)}"


def test_a_clause_applies_by_packages_that_it_binds(contract: Contract) -> None:
    clauses = [clause for clause in contract.clauses.values() if clause.scope == "combination"]
    assert any(clause.applies for clause in clauses)
    assert [clause.id for clause in clauses if clause.applies.keys() - set(clause.binds)] == []


def test_no_clause_splits_a_content(contract: Contract, ledger: Ledger) -> None:
    """A combination's clause applies to all releases with one code, or to none of them."""
    odd = [
        f"{clause.id}: {found}"
        for clause in contract.clauses.values()
        if clause.scope == "combination"
        for package, specifier in clause.applies.items()
        for found in split(ledger, package, specifier)
    ]
    assert odd == []


def test_no_waiver_splits_a_content(contract: Contract, ledger: Ledger) -> None:
    """A waiver of a combination's clause is for all releases with one code, or for none of them."""
    waivers = [w for w in load_waivers(ROOT, ledger) if contract.clauses[w.clause].scope == "combination"]
    assert waivers
    odd = [
        f"{waiver.clause} {waiver.fingerprint}: {found}"
        for waiver in waivers
        for package, (low, high) in waiver.versions.items()
        for found in split(ledger, package, f">={low},<={high}")
    ]
    assert odd == []


def test_splits_are_seen(ledger: Ledger) -> None:
    """The rules above can fail: store 0.6.4 up to 0.6.12 are one code, 0.6.13 is another."""
    assert list(split(ledger, "store", ">=0.6.6"))
    assert list(split(ledger, "store", ">=0.6.0,<=0.6.11"))
    assert not list(split(ledger, "store", ">=0.6.4,<=0.6.12"))
    assert not list(split(ledger, "store", ">=99"))
