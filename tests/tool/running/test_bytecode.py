"""Byte code of an environment: shared with another that holds the same file, never with a file that looks alike."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import replace
from importlib.util import cache_from_source
from pathlib import Path

import pytest

from market_data_meta.files import free_lock
from market_data_meta.running import bytecode
from market_data_meta.running.bytecode import RunByteCode

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


@pytest.fixture
def run(tmp_path: Path) -> RunByteCode:
    """The byte code of a run in an environment that has uv's modules linked, as another environment has them."""
    version = f"python{sys.version_info.major}.{sys.version_info.minor}"
    packages, linked = tmp_path / "environment" / "lib" / version / "site-packages", tmp_path / "linked"
    packages.mkdir(parents=True)
    linked.mkdir()
    for number in range(200):
        (linked / f"thing{number}.py").write_text(f"value = {number}")
        (packages / f"thing{number}.py").hardlink_to(linked / f"thing{number}.py")
    (packages / "own.py").write_text("value = 'its own'")
    (tmp_path / "environment" / "bin").mkdir()
    python = tmp_path / "environment" / "bin" / "python"
    python.symlink_to(sys.executable)
    sources = tuple(bytecode.linked_sources(tmp_path / "environment"))
    return RunByteCode(python, sources, tmp_path / "prefix", tmp_path / "store")


def _import_things(run: RunByteCode, program: str = "print(thing7.value, thing7.__cached__)") -> str:
    """Import the modules as a run does, which writes byte code where there is none."""
    names = ", ".join(f"thing{number}" for number in range(150))
    command = [sys.executable, "-X", f"pycache_prefix={run.prefix}", "-c", f"import own, {names}; {program}"]
    variables = os.environ | {"PYTHONDONTWRITEBYTECODE": ""}
    folder = run.sources[0].parent
    done = subprocess.run(command, cwd=folder, env=variables, capture_output=True, text=True, check=True)
    return done.stdout.strip()


def test_what_a_run_had_to_compile_is_there_for_the_next(run: RunByteCode) -> None:
    """Each linked module that was imported has its byte code, no other has, and Python takes it as it is."""
    run.bring()
    _import_things(run)
    run.keep([run.sources[0].parent])
    assert len(list(run.store.iterdir())) == 150
    run.bring()
    brought = {file.name: file.stat().st_mtime_ns for file in run.prefix.rglob("*.pyc")}
    assert len(brought) == 150
    value, cached = _import_things(run).split()
    assert (value, Path(cached).stat().st_mtime_ns) == ("7", brought[Path(cached).name])


def test_what_a_run_has_written_reaches_no_other(run: RunByteCode) -> None:
    """The store has what the sources say, and is not written to by who changes the copy."""
    run.bring()
    write = "import pathlib; file = pathlib.Path(thing8.__cached__)"
    _import_things(run, f"{write}; pathlib.Path(thing7.__cached__).write_bytes(file.read_bytes())")
    run.keep([run.sources[0].parent])
    run.bring()
    _import_things(run, f"{write}; file.write_bytes(b'nonsense')")
    run.bring()
    assert _import_things(run, "print(thing7.value, thing8.value)") == "7 8"


def test_one_run_compiles_for_those_that_end_beside_it(run: RunByteCode) -> None:
    """While one process is at it, no other one does the same."""
    run.bring()
    _import_things(run)
    with free_lock(run.store) as is_free:
        run.keep([run.sources[0].parent])
    assert is_free
    assert not run.store.exists()
    run.keep([run.sources[0].parent])
    assert len(list(run.store.iterdir())) == 150


def test_a_few_new_modules_are_not_worth_a_process(run: RunByteCode) -> None:
    """A release's own modules are compiled in each run, beside libraries that need not be."""
    few = replace(run, sources=run.sources[:20])
    few.bring()
    _import_things(few)
    few.keep([run.sources[0].parent])
    assert not few.store.exists()


def test_a_file_in_place_of_another_does_not_get_its_byte_code(run: RunByteCode) -> None:
    """Of the same size and time as the old one, which Python takes for the same."""
    run.bring()
    _import_things(run)
    run.keep([run.sources[0].parent])
    (changed,) = (source for source in run.sources if source.name == "thing7.py")
    time = changed.stat().st_mtime_ns
    changed.unlink()
    changed.write_text("value = 8")
    os.utime(changed, ns=(time, time))
    run.bring()
    assert _import_things(run, "print(thing7.value)") == "8"
