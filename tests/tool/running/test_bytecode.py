"""Byte code of an environment: from another that holds the very file, and never that of a file which looks alike."""

from __future__ import annotations

import os
import subprocess
import sys
from importlib.util import cache_from_source
from pathlib import Path

import pytest

from market_data_meta.running import bytecode

WHEN = 1_700_000_000
"""The time of every source here (epoch seconds)."""


@pytest.fixture
def compiled(tmp_path: Path) -> Path:
    """An environment with a library and its byte code."""
    first = _module(tmp_path / "first", "said = 1")
    bytecode.complete(tmp_path / "first", Path(sys.executable), ())
    assert Path(cache_from_source(first)).exists()
    return first


def _module(environment: Path, text: str = "") -> Path:
    file = environment / "lib" / "thing.py"
    file.parent.mkdir(parents=True)
    if text:
        file.write_text(text)
        os.utime(file, (WHEN, WHEN))
    return file


def _said(file: Path) -> str:
    command = [sys.executable, "-B", "-c", "import thing; print(thing.said, thing.__cached__, thing.__file__)"]
    return subprocess.run(command, cwd=file.parent, capture_output=True, text=True, check=True).stdout.strip()


def test_the_same_file_is_compiled_once(compiled: Path, tmp_path: Path) -> None:
    """Where two environments hold one and the same file, the second takes over the byte code of the first."""
    second = _module(tmp_path / "second")
    second.hardlink_to(compiled)
    bytecode.complete(tmp_path / "second", Path(sys.executable), [tmp_path / "first", tmp_path / "second"])
    assert Path(cache_from_source(second)).samefile(cache_from_source(compiled))
    assert _said(second) == f"1 {cache_from_source(second)} {second}"


def test_a_file_that_looks_alike_has_byte_code_of_its_own(compiled: Path, tmp_path: Path) -> None:
    """A source of the same size and time, which Python would take the other's byte code for, is compiled itself."""
    second = _module(tmp_path / "second", "said = 2")
    assert (second.stat().st_size, second.stat().st_mtime) == (compiled.stat().st_size, compiled.stat().st_mtime)
    bytecode.complete(tmp_path / "second", Path(sys.executable), [tmp_path / "first"])
    assert _said(second).split()[0] == "2"


def test_what_cannot_be_compiled_hinders_nothing(compiled: Path, tmp_path: Path) -> None:
    """A file that is no Python is passed over, and so is an environment that vanishes meanwhile."""
    second = _module(tmp_path / "second", "said = ")
    bytecode.complete(tmp_path / "second", Path(sys.executable), [tmp_path / "none", compiled.parent])
    assert not Path(cache_from_source(second)).exists()
