"""A reader sees complete files only, and processes that write the same file do not disturb each other."""

from __future__ import annotations

import hashlib
import subprocess
import sys
import time
from pathlib import Path

import pytest
from examples import PATIENCE, release
from made_wheels import packed

from market_data_meta.candidates.candidate import Candidate
from market_data_meta.files import exclusive_lock, whole_file, write_whole

ROUNDS = 30


def started_process(code: str, *arguments: object) -> subprocess.Popen[str]:
    """A new process that runs some lines of Python."""
    lines = f"import sys\nfrom pathlib import Path\n{code}"
    return subprocess.Popen(
        [sys.executable, "-c", lines, *map(str, arguments)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )


def output_of(process: subprocess.Popen[str]) -> str:
    """What a process prints until it ends, which must be without an error."""
    out, err = process.communicate(timeout=PATIENCE)
    assert process.returncode == 0, err
    return out


def test_the_old_file_stays_until_the_new_one_is_complete(tmp_path: Path) -> None:
    file = tmp_path / "deep" / "file.txt"
    write_whole(file, "old")
    with whole_file(file) as partial_file:
        partial_file.write_text("new")
        assert file.read_text() == "old"
    assert file.read_text() == "new"
    assert list(file.parent.iterdir()) == [file]


def test_an_error_leaves_the_old_file_and_nothing_else(tmp_path: Path) -> None:
    file = tmp_path / "file.txt"
    write_whole(file, "old")

    def fail_midway() -> None:
        with whole_file(file) as partial_file:
            partial_file.write_text("half of the n")
            raise OSError("broken off")

    with pytest.raises(OSError, match="broken off"):
        fail_midway()
    assert file.read_text() == "old"
    assert list(tmp_path.iterdir()) == [file]


def test_two_gates_copy_a_candidates_wheel_into_one_cache_at_once(tmp_path: Path) -> None:
    """Each copies it, and whoever reads it meanwhile sees all of it."""
    wheel = packed(tmp_path / "x-1.0-py3-none-any.whl", {"x-1.0.dist-info/METADATA": "", "x.py": "#" * 20_000_000})
    wheel.write_bytes(wheel.read_bytes() + bytes(8_000_000))
    candidate = Candidate("core", "x", release("1.0", "a"), None, wheel)
    file = tmp_path / "cache" / "wheels" / candidate.release.sha256[:16] / candidate.release.filename
    code = (
        "from market_data_meta.candidates.candidate import Candidate\n"
        "from market_data_meta.candidates.as_published import put_into_cache\n"
        "from market_data_meta.releases.ledger import Release\n"
        f"made = Candidate('core', 'x', {candidate.release!r}, None, Path(sys.argv[1]))\n"
        f"for _ in range({ROUNDS}):\n    put_into_cache([made], Path(sys.argv[2]))\n"
    )
    gates = [started_process(code, wheel, tmp_path / "cache") for _ in range(2)]
    expected = hashlib.sha256(wheel.read_bytes()).hexdigest()
    while any(gate.poll() is None for gate in gates):
        if file.exists():
            assert hashlib.sha256(file.read_bytes()).hexdigest() == expected
    assert [output_of(gate) for gate in gates] == ["", ""]
    assert list(file.parent.iterdir()) == [file]


def test_a_second_writer_waits_for_the_first(tmp_path: Path) -> None:
    code = "from market_data_meta.files import write_whole\nwrite_whole(Path(sys.argv[1]), 'second')\nprint('written')"
    with whole_file(tmp_path / "file.txt") as partial_file:
        second = started_process(code, tmp_path / "file.txt")
        with pytest.raises(subprocess.TimeoutExpired):
            second.wait(1.5)
        partial_file.write_text("first")
    assert output_of(second) == "written\n"
    assert (tmp_path / "file.txt").read_text() == "second"


def test_a_second_process_waits_for_a_lock(tmp_path: Path) -> None:
    code = "from market_data_meta.files import exclusive_lock\n"
    code += "with exclusive_lock(Path(sys.argv[1])):\n    print('locked')"
    with exclusive_lock(tmp_path / "venv"):
        start = time.monotonic()
        second = started_process(code, tmp_path / "venv")
        with pytest.raises(subprocess.TimeoutExpired):
            second.wait(1.5)
    assert output_of(second) == "locked\n"
    assert time.monotonic() - start > 1
