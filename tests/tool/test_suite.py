"""The digest of the suite: it changes with all that decides outcomes, and with nothing else."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from market_data_meta import suite

RECORDING = {"stream": "a", "entries": [{"data": "1"}], "producers": ["core 1.0 store 0.5"]}


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A checkout with one file of each kind."""
    for name in ("tests/conformance/test_area.py", "contracts/clauses/area.toml", "contracts/schemas/dto/A.json"):
        write(tmp_path, name, "{}")
    write(tmp_path, "contracts/packages.toml", "")
    write(tmp_path, "contracts/recordings/redis/0a.json", json.dumps(RECORDING))
    return tmp_path


def write(root: Path, name: str, text: str) -> None:
    file = root / name
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text)


@pytest.mark.parametrize(
    "name",
    [
        "tests/conformance/test_area.py",
        "contracts/clauses/area.toml",
        "contracts/schemas/dto/A.json",
        "contracts/packages.toml",
        "contracts/recordings/reference.json",
        "contracts/recordings/redis/0b.json",
    ],
)
def test_what_decides_outcomes_changes_it(checkout: Path, name: str) -> None:
    before = suite.digest(checkout)
    write(checkout, name, '{"another": 1}')
    assert suite.digest(checkout) != before


@pytest.mark.parametrize("text", ["[", "[1]", "\udcff"])
def test_a_recording_that_is_none_has_a_digest(checkout: Path, text: str) -> None:
    """That it is damaged is told by whoever reads it, with its name."""
    before = suite.digest(checkout)
    (checkout / "contracts/recordings/redis/0a.json").write_bytes(text.encode("utf-8", "surrogateescape"))
    assert suite.digest(checkout) != before


def test_who_else_sends_the_same_decides_nothing(checkout: Path) -> None:
    """A new release that sends what is recorded already needs no consumer to be run again."""
    before = suite.digest(checkout)
    write(
        checkout, "contracts/recordings/redis/0a.json", json.dumps({**RECORDING, "producers": ["core 1.1 store 0.5"]})
    )
    assert suite.digest(checkout) == before
    write(checkout, "contracts/recordings/redis/0a.json", json.dumps({**RECORDING, "entries": []}))
    assert suite.digest(checkout) != before
