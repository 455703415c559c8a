"""What the packages promise about each other, held against what was observed."""

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
from market_data_meta.matrix.promises import PromiseCount, Support
from market_data_meta.releases import pins
from market_data_meta.releases.combinations import Combination
from market_data_meta.releases.contents import Content, ContentCombination, content_combinations, distinct_contents
from market_data_meta.releases.ledger import Ledger, Release
from market_data_meta.releases.requirements import broken_promises

Codes = dict[str, tuple[Content, ...]]


def release(version: str, content: str, *requires: str, yanked: bool = False) -> Release:
    name = f"{content}-{version}.whl"
    return Release(version, "2026-01-01T00:00:00Z", name, "d" * 64, 1, content, ">=3.11", requires, yanked)


def codes(contract: Contract, **releases: list[Release]) -> Codes:
    ledger = replace(LEDGER, releases={name: tuple(rows) for name, rows in releases.items()})
    return distinct_contents(contract, ledger)


def square(codes: Codes, **contents: str) -> ContentCombination:
    return next(s for s in content_combinations(codes) if s.contents == contents)


@pytest.fixture
def made(small: Contract) -> Codes:
    """Core has three releases of two codes; what pipeline and store ask for cuts across them."""
    return codes(
        small,
        core=[release("1.0", "old"), release("1.1", "new"), release("1.2", "new")],
        pipeline=[release("0.1", "p", "market-data-core>=1.1"), release("0.2", "p", "market-data-core>=1.2")],
        store=[release("0.5", "s", "market_data_core<2,>=1.0"), release("0.6", "t")],
    )


def test_a_combination_is_allowed_if_every_release_accepts_every_other(small: Contract, made: Codes) -> None:
    counts = promises.allowed_counts(small, made)
    assert counts[square(made, core="old", pipeline="p", store="s")] == 0
    assert counts[square(made, core="new", pipeline="p", store="s")] == 3
    assert counts[square(made, core="new", pipeline="p", store="t")] == 3
    assert list(counts) == content_combinations(made)


def test_packages_that_ask_nothing_of_each_other_allow_everything(small: Contract) -> None:
    made = codes(small, **{name: [release("1.0", "a"), release("1.1", "a")] for name in ("core", "pipeline", "store")})
    assert list(promises.allowed_counts(small, made).values()) == [8]


def test_a_requirement_binds_in_whichever_direction_it_is_declared(small: Contract) -> None:
    made = codes(
        small,
        core=[release("1.0", "c", "market-data-store<0.6")],
        pipeline=[release("0.1", "p", "market-data-store>=0.5")],
        store=[release("0.4", "s"), release("0.5", "s"), release("0.6", "s")],
    )
    assert list(promises.allowed_counts(small, made).values()) == [1]


def test_what_only_an_extra_asks_for_forbids_nothing(small: Contract) -> None:
    made = codes(
        small,
        core=[release("1.0", "c")],
        pipeline=[release("0.1", "p", 'market-data-core>=9; extra == "all"')],
        store=[release("0.5", "s")],
    )
    assert list(promises.allowed_counts(small, made).values()) == [1]


def test_a_pre_release_and_a_yanked_release_count_as_published(small: Contract) -> None:
    made = codes(
        small,
        core=[release("1.1rc1", "c"), release("1.1", "c", yanked=True)],
        pipeline=[release("0.1", "p", "market-data-core>=1.0")],
        store=[release("0.5", "s")],
    )
    assert list(promises.allowed_counts(small, made).values()) == [2]


@pytest.mark.parametrize(
    ("verdict", "expected"),
    [
        (COMPATIBLE, {"kept": 3, "over-restricted": 1}),
        (INCOMPATIBLE, {"over-promised": 3, "rightly excluded": 1}),
        (UNINSTALLABLE, {"over-promised": 3, "rightly excluded": 1}),
        (UNKNOWN, {"undecided": 4}),
    ],
)
def test_a_cell_is_classed_by_promise_and_verdict(made: Codes, verdict: str, expected: dict[str, int]) -> None:
    cell = square(made, core="new", pipeline="p", store="t")
    assert PromiseCount(cell, verdict, 3).classes == expected


def test_a_cell_without_a_verdict_is_undecided(small: Contract, made: Codes) -> None:
    verdicts = {square(made, core="new", pipeline="p", store="s"): COMPATIBLE}
    cells = promises.promised(small, made, verdicts)
    assert promises.classes(cells) == {
        "kept": 3,
        "over-promised": 0,
        "over-restricted": 1,
        "rightly excluded": 0,
        "undecided": 8,
    }


def support(
    contract: Contract, codes: Codes, verdicts: dict[ContentCombination, str]
) -> dict[tuple[str, str, str], Support]:
    return {(s.package, s.version, s.other): s for s in promises.supported(contract, codes, verdicts)}


def test_support_says_what_is_asked_and_what_works(small: Contract, made: Codes) -> None:
    verdicts = dict.fromkeys(content_combinations(made), INCOMPATIBLE)
    verdicts[square(made, core="old", pipeline="p", store="s")] = COMPATIBLE
    found = support(small, made, verdicts)
    assert len(found) == 7 * 2
    assert found["pipeline", "0.2", "core"] == Support("pipeline", "0.2", "core", ">=1.2", "==1.0")
    assert found["store", "0.5", "core"] == Support("store", "0.5", "core", "<2,>=1.0", "==1.0")
    assert found["store", "0.6", "core"] == Support("store", "0.6", "core", None, "none")
    assert found["core", "1.0", "pipeline"] == Support("core", "1.0", "pipeline", None, ">=0.1")
    assert found["core", "1.1", "store"].works == found["core", "1.2", "store"].works == "none"


