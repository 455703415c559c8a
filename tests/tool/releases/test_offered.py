"""The newest release is the newest that an installer takes; what it does not take by itself is never proposed."""

from __future__ import annotations

from pathlib import Path

import pytest
from examples import LEDGER, release

from market_data_meta.candidates.candidate import Candidate, find_predecessor
from market_data_meta.contract import Contract
from market_data_meta.gate.partners import QUICK, gate_cells
from market_data_meta.matrix.sets import best_sets, named_sets
from market_data_meta.releases.combinations import DEPLOYED, NEWEST, Combination, parse_cell
from market_data_meta.releases.contents import (
    content_combinations,
    distinct_contents,
    oldest_and_newest_combinations,
    version_spans,
)
from market_data_meta.releases.interpreters import is_for
from market_data_meta.releases.ledger import DeployedSet, Ledger, Release, offered, set_aside
from market_data_meta.releases.pins import allowed_combinations, oldest_allowed, pinned_cells

OTHERS = {"pipeline": (release("0.1", "d"),), "store": (release("0.5", "e"),)}


def ledger_of(*cores: Release) -> Ledger:
    return Ledger("2026-11-22", {"core": cores, **OTHERS}, DeployedSet("acme", "1.0", {}))


SET_ASIDE = {
    "yanked": (release("1.1", "b", yanked=True), "is yanked"),
    "withdrawn": (release("1.1", "b", withdrawn=True), "is no longer on the index"),
    "yanked and withdrawn": (release("1.1", "b", yanked=True, withdrawn=True), "is no longer on the index"),
    "alpha": (release("1.1a1", "b"), "is a pre-release"),
    "candidate": (release("1.1rc1", "b"), "is a pre-release"),
    "development": (release("1.1.dev1", "b"), "is a pre-release"),
    "other Python": (release("1.1", "b", python=">=3.13"), "needs Python >=3.13"),
    "older Python": (release("1.1", "b", python="<3.11"), "needs Python <3.11"),
}


@pytest.mark.parametrize("kind", SET_ASIDE)
def test_what_an_installer_does_not_take_is_chosen_nowhere(small: Contract, kind: str) -> None:
    aside, why = SET_ASIDE[kind]
    ledger = ledger_of(release("1.0", "a"), aside)
    assert set_aside(ledger.releases["core"]) == {aside.version: why}
    assert ledger.newest("core").version == "1.0"
    assert parse_cell([NEWEST], small.packages, ledger).combination.as_dict()["core"] == "1.0"
    assert allowed_combinations(small, ledger).columns["core"] == [ledger.releases["core"][0]]
    oldest = oldest_allowed(small, ledger)
    assert oldest is not None
    assert oldest.as_dict()["core"] == "1.0"
    assert {named["core"] for named in (s.as_dict() for s in named_sets(small, ledger).values())} == {"1.0"}
    contents = distinct_contents(small, ledger)
    states = {cell: {"talk": "works"} for cell in content_combinations(contents)}
    (best,) = best_sets(small, ledger, contents, states)  # type: ignore[arg-type]
    assert best.combination is not None
    assert best.combination.as_dict()["core"] == "1.0"
    store = release("0.6", "f")
    candidate = Candidate("store", "path", store, ledger.releases["store"][0], Path("store.whl"))
    for reach in (QUICK, "allowed", "all"):
        cells = gate_cells(small, ledger, (candidate,), reach)
        assert {cell.with_candidates.combination.as_dict()["core"] for cell in cells} == {"1.0"}
    usual = [pinned.cell.combination for pinned in pinned_cells(small, ledger) if pinned.cell.python is None]
    assert {combination.as_dict().get("core", "1.0") for combination in usual} == {"1.0"}
    # Asked for by its version it is what is meant.
    assert parse_cell([f"core=={aside.version}"], small.packages, ledger).combination.as_dict() == {
        "core": aside.version
    }


def test_a_pre_release_is_taken_where_there_is_nothing_else() -> None:
    pre = (release("1.0a1", "a"), release("1.0rc1", "b"), release("1.0b2", "c"))
    assert ledger_of(*pre).newest("core").version == "1.0rc1"
    assert ledger_of(*pre, release("0.9", "d", yanked=True)).newest("core").version == "1.0rc1"
    assert set_aside(pre) == {}


def test_where_an_installer_can_take_nothing_the_newest_is_still_named() -> None:
    every = (release("1.0", "a", yanked=True), release("1.1", "b", python=">=4"))
    assert ledger_of(*every).newest("core").version == "1.1"
    assert offered(every) == []


@pytest.mark.parametrize(
    ("requires_python", "python", "expected"),
    [
        ("", "3.11", True),
        (">=3.11", "3.11", True),
        (">=3.13", "3.12", False),
        (">=3.13", "3.13", True),
        # A minor version stands for its patch releases.
        (">=3.11.4", "3.11", True),
        (">=3.11.4", "3.11.2", False),
        ("<3.11.1", "3.11", True),
        ("!=3.11.0", "3.11", True),
        ("!=3.11.*", "3.11", False),
        ("~=3.10", "3.12", True),
        ("<4,>=3.8", "3.13.0", True),
        (">3.12", "3.11", False),
        (">=3.13", "3.13.0rc1", False),
        (">=3.13.0rc1", "3.13.0rc1", True),
    ],
)
def test_requires_python_is_read_for_the_interpreter(requires_python: str, python: str, expected: bool) -> None:
    assert is_for(requires_python, python) is expected


