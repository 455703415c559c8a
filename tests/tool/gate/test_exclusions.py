"""Partners that a candidate's own requirements shut out: the newest that its predecessor could stand beside."""

from __future__ import annotations

from dataclasses import replace

import pytest
from examples import LEDGER, candidate, release

from market_data_meta.candidates.candidate import Candidate
from market_data_meta.contract import Contract
from market_data_meta.gate.exclusions import find_exclusions
from market_data_meta.releases.ledger import Ledger


def test_a_candidate_whose_own_requirement_forbids_every_partner_is_reported(small: Contract) -> None:
    (exclusion,) = find_exclusions(small, LEDGER, (candidate("store", "0.7", "9", "market-data-core>=1.5.0"),))
    assert exclusion.complete
    assert exclusion.why == "store 0.7 requires market-data-core>=1.5.0; the newest published is 1.3"
    assert exclusion.combination.as_dict() == {"core": "1.2", "pipeline": "0.1", "store": "0.7"}
    assert exclusion.baseline
    assert (exclusion.baseline.as_dict()["store"], exclusion.stands_for) == ("0.6", 2)


def test_requirements_that_no_partners_meet_together_exclude_every_partner(small: Contract) -> None:
    """There is such a core, and no pipeline that can stand beside it."""
    (exclusion,) = find_exclusions(small, LEDGER, (candidate("store", "0.7", "9", "market-data-core<1.1"),))
    assert exclusion.complete
    assert exclusion.why == "store 0.7 requires market-data-core<1.1, not 1.2"


def test_a_candidate_that_the_partners_requirements_forbid_excludes_nobody_itself(small: Contract) -> None:
    assert find_exclusions(small, LEDGER, (candidate("core", "0.9", "9"),)) == ()
    assert find_exclusions(small, LEDGER, (candidate("store", "0.7", "9", "market-data-core>=1.3"),)) == ()


def test_partners_that_the_predecessor_excluded_too_are_not_lost(small: Contract) -> None:
    before = release("0.6", "f", "market-data-core>=1.5.0")
    ledger = replace(LEDGER, releases={**LEDGER.releases, "store": (before,)})
    store = replace(candidate("store", "0.7", "9", "market-data-core>=1.5.0"), predecessor=before)
    assert find_exclusions(small, ledger, (store,)) == ()


def test_a_first_release_that_requires_what_is_not_published_excludes_every_partner(small: Contract) -> None:
    store = candidate("store", "0.1", "9", "market-data-core>=1.5.0")
    assert store.predecessor is None
    (exclusion,) = find_exclusions(small, LEDGER, (store,))
    assert exclusion.complete
    assert (exclusion.baseline, exclusion.stands_for) == (None, 1)


def test_a_companion_that_meets_the_requirement_opens_the_way(small: Contract) -> None:
    both = (candidate("core", "1.5.0", "9"), candidate("store", "0.7", "8", "market-data-core>=1.5.0"))
    assert find_exclusions(small, LEDGER, both) == ()


NEWER: Ledger = replace(
    LEDGER,
    releases={
        "core": LEDGER.releases["core"],
        "pipeline": (
            release("0.1", "d", "market-data-core>=1.1"),
            release("0.2", "d", "market-data-core>=1.2"),
            release("0.3", "d", "market-data-core>=1.3"),
        ),
        "store": (release("0.5", "e"), release("0.6", "f", "market-data-core>=1.2")),
    },
)
"""The newest of each may stand together; an older pipeline accepts an older core."""
LEFT = "at the newest it can stand beside {}, its predecessor beside {}"


