"""How the combinations that the packages' requirements allow compare with those that work."""

from __future__ import annotations

import itertools
import math
from dataclasses import replace

import pytest
from examples import LEDGER
from packaging.specifiers import SpecifierSet
from packaging.version import Version

from market_data_meta.contract import Contract
from market_data_meta.judging.verdicts import COMPATIBLE, INCOMPATIBLE, UNINSTALLABLE, UNKNOWN
from market_data_meta.matrix import promises
from market_data_meta.matrix.promises import CellPromise, VersionSupport
from market_data_meta.releases import pins
from market_data_meta.releases.combinations import Combination
from market_data_meta.releases.contents import Content, ContentCombination, content_combinations, distinct_contents
from market_data_meta.releases.ledger import Ledger, Release
from market_data_meta.releases.requirements import broken_promises

Contents = dict[str, tuple[Content, ...]]


def release(version: str, content: str, *requires: str, yanked: bool = False) -> Release:
    name = f"{content}-{version}.whl"
    return Release(version, "2026-01-01T00:00:00Z", name, "d" * 64, 1, content, ">=3.11", requires, yanked)


def contents_of(contract: Contract, **releases: list[Release]) -> Contents:
    ledger = replace(LEDGER, releases={name: tuple(rows) for name, rows in releases.items()})
    return distinct_contents(contract, ledger)


def cell_of(contents: Contents, **digests: str) -> ContentCombination:
    return next(cell for cell in content_combinations(contents) if cell.digests == digests)


@pytest.fixture
def contents(small: Contract) -> Contents:
    """Core has three releases of two contents; pipeline and store allow only some of the releases of one content."""
    return contents_of(
        small,
        core=[release("1.0", "old"), release("1.1", "new"), release("1.2", "new")],
        pipeline=[release("0.1", "p", "market-data-core>=1.1"), release("0.2", "p", "market-data-core>=1.2")],
        store=[release("0.5", "s", "market_data_core<2,>=1.0"), release("0.6", "t")],
    )


def test_a_combination_is_allowed_if_every_release_accepts_every_other(small: Contract, contents: Contents) -> None:
    allowed = promises.allowed_counts(small, contents)
    assert allowed[cell_of(contents, core="old", pipeline="p", store="s")] == 0
    assert allowed[cell_of(contents, core="new", pipeline="p", store="s")] == 3
    assert allowed[cell_of(contents, core="new", pipeline="p", store="t")] == 3
    assert list(allowed) == content_combinations(contents)


def test_packages_without_requirements_on_each_other_allow_everything(small: Contract) -> None:
    contents = contents_of(
        small, **{name: [release("1.0", "a"), release("1.1", "a")] for name in ("core", "pipeline", "store")}
    )
    assert list(promises.allowed_counts(small, contents).values()) == [8]


def test_a_requirement_binds_in_whichever_direction_it_is_declared(small: Contract) -> None:
    contents = contents_of(
        small,
        core=[release("1.0", "c", "market-data-store<0.6")],
        pipeline=[release("0.1", "p", "market-data-store>=0.5")],
        store=[release("0.4", "s"), release("0.5", "s"), release("0.6", "s")],
    )
    assert list(promises.allowed_counts(small, contents).values()) == [1]


def test_a_requirement_of_an_extra_forbids_nothing(small: Contract) -> None:
    contents = contents_of(
        small,
        core=[release("1.0", "c")],
        pipeline=[release("0.1", "p", 'market-data-core>=9; extra == "all"')],
        store=[release("0.5", "s")],
    )
    assert list(promises.allowed_counts(small, contents).values()) == [1]


def test_a_pre_release_and_a_yanked_release_count_as_published(small: Contract) -> None:
    contents = contents_of(
        small,
        core=[release("1.1rc1", "c"), release("1.1", "c", yanked=True)],
        pipeline=[release("0.1", "p", "market-data-core>=1.0")],
        store=[release("0.5", "s")],
    )
    assert list(promises.allowed_counts(small, contents).values()) == [2]


