"""Requirements that nothing meets: which one, and what there is instead, in a sentence."""

from __future__ import annotations

from dataclasses import replace

import pytest
from examples import LEDGER, release

from market_data_meta.contract import Contract
from market_data_meta.releases.requirements import Requirements
from market_data_meta.releases.unmet import not_found, resolvers_reason, too_new, unmet_libraries, unmet_promises

HEAD = "error: No solution found when resolving dependencies\n  cause: Because "
TAIL = (
    ", we can conclude that market-data-store==0.7 cannot be used.\n"
    "         And because only market-data-store==0.7 is available and you require market-data-store, "
    "we can conclude that your requirements are unsatisfiable."
)


@pytest.mark.parametrize(
    ("requirement", "nearest"),
    [
        (">=1.5.0", "the newest published is 1.3"),
        ("==1.2.7", "the nearest published are 1.2 and 1.3"),
        ("<0.9", "the oldest published is 1.0"),
        ("<1.0", "the oldest published is 1.0"),
        (">1.3", "the newest published is 1.3"),
        ("==1.5.*", "the newest published is 1.3"),
    ],
)
def test_the_nearest_release_is_named(small: Contract, requirement: str, nearest: str) -> None:
    found = unmet_promises(
        "store", release("0.7", "9", f"market-data-core{requirement}"), Requirements(small.packages), LEDGER
    )
    assert found == [f"store 0.7 requires market-data-core{requirement}; {nearest}"]


@pytest.mark.parametrize(
    "requires", ["market-data-core>=1.1", "market-data-core", 'market-data-core>=9; extra == "new"', "pydantic>=99"]
)
def test_what_is_met_or_not_asked_for_is_not_told(small: Contract, requires: str) -> None:
    assert unmet_promises("store", release("0.7", "9", requires), Requirements(small.packages), LEDGER) == []


def test_a_yanked_release_meets_only_who_names_it(small: Contract) -> None:
    ledger = replace(LEDGER, releases={**LEDGER.releases, "core": (release("1.9", "a", yanked=True),)})
    for requirement, told in (("==1.9", False), (">=1.9", True), ("==1.*", True)):
        wants = release("0.7", "9", f"market-data-core{requirement}")
        assert bool(unmet_promises("store", wants, Requirements(small.packages), ledger)) is told


@pytest.mark.parametrize(
    ("requires", "said", "told"),
    [
        (
            "no-such>=2",
            "no-such was not found in the package registry and market-data-store==0.7 depends on no-such>=2",
            "store 0.7 requires no-such>=2; the package index has no project of that name",
        ),
        (
            "pydantic>=99",
            "only pydantic<=2.14.4 is available and market-data-store==0.7 depends on pydantic>=99",
            "store 0.7 requires pydantic>=99; only pydantic<=2.14.4 is available",
        ),
        (
            "click==8.1.999",
            "there is no version of click==8.1.999 and market-data-store==0.7 depends on click==8.1.999",
            "store 0.7 requires click==8.1.999; there is no version of click==8.1.999",
        ),
    ],
)
def test_the_requirement_that_the_resolver_could_not_meet_is_named(
    small: Contract, requires: str, said: str, told: str
) -> None:
    """A partner that asks for what there is of the same project is not to blame."""
    partner = release("0.1", "d", "pydantic>=2", "click>=8", "no-such")
    releases = {"pipeline": partner, "store": release("0.7", "9", requires, "fastapi>=0.1")}
    assert unmet_libraries(HEAD + said + TAIL, releases, Requirements(small.packages)) == [told]


def test_what_another_project_asks_for_is_left_to_the_resolvers_own_words(small: Contract) -> None:
    said = f"{HEAD}mid==1 depends on no-such and no-such was not found in the package registry{TAIL}"
    assert unmet_libraries(said, {"store": release("0.7", "9", "mid")}, Requirements(small.packages)) == []
    assert resolvers_reason(said).startswith("Because mid==1 depends on no-such and no-such was not found")
    assert not_found(said) == {"no-such"}


def test_what_was_published_later_is_told_apart() -> None:
    hint = (
        "\n\nhint: `click` was filtered by `exclude-newer` to only include packages uploaded before 2025-01-01. "
        "The latest version satisfying the requirement is v8.5.1, published at 2026-11-06."
    )
    assert too_new(f"{HEAD}only click<=8.1.8 is available{TAIL}{hint}") == {"click"}
    assert too_new(f"{HEAD}only click<=8.1.8 is available{TAIL}") == set()
