"""Homes of runs: where they are made."""

from __future__ import annotations

import tempfile
from pathlib import Path

import pytest

from market_data_meta.running import homes


@pytest.fixture
def memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder in the place of the one whose files are in memory."""
    folder = tmp_path / "memory"
    folder.mkdir()
    monkeypatch.setattr(homes, "MEMORY", folder)
    monkeypatch.setattr(homes, "ENOUGH", 1)
    monkeypatch.delenv("TMPDIR", raising=False)
    return folder


def parent() -> Path:
    """Where a home is made."""
    with homes.make_home() as home:
        return Path(home).parent


def test_a_home_is_in_memory_where_there_is_enough(memory: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert parent() == memory
    monkeypatch.setattr(homes, "ENOUGH", 1 << 60)
    assert parent() == Path(tempfile.gettempdir())


def test_a_home_is_where_the_user_says(memory: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    assert parent() != memory


def test_a_machine_without_files_in_memory_has_its_usual_folder(memory: Path) -> None:
    memory.rmdir()
    assert parent() == Path(tempfile.gettempdir())
