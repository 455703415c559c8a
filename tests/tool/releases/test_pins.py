"""The pinned combinations: chosen from the ledger as tox.ini's header promises."""

from __future__ import annotations

import random
from dataclasses import replace
from pathlib import Path

import pytest
from examples import LEDGER, release

from market_data_meta.contract import Contract
from market_data_meta.errors import MetaError
from market_data_meta.releases import pins
from market_data_meta.releases.combinations import parse_cell
from market_data_meta.releases.ledger import Ledger, Release
from market_data_meta.releases.pins import Pin
from market_data_meta.releases.requirements import broken_promises


@pytest.fixture(scope="module")
def chosen(contract: Contract, ledger: Ledger) -> list[Pin]:
    return pins.choose(contract, ledger)


def trios(chosen: list[Pin]) -> list[Pin]:
    return [pin for pin in chosen if len(pin.cell.combination.packages) == 3]


def test_the_newest_of_each_comes_first(ledger: Ledger, chosen: list[Pin]) -> None:
    assert chosen[0].cell.combination.as_dict() == {name: ledger.newest(name).version for name in ledger.releases}


def test_the_deployed_set_is_pinned(ledger: Ledger, chosen: list[Pin]) -> None:
    assert ledger.deployed.pins in [pin.cell.combination.as_dict() for pin in chosen]


def test_every_distinct_content_is_held(ledger: Ledger, chosen: list[Pin]) -> None:
    held = {(n, ledger.release(n, v).content) for pin in trios(chosen) for n, v in pin.cell.combination.versions}
    assert held == {(name, r.content) for name, releases in ledger.releases.items() for r in releases}


def test_every_distinct_content_is_also_run_alone(ledger: Ledger, chosen: list[Pin]) -> None:
    alone = [pin.cell.combination.versions[0] for pin in chosen if len(pin.cell.combination.packages) == 1]
    held = {(name, ledger.release(name, version).content) for name, version in alone}
    assert held == {(name, r.content) for name, releases in ledger.releases.items() for r in releases}


def test_only_a_content_that_nothing_allows_is_forced(contract: Contract, ledger: Ledger, chosen: list[Pin]) -> None:
    forced = [pin for pin in trios(chosen) if broken_promises(pin.cell.combination, contract.packages, ledger)]
    assert all("forced" in pin.why for pin in forced)
    assert {pin.cell.combination.as_dict()["core"] for pin in forced} == {"1.2.0", "1.2.8"}


def test_all_factors_are_pinned_somewhere(chosen: list[Pin]) -> None:
    assert {pin.cell.python for pin in chosen} >= {"3.11", "3.12", "3.13"}
    assert "lowest" in {pin.cell.third_party for pin in chosen}


def test_no_cell_is_pinned_twice(chosen: list[Pin]) -> None:
    names = [pin.cell.name for pin in chosen]
    assert len(names) == len(set(names))


def test_the_block_reads_back(root: Path, contract: Contract, ledger: Ledger, chosen: list[Pin]) -> None:
    names = pins.pinned_names(root)
    assert names == [pin.cell.name for pin in chosen]
    assert [parse_cell([name], contract.packages, ledger) for name in names] == [pin.cell for pin in chosen]


def test_the_pinned_block_of_today_is_the_one_in_tox_ini(root: Path, chosen: list[Pin]) -> None:
    """``mdmeta releases --pin`` leaves tox.ini as it is."""
    assert pins.split((root / "tox.ini").read_text(encoding="utf-8"))[1] == pins.block(chosen)


@pytest.mark.parametrize("seed", range(6))
def test_the_oldest_set_is_that_of_a_look_at_each(small: Contract, seed: int) -> None:
    """Whatever the order of uploads: the latest upload is the earliest that an allowed set has, then the one before."""
    chance = random.Random(seed)  # noqa: S311 - the same choice every time, and no secret
    days = iter(chance.sample(range(10, 40), 18))
    rows: dict[str, tuple[Release, ...]] = {}
    for name in small.packages:
        others = [package.distribution for package in small.packages.values() if package.name in rows]
        rows[name] = tuple(
            replace(
                release(f"1.{n}", "a", *(f"{other}>=1.{chance.randint(0, 5)}" for other in others)),
                uploaded=f"2026-01-{next(days)}",
            )
            for n in range(6)
        )
    ledger = Ledger("2026-11-22", rows, LEDGER.deployed)
    oldest = min(pins.allowed(small, ledger), key=lambda releases: sorted((r.uploaded for r in releases), reverse=True))
    assert [version for _, version in pins._oldest(small, ledger).versions] == [r.version for r in oldest]


def test_a_ledger_of_which_nothing_is_allowed_is_refused(small: Contract) -> None:
    rows = {name: (release("1.0", "a"),) for name in small.packages}
    rows["store"] = (release("1.0", "a", "market-data-core>=2"),)
    with pytest.raises(MetaError, match="no combination of releases is allowed"):
        pins.choose(small, Ledger("2026-11-22", rows, LEDGER.deployed))


def test_a_tox_ini_without_its_marks_is_refused() -> None:
    with pytest.raises(MetaError, match="lost the marks"):
        pins.split("[tox]\nenv_list = tests\n")
