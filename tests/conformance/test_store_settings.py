"""Settings of Store: names, defaults, bounds, and whether what they promise is obeyed."""

from __future__ import annotations

from typing import Any

import pytest

from mdc_doubles import GatedSink, RecordingSubscriber
from mdc_settings import built, named, only, picked, refused
from mdm_clause import ClauseCheck

COORDINATOR = "market_data_store.coordinator:CoordinatorRuntimeSettings"
FEEDBACK = "market_data_store.coordinator:FeedbackSettings"
SERVICE = "datastore.config:Settings"


def test_coordinator_defaults(clause: ClauseCheck, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without any MDS_* variable the coordinator's settings have their documented defaults."""
    only(monkeypatch, {})
    clause.equal("default coordinator settings", picked(built(clause, COORDINATOR), clause.expect), clause.expect)


def test_coordinator_environment(clause: ClauseCheck, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each MDS_* variable sets the coordinator's setting that it names."""
    only(monkeypatch, clause.expect["environment"])
    wanted = clause.expect["settings"]
    clause.equal("coordinator settings from the environment", picked(built(clause, COORDINATOR), wanted), wanted)


def not_refused(clause: ClauseCheck, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The bad values of the clause that the coordinator's settings do not refuse as they should."""
    problems = []
    for variable, bad in clause.expect.items():
        only(monkeypatch, {variable: bad["value"]})
        problems += refused(named(COORDINATOR), bad["names"], f"{variable}={bad['value']}")
    return problems


def test_coordinator_bad_values(clause: ClauseCheck, monkeypatch: pytest.MonkeyPatch) -> None:
    """A value of the wrong kind for a coordinator's setting is refused with an error that names the setting."""
    problems = not_refused(clause, monkeypatch)
    clause.none("bad values that are not refused as they should be", problems, examined=len(clause.expect))


def test_coordinator_bounds(clause: ClauseCheck, monkeypatch: pytest.MonkeyPatch) -> None:
    """A capacity, a number of workers, a batch size or an interval below what a coordinator can work with is refused
    with an error that names the setting.
    """
    problems = not_refused(clause, monkeypatch)
    clause.none("values that no coordinator can work with", problems, examined=len(clause.expect))


async def test_coordinator_obeys(clause: ClauseCheck, monkeypatch: pytest.MonkeyPatch, gated_sink: GatedSink) -> None:
    """A coordinator that is given no capacity has the one that MDS_COORDINATOR_CAPACITY sets."""
    from market_data_store.coordinator import WriteCoordinator

    only(monkeypatch, {clause.expect["variable"]: clause.expect["value"]})
    coordinator: Any = WriteCoordinator(sink=gated_sink)
    clause.equal("capacity of the coordinator", coordinator.health().capacity, clause.expect["capacity"])


def test_feedback_defaults(clause: ClauseCheck, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without any MDS_FB_* variable feedback is enabled, and its HTTP broadcast is not."""
    only(monkeypatch, {})
    settings, wanted = built(clause, FEEDBACK), clause.expect["settings"]
    clause.equal("default feedback settings", picked(settings, wanted), wanted)
    unset = clause.expect["unset"]
    clause.equal("settings without a default", picked(settings, dict.fromkeys(unset)), dict.fromkeys(unset))


def test_feedback_environment(clause: ClauseCheck, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each MDS_FB_* variable sets Store's feedback setting that it names."""
    only(monkeypatch, clause.expect["environment"])
    wanted = clause.expect["settings"]
    clause.equal("feedback settings from the environment", picked(built(clause, FEEDBACK), wanted), wanted)


async def test_feedback_switch(
    clause: ClauseCheck, monkeypatch: pytest.MonkeyPatch, gated_sink: GatedSink, subscriber: RecordingSubscriber
) -> None:
    """With MDS_FB_ENABLE_FEEDBACK=false a coordinator whose queue fills up emits no feedback."""
    from market_data_store.coordinator import WriteCoordinator, feedback_bus

    only(monkeypatch, {clause.expect["variable"]: clause.expect["value"]})
    feedback_bus().subscribe(subscriber)
    # Nothing has started, so nothing leaves the queue: what is submitted crosses both watermarks.
    coordinator: Any = WriteCoordinator(sink=gated_sink, capacity=10)
    await coordinator.submit_many(range(10))
    clause.equal("events of a coordinator whose queue is full", len(subscriber.events), clause.expect["events"])


def test_service_required(clause: ClauseCheck, monkeypatch: pytest.MonkeyPatch) -> None:
    """Store's service settings refuse to be built without their databases, with an error that names each missing
    variable.
    """
    only(monkeypatch, {})
    required = clause.expect["required"]
    problems = [problem for name in required for problem in refused(named(SERVICE), name, f"without {name}")]
    clause.none("what Store's settings do without their databases", problems, examined=len(required))


def test_service_environment(clause: ClauseCheck, monkeypatch: pytest.MonkeyPatch) -> None:
    """Store's service settings come from the environment, whatever the case of the names."""
    only(monkeypatch, clause.expect["environment"])
    wanted = clause.expect["settings"]
    clause.equal("service settings from the environment", picked(built(clause, SERVICE), wanted), wanted)