def test_one_compatible_combination_is_enough_to_work(small: Contract, made: Codes) -> None:
    verdicts = dict.fromkeys(content_combinations(made), UNINSTALLABLE)
    verdicts[square(made, core="new", pipeline="p", store="t")] = COMPATIBLE
    assert support(small, made, verdicts)["pipeline", "0.1", "core"].works == ">=1.1"


def test_without_evidence_nothing_is_said_to_fail(small: Contract, made: Codes) -> None:
    verdicts = dict.fromkeys(content_combinations(made), INCOMPATIBLE)
    del verdicts[square(made, core="new", pipeline="p", store="t")]
    found = support(small, made, verdicts)
    assert found["pipeline", "0.1", "core"].works == "unknown"
    assert found["core", "1.0", "pipeline"].works == "none"


def test_a_bare_requirement_asks_for_any_version(small: Contract) -> None:
    made = codes(
        small,
        core=[release("1.0", "c")],
        pipeline=[release("0.1", "p", "market-data-core")],
        store=[release("0.5", "s")],
    )
    assert support(small, made, {})["pipeline", "0.1", "core"].asks == ""


def test_what_a_requirement_keeps_out_is_worked_out_for_the_page(small: Contract, made: Codes) -> None:
    """Each text of a requirement that ``supported`` shows has the published versions that it keeps out."""
    kept_out = promises.refused(small, made)
    assert kept_out == {
        "core": {">=1.1": ["1.0"], ">=1.2": ["1.0", "1.1"], "<2,>=1.0": []},
        "pipeline": {},
        "store": {},
    }
    shown = {(row.other, row.asks) for row in promises.supported(small, made, {}) if row.asks}
    assert shown == {(name, asks) for name, texts in kept_out.items() for asks in texts}


def test_promises_are_those_of_the_cells_interpreter(small: Contract) -> None:
    made = codes(
        small,
        core=[release("1.0", "c"), release("1.1", "c")],
        pipeline=[release("0.1", "p", 'market-data-core>=1.1; python_version >= "3.12"', "market-data-core<1.2")],
        store=[release("0.5", "s")],
    )
    assert list(promises.allowed_counts(small, made, "3.11").values()) == [2]
    assert list(promises.allowed_counts(small, made, "3.12").values()) == [1]
    assert promises.refused(small, made, "3.12")["core"] == {"<1.2,>=1.1": ["1.0"]}


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
def test_a_specifier_has_bounds_and_holes(working: str, expected: str) -> None:
    assert promises.specifier_of(map(Version, working.split()), PUBLISHED) == expected


def test_a_specifier_picks_exactly_what_works() -> None:
    for mask in range(1, 1 << len(PUBLISHED)):
        working = [version for bit, version in enumerate(PUBLISHED) if mask >> bit & 1]
        specifier = SpecifierSet(promises.specifier_of(working, PUBLISHED))
        assert [v for v in PUBLISHED if specifier.contains(v, prereleases=True)] == working


@pytest.fixture(scope="module")
def real(contract: Contract, ledger: Ledger) -> Codes:
    return distinct_contents(contract, ledger)


@pytest.fixture(scope="module")
def counts(contract: Contract, real: Codes) -> dict[ContentCombination, int]:
    return promises.allowed_counts(contract, real)


def test_every_published_combination_is_in_one_class(
    contract: Contract, ledger: Ledger, real: Codes, counts: dict[ContentCombination, int]
) -> None:
    verdicts = dict(zip(counts, itertools.cycle((COMPATIBLE, INCOMPATIBLE, UNINSTALLABLE, UNKNOWN)), strict=False))
    found = promises.classes(promises.promised(contract, real, verdicts))
    assert all(found.values())
    assert sum(found.values()) == math.prod(map(len, ledger.releases.values()))


def test_as_many_are_allowed_as_the_pins_may_choose_from(contract: Contract, ledger: Ledger) -> None:
    newest = {name: tuple(r for r in rows if not r.yanked)[-24:] for name, rows in ledger.releases.items()}
    recent = Ledger(ledger.as_of, newest, ledger.deployed)
    found = sum(promises.allowed_counts(contract, distinct_contents(contract, recent)).values())
    assert 0 < found < 24**3
    assert found == pins.allowed(contract, recent).count() == sum(1 for _ in pins.allowed(contract, recent))


def test_the_count_of_a_cell_is_that_of_a_look_at_each_combination(
    contract: Contract, ledger: Ledger, counts: dict[ContentCombination, int]
) -> None:
    for cell in [cell for cell in counts if cell.size <= 40][::12]:
        rows = [[(code.package, release.version) for release in code.releases] for code in cell.codes]
        combinations = [Combination(versions) for versions in itertools.product(*rows)]
        assert counts[cell] == sum(not broken_promises(c, contract.packages, ledger) for c in combinations)
