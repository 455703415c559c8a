"""The answer of can-i-deploy at a terminal: what works first, the worst first, the evidence after it, ids last."""

from __future__ import annotations

import io
from collections.abc import Mapping

import pytest
from example_matrix import example_matrix, example_set
from rich.console import Console

from market_data_meta.matrix.deploy_answer import DeployQuestion, deploy_answer
from market_data_meta.render.deploy_answer.terminal import show_answer
from market_data_meta.results.matrix import MatrixResult
from market_data_meta.results.parts import Verdict

SET = {"core": "1.2", "pipeline": "0.1", "store": "0.6"}
MIXED = example_matrix({"1.2 0.6": {"redis": "broken", "write": "limited"}}, {"1.2 0.6": "defective"})

RUN = (
    "run 2026-09-21 14:13 UTC on Python 3.11.9, suite 555555555555, releases as of 2026-11-22; "
    "the run stands for 2 published combinations"
)
NO_SET = (
    "No published set with store 0.6 has redis working without limits; "
    "the best is core 1.2, pipeline 0.1, store 0.6, in which redis is broken."
)


def lines(
    matrix: MatrixResult,
    versions: Mapping[str, str] = SET,
    *needs: str,
    verbose: bool = False,
    fully: tuple[str, ...] = (),
) -> list[str]:
    output = io.StringIO()
    question = DeployQuestion(versions, needs, fully)
    show_answer(deploy_answer(matrix, question), Console(file=output, soft_wrap=True), verbose=verbose)
    return output.getvalue().splitlines()


def test_what_works_is_said_first_and_the_worst_is_shown_first() -> None:
    assert lines(MIXED) == [
        "core 1.2, pipeline 0.1, store 0.6: 1 of 3 capabilities works, 1 is limited, 1 is broken.",
        "✘ broken  Redis (redis)",
        "    Broken: must.",
        "    and 1 more",
        "◐ limited  Write (write)",
        "    Limited: four.",
        "    Limited: three.",
        "    Limited: two.",
        "    and 1 more",
        "✔ works  Install (install)",
        "Their own requirements allow this set.",
        "What breaks is a known defect. --needs NAME makes the exit code say whether what you need is broken.",
        "Evidence: 9 passed.",
        f"  {RUN}",
    ]


def test_everything_is_shown_in_full_only_when_asked_for() -> None:
    shown = lines(MIXED, verbose=True)
    assert [line for line in shown if line.startswith("    ")] == [
        f"    {sentence}"
        for sentence in ("Broken: must.", "Broken: one.", "Limited: four.", "Limited: three.", "Limited: two.")
    ] + ["    Limited: one."]
    ids = [f"fails: write.{name}" for name in ("four", "three", "two", "one")]
    assert shown[-6:] == [*ids, "fails: redis.must", "fails: redis.one"]
    assert not [line for line in lines(MIXED) if "redis.must" in line]


def test_a_sentence_is_said_once() -> None:
    findings = tuple(found.model_copy(update={"sentence": "The same."}) for found in MIXED.findings)
    shown = lines(MIXED.model_copy(update={"findings": findings}))
    assert shown.count("    The same.") == 2, "once for each capability"
    assert not [line for line in shown if "more" in line]


def test_a_failure_that_is_no_known_defect_is_marked() -> None:
    matrix = example_matrix({"1.2 0.6": {"redis": "broken"}}, {"1.2 0.6": "violates"}, defect=None)
    shown = lines(matrix)
    assert shown[1] == "Some of what fails is no known defect; it is marked as new."
    assert "    new: Broken: must." in shown


def test_what_was_run_is_named_where_it_is_not_what_was_asked_about() -> None:
    same_code = "  the same code as core 1.2, which was run"
    assert lines(MIXED, {**SET, "core": "1.1"})[-1] == same_code
    assert not [line for line in lines(MIXED) if "same code" in line]
    contents = {
        "core": (("1.0",), ("1.1", "1.2"), ("1.3",)),
        "pipeline": (("0.1",),),
        "store": (("0.5",), ("0.6", "0.7")),
    }
    two = lines(example_matrix(contents=contents), {**SET, "core": "1.1"})
    assert two[-1] == "  the same code as core 1.2 and store 0.7, which were run"


def test_what_is_needed_is_answered_in_the_second_line() -> None:
    assert lines(MIXED, SET, "write", "redis")[1] == "Needed: redis is broken, write is limited."
    assert lines(MIXED, {"store": "0.6"}, fully=("redis",))[:3] == [
        "core 1.2, pipeline 0.1, store 0.6: 1 of 3 capabilities works, 1 is limited, 1 is broken.",
        "Needed: redis is broken.",
        NO_SET,
    ]


def test_requirements_that_forbid_the_set_are_named() -> None:
    shown = lines(MIXED, {**SET, "core": "1.0"})
    position = shown.index("Their own requirements forbid this set:")
    assert shown[position + 1] == "    pipeline 0.1 requires core>=1.1, not 1.0"


@pytest.mark.parametrize(
    ("verdict", "first", "last"),
    [
        ("unknown", "it is not known what works.", "mdmeta matrix runs what is missing."),
        ("uninstallable", "they cannot be installed together.", "Evidence: none, because made up to be uninstallable."),
    ],
)
def test_without_a_run_there_is_no_list_but_the_reason(verdict: Verdict, first: str, last: str) -> None:
    shown = lines(example_matrix(None, {"1.2 0.6": verdict}))
    assert shown[0] == f"core 1.2, pipeline 0.1, store 0.6: {first}"
    assert (shown[1], shown[2]) == (
        "Their own requirements allow this set.",
        f"Evidence: none, because made up to be {verdict}.",
    )
    assert shown[-1] == last


def test_what_is_not_known_stands_with_its_reason() -> None:
    sets = {"newest": example_set("newest", "1.2", "0.6", {"install": "unknown", "redis": "unknown"})}
    shown = lines(example_matrix(sets=sets))
    assert shown[0].endswith("1 of 3 capabilities works, 2 are unknown.")
    assert "? unknown  Install (install), Redis (redis): a reason of the set" in shown


def test_what_a_package_says_does_not_steer_the_terminal() -> None:
    findings = tuple(found.model_copy(update={"sentence": "[red]\x1b[2Jgone"}) for found in MIXED.findings)
    shown = lines(MIXED.model_copy(update={"findings": findings}))
    assert "    [red]\\x1b[2Jgone" in shown
