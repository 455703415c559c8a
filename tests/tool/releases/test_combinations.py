"""Combinations: how they are written, what is an error, and which promises of the packages they break."""

from __future__ import annotations

from dataclasses import replace

import pytest

from market_data_meta.contract import Contract
from market_data_meta.errors import MetaError
from market_data_meta.releases.combinations import Cell, Combination, newest_of, parse_cell, parse_pins
from market_data_meta.releases.ledger import Ledger
from market_data_meta.releases.requirements import broken_promises

COMBINATION = Combination((("core", "1.4.9"), ("pipeline", "0.8.30"), ("store", "0.6.34")))


@pytest.mark.parametrize(
    ("words", "cell"),
    [
        (["core==1.4.9", "pipeline==0.8.30", "store==0.6.34"], Cell(COMBINATION)),
        (["store==0.6.34", "core==1.4.9", "pipeline==0.8.30"], Cell(COMBINATION)),
        (["market-data-core==1.4.9", "market_data_pipeline==0.8.30", "Store==0.6.34"], Cell(COMBINATION)),
        (["core1.4.9-pipeline0.8.30-store0.6.34"], Cell(COMBINATION)),
        (["py312-core1.4.9-pipeline0.8.30-store0.6.34-lowest"], Cell(COMBINATION, "lowest", "3.12")),
        (["store==0.6.34"], Cell(Combination((("store", "0.6.34"),)))),
    ],
)
def test_every_spelling_of_a_cell_is_read(contract: Contract, ledger: Ledger, words: list[str], cell: Cell) -> None:
    assert parse_cell(words, contract.packages, ledger) == cell


@pytest.mark.parametrize("cell", [Cell(COMBINATION), Cell(COMBINATION, "lowest", "3.11"), Cell(COMBINATION, "today")])
def test_a_name_reads_back_as_the_cell(contract: Contract, ledger: Ledger, cell: Cell) -> None:
    assert parse_cell([cell.name], contract.packages, ledger) == cell


@pytest.mark.parametrize(
    ("words", "code", "hint"),
    [
        (["croe==1.4.9"], "unknown-package", "core==1.4.9"),
        (["core==1.4.999"], "unknown-release", "1.4.61"),
        (["core==nonsense"], "bad-version", "newest or deployed"),
        (["newst"], "bad-pin", "one of these two words"),
        (["newest", "deployed"], "twice", ""),
        (["core"], "bad-pin", "core=="),
        (["core==1.4.9", "core==1.4.8"], "twice", ""),
        (["core==1.4.9", "store==0.6.34"], "incomplete", "pipeline=="),
    ],
)
def test_an_error_has_a_code_and_a_hint(
    contract: Contract, ledger: Ledger, words: list[str], code: str, hint: str
) -> None:
    with pytest.raises(MetaError) as raised:
        parse_cell(words, contract.packages, ledger)
    assert raised.value.code == code
    assert hint in str(raised.value)


def test_an_allowed_combination_breaks_no_promise(contract: Contract, ledger: Ledger) -> None:
    newest = newest_of(contract.packages, ledger)
    assert broken_promises(newest, contract.packages, ledger) == []


def test_a_forbidden_combination_names_the_requirement(contract: Contract, ledger: Ledger) -> None:
    old_core = Combination((("core", "1.2.9"), ("pipeline", "0.8.70"), ("store", "0.6.73")))
    broken = broken_promises(old_core, contract.packages, ledger)
    assert len(broken) == 2
    assert "pipeline 0.8.70 requires market-data-core" in broken[0]


def test_newest_and_deployed_are_versions(contract: Contract, ledger: Ledger) -> None:
    deployed = {name: str(version) for name, version in ledger.deployed.pins.items()}
    newest = newest_of(contract.packages, ledger).as_dict()
    assert deployed != newest, "the two words can be told apart"

    def versions_of(*words: str) -> dict[str, str]:
        return parse_cell(words, contract.packages, ledger).combination.as_dict()

    assert versions_of("newest") == newest
    assert versions_of("deployed") == deployed
    from_words = versions_of("core==1.4.9", "pipeline==deployed", "store==newest")
    assert from_words == {"core": "1.4.9", "pipeline": deployed["pipeline"], "store": newest["store"]}
    assert versions_of("deployed", "core==1.4.9") == deployed | {"core": "1.4.9"}
    assert versions_of("pipeline==newest") == {"pipeline": newest["pipeline"]}
    assert parse_cell(["py312-newest-lowest"], contract.packages, ledger).name.startswith("py312-core")


def test_newest_alone_is_not_for_packages_that_are_candidates(contract: Contract, ledger: Ledger) -> None:
    assert parse_pins(["newest"], contract.packages, ledger, candidates={"core"}).keys() == {"pipeline", "store"}


def test_a_package_that_is_not_pinned_has_no_deployed_version(contract: Contract, ledger: Ledger) -> None:
    pins = {name: version for name, version in ledger.deployed.pins.items() if name != "store"}
    without_store = replace(ledger, deployed=replace(ledger.deployed, pins=pins))
    assert parse_pins(["core==deployed"], contract.packages, without_store)
    with pytest.raises(MetaError, match="it is not known which store is deployed"):
        parse_pins(["deployed"], contract.packages, without_store)
