"""May these releases go out together: what works in them, whether they allow each other, and on what evidence."""

from __future__ import annotations

from collections.abc import Mapping

import pytest
from example_matrix import CONTENTS, START, example_matrix, example_set

from market_data_meta.errors import MetaError
from market_data_meta.matrix.deploy_answer import DeployQuestion, check_needs, deploy_answer
from market_data_meta.results.capabilities import CapabilityFailure, StateName
from market_data_meta.results.deploy_answer import DeployAnswer
from market_data_meta.results.matrix import MatrixResult, SupportedVersions
from market_data_meta.results.parts import Verdict

SET = {"core": "1.2", "pipeline": "0.1", "store": "0.6"}


def answer(
    matrix: MatrixResult,
    versions: Mapping[str, str] = SET,
    needs: tuple[str, ...] = (),
    needs_fully: tuple[str, ...] = (),
    yanked: Mapping[str, tuple[str, ...]] | None = None,
) -> DeployAnswer:
    aside = {name: dict.fromkeys(versions, "is yanked") for name, versions in (yanked or {}).items()}
    distributions = {name: f"market-data-{name}" for name in matrix.packages}
    return deploy_answer(
        matrix, DeployQuestion(versions, needs, needs_fully, set_aside=aside, distributions=distributions)
    )


def states_in(result: DeployAnswer) -> dict[str, StateName]:
    return {capability.name: capability.state for capability in result.capabilities}


def in_cell(state: StateName, cell: str = "1.2 0.6") -> MatrixResult:
    """The matrix in whose cell redis is in that state."""
    return example_matrix({cell: {"redis": state}}, {cell: "conforms" if state == "works" else "defective"})


def test_the_evidence_is_that_of_the_run_of_the_same_code() -> None:
    result = answer(example_matrix(), {**SET, "core": "1.1"})
    assert (result.exit, result.verdict, result.no_set, result.reasons) == (0, "conforms", None, ())
    assert (result.combination["core"], (result.ran or {})["core"]) == ("1.1", "1.2")
    evidence = result.evidence
    assert (evidence.counts, evidence.start, evidence.interpreter) == ({"passed": 9}, START, "3.11.9")
    assert (evidence.stands_for, evidence.as_of) == (2, "2026-11-22T10:00:00Z")


@pytest.mark.parametrize(
    ("verdict", "status"),
    [("conforms", 0), ("defective", 0), ("violates", 1), ("unknown", 3), ("uninstallable", 3)],
)
def test_without_needs_the_verdict_decides(verdict: Verdict, status: int) -> None:
    result = answer(example_matrix(None, {"1.2 0.6": verdict}))
    assert (result.exit, result.verdict) == (status, verdict)
    assert (result.ran is None) == (verdict in ("unknown", "uninstallable"))


def test_what_was_not_run_says_why_nothing_is_known() -> None:
    result = answer(example_matrix(None, {"1.2 0.6": "unknown"}))
    assert {capability.reason for capability in result.capabilities} == {"made up to be unknown"}
    matrix = example_matrix()
    without_cell = matrix.model_copy(update={"cells": matrix.cells[:2], "findings": ()})
    missing = answer(without_cell)
    assert (missing.exit, missing.verdict, missing.ran, missing.evidence.stands_for) == (3, "unknown", None, 0)
    assert (missing.reasons, {one.reason for one in missing.capabilities}) == (("it was not run",), {"it was not run"})


@pytest.mark.parametrize("needs", [(), ("write",)])
def test_a_set_that_the_requirements_forbid_may_not_go_out(needs: tuple[str, ...]) -> None:
    result = answer(example_matrix(), {"core": "1.3", "pipeline": "0.1", "store": "0.6"}, needs)
    assert (result.exit, result.forbidden) == (1, ("store 0.6 requires market-data-core<1.3, not 1.3",))
    both = answer(example_matrix(None, {"1.0 0.6": "unknown"}), {**SET, "core": "1.0"}, needs)
    assert (both.exit, both.forbidden) == (1, ("pipeline 0.1 requires market-data-core>=1.1, not 1.0",))
    assert answer(example_matrix()).forbidden == ()


@pytest.mark.parametrize(
    ("state", "needed", "needed_fully"), [("works", 0, 0), ("limited", 0, 1), ("broken", 1, 1), ("unknown", 3, 3)]
)
def test_needs_decide_by_the_state_of_what_is_needed(state: StateName, needed: int, needed_fully: int) -> None:
    matrix = in_cell(state)
    assert [answer(matrix, SET, ("redis",)).exit, answer(matrix, SET, (), ("redis",)).exit] == [needed, needed_fully]
    assert answer(matrix, SET, ("redis",)).unmet == (("redis",) if needed else ())
    assert answer(matrix, SET, (), ("redis",)).unmet == (("redis",) if needed_fully else ())


