"""What candidates meet: each distinct code of the others that all requirements allow, the newest first."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from examples import LEDGER, release

from market_data_meta.contract import Contract
from market_data_meta.gate.candidates import Candidate, predecessor
from market_data_meta.gate.partners import (
    ALL,
    ALLOWED,
    PINNED,
    QUICK,
    GateCell,
    allowed_number,
    gate_cells,
    shut_out,
    with_candidates,
)


def candidate(package: str, version: str, content: str, *requires: str) -> Candidate:
    made = replace(release(version, content, *requires), sha256=content * 64)
    before = predecessor(LEDGER, package, version, itself=True)
    return Candidate(package, "x", made, before, Path("/candidate.whl"))


def cells(met: tuple[GateCell, ...]) -> list[str]:
    return [" ".join(m.now.combination.as_dict().values()) for m in met]


def test_a_candidate_meets_each_code_that_the_requirements_allow(small: Contract) -> None:
    met = gate_cells(small, LEDGER, (candidate("core", "1.2.5", "9"),), ALLOWED)
    assert cells(met) == ["1.2.5 0.1 0.6", "1.2.5 0.1 0.5"]
    assert [m.stands_for for m in met] == [1, 1]
    assert [m.forbidden for m in met] == [(), ()]


def test_what_the_requirements_of_either_side_forbid_is_not_met(small: Contract) -> None:
    assert cells(gate_cells(small, LEDGER, (candidate("core", "1.4", "9"),), ALLOWED)) == ["1.4 0.1 0.5"]
    own = candidate("store", "0.7", "9", "market-data-core>=1.3")
    assert cells(gate_cells(small, LEDGER, (own,), ALLOWED)) == ["1.3 0.1 0.7"]
    assert gate_cells(small, LEDGER, (candidate("core", "0.9", "9"),), ALLOWED) == ()


def test_all_also_meets_what_is_forbidden_and_says_so(small: Contract) -> None:
    met = gate_cells(small, LEDGER, (candidate("core", "1.4", "9"),), ALL)
    assert cells(met) == ["1.4 0.1 0.6", "1.4 0.1 0.5"]
    assert ["<1.3, not 1.4" in " ".join(m.forbidden) for m in met] == [True, False]


def test_quick_meets_the_newest_and_the_deployed(small: Contract) -> None:
    assert cells(gate_cells(small, LEDGER, (candidate("core", "1.2.5", "9"),), QUICK)) == [
        "1.2.5 0.1 0.6",
        "1.2.5 0.1 0.5",
    ]


def test_named_partners_are_the_only_ones(small: Contract) -> None:
    met = gate_cells(small, LEDGER, (candidate("core", "1.4", "9"),), PINNED, {"store": "0.6", "pipeline": "0.1"})
    assert cells(met) == ["1.4 0.1 0.6"]


def test_the_baseline_is_the_predecessor_in_the_same_cell(small: Contract) -> None:
    met = gate_cells(small, LEDGER, (candidate("core", "1.2.5", "9"),), ALLOWED)
    assert [m.before and m.before.combination.as_dict()["core"] for m in met] == ["1.2", "1.2"]
    assert [m.before and m.before.digests["store"] for m in met] == [m.now.digests["store"] for m in met]


def test_several_candidates_meet_together(small: Contract) -> None:
    both = (candidate("core", "2.0", "9"), candidate("store", "0.7", "8", "market-data-core>=2"))
    assert cells(gate_cells(small, LEDGER, both, ALLOWED)) == ["2.0 0.1 0.7"]


def test_a_candidate_stands_in_place_of_a_release_of_its_version() -> None:
    new = with_candidates(LEDGER, [candidate("core", "1.3", "9")])
    assert new.release("core", "1.3").content == "9" * 64
    assert new.published is LEDGER
    assert new.requirement("market-data-core", new.release("core", "1.3")) == (
        "market-data-core @ file:///candidate.whl"
    )
    assert new.requirement("market-data-core", new.release("core", "1.2"), "[bus]") == "market-data-core[bus]==1.2"


@pytest.mark.parametrize(
    ("version", "itself", "expected"),
    [("1.3", True, "1.3"), ("1.3", False, "1.2"), ("1.2.5", True, "1.2"), ("9", True, "1.3"), ("0.1", True, None)],
)
def test_the_predecessor_is_the_newest_release_before(version: str, itself: bool, expected: str | None) -> None:
    found = predecessor(LEDGER, "core", version, itself=itself)
    assert (found and found.version) == expected


def test_how_much_a_candidate_narrows_what_it_may_meet_is_counted(small: Contract) -> None:
    """Its own requirements may shut out what its predecessor could be installed with."""
    assert allowed_number(small, LEDGER, {"core": LEDGER.release("core", "1.2")}) == 2
    narrow = candidate("store", "0.7", "9", "market-data-core>=1.3")
    new = with_candidates(LEDGER, [narrow])
    assert allowed_number(small, new, {"store": narrow.release}) == 1


def test_a_candidate_whose_own_requirement_forbids_every_partner_is_shut_out(small: Contract) -> None:
    found = shut_out(small, LEDGER, (candidate("store", "0.7", "9", "market-data-core>=1.5.0"),))
    assert found
    assert found.why == "store 0.7 requires market-data-core>=1.5.0; the newest published is 1.3"
    assert found.combination.as_dict() == {"core": "1.2", "pipeline": "0.1", "store": "0.7"}
    assert found.baseline
    assert (found.baseline.as_dict()["store"], found.stands_for) == ("0.6", 2)


def test_requirements_that_no_partners_meet_together_shut_out_too(small: Contract) -> None:
    """There is such a core, and no pipeline that can stand beside it."""
    found = shut_out(small, LEDGER, (candidate("store", "0.7", "9", "market-data-core<1.1"),))
    assert found
    assert found.why == "store 0.7 requires market-data-core<1.1, not 1.2"


def test_who_is_forbidden_by_the_partners_is_not_shut_out_by_its_own_doing(small: Contract) -> None:
    assert shut_out(small, LEDGER, (candidate("core", "0.9", "9"),)) is None
    assert shut_out(small, LEDGER, (candidate("store", "0.7", "9", "market-data-core>=1.3"),)) is None


def test_what_the_predecessor_could_not_be_installed_with_either_is_not_lost(small: Contract) -> None:
    before = release("0.6", "f", "market-data-core>=1.5.0")
    ledger = replace(LEDGER, releases={**LEDGER.releases, "store": (before,)})
    own = replace(candidate("store", "0.7", "9", "market-data-core>=1.5.0"), predecessor=before)
    assert shut_out(small, ledger, (own,)) is None


def test_a_first_release_that_requires_what_is_not_published_is_shut_out(small: Contract) -> None:
    own = candidate("store", "0.1", "9", "market-data-core>=1.5.0")
    assert own.predecessor is None
    found = shut_out(small, LEDGER, (own,))
    assert found
    assert (found.baseline, found.stands_for) == (None, 1)


def test_a_companion_that_meets_the_requirement_opens_the_way(small: Contract) -> None:
    both = (candidate("core", "1.5.0", "9"), candidate("store", "0.7", "8", "market-data-core>=1.5.0"))
    assert shut_out(small, LEDGER, both) is None
