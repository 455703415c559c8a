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
from market_data_meta.releases.pins import PinnedCell
from market_data_meta.releases.requirements import broken_promises


@pytest.fixture(scope="module")
def pinned_cells(contract: Contract, ledger: Ledger) -> list[PinnedCell]:
    return pins.pinned_cells(contract, ledger)


def of_all_packages(pinned_cells: list[PinnedCell]) -> list[PinnedCell]:
    return [pinned for pinned in pinned_cells if len(pinned.cell.combination.packages) == 3]


def test_the_newest_of_each_comes_first(ledger: Ledger, pinned_cells: list[PinnedCell]) -> None:
    assert pinned_cells[0].cell.combination.as_dict() == {name: ledger.newest(name).version for name in ledger.releases}


def test_the_deployed_set_is_pinned(ledger: Ledger, pinned_cells: list[PinnedCell]) -> None:
    assert ledger.deployed.pins in [pinned.cell.combination.as_dict() for pinned in pinned_cells]


def test_every_distinct_content_is_in_a_pinned_combination(ledger: Ledger, pinned_cells: list[PinnedCell]) -> None:
    covered = {
        (n, ledger.release(n, v).content)
        for pinned in of_all_packages(pinned_cells)
        for n, v in pinned.cell.combination.versions
    }
    assert covered == {(name, r.content) for name, releases in ledger.releases.items() for r in releases}


def test_every_distinct_content_is_also_run_alone(ledger: Ledger, pinned_cells: list[PinnedCell]) -> None:
    alone = [
        pinned.cell.combination.versions[0] for pinned in pinned_cells if len(pinned.cell.combination.packages) == 1
    ]
    covered = {(name, ledger.release(name, version).content) for name, version in alone}
    assert covered == {(name, r.content) for name, releases in ledger.releases.items() for r in releases}


def test_only_a_content_in_no_allowed_combination_is_forced(
    contract: Contract, ledger: Ledger, pinned_cells: list[PinnedCell]
) -> None:
    forced = [
        pinned
        for pinned in of_all_packages(pinned_cells)
        if broken_promises(pinned.cell.combination, contract.packages, ledger)
    ]
    assert all("forced" in pinned.reason for pinned in forced)
    assert {pinned.cell.combination.as_dict()["core"] for pinned in forced} == {"1.2.0", "1.2.8"}


def test_every_interpreter_and_the_lowest_libraries_are_pinned(pinned_cells: list[PinnedCell]) -> None:
    assert {pinned.cell.python for pinned in pinned_cells} >= {"3.11", "3.12", "3.13"}
    assert "lowest" in {pinned.cell.third_party for pinned in pinned_cells}


def test_no_cell_is_pinned_twice(pinned_cells: list[PinnedCell]) -> None:
    names = [pinned.cell.name for pinned in pinned_cells]
    assert len(names) == len(set(names))


def test_the_pinned_block_is_read_back(
    root: Path, contract: Contract, ledger: Ledger, pinned_cells: list[PinnedCell]
) -> None:
    names = pins.pinned_environments(root)
    assert names == [pinned.cell.name for pinned in pinned_cells]
    services = contract.service_packages
    assert [parse_cell([name], contract.packages, ledger, services=services) for name in names] == [
        pinned.cell for pinned in pinned_cells
    ]


def test_the_pinned_block_of_today_is_the_one_in_tox_ini(root: Path, pinned_cells: list[PinnedCell]) -> None:
    """``mdmeta releases --pin`` leaves tox.ini as it is."""
    assert pins.split_tox_ini((root / "tox.ini").read_text(encoding="utf-8"))[1] == pins.pinned_block(pinned_cells)


@pytest.mark.parametrize("seed", range(6))
def test_the_oldest_set_is_that_of_a_search_through_all_combinations(small: Contract, seed: int) -> None:
    """Whatever the order of uploads: the latest upload is the earliest that an allowed set has, then the one before."""
    generator = random.Random(seed)  # noqa: S311 - the same choice every time, and no secret
    days = iter(generator.sample(range(10, 40), 18))
    rows: dict[str, tuple[Release, ...]] = {}
    for name in small.packages:
        others = [package.distribution for package in small.packages.values() if package.name in rows]
        rows[name] = tuple(
            replace(
                release(f"1.{n}", "a", *(f"{other}>=1.{generator.randint(0, 5)}" for other in others)),
                uploaded=f"2026-01-{next(days)}",
            )
            for n in range(6)
        )
    ledger = Ledger("2026-11-22", rows, LEDGER.deployed)
    oldest = min(
        pins.allowed_combinations(small, ledger),
        key=lambda releases: sorted((r.uploaded for r in releases), reverse=True),
    )
    found = pins.oldest_allowed(small, ledger)
    assert found is not None
    assert [version for _, version in found.versions] == [r.version for r in oldest]


def test_a_ledger_without_an_allowed_combination_has_no_oldest_set(small: Contract) -> None:
    rows = {name: (release("1.0", "a"),) for name in small.packages}
    rows["store"] = (release("1.0", "a", "market-data-core>=2"),)
    ledger = Ledger("2026-11-22", rows, LEDGER.deployed)
    assert pins.oldest_allowed(small, ledger) is None
    reasons = [cell.reason for cell in pins.pinned_cells(small, ledger)]
    assert "the newest of each" in reasons
    assert not any("oldest" in reason for reason in reasons)


def test_a_tox_ini_without_its_marks_is_refused() -> None:
    with pytest.raises(MetaError, match="lost the marks"):
        pins.split_tox_ini("[tox]\nenv_list = tests\n")
