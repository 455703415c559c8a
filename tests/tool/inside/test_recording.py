"""Recordings of streams: what is replaced, what is kept, and that equal ones have equal names."""

from __future__ import annotations

import json

from market_data_meta.inside.mdm_recording import Recording, normalised, payload_hash

ZEROS = "0" * 64


def _envelope(ts: float, digest: str | None, payload: object) -> str:
    return json.dumps({"id": "", "ts": ts, "key": "bars", "meta": {"hash": digest}, "payload": payload})


def test_times_and_identifiers_are_replaced_in_their_own_unit() -> None:
    text = '{"ts": 1795783377.97591, "a": {"ts":1795783377, "id": "9f1c"}, "b": [{"ts" : 1795783377975}], "id": ""}'
    expected = '{"ts": 1700000000.25, "a": {"ts":1700000000, "id": "0-0"}, "b": [{"ts" : 1700000000250}], "id": ""}'
    assert normalised(text) == expected


def test_what_is_no_time_is_kept_byte_by_byte() -> None:
    for text in (
        '{"ts": "yesterday",  "n": 1795783377.5, "x": "\\u00fc", "y": "ü"}',
        '{"ts": 8.5}',
        "no JSON",
        "",
        "[]",
    ):
        assert normalised(text) == text


def test_a_time_within_a_text_is_kept() -> None:
    text = json.dumps({"reason": '"ts": 1795783377.97591,'})
    assert normalised(text) == text


def test_a_hash_that_fits_fits_afterwards() -> None:
    payload = {"level": "hard", "ts": 1795783377.97591}
    after = json.loads(normalised(_envelope(1795783377.5, payload_hash(payload), payload)))
    assert after["payload"]["ts"] == 1700000000.25
    assert after["meta"]["hash"] == payload_hash(after["payload"])


def test_a_hash_that_does_not_fit_does_not_afterwards() -> None:
    after = json.loads(normalised(_envelope(1795783377.5, "ab" * 32, {"level": "hard"})))
    assert after["meta"]["hash"] == ZEROS


def test_hashes_of_nested_envelopes_fit_from_the_inside_out() -> None:
    payload = {"ts": 1795783377.97591}
    inner = json.loads(_envelope(1795783377.25, payload_hash(payload), payload))
    after = json.loads(normalised(_envelope(1795783377.5, payload_hash(inner), inner)))
    assert after["payload"]["meta"]["hash"] == payload_hash(after["payload"]["payload"])
    assert after["meta"]["hash"] == payload_hash(after["payload"])


def test_no_hash_stays_none() -> None:
    assert json.loads(normalised(_envelope(1795783377.5, None, {})))["meta"] == {"hash": None}


def test_recordings_of_two_runs_have_one_name_and_another_order_has_another() -> None:
    first, second = ([{"data": _envelope(start + n, None, {"level": n})} for n in range(2)] for start in (1.7e9, 1.8e9))
    assert Recording.of("s", first) == Recording.of("s", second)
    names = {Recording.of("s", first).name, Recording.of("t", first).name, Recording.of("s", first[::-1]).name}
    assert len(names) == 3


def test_bytes_that_are_no_utf8_can_be_named_and_written() -> None:
    recording = Recording.of("s", [{"data": b"\xff{".decode("utf-8", "surrogateescape")}])
    assert json.loads(recording.text(["core 1"]))["entries"] == [{"data": "\udcff{"}]
    assert len(recording.name) == 16


def test_a_recording_extends_another_one_by_members_that_a_reader_ignores() -> None:
    """Another value, a missing member, another type or another number of entries is more than an extension."""
    earlier = Recording("s", ({"data": '{"key": "bars", "hash": "aa", "payload": {"n": 1, "levels": ["ok"]}}'},))

    def extends(text: str) -> bool:
        return Recording("s", ({"data": text},)).extends(earlier)

    assert extends('{"payload":{"levels":["ok"],"n":1,"more":2},"key":"bars","hash":"bb","v":1}')
    for text in (
        '{"key": "bars", "hash": "aa", "payload": {"n": 2, "levels": ["ok"]}}',
        '{"key": "bars", "hash": "aa", "payload": {"n": 1}}',
        '{"key": "bars", "hash": null, "payload": {"n": 1, "levels": ["ok"]}}',
        '{"key": "bars", "hash": "aa", "payload": {"n": true, "levels": ["ok"]}}',
        '{"key": "bars", "hash": "aa", "payload": {"n": 1, "levels": ["ok", "hard"]}}',
        "bars",
    ):
        assert not extends(text), text
    assert not Recording("t", earlier.entries).extends(earlier)
    assert not Recording("s", (*earlier.entries, *earlier.entries)).extends(earlier)
