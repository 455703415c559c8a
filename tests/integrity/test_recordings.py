"""The recordings are what they claim: each payload of the reference says what it means, and where that is written."""

from __future__ import annotations

import json
from pathlib import Path

from market_data_meta.inside.mdm_recording import Recording

RECORDINGS = Path(__file__).parents[2] / "contracts" / "recordings"


def test_reference_payloads_say_what_they_mean() -> None:
    payloads = json.loads((RECORDINGS / "reference.json").read_text(encoding="utf-8"))["payloads"]
    names = [payload["name"] for payload in payloads]
    assert len(names) == len(set(names))
    assert {payload["meaning"] for payload in payloads} == {"take", "refuse"}
    assert [payload["name"] for payload in payloads if set(payload) != {"name", "meaning", "source", "data"}] == []
    assert [payload["name"] for payload in payloads if not payload["source"].endswith(".")] == []


def test_reference_payloads_to_take_are_envelopes_of_one_event() -> None:
    payloads = json.loads((RECORDINGS / "reference.json").read_text(encoding="utf-8"))["payloads"]
    envelopes = [json.loads(payload["data"]) for payload in payloads if payload["meaning"] == "take"]
    assert {envelope["meta"]["schema_id"] for envelope in envelopes} == {"telemetry.FeedbackEvent"}
    assert {envelope["meta"].get("track", "v1") for envelope in envelopes} == {"v1", "v2"}
    assert {envelope["payload"]["level"] for envelope in envelopes} == {"ok", "soft", "hard"}


def test_recordings_are_named_by_what_they_hold() -> None:
    files = sorted((RECORDINGS / "redis").glob("*"))
    assert files
    for file in files:
        recorded = json.loads(file.read_text(encoding="utf-8"))
        recording = Recording.of(recorded["stream"], recorded["entries"])
        assert recording.entries == tuple(recorded["entries"]), f"{file.name} is not normalised"
        assert file.name == f"{recording.name}.json"
        assert file.read_text(encoding="utf-8") == recording.text(recorded["producers"])
        assert recorded["producers"]
