"""Byte code of an environment: shared with another that holds the same file, never with a file that looks alike."""

from __future__ import annotations

import os
import subprocess
import sys
from importlib.util import cache_from_source
from pathlib import Path

import pytest

from market_data_meta.running import bytecode

MODIFIED = 1_700_000_000
"""The modification time of every source here (epoch seconds)."""


@pytest.fixture
def compiled(tmp_path: Path) -> Path:
    """An environment with a library and its byte code."""
    first = _module(tmp_path / "first", "value = 1")
    bytecode.compile_environment(tmp_path / "first", Path(sys.executable), ())
    assert Path(cache_from_source(first)).exists()
    return first


def _module(environment: Path, text: str = "") -> Path:
    file = environment / "lib" / "thing.py"
    file.parent.mkdir(parents=True)
    if text:
        file.write_text(text)
        os.utime(file, (MODIFIED, MODIFIED))
    return file


def _imported(file: Path) -> str:
    command = [sys.executable, "-B", "-c", "import thing; print(thing.value, thing.__cached__, thing.__file__)"]
    return subprocess.run(command, cwd=file.parent, capture_output=True, text=True, check=True).stdout.strip()


def test_the_same_file_is_compiled_once(compiled: Path, tmp_path: Path) -> None:
    """Where two environments hold the same file, the second takes over the byte code of the first."""
    second = _module(tmp_path / "second")
    second.hardlink_to(compiled)
    bytecode.compile_environment(tmp_path / "second", Path(sys.executable), [tmp_path / "first", tmp_path / "second"])
    assert Path(cache_from_source(second)).samefile(cache_from_source(compiled))
    assert _imported(second) == f"1 {cache_from_source(second)} {second}"


def test_a_file_that_looks_alike_has_byte_code_of_its_own(compiled: Path, tmp_path: Path) -> None:
    """A source of the same size and time, which Python would take the other's byte code for, is compiled itself."""
    second = _module(tmp_path / "second", "value = 2")
    assert (second.stat().st_size, second.stat().st_mtime) == (compiled.stat().st_size, compiled.stat().st_mtime)
    bytecode.compile_environment(tmp_path / "second", Path(sys.executable), [tmp_path / "first"])
    assert _imported(second).split()[0] == "2"


def test_a_file_that_does_not_compile_is_passed_over(compiled: Path, tmp_path: Path) -> None:
    """So is another environment that is not there any more."""
    second = _module(tmp_path / "second", "value = ")
    bytecode.compile_environment(tmp_path / "second", Path(sys.executable), [tmp_path / "none", compiled.parent])
    assert not Path(cache_from_source(second)).exists()


def test_byte_code_of_the_same_file_is_copied_to_where_it_is_looked_for(compiled: Path, tmp_path: Path) -> None:
    """What looks alike is left alone, and who writes to the copy changes nothing in the other environment."""
    version = f"python{sys.version_info.major}.{sys.version_info.minor}"
    first, second = (tmp_path / name / "lib" / version / "site-packages" for name in ("other", "own"))
    for folder in (first, second):
        folder.mkdir(parents=True)
    (first / "thing.py").hardlink_to(compiled)
    (second / "thing.py").hardlink_to(compiled)
    for folder, text in ((first, "value = 1"), (second, "value = 2")):
        (folder / "alike.py").write_text(text)
        os.utime(folder / "alike.py", (MODIFIED, MODIFIED))
    bytecode.compile_environment(tmp_path / "other", Path(sys.executable), ())
    prefix = tmp_path / "prefix"
    bytecode.copy_byte_code(tmp_path / "own", prefix, [tmp_path / "none", tmp_path / "other"])
    (copy,) = prefix.rglob("*.pyc")
    command = [sys.executable, "-B", "-X", f"pycache_prefix={prefix}", "-c", "import thing; print(thing.__cached__)"]
    done = subprocess.run(command, cwd=second, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == str(copy)
    assert not copy.samefile(cache_from_source(first / "thing.py"))
