"""What works in a deployment: the union of what its services decide, and recordings by who sends them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

import pytest
from example_deployments import CONTRACT, COUNTS, SENDS, WRITES, MadeRuns, Outcomes, service
from examples import SUITE, known_defect

from market_data_meta.contract import Contract
from market_data_meta.judging.defects import KnownDefects
from market_data_meta.judging.deployments import (
    IS_ARCHIVED,
    TAKES_RECORDINGS,
    DeployedCapability,
    ServiceRun,
    deployed_capabilities,
    deployment_capabilities,
    narrowed,
)
from market_data_meta.judging.records import Check, Record

Make = Callable[..., Record]
OLD_STORE, NEW_STORE, OLD_PIPELINE = "core 1.0 store 0.5", "core 1.1 store 0.6", "core 1.0 pipeline 0.1"


def judged(
    make_record: Make, store: str, pipeline: str, outcomes: Outcomes, known: KnownDefects | None = None
) -> Mapping[str, DeployedCapability]:
    runs = MadeRuns(make_record, outcomes)
    deployment = {"store": runs.run(service(store)), "pipeline": runs.run(service(pipeline))}
    return deployed_capabilities(CONTRACT, SUITE, deployment, known or KnownDefects())


def state(judgement: Mapping[str, DeployedCapability], name: str = "talk") -> str:
    return judgement[name].state.state


def test_only_clauses_that_a_service_decides_count() -> None:
    """A capability that no service decides has no place here, and of the others only their clauses that one does."""
    parts = deployment_capabilities(CONTRACT)
    assert list(parts) == ["talk", "write"]
    assert parts["talk"].others == (TAKES_RECORDINGS, COUNTS)


def test_all_that_is_decided_in_either_service_counts(make_record: Make) -> None:
    assert state(judged(make_record, OLD_STORE, OLD_PIPELINE, {})) == "works"
    for outcomes, expected in (
        ({OLD_STORE: {SENDS: "failed"}}, "broken"),
        ({OLD_STORE: {COUNTS: "failed"}}, "limited"),
        ({OLD_PIPELINE: {TAKES_RECORDINGS: {"plain": "refused"}}}, "limited"),
        ({OLD_STORE: {SENDS: "missing"}}, "unknown"),
    ):
        assert state(judged(make_record, OLD_STORE, OLD_PIPELINE, outcomes)) == expected, outcomes


def test_a_consumer_that_refuses_another_producers_recording_takes_this_ones(make_record: Make) -> None:
    outcomes: Outcomes = {OLD_PIPELINE: {TAKES_RECORDINGS: {"wrapped": "refused"}}}
    assert state(judged(make_record, OLD_STORE, OLD_PIPELINE, outcomes)) == "works"
    refused = judged(make_record, NEW_STORE, OLD_PIPELINE, outcomes)
    assert state(refused) == "limited"
    _, check = refused["talk"].failing[TAKES_RECORDINGS]
    assert check.got == {"wrapped": "refused"}


@pytest.mark.parametrize("outcomes", [{}, {OLD_PIPELINE: {TAKES_RECORDINGS: {"plain": "refused"}}}])
def test_without_a_recording_of_the_producer_nothing_is_known(make_record: Make, outcomes: Outcomes) -> None:
    """A producer that was never recorded may send anything: neither is it called taken, nor refused."""
    unrecorded = judged(make_record, "core 1.0 store 0.6", OLD_PIPELINE, outcomes)
    assert state(unrecorded) == "unknown"
    assert "there is no recording of what core 1.0 and store 0.6 sends" in unrecorded["talk"].state.reason


@pytest.mark.parametrize(
    ("refused", "outcome"),
    [((), "passed"), (("plain",), "error"), (("plain", "wrapped"), "failed"), (("another",), "passed")],
)
def test_of_a_producer_whose_recording_is_one_of_several_it_is_enough_that_all_or_none_are_taken(
    make_record: Make, refused: tuple[str, ...], outcome: str
) -> None:
    record = make_record({IS_ARCHIVED: "passed"})
    producer = ServiceRun(service(OLD_STORE), record, archive=("plain", "wrapped"))
    got = dict.fromkeys(refused, "refused")
    check = Check(TAKES_RECORDINGS, "failed" if got else "passed", "what was looked at", {}, got or None, 0.0)
    assert narrowed(check, [producer]).outcome == outcome
    for not_archived in (make_record({IS_ARCHIVED: "failed"}), make_record(), make_record(footer=None), None):
        assert narrowed(check, [replace(producer, record=not_archived)]).outcome == "error"


def test_a_producer_that_sends_something_new_is_not_judged_by_what_was_recorded(make_record: Make) -> None:
    """Other libraries may change what the same code sends: the run that shows it is newer than the recording."""
    producer = ServiceRun(service(OLD_STORE), make_record({IS_ARCHIVED: "failed"}), recordings=("plain",))
    check = Check(TAKES_RECORDINGS, "passed", "what was looked at", {}, None, 0.0)
    assert narrowed(check, [producer]).outcome == "error"
    assert narrowed(check, [replace(producer, record=make_record({IS_ARCHIVED: "error"}))]).outcome == "passed"


def test_releases_with_the_same_code_send_the_same(make_record: Make) -> None:
    outcomes: Outcomes = {OLD_PIPELINE: {TAKES_RECORDINGS: {"wrapped": "refused"}}}
    assert state(judged(make_record, "core 1.2 store 0.6", OLD_PIPELINE, outcomes)) == "limited"


def test_a_failure_that_names_no_recording_decides_nothing() -> None:
    producer = ServiceRun(service(OLD_STORE), recordings=("plain",))
    check = Check(TAKES_RECORDINGS, "failed", "what was looked at", None, "an exception", 0.0)
    assert narrowed(check, [producer]).outcome == "error"


@pytest.mark.parametrize("outcome", ["error", "not-applicable"])
def test_what_was_not_decided_stays_so(outcome: str) -> None:
    check = Check(TAKES_RECORDINGS, outcome, None, None, None, 0.0)
    assert narrowed(check, [ServiceRun(service(OLD_STORE))]) is check


def test_a_service_without_a_record_leaves_what_it_decides_unknown(make_record: Make) -> None:
    without_store = judged(make_record, OLD_STORE, OLD_PIPELINE, {OLD_STORE: None})
    assert (state(without_store), state(without_store, "write")) == ("unknown", "unknown")
    assert without_store["write"].state.reason == "core 1.0 and store 0.5: its run died"
    without_pipeline = judged(make_record, OLD_STORE, OLD_PIPELINE, {OLD_PIPELINE: None})
    assert (state(without_pipeline), state(without_pipeline, "write")) == ("unknown", "works")


def test_a_record_of_another_suite_is_no_evidence(make_record: Make) -> None:
    runs = MadeRuns(make_record, {})
    deployment = {"store": runs.run(service(OLD_STORE)), "pipeline": runs.run(service(OLD_PIPELINE))}
    other = deployed_capabilities(CONTRACT, "6" * 64, deployment, KnownDefects())
    assert {name: one.state.state for name, one in other.items()} == {"talk": "unknown", "write": "unknown"}


def test_a_service_that_cannot_be_installed_breaks_what_it_decides(make_record: Make) -> None:
    without_store = judged(make_record, OLD_STORE, OLD_PIPELINE, {OLD_STORE: "no pydantic"})
    assert (state(without_store), state(without_store, "write")) == ("broken", "broken")
    assert without_store["write"].state.reason == "the set cannot be installed: no pydantic"
    assert state(judged(make_record, OLD_STORE, OLD_PIPELINE, {OLD_PIPELINE: "no pydantic"}), "write") == "works"


def test_a_known_defect_is_a_failure_and_has_its_name(make_record: Make) -> None:
    """Also where it is known by what becomes of all recordings, of which this producer sends one."""
    outcomes: Outcomes = {
        OLD_STORE: {WRITES: "failed"},
        OLD_PIPELINE: {TAKES_RECORDINGS: {"plain": "refused", "wrapped": "refused"}},
    }
    runs = MadeRuns(make_record, outcomes)
    records = [runs.run(service(name)).record for name in outcomes]
    checks = [
        check for one in records if one for check in one.checks.values() if check.clause in (WRITES, TAKES_RECORDINGS)
    ]
    known = KnownDefects((known_defect(*(check for check in checks if check.outcome == "failed")),))
    judgement = judged(make_record, OLD_STORE, OLD_PIPELINE, outcomes, known)
    assert (state(judgement), state(judgement, "write")) == ("limited", "broken")
    assert {one.defect for name in judgement for one in judgement[name].state.failures} == {"it-is-wrong"}


@pytest.mark.parametrize("name", [TAKES_RECORDINGS, IS_ARCHIVED])
def test_the_clauses_about_recordings_are_of_the_contract(contract: Contract, name: str) -> None:
    """Where the contract has their area at all: under another name they would be judged as any other clause."""
    areas = {clause.area for clause in contract.clauses.values()}
    assert name in contract.clauses or name.split(".", maxsplit=1)[0] not in areas


@pytest.mark.parametrize(
    ("given", "archive", "outcome"),
    [
        (("passed", None), (), "passed"),
        (("failed", {"new": "refused"}), (), "failed"),
        (("failed", {"new": "refused"}), ("plain",), "failed"),
        (("error", None), (), "error"),
        # Besides what is new it may send a recording that is refused.
        (("passed", None), ("plain",), "error"),
    ],
)
def test_what_is_new_counts_as_it_was_taken_when_it_was_given(
    make_record: Make, given: tuple[str, object], archive: tuple[str, ...], outcome: str
) -> None:
    """A consumer that refuses all that is recorded may take what a candidate sends, and the other way round."""
    sent = {"new": {"stream": "feedback", "entries": []}}
    producer = ServiceRun(service(OLD_STORE), make_record({IS_ARCHIVED: "failed"}), archive=archive, sends=sent)
    refuses_all = Check(TAKES_RECORDINGS, "failed", "what was looked at", {}, {"plain": "refused"}, 0.0)
    new = Check(TAKES_RECORDINGS, given[0], "what was given", {}, given[1], 0.0)
    got = narrowed(refuses_all, [producer], {("new",): new})
    assert (got.outcome, got.got) == (outcome, {"new": "refused"} if outcome == "failed" else None)