@pytest.mark.parametrize(
    ("requirements", "why"),
    [
        (
            ["market-data-core<1.3"],
            "store 0.7 requires market-data-core<1.3, not 1.3; "
            + LEFT.format("core 1.2 and pipeline 0.2", "core 1.3 and pipeline 0.3"),
        ),
        (
            ["market-data-core", "market-data-pipeline!=0.3"],
            "store 0.7 requires market-data-pipeline!=0.3, not 0.3; " + LEFT.format("pipeline 0.2", "pipeline 0.3"),
        ),
        (
            ["market-data-core==1.1"],
            "store 0.7 requires market-data-core==1.1, not 1.3; "
            + LEFT.format("core 1.1 and pipeline 0.1", "core 1.3 and pipeline 0.3"),
        ),
    ],
)
def test_a_pin_that_shuts_out_the_newest_partner_is_reported_with_what_is_left(
    small: Contract, requirements: list[str], why: str
) -> None:
    (exclusion,) = find_exclusions(small, NEWER, (newer("0.7", *requirements),))
    assert (exclusion.why, exclusion.complete) == (why, False)
    assert exclusion.combination.as_dict() == {"core": "1.3", "pipeline": "0.3", "store": "0.7"}
    assert exclusion.baseline
    assert exclusion.baseline.as_dict() == {"core": "1.3", "pipeline": "0.3", "store": "0.6"}


@pytest.mark.parametrize(
    "requirement",
    [
        "market-data-core>=1.3",
        "market-data-core",
        "market-data-core<2",
        "market-data-core!=1.2",
        "market-data-core==1.3",
    ],
)
def test_a_pin_that_shuts_out_only_older_partners_is_no_loss(small: Contract, requirement: str) -> None:
    """Each release raises the requirements of the one before; one that is loosened loses nobody either."""
    assert find_exclusions(small, NEWER, (newer("0.7", requirement),)) == ()


def test_a_pin_that_the_predecessor_had_is_no_news(small: Contract) -> None:
    pinned = release("0.6", "f", "market-data-core<1.3")
    ledger = replace(NEWER, releases={**NEWER.releases, "store": (pinned,)})
    before = replace(newer("0.7", "market-data-core<1.3"), predecessor=pinned)
    assert find_exclusions(small, ledger, (before,)) == ()
    lower = replace(before, release=replace(before.release, requires=("market-data-core<1.2",)))
    (exclusion,) = find_exclusions(small, ledger, (lower,))
    assert exclusion.combination.as_dict() == {"core": "1.2", "pipeline": "0.2", "store": "0.7"}


def test_a_pre_release_is_no_partner_that_could_be_lost(small: Contract) -> None:
    releases = {**NEWER.releases, "core": (*NEWER.releases["core"], release("1.4rc1", "c"))}
    store = newer("0.7", "market-data-core<1.4")
    assert find_exclusions(small, replace(NEWER, releases=releases), (store,)) == ()


def test_what_a_pin_excludes_is_counted(small: Contract) -> None:
    """The predecessor could stand with core 1.2 and 1.3, of which pipeline 0.3 accepts one."""
    (exclusion,) = find_exclusions(small, NEWER, (newer("0.7", "market-data-core<1.3"),))
    assert exclusion.stands_for == 3


def test_a_requirement_of_python_that_the_interpreter_does_not_meet_excludes_every_partner(small: Contract) -> None:
    store = newer("0.7", "market-data-core")
    narrow = replace(store, release=replace(store.release, requires_python=">=3.13"))
    (exclusion,) = find_exclusions(small, NEWER, (narrow,), "3.12.1")
    assert (exclusion.why, exclusion.complete) == ("store 0.7 requires Python >=3.13, not 3.12.1", True)
    assert find_exclusions(small, NEWER, (narrow,), "3.13.0") == ()
    assert store.predecessor
    as_before = replace(narrow, predecessor=replace(store.predecessor, requires_python=">=3.13"))
    assert find_exclusions(small, NEWER, (as_before,), "3.12.1") == ()


def test_of_two_candidates_that_shut_out_a_partner_the_requirement_says_which(small: Contract) -> None:
    both = (replace(candidate("core", "1.3", "9")), newer("0.7", "market-data-pipeline<0.3"))
    (exclusion,) = find_exclusions(small, NEWER, both)
    assert exclusion.why == (
        "store 0.7 requires market-data-pipeline<0.3, not 0.3; "
        "at the newest they can stand beside pipeline 0.2, their predecessors beside pipeline 0.3"
    )


def newer(version: str, *requires: str) -> Candidate:
    """A candidate of store that follows the newest store of ``NEWER``."""
    return replace(candidate("store", version, "9", *requires), predecessor=NEWER.releases["store"][-1])