def test_what_is_not_needed_does_not_count() -> None:
    matrix = example_matrix({"1.2 0.6": {"redis": "broken"}}, {"1.2 0.6": "violates"})
    assert answer(matrix, SET, ("write",), ("install",)).exit == 0
    assert answer(matrix, SET, ("write", "redis")).unmet == ("redis",)


def test_something_broken_counts_more_than_something_unknown() -> None:
    matrix = example_matrix({"1.2 0.6": {"redis": "broken", "write": "unknown"}})
    assert answer(matrix, SET, ("write", "redis")).exit == 1


def test_needs_are_looked_up_before_anything_else() -> None:
    with pytest.raises(MetaError, match="no capability 'rediss'") as error:
        answer(example_matrix(), SET, ("rediss",))
    assert (error.value.code, error.value.hint, error.value.exit) == ("unknown-capability", "did you mean redis?", 2)
    with pytest.raises(MetaError) as error:
        check_needs(example_matrix(), ["xyz"])
    assert error.value.hint == "one of install, write, redis"


def test_the_failures_are_those_of_the_cell() -> None:
    result = answer(in_cell("broken"), SET)
    (redis,) = [one for one in result.capabilities if one.name == "redis"]
    assert [(one.clause, one.essential, one.sentence) for one in redis.failures] == [
        ("redis.must", True, "Broken: must."),
        ("redis.one", False, "Broken: one."),
    ]
    assert states_in(answer(in_cell("broken"), {**SET, "store": "0.5"}))["redis"] == "works"


def test_a_set_that_people_ask_about_has_more_decided_than_its_cell() -> None:
    cell: dict[str, StateName] = {"install": "unknown", "redis": "works"}
    sets = {"newest": example_set("newest", "1.2", "0.6", {"install": "broken"})}
    matrix = example_matrix({"1.2 0.6": cell}, sets=sets)
    result = answer(matrix, SET, ("install",))
    assert (result.exit, states_in(result)["install"]) == (1, "broken")
    assert result.capabilities[0].failures[0].sentence == "The set's sentence about install."

    same_code = answer(matrix, {**SET, "core": "1.1"}, ("install",))
    assert (same_code.exit, states_in(same_code)["install"]) == (3, "unknown")
    assert same_code.capabilities[0].reason == "releases run alone decide it, which this matrix has of the newest set"


def test_a_check_that_could_not_run_is_the_reason_why_a_capability_is_unknown() -> None:
    matrix = example_matrix({"1.2 0.6": {"redis": "unknown"}}, errors=["redis.one", "redis.must"])
    (redis,) = [one for one in answer(matrix).capabilities if one.name == "redis"]
    assert (redis.reason, redis.undecided) == ("redis.must could not run: no time", ("redis.one", "redis.must"))
    (silent,) = [one for one in answer(in_cell("unknown")).capabilities if one.name == "redis"]
    assert silent.reason == "not all of the checks that decide it were run"


def searched(matrix: MatrixResult, needs: tuple[str, ...] = (), fully: tuple[str, ...] = (), **fixed: str) -> str:
    """The set that is found, as its core and its store."""
    result = answer(matrix, fixed, needs, fully)
    assert (result.no_set, result.exit) == (None, 0)
    return f"{result.combination['core']} {result.combination['store']}"


def test_what_is_left_out_is_of_the_newest_allowed_set() -> None:
    matrix = example_matrix()
    assert searched(matrix) == "1.3 0.5"
    assert searched(matrix, store="0.6") == "1.2 0.6"
    assert searched(matrix, core="1.1") == "1.1 0.6"


@pytest.mark.parametrize("verdict", ["violates", "unknown", "uninstallable"])
def test_without_needs_what_may_go_out_comes_before_what_may_not(verdict: Verdict) -> None:
    assert searched(example_matrix(None, {"1.3 0.5": verdict})) == "1.2 0.6"
    every = example_matrix(None, {f"{core} {store}": verdict for core in ("1.2", "1.3") for store in ("0.5", "0.6")})
    result = answer(every, {})
    assert (result.verdict, result.combination["core"], result.no_set) == (verdict, "1.3", None)
    assert result.exit == (1 if verdict == "violates" else 3)


@pytest.mark.parametrize(
    ("state", "needs", "fully"),
    [("broken", "1.2 0.6", "1.2 0.6"), ("limited", "1.3 0.5", "1.2 0.6"), ("unknown", "1.2 0.6", "1.2 0.6")],
)
def test_what_is_left_out_is_of_the_newest_set_that_has_what_is_needed(
    state: StateName, needs: str, fully: str
) -> None:
    matrix = in_cell(state, "1.3 0.5")
    assert searched(matrix, ("redis",)) == needs
    assert searched(matrix, (), ("redis",)) == fully


