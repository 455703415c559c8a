"""Recordings: which releases each is of, by their contents."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
from example_deployments import LEDGER, service

from market_data_meta.deployment.recordings import load_recordings, recordings_of
from market_data_meta.errors import ErrorCode, MetaError


def write(root: Path, text: str, name: str = "redis/0a1b.json") -> None:
    file = root / "contracts" / "recordings" / name
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text)


def test_releases_with_the_contents_of_a_producer_send_what_it_sends(tmp_path: Path) -> None:
    write(tmp_path, json.dumps({"producers": ["core 1.1 store 0.6"], "stream": "feedback", "entries": [{"data": "1"}]}))
    write(tmp_path, "{}", "reference.json")
    (recording,) = loaded = load_recordings(tmp_path, LEDGER)
    assert (recording.stream, recording.entries) == ("feedback", ({"data": "1"},))
    assert (recording.name, recording.file) == ("0a1b", "contracts/recordings/redis/0a1b.json")
    assert recordings_of(service("core 1.2 store 0.6"), loaded, LEDGER) == loaded
    for other in ("core 1.0 store 0.6", "core 1.1 store 0.5", "core 1.1 pipeline 0.2"):
        assert recordings_of(service(other), loaded, LEDGER) == ()


def test_of_an_earlier_time_recordings_are_of_later_releases_too(tmp_path: Path) -> None:
    write(tmp_path, json.dumps({"producers": ["core 1.1 store 0.6"], "stream": "feedback", "entries": []}))
    releases = {**LEDGER.releases, "store": LEDGER.releases["store"][:1]}
    (recording,) = load_recordings(tmp_path, replace(LEDGER, releases=releases, later=LEDGER))
    assert len(recording.producers) == 1


@pytest.mark.parametrize(
    "text",
    [
        "[",
        "[]",
        "{}",
        '{"producers": ["core"]}',
        '{"producers": [1]}',
        '{"producers": [], "stream": "a", "entries": [1]}',
    ],
)
def test_what_is_no_recording_is_named(tmp_path: Path, text: str) -> None:
    write(tmp_path, text)
    with pytest.raises(MetaError) as raised:
        load_recordings(tmp_path, LEDGER)
    assert raised.value.code is ErrorCode.BAD_FILE
    assert "contracts/recordings/redis/0a1b.json" in raised.value.what


def test_without_recordings_there_are_none(tmp_path: Path) -> None:
    assert load_recordings(tmp_path, LEDGER) == ()


def test_the_committed_recordings_are_of_published_releases(root: Path) -> None:
    from market_data_meta.contract_files import load_contract
    from market_data_meta.releases.ledger_files import load_ledger

    for recording in load_recordings(root, load_ledger(root, load_contract(root).packages)):
        assert recording.producers, recording.file
