"""Fixtures of the tests that run real gates: candidates built from the newest releases, and a part of the suite."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest
from made_wheels import changed_wheel
from real_gates import PART, Build, Gate, gate_on
from small_suite import small_suite

from market_data_meta.contract import Contract
from market_data_meta.contract_files import load_contract
from market_data_meta.releases.ledger import Ledger


@pytest.fixture(scope="session")
def part(tmp_path_factory: pytest.TempPathFactory) -> Contract:
    """The contract with a part of its clauses."""
    return load_contract(small_suite(tmp_path_factory.mktemp("part"), PART))


@pytest.fixture
def gate(part: Contract, tmp_path: Path) -> Gate:
    """The gate with a part of the suite."""
    return gate_on(part, tmp_path)


@pytest.fixture(scope="session")
def build(contract: Contract, ledger: Ledger, tmp_path_factory: pytest.TempPathFactory) -> Build:
    """Build the next release of a package: ``build("core", {file: (before, after)})``, the path of its wheel."""

    def make(package: str, changes: Mapping[str, tuple[str, str]]) -> str:
        head, _, last = ledger.newest(package).version.rpartition(".")
        folder = tmp_path_factory.mktemp(package)
        distribution = contract.packages[package].distribution
        return str(changed_wheel(ledger, package, distribution, f"{head}.{int(last) + 1}", folder, changes))

    return make
