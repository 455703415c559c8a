"""Which combinations the requirements allow: all lines count, for the cell's interpreter, without a full search."""

from __future__ import annotations

import itertools
import random
from collections.abc import Mapping

import pytest
from examples import LEDGER, release

from market_data_meta.contract import Contract, Package
from market_data_meta.releases.combinations import Combination
from market_data_meta.releases.ledger import Ledger, Release
from market_data_meta.releases.requirements import (
    AllowedCombinations,
    Requirements,
    broken_promises,
    third_party_requirements,
)

Columns = Mapping[str, tuple[Release, ...]]


def ledger_of(*requires: str) -> Ledger:
    """Core 1.0 to 3.0, and a store with these requirements."""
    core = tuple(release(version, "a") for version in ("1.0", "2.0", "3.0"))
    return Ledger("2026-11-22", {"core": core, "store": (release("0.1", "b", *requires),)}, LEDGER.deployed)


def allowed_cores(contract: Contract, python: str, *requires: str) -> list[str]:
    """The versions of core that a store with these requirements allows."""
    requirements = Requirements(contract.packages, python)
    store = release("0.1", "b", *requires)
    return [version for version in ("1.0", "2.0", "3.0") if requirements.accepts(store, "core", version)]


def test_all_lines_about_a_distribution_apply_together(small: Contract) -> None:
    """An installer takes them together, whatever their order and spelling."""
    lines = ("market-data-core>=2", "market_data_core<3")
    assert allowed_cores(small, "3.11", *lines) == ["2.0"]
    assert allowed_cores(small, "3.11", *reversed(lines)) == ["2.0"]
    assert str(Requirements(small.packages).specifier_for(release("0.1", "b", *lines), "core")) == "<3,>=2"


@pytest.mark.parametrize(
    ("python", "versions"), [("3.11", ["1.0"]), ("3.12", ["2.0", "3.0"]), ("3.12.4", ["3.0"]), ("3.13", ["3.0"])]
)
def test_markers_are_read_for_the_cells_interpreter(small: Contract, python: str, versions: list[str]) -> None:
    lines = (
        'market-data-core<2; python_version < "3.12"',
        'market-data-core>=2; python_version >= "3.12"',
        'market-data-core>=3; python_full_version >= "3.12.1" and implementation_name == "cpython"',
    )
    assert allowed_cores(small, python, *lines) == versions


def test_requirements_of_an_extra_do_not_apply(small: Contract) -> None:
    assert allowed_cores(small, "3.11", 'market-data-core>=9; extra == "all"') == ["1.0", "2.0", "3.0"]
    lines = ('market-data-core>=9; extra == "all" or python_version > "3.12"', "market-data-core>=2")
    assert allowed_cores(small, "3.12", *lines) == ["2.0", "3.0"]
    assert allowed_cores(small, "3.13", *lines) == []


def test_no_requirement_differs_from_a_requirement_of_any_version(small: Contract) -> None:
    requirements = Requirements(small.packages)
    assert requirements.specifier_for(release("0.1", "b", "pydantic>=2"), "core") is None
    assert str(requirements.specifier_for(release("0.1", "b", "market-data-core"), "core")) == ""


def test_a_broken_promise_names_the_combined_requirement(small: Contract) -> None:
    ledger = ledger_of("market-data-core>=2", 'market-data-core<3; python_version < "3.12"')
    newest = Combination((("core", "3.0"), ("store", "0.1")))
    assert broken_promises(newest, small.packages, ledger, "3.11") == [
        "store 0.1 requires market-data-core<3,>=2, not 3.0"
    ]
    assert broken_promises(newest, small.packages, ledger, "3.12") == []


def test_third_party_requirements_include_other_interpreters_but_no_extras() -> None:
    """Releases share a content only if they resolve to the same libraries on every interpreter."""
    later = 'rich; extra == "all" or python_version > "3.12"'
    lines = ('tomli; python_version < "3.11"', 'httpx; extra == "all"', later, "market-data-core>=1", "attrs")
    assert third_party_requirements(release("0.1", "b", *lines), {"market-data-core"}) == (
        "attrs",
        later,
        'tomli; python_version < "3.11"',
    )


def packages_with_pins(packages: int, releases: int, seed: int) -> tuple[Requirements, Columns]:
    """Packages whose releases raise their pins on each other, as bots do, at random."""
    generator = random.Random(seed)  # noqa: S311 - the same choice every time, and no secret
    names = [f"p{number}" for number in range(packages)]
    columns = {}
    for name in names:
        rows = []
        for number in range(releases):
            others = [other for other in names if other < name]
            lines = [
                f"{other}>=1.{generator.randint(0, number)},<1.{generator.randint(number, releases)}"
                for other in others
            ]
            rows.append(release(f"1.{number}", f"{number % 10}", *generator.sample(lines, min(len(lines), 2))))
        columns[name] = tuple(reversed(rows))
    return Requirements({name: Package(name, (name,), name=name) for name in names}), columns


def allowed_by_full_search(requirements: Requirements, columns: Columns) -> list[tuple[Release, ...]]:
    """The allowed combinations, by a test of every combination."""
    return [
        releases
        for releases in itertools.product(*columns.values())
        if all(
            requirements.accepts(release, other, partner.version)
            for name, release in zip(columns, releases, strict=True)
            for other, partner in zip(columns, releases, strict=True)
            if name != other
        )
    ]


@pytest.mark.parametrize("packages", [1, 2, 3, 4])
@pytest.mark.parametrize("seed", [1, 2])
def test_the_search_agrees_with_a_full_search(packages: int, seed: int) -> None:
    requirements, columns = packages_with_pins(packages, 7, seed)
    combinations = AllowedCombinations(requirements, columns)
    expected = allowed_by_full_search(requirements, columns)
    assert 0 < len(expected) <= 7**packages
    assert list(combinations) == expected
    assert combinations.count() == len(expected)
    assert combinations.first() == expected[0]

    def worth(name: str, release: Release) -> int:
        return int(release.version[-1]) % 3 + (name == "p1")

    most = max(expected, key=lambda releases: sum(map(worth, columns, releases)))
    assert combinations.best(worth) == most
    within = {name: releases[2:5] for name, releases in columns.items()}
    expected_within = allowed_by_full_search(requirements, within)
    assert combinations.count(within) == len(expected_within)
    assert combinations.first(within) == next(iter(expected_within), None)


def test_four_packages_of_seventy_releases_are_not_searched_in_full() -> None:
    """They have 24 million combinations: a test of each would take minutes."""
    requirements, columns = packages_with_pins(4, 70, 1)
    calls = 0

    class CountingRequirements(Requirements):
        def accepts(self, release: Release, other: str, version: str) -> bool:
            nonlocal calls
            calls += 1
            return super().accepts(release, other, version)

    combinations = AllowedCombinations(CountingRequirements(requirements.packages), columns)
    assert combinations.count() > 0
    best = combinations.best(lambda _name, release: release.content[0] == "3")
    assert best is not None
    assert calls <= (4 * 70) ** 2


def test_a_search_without_any_allowed_combination_is_as_fast() -> None:
    requirements, columns = packages_with_pins(3, 70, 1)
    last = tuple(release(f"1.{number}", "a", "p0>=9", f"p1>=1.{number}") for number in range(70))
    combinations = AllowedCombinations(
        Requirements(dict(requirements.packages) | {"p9": Package("p9", ("p9",), name="p9")}), {**columns, "p9": last}
    )
    assert (combinations.first(), combinations.count(), list(combinations)) == (None, 0, [])
