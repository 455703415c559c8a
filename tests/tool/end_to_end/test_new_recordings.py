"""What a candidate sends and no release has sent before is given to the published consumers."""

from __future__ import annotations

import pytest
from real_gates import Build, Gate, gate_on
from small_suite import small_suite

from market_data_meta.contract_files import load_contract

PUBLISHER = "market_data_store/pulse/publisher.py"
SENT = "await bus.publish(stream_name, env, key=coordinator_id)"
FLAT = (
    'type("FeedbackEvent", (CoreFeedbackEvent,), {"__module__": "market_data_core.telemetry"})(**payload.model_dump()),'
)
"""The event itself, for which the bus makes the documented envelope, with the documented name of its schema."""
WIRE = {
    "publisher": ("recording-is-archived",),
    "consumer": ("takes-recordings",),
    # One for each combination, and one for the candidate alone.
    "chain": ("reaches-pipeline",),
    "packaging": ("metadata-valid",),
}


@pytest.fixture
def wire_gate(tmp_path_factory: pytest.TempPathFactory) -> Gate:
    """The gate with the clauses about what is sent and what is taken."""
    contract = load_contract(small_suite(tmp_path_factory.mktemp("wire"), WIRE))
    return gate_on(contract, tmp_path_factory.mktemp("out"))


def test_consumers_get_what_a_candidate_sends_and_no_release_has(wire_gate: Gate, build: Build) -> None:
    """The envelope within an envelope, which no consumer takes, is gone: each consumer takes what is sent now."""
    data = wire_gate("--store", build("store", {PUBLISHER: (SENT, SENT.replace("env,", FLAT))}), "--quick")
    kinds = {difference["clause"]: difference["kind"] for difference in data["differences"]}
    assert kinds == {"publisher.recording-is-archived": "regression", "consumer.takes-recordings": "repair"}


def test_what_consumers_refuse_as_before_is_no_news(wire_gate: Gate, build: Build) -> None:
    """Another envelope that no consumer takes, for the same reason, is told as one that the archive lacks."""
    changed = SENT.replace("key=coordinator_id", 'key=coordinator_id + "!"')
    data = wire_gate("--store", build("store", {PUBLISHER: (SENT, changed)}), "--quick")
    assert [difference["clause"] for difference in data["differences"]] == ["publisher.recording-is-archived"]
