"""The state of a capability: what its clauses say of it, and that nothing is called good without evidence."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from itertools import product
from pathlib import Path
from typing import Any

import pytest
from examples import SUITE, VERSIONS, known_defect

from market_data_meta.contract import Capability, Contract
from market_data_meta.judging.capabilities import ClauseDecision, capability_states, state_of
from market_data_meta.judging.defects import Defect, KnownDefects
from market_data_meta.judging.records import Check, Record
from market_data_meta.judging.verdicts import CellVerdict, judge
from market_data_meta.results.capabilities import CapabilityState

Make = Callable[..., Record]
REAL: dict[str, Any] = json.loads(Path(__file__).with_name("real_outcomes.json").read_text())
"""What did not pass in the newest and the oldest pinned combination, in their services and their releases alone."""


def talk(essential: tuple[str, ...], others: tuple[str, ...] = ()) -> Capability:
    return Capability("talk", "Let the packages talk", "About.", "A source.", "Why.", essential, others)


def state(
    contract: Contract, capability: Capability, record: Record | None, *alone: Record, defects: tuple[Defect, ...] = ()
) -> CapabilityState:
    """The state of the one capability of a contract."""
    contract, known = replace(contract, capabilities={"talk": capability}), KnownDefects(defects)
    cell = judge(contract, SUITE, record, known) if record else CellVerdict("c", None, "unknown", ("not run",), (), {})
    (state,) = capability_states(contract, SUITE, cell, known, alone)
    return state


def decision(outcome: str, *, essential: bool) -> ClauseDecision:
    check = None if outcome == "missing" else Check("area.first", outcome, None, None, None, 0.0)
    return ClauseDecision("area.first", essential, check)


OUTCOMES = ("passed", "failed", "error", "missing", "not-applicable")
BY_ESSENTIAL = {
    "passed": {"passed": "works", "failed": "limited", "not-applicable": "works"},
    "failed": dict.fromkeys(OUTCOMES, "broken"),
}
"""The state by the outcomes of an essential and of another clause; unknown where it says nothing."""


@pytest.mark.parametrize(("essential", "other"), list(product(OUTCOMES, OUTCOMES)))
def test_each_pair_of_an_essential_and_another_outcome(essential: str, other: str) -> None:
    decisions = [decision(essential, essential=True), decision(other, essential=False)]
    assert state_of(decisions) == BY_ESSENTIAL.get(essential, {}).get(other, "unknown")
    assert state_of(reversed(decisions)) == state_of(decisions)


@pytest.mark.parametrize(
    ("first", "second", "expected"),
    [
        ("passed", "passed", "works"),
        ("passed", "failed", "broken"),
        ("passed", "error", "unknown"),
        ("passed", "missing", "unknown"),
        ("passed", "not-applicable", "works"),
        ("failed", "error", "broken"),
        ("failed", "missing", "broken"),
        ("failed", "not-applicable", "broken"),
        ("error", "not-applicable", "unknown"),
        ("not-applicable", "not-applicable", "unknown"),
    ],
)
def test_each_pair_of_two_essential_outcomes(first: str, second: str, expected: str) -> None:
    assert state_of([decision(first, essential=True), decision(second, essential=True)]) == expected


def test_a_capability_without_any_decision_is_unknown() -> None:
    assert state_of([]) == "unknown"


def test_a_known_defect_is_a_failure_and_is_told_in_the_words_of_a_user(small: Contract, make_record: Make) -> None:
    record = make_record({"area.first": "failed", "area.second": "failed"})
    defects = (known_defect(*(record.checks[name] for name in ("area.first", "area.second"))),)
    assert judge(small, SUITE, record, KnownDefects(defects)).verdict == "defective"
    for others in ((), ("area.second",)):
        broken = state(small, talk(("area.first",), others), record, defects=defects)
        assert broken.state == "broken"
        assert {(f.sentence, f.defect) for f in broken.failures} == {("Something is wrong.", "it-is-wrong")}


def test_a_known_defect_that_another_clause_shows_limits(small: Contract, make_record: Make) -> None:
    record = make_record({"area.second": "failed"})
    defects = (known_defect(record.checks["area.second"]),)
    assert state(small, talk(("area.first",), ("area.second",)), record, defects=defects).state == "limited"


def test_a_defect_of_a_release_alone_is_known_by_the_release(small: Contract, make_record: Make) -> None:
    core, store = alone(make_record, "core", "passed"), alone(make_record, "store", "failed")
    defect = known_defect(store.checks["area.alone"], package="store", store=">=0.6")
    for defects, sentence in (((defect,), "Something is wrong."), ((), "The rule of area.alone. This does not hold")):
        (failure,) = state(small, talk(("area.alone",)), make_record(), core, store, defects=defects).failures
        assert failure.sentence.startswith(sentence)


def test_what_fails_is_named_with_rule_and_what_was_got(small: Contract, make_record: Make) -> None:
    record = make_record({"area.second": "failed"}, got=["one thing", "another"])
    limited = state(small, talk(("area.first",), ("area.second",)), record)
    assert (limited.state, limited.reason, limited.undecided) == ("limited", "", ())
    (failure,) = limited.failures
    assert (failure.clause, failure.essential) == ("area.second", False)
    assert failure.sentence == "The rule of area.second. This does not hold: what was looked at: one thing; another."


@pytest.mark.parametrize(
    ("got", "words"),
    [
        ([], "nothing."),
        ("late", "late."),
        ({"ok": 1.0}, '{"ok": 1.0}.'),
        ("x" * 500, "x" * 199 + "…"),
        (["é", 1], '["é", 1].'),
    ],
)
def test_a_sentence_says_what_was_got_in_bounds(small: Contract, make_record: Make, got: object, words: str) -> None:
    failures = state(small, talk(("area.first",)), make_record({"area.first": "failed"}, got=got)).failures
    assert failures[0].sentence == f"The rule of area.first. This does not hold: what was looked at: {words}"


def test_weak_evidence_leaves_everything_unknown_and_says_why(small: Contract, make_record: Make) -> None:
    holds = talk(("area.first",), ("area.second",))
    weak = {
        "not run": None,
        "the run is incomplete: it has no footer": make_record(footer=None),
        "it was recorded by another version of the suite: run it again": make_record(suite="6" * 64),
        "control controls.must-fail came out passed": make_record({"controls.must-fail": "passed"}),
    }
    assert state(small, holds, make_record()).state == "works"
    for reason, record in weak.items():
        unknown = state(small, holds, record)
        assert (unknown.state, unknown.reason, unknown.failures) == ("unknown", reason, ())
        assert unknown.undecided == ("area.first", "area.second")


def test_in_a_set_that_cannot_be_installed_everything_is_broken(small: Contract, make_record: Make) -> None:
    """That nothing satisfies it is evidence, and nobody can do anything with it."""
    broken = state(small, talk(("area.first",)), make_record(uninstallable="no set fits"))
    assert (broken.state, broken.reason) == ("broken", "the set cannot be installed: no set fits")
    assert (broken.failures, broken.undecided) == ((), ("area.first",))


def test_what_could_not_run_is_the_reason(small: Contract, make_record: Make) -> None:
    both = talk(("area.first",), ("area.second",))
    error = state(small, both, make_record({"area.first": "error", "area.second": "missing"}))
    assert (error.reason, error.undecided) == (
        "area.first could not run: what was looked at",
        ("area.first", "area.second"),
    )
    assert state(small, both, make_record({"area.second": "missing"})).reason == "area.second was not run"
    nothing = state(small, both, make_record({"area.first": "not-applicable"}))
    assert nothing.reason == "none of the clauses that it cannot do without applies to these releases"


def test_a_clause_that_does_not_exist_is_never_good(small: Contract, make_record: Make) -> None:
    assert state(small, talk(("area.gone",)), make_record()).state == "unknown"


def alone(make_record: Make, package: str, outcome: str, **changes: Any) -> Record:
    """The record of one release alone."""
    changes = {"cell": f"{package}{VERSIONS[package]}", "combination": {package: VERSIONS[package]}} | changes
    return make_record({"area.alone": outcome}, **changes)


def test_clauses_of_release_scope_are_decided_by_the_releases_alone(small: Contract, make_record: Make) -> None:
    essential, other = talk(("area.alone",)), talk(("area.first",), ("area.alone",))
    core, store = (alone(make_record, package, "passed") for package in ("core", "store"))
    assert [state(small, c, make_record(), core, store).state for c in (essential, other)] == ["works", "works"]
    failed = alone(make_record, "store", "failed")
    assert [state(small, c, make_record(), core, failed).state for c in (essential, other)] == ["broken", "limited"]
    (failure,) = state(small, other, make_record(), core, failed).failures
    assert "This does not hold: store 0.6.73, what was looked at" in failure.sentence
    missing = [state(small, c, make_record(), core) for c in (essential, other)]
    assert [(s.state, s.reason) for s in missing] == [
        ("unknown", "area.alone was not run: there is no run of store 0.6.73 alone")
    ] * 2
    # One package is enough to break it, and what fails in the combination needs nobody else.
    assert state(small, essential, make_record(), failed).state == "broken"
    assert state(small, talk(("area.first",)), make_record({"area.first": "failed"})).state == "broken"


def test_a_release_alone_counts_only_if_it_was_run_in_the_same_way(small: Contract, make_record: Make) -> None:
    core, store = (alone(make_record, package, "passed") for package in ("core", "store"))
    label = "-".join(f"{package}{version}" for package, version in VERSIONS.items())
    lowest = make_record(cell=f"{label}-lowest")
    assert state(small, talk(("area.alone",)), lowest, core, store).state == "unknown"
    weak = alone(make_record, "store", "passed", footer=None)
    assert state(small, talk(("area.alone",)), make_record(), core, weak).state == "unknown"
    same = [alone(make_record, name, "passed", cell=f"{name}{VERSIONS[name]}-lowest") for name in ("core", "store")]
    assert state(small, talk(("area.alone",)), lowest, *same).state == "works"


def real_states(contract: Contract, make_record: Make, which: str) -> Mapping[str, str]:
    """The states of a real combination. What is not listed as failed or not applicable passed."""

    def record(cell: str, outcomes: Mapping[str, str]) -> Record:
        versions = dict(re.findall(r"(core|pipeline|store)([\d.]+)", cell))
        installed = {n: {"version": v, "content": "c" * 64, "direct_url": None} for n, v in versions.items()}
        decided = dict.fromkeys(contract.clauses_for(tuple(versions)), "passed") | dict(outcomes)
        decided |= {"controls.must-pass": "passed", "controls.must-fail": "failed"}
        return make_record(decided, cell=cell, combination=versions, attestation=installed)

    runs = {cell: record(cell, outcomes) for cell, outcomes in REAL[which].items()}
    combination = next(run for run in runs.values() if len(run.versions) == len(contract.packages))
    nothing = KnownDefects()
    states = capability_states(contract, SUITE, judge(contract, SUITE, combination, nothing), nothing, runs.values())
    return {state.name: state.state for state in states}


COUNTED_BY_HAND = {
    # state in the newest combination, state in the oldest one
    "install": ("limited", "limited"),
    "together": ("limited", "limited"),
    "types": ("limited", "limited"),
    "parts": ("broken", "broken"),
    "write": ("broken", "broken"),
    "slow-down": ("limited", "limited"),
    "pause": ("broken", "broken"),
    "redis": ("broken", "broken"),
    "redis-bus": ("broken", "broken"),
    "run-services": ("limited", "limited"),
    "write-to-database": ("broken", "broken"),
    "http": ("broken", "broken"),
    "health-checks": ("limited", "limited"),
    # Store's application had a registry of its own before 0.6.25.
    "monitoring": ("limited", "broken"),
    "configure": ("limited", "limited"),
    "jobs": ("broken", "broken"),
    "http-api": ("limited", "limited"),
}


@pytest.mark.parametrize(("which", "place"), [("newest", 0), ("oldest", 1)])
def test_the_states_of_real_combinations_are_those_counted_by_hand(
    contract: Contract, make_record: Make, which: str, place: int
) -> None:
    expected = {name: states[place] for name, states in COUNTED_BY_HAND.items()}
    assert real_states(contract, make_record, which) == expected