@pytest.mark.parametrize(
    ("verdict", "expected"),
    [
        (COMPATIBLE, {"kept": 3, "over-restricted": 1}),
        (INCOMPATIBLE, {"over-promised": 3, "rightly excluded": 1}),
        (UNINSTALLABLE, {"over-promised": 3, "rightly excluded": 1}),
        (UNKNOWN, {"undecided": 4}),
    ],
)
def test_the_class_of_a_combination_follows_from_promise_and_verdict(
    contents: Contents, verdict: str, expected: dict[str, int]
) -> None:
    cell = cell_of(contents, core="new", pipeline="p", store="t")
    assert CellPromise(cell, verdict, 3).combinations_by_class == expected


def test_a_cell_without_a_verdict_is_undecided(small: Contract, contents: Contents) -> None:
    verdicts = {cell_of(contents, core="new", pipeline="p", store="s"): COMPATIBLE}
    cells = promises.cell_promises(small, contents, verdicts)
    assert promises.combinations_by_class(cells) == {
        "kept": 3,
        "over-promised": 0,
        "over-restricted": 1,
        "rightly excluded": 0,
        "undecided": 8,
    }


def support_by_pair(
    contract: Contract, contents: Contents, verdicts: dict[ContentCombination, str]
) -> dict[tuple[str, str, str], VersionSupport]:
    supports = promises.version_support(contract, contents, verdicts)
    return {(support.package, support.version, support.other): support for support in supports}


def test_support_has_the_required_and_the_working_versions(small: Contract, contents: Contents) -> None:
    verdicts = dict.fromkeys(content_combinations(contents), INCOMPATIBLE)
    verdicts[cell_of(contents, core="old", pipeline="p", store="s")] = COMPATIBLE
    supports = support_by_pair(small, contents, verdicts)
    assert len(supports) == 7 * 2
    assert supports["pipeline", "0.2", "core"] == VersionSupport("pipeline", "0.2", "core", ">=1.2", "==1.0")
    assert supports["store", "0.5", "core"] == VersionSupport("store", "0.5", "core", "<2,>=1.0", "==1.0")
    assert supports["store", "0.6", "core"] == VersionSupport("store", "0.6", "core", None, "none")
    assert supports["core", "1.0", "pipeline"] == VersionSupport("core", "1.0", "pipeline", None, ">=0.1")
    assert supports["core", "1.1", "store"].works == supports["core", "1.2", "store"].works == "none"


def test_one_compatible_combination_is_enough_to_work(small: Contract, contents: Contents) -> None:
    verdicts = dict.fromkeys(content_combinations(contents), UNINSTALLABLE)
    verdicts[cell_of(contents, core="new", pipeline="p", store="t")] = COMPATIBLE
    assert support_by_pair(small, contents, verdicts)["pipeline", "0.1", "core"].works == ">=1.1"


def test_without_evidence_no_version_counts_as_failing(small: Contract, contents: Contents) -> None:
    verdicts = dict.fromkeys(content_combinations(contents), INCOMPATIBLE)
    del verdicts[cell_of(contents, core="new", pipeline="p", store="t")]
    supports = support_by_pair(small, contents, verdicts)
    assert supports["pipeline", "0.1", "core"].works == "unknown"
    assert supports["core", "1.0", "pipeline"].works == "none"


def test_a_requirement_without_a_specifier_allows_any_version(small: Contract) -> None:
    contents = contents_of(
        small,
        core=[release("1.0", "c")],
        pipeline=[release("0.1", "p", "market-data-core")],
        store=[release("0.5", "s")],
    )
    assert support_by_pair(small, contents, {})["pipeline", "0.1", "core"].asks == ""


def test_the_page_gets_the_versions_that_each_requirement_refuses(small: Contract, contents: Contents) -> None:
    """Each requirement that ``version_support`` has comes with the published versions that it does not allow."""
    refused = promises.refused_versions(small, contents)
    assert refused == {
        "core": {">=1.1": ["1.0"], ">=1.2": ["1.0", "1.1"], "<2,>=1.0": []},
        "pipeline": {},
        "store": {},
    }
    required = {(row.other, row.asks) for row in promises.version_support(small, contents, {}) if row.asks}
    assert required == {(name, asks) for name, texts in refused.items() for asks in texts}


