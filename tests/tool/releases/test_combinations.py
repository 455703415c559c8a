"""Combinations: how they are written, what is wrong with them, and what the packages forbid."""

from __future__ import annotations

from dataclasses import replace

import pytest

from market_data_meta.contract import Contract
from market_data_meta.errors import MetaError
from market_data_meta.releases.combinations import Cell, Combination, newest_of, parse_cell, parse_pins
from market_data_meta.releases.ledger import Ledger
from market_data_meta.releases.requirements import broken_promises

TRIO = Combination((("core", "1.4.9"), ("pipeline", "0.8.30"), ("store", "0.6.34")))


@pytest.mark.parametrize(
    ("words", "cell"),
    [
        (["core==1.4.9", "pipeline==0.8.30", "store==0.6.34"], Cell(TRIO)),
        (["store==0.6.34", "core==1.4.9", "pipeline==0.8.30"], Cell(TRIO)),
        (["market-data-core==1.4.9", "market_data_pipeline==0.8.30", "Store==0.6.34"], Cell(TRIO)),
        (["core1.4.9-pipeline0.8.30-store0.6.34"], Cell(TRIO)),
        (["py312-core1.4.9-pipeline0.8.30-store0.6.34-lowest"], Cell(TRIO, "lowest", "3.12")),
        (["store==0.6.34"], Cell(Combination((("store", "0.6.34"),)))),
    ],
)
def test_both_spellings_are_read(contract: Contract, ledger: Ledger, words: list[str], cell: Cell) -> None:
    assert parse_cell(words, contract.packages, ledger) == cell


@pytest.mark.parametrize("cell", [Cell(TRIO), Cell(TRIO, "lowest", "3.11"), Cell(TRIO, "today")])
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
def test_what_is_wrong_is_said_with_what_to_do(
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

    def read(*words: str) -> dict[str, str]:
        return parse_cell(words, contract.packages, ledger).combination.as_dict()

    assert read("newest") == newest
    assert read("deployed") == deployed
    mixed = read("core==1.4.9", "pipeline==deployed", "store==newest")
    assert mixed == {"core": "1.4.9", "pipeline": deployed["pipeline"], "store": newest["store"]}
    assert read("deployed", "core==1.4.9") == deployed | {"core": "1.4.9"}
    assert read("pipeline==newest") == {"pipeline": newest["pipeline"]}
    assert parse_cell(["py312-newest-lowest"], contract.packages, ledger).name.startswith("py312-core")


def test_a_word_alone_is_not_about_the_candidates(contract: Contract, ledger: Ledger) -> None:
    assert parse_pins(["newest"], contract.packages, ledger, candidates={"core"}).keys() == {"pipeline", "store"}


def test_what_is_deployed_may_not_be_known(contract: Contract, ledger: Ledger) -> None:
    pins = {name: version for name, version in ledger.deployed.pins.items() if name != "store"}
    partly = replace(ledger, deployed=replace(ledger.deployed, pins=pins))
    assert parse_pins(["core==deployed"], contract.packages, partly)
    with pytest.raises(MetaError, match="it is not known which store is deployed"):
        parse_pins(["deployed"], contract.packages, partly)
