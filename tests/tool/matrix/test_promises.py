"""How the combinations that the packages' requirements allow compare with what works in them."""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping
from dataclasses import replace

import pytest
from examples import LEDGER
from packaging.specifiers import SpecifierSet
from packaging.version import Version

from market_data_meta.contract import Contract
from market_data_meta.judging.verdicts import CONFORMS, DEFECTIVE, UNINSTALLABLE, UNKNOWN, VIOLATES
from market_data_meta.matrix import promises
from market_data_meta.matrix.promises import CellPromise, CellStates, VersionSupport, state_counts
from market_data_meta.releases import pins
from market_data_meta.releases.combinations import Combination
from market_data_meta.releases.contents import Content, ContentCombination, content_combinations, distinct_contents
from market_data_meta.releases.ledger import Ledger, Release
from market_data_meta.releases.requirements import broken_promises
from market_data_meta.results.capabilities import StateName

Contents = dict[str, tuple[Content, ...]]
States = Mapping[ContentCombination, CellStates]


def cell(state: StateName, verdict: str = DEFECTIVE) -> CellStates:
    """A cell whose one capability is in that state."""
    return CellStates(verdict, {"talk": state})


WORKS, LIMITED, BROKEN = cell("works", CONFORMS), cell("limited"), cell("broken", VIOLATES)
NOT_INSTALLABLE, NOT_RUN = CellStates(UNINSTALLABLE, {"talk": "broken"}), CellStates(UNKNOWN, {})


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
    ("states", "state"),
    [
        (WORKS, "works"),
        (LIMITED, "limited"),
        (BROKEN, "broken"),
        (NOT_INSTALLABLE, "broken"),
        (NOT_RUN, "unknown"),
        (CellStates(DEFECTIVE, {}), "unknown"),
    ],
)
def test_each_combination_of_a_cell_counts_by_promise_and_state(
    contents: Contents, states: CellStates, state: StateName
) -> None:
    """What cannot be installed is broken, whatever its requirements say."""
    one = CellPromise(cell_of(contents, core="new", pipeline="p", store="t"), states, 3)
    counts = state_counts([one], "talk")
    assert (counts.allowed, counts.forbidden) == ({state: 3}, {state: 1})


def test_a_cell_that_was_not_run_is_unknown(small: Contract, contents: Contents) -> None:
    cells = promises.cell_promises(small, contents, {cell_of(contents, core="new", pipeline="p", store="s"): WORKS})
    counts = state_counts(cells, "talk")
    assert counts.allowed == {"works": 3, "unknown": 3}
    assert counts.forbidden == {"works": 1, "unknown": 5}


def test_the_verdict_does_not_decide_what_works(small: Contract, contents: Contents) -> None:
    """A known defect that breaks a capability breaks it in the counts too, and one that does not, does not."""
    states = dict.fromkeys(content_combinations(contents), cell("broken", DEFECTIVE))
    counts = state_counts(promises.cell_promises(small, contents, states), "talk")
    assert set(counts.allowed + counts.forbidden) == {"broken"}
    states = dict.fromkeys(states, cell("works", VIOLATES))
    counts = state_counts(promises.cell_promises(small, contents, states), "talk")
    assert set(counts.allowed + counts.forbidden) == {"works"}


def support_by_pair(
    contract: Contract, contents: Contents, states: States
) -> dict[tuple[str, str, str], VersionSupport]:
    supports = promises.version_support(contract, contents, states)
    return {(support.package, support.version, support.other): support for support in supports}


def usable(specifier: str) -> dict[str, str]:
    return {"talk": specifier}


@pytest.mark.parametrize("good", [WORKS, LIMITED, cell("works", VIOLATES)])
def test_support_has_the_required_and_the_usable_versions(
    small: Contract, contents: Contents, good: CellStates
) -> None:
    """What is limited can be used."""
    states = dict.fromkeys(content_combinations(contents), BROKEN)
    states[cell_of(contents, core="old", pipeline="p", store="s")] = good
    supports = support_by_pair(small, contents, states)
    assert len(supports) == 7 * 2
    assert supports["pipeline", "0.2", "core"] == VersionSupport("pipeline", "0.2", "core", ">=1.2", usable("==1.0"))
    assert supports["store", "0.5", "core"] == VersionSupport("store", "0.5", "core", "<2,>=1.0", usable("==1.0"))
    assert supports["store", "0.6", "core"] == VersionSupport("store", "0.6", "core", None, usable("none"))
    assert supports["core", "1.0", "pipeline"] == VersionSupport("core", "1.0", "pipeline", None, usable(">=0.1"))
    assert supports["core", "1.1", "store"].usable == supports["core", "1.2", "store"].usable == usable("none")


def test_each_capability_has_usable_versions_of_its_own(small: Contract, contents: Contents) -> None:
    small = replace(small, capabilities={name: replace(small.capabilities["talk"], name=name) for name in ("a", "b")})
    states = dict.fromkeys(content_combinations(contents), CellStates(DEFECTIVE, {"a": "works", "b": "broken"}))
    assert support_by_pair(small, contents, states)["pipeline", "0.1", "core"].usable == {"a": ">=1.0", "b": "none"}


def test_one_combination_in_which_it_works_is_enough(small: Contract, contents: Contents) -> None:
    states = dict.fromkeys(content_combinations(contents), NOT_INSTALLABLE)
    states[cell_of(contents, core="new", pipeline="p", store="t")] = WORKS
    assert support_by_pair(small, contents, states)["pipeline", "0.1", "core"].usable == usable(">=1.1")


def test_without_evidence_no_version_counts_as_failing(small: Contract, contents: Contents) -> None:
    states = dict.fromkeys(content_combinations(contents), BROKEN)
    del states[cell_of(contents, core="new", pipeline="p", store="t")]
    supports = support_by_pair(small, contents, states)
    assert supports["pipeline", "0.1", "core"].usable == usable("unknown")
    assert supports["core", "1.0", "pipeline"].usable == usable("none")


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


def test_every_published_combination_is_counted_once_for_each_capability(
    contract: Contract, ledger: Ledger, published_contents: Contents, allowed_counts: dict[ContentCombination, int]
) -> None:
    kinds = [CellStates(DEFECTIVE, dict.fromkeys(contract.capabilities, s)) for s in ("works", "limited", "broken")]
    states = dict(zip(allowed_counts, itertools.cycle((*kinds, NOT_INSTALLABLE, NOT_RUN)), strict=False))
    cells = promises.cell_promises(contract, published_contents, states)
    for capability in contract.capabilities:
        counts = state_counts(cells, capability)
        assert counts.allowed.keys() == counts.forbidden.keys() == {"works", "limited", "broken", "unknown"}
        assert (counts.allowed + counts.forbidden).total() == math.prod(map(len, ledger.releases.values()))


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
    for few in [cell for cell in allowed_counts if cell.stands_for <= 40][::12]:
        rows = [[(content.package, release.version) for release in content.releases] for content in few.contents]
        combinations = [Combination(versions) for versions in itertools.product(*rows)]
        assert allowed_counts[few] == sum(not broken_promises(c, contract.packages, ledger) for c in combinations)