def test_newest_is_that_of_the_interpreter(small: Contract) -> None:
    ledger = ledger_of(release("1.0", "a"), release("1.1", "b", python=">=3.13"))
    assert ledger.newest("core", "3.13").version == "1.1"
    assert parse_cell(["py313", NEWEST], small.packages, ledger).combination.as_dict()["core"] == "1.1"
    assert parse_cell([NEWEST], small.packages, ledger, "3.13").combination.as_dict()["core"] == "1.1"
    for python, version in (("3.11", "1.0"), ("3.13", "1.1")):
        predecessor = find_predecessor(ledger, "core", "1.2", itself=True, python=python)
        assert predecessor is not None
        assert predecessor.version == version
    assert named_sets(small, ledger, "3.13.1")["newest"].as_dict()["core"] == "1.1"
    names = [pinned.cell.name for pinned in pinned_cells(small, ledger)]
    assert "py312-core1.0-pipeline0.1-store0.5" in names
    assert "py313-core1.1-pipeline0.1-store0.5" in names


def test_a_release_stands_for_none_that_is_for_other_interpreters(small: Contract) -> None:
    """The same code, and still not installable where the other one is."""
    ledger = ledger_of(release("1.0", "a"), release("1.1", "a", python=">=3.13"), release("1.2", "a"))
    contents = distinct_contents(small, ledger)
    assert [[r.version for r in content.releases] for content in contents["core"]] == [["1.0", "1.2"], ["1.1"]]
    cells = {cell.combination.as_dict()["core"]: cell for cell in content_combinations(contents)}
    assert cells["1.2"].stands_for == 2
    assert {core: cell.why_not_installable("3.11.7") for core, cell in cells.items()} == {
        "1.2": "",
        "1.1": "core 1.1 needs Python >=3.13",
    }
    assert cells["1.1"].why_not_installable("3.13.0") == ""
    # A bound that makes no difference to any interpreter that cells run with makes no content.
    same = ledger_of(release("1.0", "a"), release("1.1", "a", python=">=3.10,<4"))
    assert len(distinct_contents(small, same)["core"]) == 1


@pytest.mark.parametrize(
    ("releases", "newest"),
    [
        ((release("1.0", "a"), release("1.1rc1", "a")), "1.0"),
        ((release("1.0", "a"), release("1.1", "a", yanked=True)), "1.0"),
        ((release("1.0", "a", yanked=True), release("1.1", "a", withdrawn=True)), "1.0"),
        ((release("1.0rc1", "a"), release("1.0rc2", "a")), "1.0rc2"),
        ((release("1.0", "a", python=">=3.13"), release("1.1", "a", python=">=3.13")), "1.1"),
        ((release("1.0", "a", python=">=4"), release("1.1", "a", python=">=4")), "1.1"),
    ],
)
def test_the_newest_that_an_installer_takes_stands_for_its_content(
    small: Contract, releases: tuple[Release, ...], newest: str
) -> None:
    (content,) = distinct_contents(small, ledger_of(*releases))["core"]
    assert content.newest.version == newest


def test_what_nobody_can_install_any_longer_says_so(small: Contract) -> None:
    """A yanked release can be installed by its version, one that is gone cannot."""
    ledger = ledger_of(release("1.0", "a", withdrawn=True), release("1.1", "b", yanked=True), release("1.2", "c"))
    cells = content_combinations(distinct_contents(small, ledger))
    assert [cell.why_not_installable("3.11.7") for cell in cells] == ["", "", "core 1.0 is no longer on the index"]


def test_the_newest_content_is_that_of_the_newest_release(small: Contract) -> None:
    """A release may have the code of an earlier one again: versions count, and not the order of the contents."""
    ledger = ledger_of(release("1.0", "a"), release("1.1", "b"), release("1.2", "a"), release("1.3rc1", "b"))
    contents = distinct_contents(small, ledger)
    corners = oldest_and_newest_combinations(contents)
    assert [corner.combination.as_dict()["core"] for corner in corners] == ["1.2"]
    assert ledger.newest("core").version == "1.2"
    first, second = contents["core"]
    published = ledger.releases["core"]
    assert version_spans(first.releases, published) == ["1.0", "1.2"]
    assert version_spans(second.releases, published) == ["1.1", "1.3rc1"]
    predecessor = find_predecessor(ledger, "core", "1.4", itself=True)
    assert predecessor is not None
    assert predecessor.version == "1.2"


def test_without_known_pins_there_is_no_deployed_set(small: Contract) -> None:
    """Nor is there one whose pins were never published; what else there is works."""
    for pins in ({}, {"core": "1.0"}, {"core": "7.0", "pipeline": "0.1", "store": "0.5"}):
        ledger = Ledger("2026-11-22", LEDGER.releases, DeployedSet("acme", "1.0", pins))
        assert "deployed" not in named_sets(small, ledger)
        assert not any("deploys" in pinned.reason for pinned in pinned_cells(small, ledger))
        candidate = Candidate("store", "path", release("0.7", "9"), LEDGER.releases["store"][1], Path("store.whl"))
        (cell,) = gate_cells(small, ledger, (candidate,), QUICK)
        assert cell.with_candidates.combination == Combination((("core", "1.3"), ("pipeline", "0.1"), ("store", "0.7")))
    with pytest.raises(Exception, match="pins no release of it"):
        parse_cell([f"core=={DEPLOYED}"], small.packages, ledger_of(release("1.0", "a")))
