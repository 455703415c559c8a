"""Requirements that no release meets: a sentence names the requirement and what is published instead."""

from __future__ import annotations

from dataclasses import replace

import pytest
from examples import LEDGER, release

from market_data_meta.contract import Contract
from market_data_meta.releases.requirements import Requirements
from market_data_meta.releases.unmet import (
    conflicts,
    missing_projects,
    resolver_message,
    suite_conflicts,
    too_new_projects,
    unmet_promises,
    unmet_python,
    unmet_third_party,
)

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
        ("===one", "the newest published is 1.3"),
    ],
)
def test_the_nearest_release_is_named(small: Contract, requirement: str, nearest: str) -> None:
    sentences = unmet_promises(
        "store", release("0.7", "9", f"market-data-core{requirement}"), Requirements(small.packages), LEDGER
    )
    assert sentences == [f"store 0.7 requires market-data-core{requirement}; {nearest}"]


@pytest.mark.parametrize(
    "requires", ["market-data-core>=1.1", "market-data-core", 'market-data-core>=9; extra == "new"', "pydantic>=99"]
)
def test_a_requirement_that_is_met_or_does_not_apply_gets_no_sentence(small: Contract, requires: str) -> None:
    assert unmet_promises("store", release("0.7", "9", requires), Requirements(small.packages), LEDGER) == []


def test_a_yanked_release_meets_only_a_requirement_of_its_version(small: Contract) -> None:
    ledger = replace(LEDGER, releases={**LEDGER.releases, "core": (release("1.9", "a", yanked=True),)})
    for requirement, is_unmet in (("==1.9", False), (">=1.9", True), ("==1.*", True)):
        store = release("0.7", "9", f"market-data-core{requirement}")
        assert bool(unmet_promises("store", store, Requirements(small.packages), ledger)) is is_unmet


@pytest.mark.parametrize(
    ("requires", "resolver_output", "sentence"),
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
    small: Contract, requires: str, resolver_output: str, sentence: str
) -> None:
    """A partner with a requirement on the same project that can be met gets no sentence."""
    partner = release("0.1", "d", "pydantic>=2", "click>=8", "no-such")
    releases = {"pipeline": partner, "store": release("0.7", "9", requires, "fastapi>=0.1")}
    assert unmet_third_party(HEAD + resolver_output + TAIL, releases, Requirements(small.packages)) == [sentence]


def test_a_requirement_of_another_project_is_left_to_the_resolvers_message(small: Contract) -> None:
    resolver_output = f"{HEAD}mid==1 depends on no-such and no-such was not found in the package registry{TAIL}"
    assert unmet_third_party(resolver_output, {"store": release("0.7", "9", "mid")}, Requirements(small.packages)) == []
    assert resolver_message(resolver_output).startswith("Because mid==1 depends on no-such and no-such was not found")
    assert missing_projects(resolver_output) == {"no-such"}


def test_a_version_that_was_published_later_is_too_new() -> None:
    hint = (
        "\n\nhint: `click` was filtered by `exclude-newer` to only include packages uploaded before 2025-01-01. "
        "The latest version satisfying the requirement is v8.5.1, published at 2026-11-06."
    )
    assert too_new_projects(f"{HEAD}only click<=8.1.8 is available{TAIL}{hint}") == {"click"}
    assert too_new_projects(f"{HEAD}only click<=8.1.8 is available{TAIL}") == set()


PYDANTIC = (
    "market-data-core>=1.2 depends on pydantic>=2.7,<3 and market-data-store==0.7 depends on pydantic{},\n"
    "         we can conclude that market-data-core>=1.2 and market-data-store==0.7 are incompatible"
)


@pytest.mark.parametrize(
    ("specifier", "excludes"),
    [
        ("<2", True),
        ("==1.*", True),
        ("<2.7", True),
        (">=3", True),
        ("!=2.7,<=2.7", True),
        (">=2.0", False),
        ("<2.8", False),
        ("<=2.7", False),
        (">2.7,<2.8", False),
        ("~=2.9", False),
    ],
)
def test_two_requirements_on_one_library_that_exclude_each_other_are_named(
    small: Contract, specifier: str, *, excludes: bool
) -> None:
    """Two that some version satisfies get no sentence, though the resolver names them: the cause is another one."""
    releases = {"core": release("1.3", "c"), "store": release("0.7", "9", f"pydantic{specifier}")}
    sentences = conflicts(HEAD + PYDANTIC.format(specifier) + TAIL, releases, Requirements(small.packages))
    two = f"core >=1.2 requires pydantic>=2.7,<3 and store 0.7 requires pydantic{specifier}"
    why = f"{two}; no version of pydantic is both"
    assert sentences == ([why] if excludes else [])


def test_a_requirement_at_the_end_of_a_sentence_is_read_without_the_full_stop(small: Contract) -> None:
    output = (
        "we can conclude that market-data-core==1.3 depends on numpy<2.\n"
        "And because market-data-store==0.7 depends on numpy>=2.1, <3, nothing is left."
    )
    releases = {"core": release("1.3", "c"), "store": release("0.7", "9")}
    (sentence,) = conflicts(output, releases, Requirements(small.packages))
    assert sentence.startswith("core 1.3 requires numpy<2 and store 0.7 requires numpy>=2.1, <3; ")


@pytest.mark.parametrize(
    ("requires_python", "python", "is_met"),
    [("", "3.11.7", True), (">=3.11", "3.11.7", True), (">=3.13", "3.12.1", False), (">=3.11,<3.13", "3.13.0", False)],
)
def test_a_release_that_is_not_for_the_interpreter_gets_a_sentence(
    requires_python: str, python: str, *, is_met: bool
) -> None:
    store = replace(release("0.7", "9"), requires_python=requires_python)
    why = f"store 0.7 requires Python {requires_python}, not {python}"
    assert unmet_python({"store": store}, python) == ([] if is_met else [why])


def test_a_release_that_is_gone_from_the_index_meets_nothing(small: Contract) -> None:
    rows = {**LEDGER.releases, "core": (release("1.0", "a"), release("2.0", "b", withdrawn=True))}
    ledger = replace(LEDGER, releases=rows)
    store = release("0.9", "f", "market-data-core>=2")
    (sentence,) = unmet_promises("store", store, Requirements(small.packages), ledger)
    assert sentence == "store 0.9 requires market-data-core>=2; the newest published is 1.0"


def test_a_library_that_the_suite_cannot_run_with_is_named_with_who_requires_it() -> None:
    store = release("0.7", "9", "PyTest<7", "jsonschema")
    sentences = suite_conflicts(
        ("pytest>=8", "jsonschema>=4", "hypothesis>=6"),
        {"pytest": "6.2.5", "jsonschema": "3.2.0"},
        {"core": release("1.3", "c"), "store": store},
        "3.11.7",
    )
    assert sentences == [
        "store 0.7 requires PyTest<7, and the suite needs pytest>=8",
        "jsonschema is 3.2.0, and the suite needs jsonschema>=4",
    ]
