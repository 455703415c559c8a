"""May services go out together: what works between them, what is needed, and what nobody knows."""

from __future__ import annotations

import io
from collections.abc import Callable
from dataclasses import replace

import pytest
from example_deployments import CONTRACT, COUNTS, LEDGER, RECORDINGS, SENDS, MadeRuns, Outcomes, service
from examples import SUITE
from rich.console import Console

from market_data_meta.deployment.deploy_answer import deployment_answer
from market_data_meta.deployment.evidence import DeploymentEvidence
from market_data_meta.judging.defects import KnownDefects
from market_data_meta.judging.deployments import TAKES_RECORDINGS
from market_data_meta.judging.records import Record
from market_data_meta.releases.ledger import Ledger
from market_data_meta.render.deploy_answer.deployment import show_deployment
from market_data_meta.results.deployment import DeploymentAnswer

Make = Callable[..., Record]
STORE, PIPELINE = "core 1.0 store 0.5", "core 1.1 pipeline 0.2"


def answer(
    make_record: Make,
    outcomes: Outcomes,
    needs: tuple[str, ...] = (),
    needs_fully: tuple[str, ...] = (),
    ledger: Ledger = LEDGER,
) -> DeploymentAnswer:
    runs = MadeRuns(make_record, outcomes)
    evidence = DeploymentEvidence(CONTRACT, SUITE, ledger, KnownDefects(), RECORDINGS, runs)
    services = {"store": service(STORE), "pipeline": service(PIPELINE)}
    return deployment_answer(services, evidence, needs, needs_fully)


@pytest.mark.parametrize(
    ("outcomes", "needs", "needs_fully", "exit_code", "unmet"),
    [
        ({}, (), (), 0, ()),
        ({STORE: {COUNTS: "failed"}}, (), (), 0, ()),
        ({PIPELINE: {TAKES_RECORDINGS: {"wrapped": "refused"}}}, (), (), 0, ()),
        ({PIPELINE: {TAKES_RECORDINGS: {"plain": "refused"}}}, (), (), 1, ()),
        ({PIPELINE: None}, (), (), 3, ()),
        ({STORE: "no pydantic"}, (), (), 1, ()),
        ({PIPELINE: "no pydantic"}, ("write",), (), 1, ()),
        ({STORE: {SENDS: "failed"}}, ("write",), (), 0, ()),
        ({STORE: {SENDS: "failed"}}, ("talk",), (), 1, ("talk",)),
        ({STORE: {COUNTS: "failed"}}, ("talk",), (), 0, ()),
        ({STORE: {COUNTS: "failed"}}, (), ("talk", "write"), 1, ("talk",)),
        ({STORE: None}, ("talk",), ("write",), 3, ("talk", "write")),
    ],
)
def test_the_exit_code_says_whether_they_may(
    make_record: Make,
    outcomes: Outcomes,
    needs: tuple[str, ...],
    needs_fully: tuple[str, ...],
    exit_code: int,
    unmet: tuple[str, ...],
) -> None:
    """A should clause that fails, and a recording that nobody here sends, keep nothing back."""
    result = answer(make_record, outcomes, needs, needs_fully)
    assert (result.exit, result.unmet) == (exit_code, unmet)


def test_what_their_own_requirements_forbid_may_not_go_out(make_record: Make) -> None:
    new = replace(LEDGER.release("pipeline", "0.2"), requires=("market-data-core<1.1",))
    ledger = replace(LEDGER, releases={**LEDGER.releases, "pipeline": (LEDGER.release("pipeline", "0.1"), new)})
    result = answer(make_record, {}, ("write",), ledger=ledger)
    assert (result.exit, result.forbidden) == (1, ("pipeline 0.2 requires market-data-core<1.1, not 1.1",))


def shown(result: DeploymentAnswer) -> list[str]:
    console = Console(file=io.StringIO(), width=200, soft_wrap=True)
    show_deployment(result, console)
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue().splitlines()


def test_each_service_is_shown_with_its_own_releases(make_record: Make) -> None:
    outcomes: Outcomes = {PIPELINE: {TAKES_RECORDINGS: {"plain": "refused"}}}
    lines = shown(answer(make_record, outcomes, ("talk",)))
    assert lines[:5] == [
        "store: core 1.0, store 0.5",
        "pipeline: core 1.1, pipeline 0.2",
        "Of what services decide, 1 of 2 capabilities works, 1 is limited.",
        "Needed: talk is limited.",
        "◐ limited  Do talk (talk)",
    ]
    assert "Their own requirements allow it." in lines


def test_where_nothing_was_run_nothing_is_known(make_record: Make) -> None:
    lines = shown(answer(make_record, {STORE: None, PIPELINE: None}))
    assert "It is not known what works." in lines
    assert "mdmeta matrix runs what is missing." in lines
    assert not [line for line in lines if "works  " in line]
