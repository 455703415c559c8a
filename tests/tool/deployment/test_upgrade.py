"""The order of an upgrade: what is safe, what is in the way, and when nothing is known."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from example_deployments import (
    CONTRACT,
    COUNTS,
    LEDGER,
    RECORDINGS,
    SENDS,
    WRITES,
    MadeRuns,
    Outcomes,
    service,
    services,
)
from examples import SUITE

from market_data_meta.candidates.candidate import Candidate
from market_data_meta.contract import Contract
from market_data_meta.deployment.evidence import DeploymentEvidence
from market_data_meta.deployment.upgrade import UpgradeQuestion, effect_of, upgrade_answer
from market_data_meta.judging.defects import KnownDefects
from market_data_meta.judging.deployments import IS_ARCHIVED, TAKES_RECORDINGS, ServiceRun
from market_data_meta.judging.records import Check, Record
from market_data_meta.releases.combinations import Combination
from market_data_meta.releases.ledger import Ledger
from market_data_meta.results.capabilities import StateName
from market_data_meta.results.parts import BroughtLibrary
from market_data_meta.results.upgrade import UpgradeAnswer, UpgradeOrder

Make = Callable[..., Record]
ALL_KNOWN = (
    replace(RECORDINGS[0], producers=({"core": "a" * 64, "store": "e" * 64}, {"core": "b" * 64, "store": "e" * 64})),
    replace(RECORDINGS[1], producers=({"core": "a" * 64, "store": "f" * 64}, {"core": "b" * 64, "store": "f" * 64})),
)
"""The recordings where Core makes no difference to what is sent."""
REFUSES_NEW = {TAKES_RECORDINGS: {"wrapped": "refused"}}
REFUSES_OLD = {TAKES_RECORDINGS: {"plain": "refused"}}
OLD_STORE, OLD_PIPELINE = "core 1.0 store 0.5", "core 1.0 pipeline 0.1"
NEW_STORE, NEW_PIPELINE = "core 1.1 store 0.6", "core 1.1 pipeline 0.2"


class Asked:
    """An upgrade of both services from Core 1.0 to Core 1.1, unless a test says otherwise."""

    def __init__(self, make_record: Make, outcomes: Outcomes, *needs: str, contract: Contract = CONTRACT) -> None:
        self.runs = MadeRuns(make_record, outcomes, ALL_KNOWN)
        question = UpgradeQuestion(services("1.0", "0.1", "0.5"), services("1.1", "0.2", "0.6"), needs=needs)
        self.answer = upgrade_answer(question, evidence(self.runs, contract))


def evidence(runs: MadeRuns, contract: Contract = CONTRACT, ledger: Ledger = LEDGER) -> DeploymentEvidence:
    return DeploymentEvidence(contract, SUITE, ledger, KnownDefects(), ALL_KNOWN, runs)


def names(order: UpgradeOrder) -> list[str]:
    return [f"{step.service} {' '.join(step.packages)}" for step in order.steps]


def verdicts(answer: UpgradeAnswer) -> list[str]:
    return [order.verdict for order in answer.orders]


def clauses(orders: Iterable[UpgradeOrder]) -> set[str]:
    return {
        failure.clause for order in orders for step in order.steps for one in step.problems for failure in one.failures
    }


@pytest.mark.parametrize(
    ("before", "after", "effect", "needed"),
    [
        ("works", "works", "same", "same"),
        ("works", "limited", "worse", "same"),
        ("works", "broken", "worse", "worse"),
        ("works", "unknown", "unknown", "unknown"),
        ("limited", "works", "same", "same"),
        ("limited", "limited", "same", "same"),
        ("limited", "broken", "worse", "worse"),
        ("limited", "unknown", "unknown", "unknown"),
        ("broken", "broken", "same", "same"),
        ("broken", "unknown", "same", "same"),
        ("unknown", "works", "same", "same"),
        ("unknown", "limited", "unknown", "unknown"),
        ("unknown", "broken", "unknown", "unknown"),
        ("unknown", "unknown", "unknown", "unknown"),
    ],
)
def test_what_a_change_of_state_is(before: StateName, after: StateName, effect: str, needed: str) -> None:
    assert effect_of(before, after) == effect
    assert effect_of(before, after, needed=True) == needed


def test_where_nothing_fails_either_service_may_go_first(make_record: Make) -> None:
    asked = Asked(make_record, {})
    assert (asked.answer.exit, asked.answer.first, verdicts(asked.answer)) == (0, ("store", "pipeline"), ["safe"] * 2)
    # Two services before and two after; those in between are run only where they could help.
    assert len(asked.runs.ran) == 4


def test_the_consumer_goes_first_where_the_old_one_refuses_what_is_new(make_record: Make) -> None:
    answer = Asked(make_record, {OLD_PIPELINE: REFUSES_NEW}).answer
    assert (answer.exit, answer.first) == (0, ("pipeline",))
    safe, unsafe = answer.orders
    assert names(safe) == ["pipeline core pipeline", "store core store"]
    assert unsafe.verdict == "unsafe"
    (problem,) = unsafe.steps[0].problems
    assert (problem.capability, problem.before, problem.after, problem.effect) == ("talk", "works", "limited", "worse")
    (failure,) = problem.failures
    assert failure.got == {"wrapped": "refused"}
    assert [sent.file for sent in failure.sent] == ["contracts/recordings/redis/wrapped.json"]
    assert failure.reproduce == f"./scripts/mdmeta run core==1.0 pipeline==0.1 --clause {TAKES_RECORDINGS}"
    assert unsafe.steps[-1].problems == ()


def test_the_producer_goes_first_where_the_new_consumer_refuses_what_is_old(make_record: Make) -> None:
    answer = Asked(make_record, {NEW_PIPELINE: REFUSES_OLD}).answer
    assert (answer.exit, answer.first) == (0, ("store",))


BOTH_WAYS: Outcomes = {
    **dict.fromkeys((OLD_PIPELINE, "core 1.1 pipeline 0.1"), REFUSES_NEW),
    **dict.fromkeys((NEW_PIPELINE, "core 1.0 pipeline 0.2"), REFUSES_OLD),
}


def test_without_a_safe_order_every_way_is_looked_at(make_record: Make) -> None:
    asked = Asked(make_record, BOTH_WAYS)
    assert (asked.answer.exit, asked.answer.first) == (1, ())
    assert (set(verdicts(asked.answer)), len(asked.answer.orders)) == ({"unsafe"}, 38)
    assert clauses(asked.answer.orders) == {TAKES_RECORDINGS}
    assert len(asked.runs.ran) == 8


def test_a_service_that_gets_core_first_may_be_the_way(make_record: Make) -> None:
    """Where the old Pipeline takes what is new with the new Core only, and the new Pipeline takes it alone."""
    outcomes: Outcomes = {
        OLD_PIPELINE: REFUSES_NEW,
        **dict.fromkeys((NEW_PIPELINE, "core 1.0 pipeline 0.2"), REFUSES_OLD),
    }
    answer = Asked(make_record, outcomes).answer
    assert (answer.exit, answer.first) == (0, ("pipeline",))
    assert names(answer.orders[0]) == ["pipeline core", "store core store", "pipeline pipeline"]


def test_what_their_own_requirements_forbid_is_not_out_in_between(make_record: Make) -> None:
    old = replace(LEDGER.release("pipeline", "0.1"), requires=("market-data-core<1.1",))
    ledger = replace(LEDGER, releases={**LEDGER.releases, "pipeline": (old, LEDGER.release("pipeline", "0.2"))})
    outcomes: Outcomes = {
        OLD_PIPELINE: REFUSES_NEW,
        **dict.fromkeys((NEW_PIPELINE, "core 1.0 pipeline 0.2"), REFUSES_OLD),
    }
    runs = MadeRuns(make_record, outcomes, ALL_KNOWN)
    before, after = services("1.0", "0.1", "0.5"), services("1.1", "0.2", "0.6")
    answer = upgrade_answer(UpgradeQuestion(before, after), evidence(runs, ledger=ledger))
    assert (answer.exit, answer.forbidden) == (1, ())
    assert "core 1.1 pipeline 0.1" not in {" ".join(map(" ".join, one.versions)) for one in runs.ran}
    back = upgrade_answer(UpgradeQuestion(after, services("1.1", "0.1", "0.5")), evidence(runs, ledger=ledger))
    assert (back.exit, len(back.forbidden)) == (1, 1)
    assert "pipeline 0.1 requires market-data-core<1.1, not 1.1" in back.forbidden[0]


def test_what_the_new_releases_lose_in_any_order_is_told_apart(make_record: Make) -> None:
    """There is no safe order to something worse, but there is a best one apart from that."""
    answer = Asked(make_record, {NEW_STORE: {WRITES: "failed"}, OLD_PIPELINE: REFUSES_NEW}).answer
    assert (answer.exit, answer.first) == (1, ("pipeline",))
    (lost,) = answer.lost
    assert (lost.capability, lost.before, lost.after) == ("write", "works", "broken")
    assert verdicts(answer) == ["safe", "unsafe"]


def test_what_is_limited_in_the_end_may_not_be_broken_in_between(make_record: Make) -> None:
    """What is lost in any order excuses no more than what remains of it after the upgrade."""
    outcomes: Outcomes = {
        NEW_STORE: {COUNTS: "failed"},
        OLD_PIPELINE: {TAKES_RECORDINGS: {"wrapped": "refused"}},
    }
    contract = replace(
        CONTRACT,
        capabilities={
            "talk": replace(CONTRACT.capabilities["talk"], essential=(TAKES_RECORDINGS,), others=(SENDS, COUNTS))
        },
    )
    answer = Asked(make_record, outcomes, contract=contract).answer
    assert [(one.capability, one.after) for one in answer.lost] == [("talk", "limited")]
    assert (answer.exit, answer.first, verdicts(answer)) == (1, ("pipeline",), ["safe", "unsafe"])


def test_what_is_broken_already_gets_no_worse(make_record: Make) -> None:
    answer = Asked(make_record, {OLD_STORE: {SENDS: "failed"}, **BOTH_WAYS}).answer
    assert (answer.exit, answer.capabilities[0].before.state) == (0, "broken")


def test_another_failure_that_makes_nothing_worse_is_told(make_record: Make) -> None:
    answer = Asked(make_record, {OLD_STORE: {COUNTS: "failed"}, OLD_PIPELINE: REFUSES_NEW}).answer
    assert answer.exit == 0
    # With the new Store the old Pipeline refuses its events; Store counts right then, so the state is the same.
    store_first = next(order for order in answer.orders if order.steps[0].service == "store")
    (problem,) = store_first.steps[0].problems
    assert (problem.effect, [failure.clause for failure in problem.failures]) == ("same", [TAKES_RECORDINGS])


@pytest.mark.parametrize("missing", [NEW_STORE, NEW_PIPELINE])
def test_a_service_that_was_not_run_leaves_the_order_undecided(make_record: Make, missing: str) -> None:
    answer = Asked(make_record, {missing: None}).answer
    assert (answer.exit, set(verdicts(answer)), answer.first) == (3, {"undecided"}, ())


@pytest.mark.parametrize(("missing", "first"), [(OLD_STORE, "store"), (OLD_PIPELINE, "pipeline")])
def test_to_where_all_works_nothing_gets_worse_whatever_was_before(make_record: Make, missing: str, first: str) -> None:
    assert Asked(make_record, {missing: None}).answer.first == (first,)


def test_a_producer_without_a_recording_leaves_the_order_undecided(make_record: Make) -> None:
    runs = MadeRuns(make_record, {}, ALL_KNOWN[:1])
    question = UpgradeQuestion(services("1.0", "0.1", "0.5"), services("1.1", "0.2", "0.6"))
    answer = upgrade_answer(question, evidence(runs))
    assert (answer.exit, answer.orders[0].verdict) == (3, "undecided")
    (problem,) = answer.orders[0].steps[-1].problems
    assert "there is no recording of what core 1.1 and store 0.6 sends" in problem.reason


def test_services_that_decide_nothing_say_nothing(make_record: Make) -> None:
    contract = replace(CONTRACT, capabilities={"together": CONTRACT.capabilities["together"]})
    answer = Asked(make_record, {}, contract=contract).answer
    assert (answer.exit, set(verdicts(answer)), answer.capabilities) == (3, {"undecided"}, ())


def test_only_what_is_needed_counts_and_it_may_be_limited(make_record: Make) -> None:
    assert Asked(make_record, BOTH_WAYS, "talk").answer.exit == 0
    assert Asked(make_record, {NEW_STORE: {WRITES: "failed"}}, "talk").answer.exit == 0
    broken = Asked(make_record, {NEW_STORE: {WRITES: "failed"}}, "write").answer
    assert (broken.exit, broken.unmet) == (1, ("write",))


@pytest.mark.parametrize(("outcome", "exit_code"), [("failed", 1), ("missing", 3)])
def test_what_is_needed_must_be_there_at_the_end(make_record: Make, outcome: str, exit_code: int) -> None:
    """Also what was broken before, and so has got no worse."""
    outcomes: Outcomes = {OLD_STORE: {WRITES: "failed"}, NEW_STORE: {WRITES: outcome}}
    answer = Asked(make_record, outcomes, "write").answer
    assert (answer.exit, answer.unmet, answer.lost) == (exit_code, ("write",), ())
    assert Asked(make_record, outcomes).answer.exit == 0


@pytest.mark.parametrize("service", [NEW_STORE, NEW_PIPELINE])
def test_a_service_that_cannot_be_installed_loses_what_it_decides(make_record: Make, service: str) -> None:
    answer = Asked(make_record, {service: "no pydantic"}).answer
    assert answer.exit == 1
    assert {problem.reason for problem in answer.lost} == {"the set cannot be installed: no pydantic"}


def test_the_same_releases_need_no_order(make_record: Make) -> None:
    same = services("1.0", "0.1", "0.5")
    answer = upgrade_answer(UpgradeQuestion(same, same), evidence(MadeRuns(make_record, {})))
    assert (answer.exit, answer.orders, answer.first) == (0, (), ())


NEW_FORM = {"new": {"stream": "feedback", "entries": [{"data": "another form"}]}}


@pytest.mark.parametrize(("outcome", "verdict"), [("passed", "safe"), ("failed", "unsafe"), ("error", "undecided")])
def test_what_a_candidate_sends_is_given_to_every_consumer(make_record: Make, outcome: str, verdict: str) -> None:
    """An order is as safe as the consumers that are out take what is new; what is sent can be pasted."""
    question = UpgradeQuestion(services("1.0", "0.1", "0.5"), services("1.0", "0.1", "0.6"))
    candidate = Candidate("store", "../my store", LEDGER.release("store", "0.6"), None, Path("store.whl"))
    runs, given = MadeRuns(make_record, {}, ALL_KNOWN), []

    def run(wanted: Iterable[Combination]) -> dict[Combination, ServiceRun]:
        new = make_record({IS_ARCHIVED: "failed"}, got=NEW_FORM)
        return {
            one: replace(made, sends=NEW_FORM, archive=(), record=replace_checks(made.record, new))
            if one == service("core 1.0 store 0.6")
            else made
            for one, made in runs(wanted).items()
        }

    def give(consumers: Iterable[Combination], sent: Mapping[str, Any]) -> dict[Combination, Check]:
        given.append((list(consumers), sent))
        got = {"new": "refused"} if outcome == "failed" else None
        return {one: Check(TAKES_RECORDINGS, outcome, "it", {}, got, 0.0) for one in given[-1][0]}

    answer = upgrade_answer(question, replace(evidence(runs), run=run, give=give, candidates=(candidate,)))
    assert answer.orders[0].verdict == verdict if outcome != "failed" else answer.lost
    assert given == [([service(OLD_PIPELINE)], NEW_FORM)]
    assert [(one.source, one.version) for one in answer.candidates] == [("../my store", "0.6")]
    for problem in answer.lost:
        (failure,) = problem.failures
        assert [dict(entry) for entry in failure.sent[0].entries] == NEW_FORM["new"]["entries"]
        assert failure.reproduce == "./scripts/mdmeta gate --store '../my store' core==1.0 pipeline==0.1 newest"


def test_the_libraries_that_candidates_bring_along_are_named_once(make_record: Make) -> None:
    question = UpgradeQuestion(services("1.0", "0.1", "0.5"), services("1.1", "0.2", "0.6"))
    runs = MadeRuns(make_record, {}, ALL_KNOWN)

    def run(asked: Iterable[Combination]) -> dict[Combination, ServiceRun]:
        brought = {service(NEW_STORE): ("redis==9.0",), service(NEW_PIPELINE): ("redis==9.0", "evil-dep==1.0")}
        return {one: replace(made, brought=brought.get(one, ())) for one, made in runs(asked).items()}

    def origins(entries: Iterable[str]) -> tuple[BroughtLibrary, ...]:
        pairs = [entry.split("==") for entry in entries]
        return tuple(BroughtLibrary(name=name, version=version, origin="the index") for name, version in pairs)

    answer = upgrade_answer(question, replace(evidence(runs), run=run, origins=origins))
    assert [(library.name, library.version) for library in answer.brings_along] == [
        ("evil-dep", "1.0"),
        ("redis", "9.0"),
    ]


def replace_checks(record: Record | None, other: Record) -> Record:
    """The record with the checks of another one beside its own."""
    assert record
    return replace(record, checks={**record.checks, IS_ARCHIVED: other.checks[IS_ARCHIVED]})
