"""The answer of mdmeta upgrade at a terminal: the steps, or what is in the way, with what can be pasted."""

from __future__ import annotations

import io
from collections.abc import Callable

from example_deployments import CONTRACT, LEDGER, RECORDINGS, WRITES, MadeRuns, Outcomes, services
from examples import SUITE
from rich.console import Console

from market_data_meta.deployment.evidence import DeploymentEvidence
from market_data_meta.deployment.upgrade import UpgradeQuestion, upgrade_answer
from market_data_meta.judging.defects import KnownDefects
from market_data_meta.judging.deployments import TAKES_RECORDINGS
from market_data_meta.judging.records import Record
from market_data_meta.render.upgrade.terminal import show_upgrade
from market_data_meta.results.parts import BroughtLibrary

Make = Callable[..., Record]
BEFORE, AFTER = services("1.0", "0.1", "0.5"), services("1.1", "0.2", "0.6")
OLD_PIPELINE, NEW_STORE = "core 1.0 pipeline 0.1", "core 1.1 store 0.6"


def shown(
    make_record: Make,
    outcomes: Outcomes,
    *needs: str,
    verbose: bool = False,
    same: bool = False,
    libraries: tuple[BroughtLibrary, ...] = (),
) -> str:
    runs = MadeRuns(make_record, outcomes)
    question = UpgradeQuestion(BEFORE, BEFORE if same else AFTER, needs=needs)
    evidence = DeploymentEvidence(CONTRACT, SUITE, LEDGER, KnownDefects(), RECORDINGS, runs)
    answer = upgrade_answer(question, evidence).model_copy(update={"brings_along": libraries})
    console = Console(file=io.StringIO(), width=200, soft_wrap=True)
    show_upgrade(answer, console, verbose=verbose)
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


def test_a_safe_order_is_told_by_its_steps(make_record: Make) -> None:
    lines = shown(make_record, {}).splitlines()
    assert lines[:5] == [
        "from store: core 1.0, store 0.5; pipeline: core 1.0, pipeline 0.1",
        "to store: core 1.1, store 0.6; pipeline: core 1.1, pipeline 0.2",
        "store or pipeline may go first: nothing gets worse in either order.",
        "  1. store: core 1.1, store 0.6",
        "  2. pipeline: core 1.1, pipeline 0.2",
    ]
    assert "✔ works before and after: Do talk (talk)" in lines


def test_the_libraries_that_candidates_bring_along_are_told(make_record: Make) -> None:
    library = BroughtLibrary(name="evil-dep", version="1.0", origin="https://index.example/[red]simple")
    assert (
        "a candidate brings along evil-dep 1.0, from https://index.example/[red]simple"
        in shown(make_record, {}, libraries=(library,)).splitlines()
    )


def test_what_is_in_the_way_can_be_pasted(make_record: Make) -> None:
    text = shown(make_record, {OLD_PIPELINE: {TAKES_RECORDINGS: {"wrapped": "refused"}}})
    assert "pipeline must go first: then nothing gets worse." in text
    _, unsafe = text.split("Not safe: store first, then pipeline:")
    lines = [line.strip() for line in unsafe.splitlines()]
    assert lines[2:11] == [
        "◐ Do talk (talk): works before, limited then",
        f"{TAKES_RECORDINGS} in pipeline (core 1.0, pipeline 0.1)",
        f"The rule of {TAKES_RECORDINGS}.",
        "looked at: what was looked at",
        "expected: the contract's value",
        'got: {"wrapped": "refused"}',
        f"shows it: ./scripts/mdmeta run core==1.0 pipeline==0.1 --clause {TAKES_RECORDINGS}",
        "sent: contracts/recordings/redis/wrapped.json",
        """redis-cli XADD feedback '*' data '{"form": "wrapped  text"}'""",
    ]


def test_a_long_value_is_shown_whole_only_when_all_is_asked_for(make_record: Make) -> None:
    long = "x" * 1000
    outcomes: Outcomes = {OLD_PIPELINE: {TAKES_RECORDINGS: {"wrapped": long}}}
    assert long not in shown(make_record, outcomes)
    assert long in shown(make_record, outcomes, verbose=True)


def test_what_is_lost_and_what_is_needed_is_told(make_record: Make) -> None:
    text = shown(make_record, {NEW_STORE: {WRITES: "failed"}}, "write")
    assert "Needed and not there after the upgrade: write." in text
    assert "The new releases lose something in any order:\n  ✘ Do write (write): works before, broken then" in text
    first = "Apart from what the new releases lose in any order: store or pipeline may go first"
    # Of what is not needed nothing is said.
    assert f"{first}: nothing that is needed breaks in either order." in text


def test_what_is_not_known_is_not_called_safe(make_record: Make) -> None:
    text = shown(make_record, {NEW_STORE: None})
    assert "It is not known whether an order is safe." in text
    assert "core 1.1 and store 0.6: its run died" in text
    assert "nothing gets worse" not in text


def test_the_orders_that_come_nearest_are_shown(make_record: Make) -> None:
    """Where the direct orders are unsafe and a longer one is not known to be, the reason of the longer one is told."""
    outcomes: Outcomes = {
        OLD_PIPELINE: {TAKES_RECORDINGS: {"wrapped": "refused"}},
        "core 1.1 pipeline 0.2": {TAKES_RECORDINGS: {"plain": "refused"}},
        "core 1.0 pipeline 0.2": {TAKES_RECORDINGS: {"plain": "refused"}},
        "core 1.1 pipeline 0.1": None,
    }
    text = shown(make_record, outcomes)
    assert "It is not known whether an order is safe." in text
    assert "core 1.1 and pipeline 0.1: its run died" in text
    assert "other orders are no better" in text


def test_nothing_changes_where_the_same_releases_stay(make_record: Make) -> None:
    assert "Nothing changes" in shown(make_record, {}, same=True)


def test_what_a_package_says_does_not_steer_the_terminal(make_record: Make) -> None:
    text = shown(make_record, {OLD_PIPELINE: {TAKES_RECORDINGS: {"wrapped": "\x1b[31m[bold]"}}})
    assert "\x1b" not in text
    assert "[bold]" in text