def test_promises_are_read_for_the_interpreter_of_the_cells(small: Contract) -> None:
    contents = contents_of(
        small,
        core=[release("1.0", "c"), release("1.1", "c")],
        pipeline=[release("0.1", "p", 'market-data-core>=1.1; python_version >= "3.12"', "market-data-core<1.2")],
        store=[release("0.5", "s")],
    )
    assert list(promises.allowed_counts(small, contents, "3.11").values()) == [2]
    assert list(promises.allowed_counts(small, contents, "3.12").values()) == [1]
    assert promises.refused_versions(small, contents, "3.12")["core"] == {"<1.2,>=1.1": ["1.0"]}


PUBLISHED = [Version(v) for v in ("1.1.0", "1.1.1", "1.2.0", "1.2.1", "1.2.2", "1.3.0", "1.3.1", "2.0.0rc1", "2.0.0")]


@pytest.mark.parametrize(
    ("working", "expected"),
    [
        ("", "none"),
        ("1.3.1 2.0.0rc1 2.0.0", ">=1.3.1"),
        ("1.2.1", "==1.2.1"),
        ("1.1.1 1.2.0", ">=1.1.1,<=1.2.0"),
        ("1.3.0 2.0.0", ">=1.3.0,!=1.3.1,!=2.0.0rc1"),
        ("1.1.0 1.1.1 1.3.0 1.3.1", ">=1.1.0,<=1.3.1,!=1.2.*"),
        ("1.1.0 1.2.2 1.3.0 1.3.1", ">=1.1.0,<=1.3.1,!=1.1.1,!=1.2.0,!=1.2.1"),
    ],
)
def test_a_specifier_has_bounds_and_exclusions(working: str, expected: str) -> None:
    assert promises.specifier_of(map(Version, working.split()), PUBLISHED) == expected


def test_a_specifier_selects_exactly_the_working_versions() -> None:
    for mask in range(1, 1 << len(PUBLISHED)):
        working = [version for bit, version in enumerate(PUBLISHED) if mask >> bit & 1]
        specifier = SpecifierSet(promises.specifier_of(working, PUBLISHED))
        assert [v for v in PUBLISHED if specifier.contains(v, prereleases=True)] == working


@pytest.fixture(scope="module")
def published_contents(contract: Contract, ledger: Ledger) -> Contents:
    return distinct_contents(contract, ledger)


@pytest.fixture(scope="module")
def allowed_counts(contract: Contract, published_contents: Contents) -> dict[ContentCombination, int]:
    return promises.allowed_counts(contract, published_contents)


def test_every_published_combination_is_in_exactly_one_class(
    contract: Contract, ledger: Ledger, published_contents: Contents, allowed_counts: dict[ContentCombination, int]
) -> None:
    verdicts = dict(
        zip(allowed_counts, itertools.cycle((COMPATIBLE, INCOMPATIBLE, UNINSTALLABLE, UNKNOWN)), strict=False)
    )
    combinations = promises.combinations_by_class(promises.cell_promises(contract, published_contents, verdicts))
    assert all(combinations.values())
    assert sum(combinations.values()) == math.prod(map(len, ledger.releases.values()))


def test_the_counts_add_up_to_the_combinations_that_pins_choose_from(contract: Contract, ledger: Ledger) -> None:
    newest = {name: tuple(r for r in rows if not r.yanked)[-24:] for name, rows in ledger.releases.items()}
    recent = Ledger(ledger.as_of, newest, ledger.deployed)
    number = sum(promises.allowed_counts(contract, distinct_contents(contract, recent)).values())
    assert 0 < number < 24**3
    assert (
        number
        == pins.allowed_combinations(contract, recent).count()
        == sum(1 for _ in pins.allowed_combinations(contract, recent))
    )


def test_the_count_of_a_cell_is_that_of_its_allowed_combinations(
    contract: Contract, ledger: Ledger, allowed_counts: dict[ContentCombination, int]
) -> None:
    for cell in [cell for cell in allowed_counts if cell.stands_for <= 40][::12]:
        rows = [[(content.package, release.version) for release in content.releases] for content in cell.contents]
        combinations = [Combination(versions) for versions in itertools.product(*rows)]
        assert allowed_counts[cell] == sum(not broken_promises(c, contract.packages, ledger) for c in combinations)