def test_where_no_published_set_has_what_is_needed_that_is_said_with_the_best() -> None:
    states: dict[str, dict[str, StateName]] = {
        "1.2 0.5": {"redis": "limited"},
        "1.2 0.6": {"redis": "broken"},
        "1.3 0.5": {"redis": "broken"},
    }
    result = answer(example_matrix(states), {}, (), ("redis",))
    assert (result.exit, result.combination) == (1, {"core": "1.2", "pipeline": "0.1", "store": "0.5"})
    assert result.no_set == (
        "No published set has redis working without limits; the best is core 1.2, pipeline 0.1, store 0.5, "
        "in which redis is limited."
    )
    with_store = answer(example_matrix(states), {"store": "0.6"}, ("redis", "write"))
    assert with_store.no_set == (
        "No published set with store 0.6 has redis working and write working; "
        "the best is core 1.2, pipeline 0.1, store 0.6, in which redis is broken."
    )


def test_a_set_that_is_not_decided_might_have_what_no_other_has() -> None:
    states: dict[str, dict[str, StateName]] = {
        "1.2 0.5": {"redis": "broken"},
        "1.2 0.6": {"redis": "broken"},
        "1.3 0.5": {"redis": "unknown"},
    }
    result = answer(example_matrix(states), {}, ("redis",))
    assert result.exit == 3
    assert result.no_set
    assert result.no_set.startswith("No published set is known to have redis working; the best is core 1.3,")
    # One that no requirements allow could not go out, whatever it has.
    states["1.3 0.5"] = {"redis": "broken"}
    states["1.3 0.6"] = {"redis": "unknown"}
    assert answer(example_matrix(states), {}, ("redis",)).exit == 1


def test_what_may_be_had_elsewhere_is_undecided_though_the_best_set_breaks_it() -> None:
    states: dict[str, dict[str, StateName]] = {
        "1.2 0.5": {"redis": "broken"},
        "1.2 0.6": {"redis": "broken"},
        "1.3 0.5": {"redis": "unknown", "write": "unknown"},
    }
    result = answer(example_matrix(states), {}, ("redis", "write"))
    assert (result.exit, result.unmet, result.combination["core"]) == (3, ("redis",), "1.2")


@pytest.mark.parametrize("package", ["core", "store"])
def test_a_requirement_counts_in_both_directions(package: str) -> None:
    """Core 1.3 and store 0.5 are kept apart by the requirement of the one or of the other."""
    version, other, asks, kept_out = {
        "core": ("1.3", "store", ">=0.6", "0.5"),
        "store": ("0.5", "core", "<1.3", "1.3"),
    }[package]
    matrix = example_matrix()
    row = SupportedVersions(package=package, version=version, other=other, asks=asks, usable={})
    refused = {**matrix.refused, other: {**matrix.refused[other], asks: (kept_out,)}}
    stricter = matrix.model_copy(update={"supported": (*matrix.supported, row), "refused": refused})
    assert searched(stricter) == "1.2 0.6"


def test_nothing_may_be_allowed_with_a_release() -> None:
    result = answer(example_matrix(), {"core": "1.0"})
    assert (result.exit, result.forbidden) == (1, ("pipeline 0.1 requires market-data-core>=1.1, not 1.0",))
    assert result.no_set == "No published set with core 1.0 is allowed by the packages' own requirements."


def test_yanked_releases_and_pre_releases_are_taken_only_if_asked_for() -> None:
    contents = {**CONTENTS, "core": (("1.0",), ("1.1", "1.2"), ("1.3", "1.4rc1"))}
    matrix = example_matrix(contents=contents)
    assert searched(matrix) == "1.3 0.5"
    assert searched(matrix, core="1.4rc1") == "1.4rc1 0.5"
    yanked = {"core": ("1.3", "1.2")}
    result = answer(matrix, {}, yanked=yanked)
    assert (result.combination["core"], result.reasons) == ("1.1", ())
    assert answer(matrix, {"core": "1.2"}, yanked=yanked).reasons == ("core 1.2 is yanked",)


def test_versions_are_compared_as_versions() -> None:
    contents = {**CONTENTS, "store": (("0.5", "0.10"), ("0.6", "0.9"))}
    matrix = example_matrix(contents=contents)
    assert answer(matrix, {"core": "1.2"}).combination["store"] == "0.10"


def test_a_new_failure_of_a_release_alone_is_a_violation() -> None:
    """The combination's own checks say nothing of it: it stands in what is known of the set."""
    example = example_matrix({"1.0 0.5": {"write": "broken"}})
    finding = example.findings[0].model_copy(update={"level": "must"})
    newest = example_set("newest", "1.2", "0.6", {})
    state = newest.capabilities[0]
    failure = CapabilityFailure(clause=finding.clause, essential=False, sentence="It is new.", defect=None)
    known = failure.model_copy(update={"defect": "it-is-known"})
    exits = []
    for fails in (failure, known):
        changed = newest.model_copy(update={"capabilities": (state.model_copy(update={"failures": (fails,)}),)})
        matrix = example.model_copy(update={"sets": (changed,), "findings": (finding,)})
        exits.append(deploy_answer(matrix, DeployQuestion(dict(newest.combination))).exit)
    assert exits == [1, 0]
