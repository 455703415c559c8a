"""Environments of tox.ini that tox runs, with a script in place of tox: their records come one by one."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from market_data_meta.judging.records import Record, record_text
from market_data_meta.running.tox_runs import run_in_tox

TOX = """#!/bin/sh
echo "$@"
mkdir -p "$OUT/records"
cp "$OUT/a" "$OUT/records/a.jsonl"
until [ -e "$OUT/go-on" ]; do sleep 0.05; done
cp "$OUT/c" "$OUT/records/c.jsonl"
"""


def test_a_record_comes_as_soon_as_it_is_there(
    make_record: Callable[..., Record], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first comes while tox is still at work; one that tox brings no record of is waited for no longer than tox."""
    monkeypatch.setenv("OUT", str(tmp_path))
    script = tmp_path / "scripts" / "tox"
    script.parent.mkdir()
    script.write_text(TOX)
    script.chmod(0o755)
    for name in ("a", "c"):
        (tmp_path / name).write_text(record_text(make_record({}, cell=name)))
    stale = tmp_path / "records" / "b.jsonl"
    stale.parent.mkdir()
    stale.write_text("of an earlier run")
    records = run_in_tox(tmp_path, ["a", "b", "c"], out=tmp_path)
    assert next(records).cell == "a"
    (tmp_path / "go-on").touch()
    assert [record.cell for record in records] == ["c"]
    said = (tmp_path / "logs" / "tox.log").read_text()
    assert said == f"run-parallel --parallel auto --parallel-no-spinner -e a,b,c -- --out {tmp_path}\n"
