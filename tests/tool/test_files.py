"""Files are whole for whoever reads them, and two processes that write the same one do not meet."""

from __future__ import annotations

import hashlib
import subprocess
import sys
import time
from pathlib import Path

import pytest
from examples import release
from made_wheels import packed

from market_data_meta.files import exclusive_lock, whole_file, write_whole
from market_data_meta.gate.candidates import Candidate

ROUNDS = 30


def running(text: str, *words: object) -> subprocess.Popen[str]:
    """A process of its own that runs some lines of Python."""
    lines = f"import sys\nfrom pathlib import Path\n{text}"
    return subprocess.Popen(
        [sys.executable, "-c", lines, *map(str, words)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )


def ended(process: subprocess.Popen[str]) -> str:
    """What a process printed, which must end without an error."""
    out, err = process.communicate(timeout=60)
    assert process.returncode == 0, err
    return out


def test_what_was_there_stays_until_the_new_is_whole(tmp_path: Path) -> None:
    file = tmp_path / "deep" / "file.txt"
    write_whole(file, "old")
    with whole_file(file) as part:
        part.write_text("new")
        assert file.read_text() == "old"
    assert file.read_text() == "new"
    assert list(file.parent.iterdir()) == [file]


def test_an_error_leaves_what_was_there_and_nothing_else(tmp_path: Path) -> None:
    file = tmp_path / "file.txt"
    write_whole(file, "old")

    def broken_off() -> None:
        with whole_file(file) as part:
            part.write_text("half of the n")
            raise OSError("broken off")

    with pytest.raises(OSError, match="broken off"):
        broken_off()
    assert file.read_text() == "old"
    assert list(tmp_path.iterdir()) == [file]


def test_two_gates_on_one_cache_provide_a_candidates_wheel_without_meeting(tmp_path: Path) -> None:
    """Each copies it, and whoever reads it meanwhile sees all of it."""
    wheel = packed(tmp_path / "x-1.0-py3-none-any.whl", {"x-1.0.dist-info/METADATA": "", "x.py": "#" * 20_000_000})
    wheel.write_bytes(wheel.read_bytes() + bytes(8_000_000))
    candidate = Candidate("core", "x", release("1.0", "a"), None, wheel)
    file = tmp_path / "cache" / "wheels" / candidate.release.sha256[:16] / candidate.release.filename
    text = (
        "from market_data_meta.gate.candidates import Candidate\n"
        "from market_data_meta.gate.runner import _provide\n"
        "from market_data_meta.releases.ledger import Release\n"
        f"made = Candidate('core', 'x', {candidate.release!r}, None, Path(sys.argv[1]))\n"
        f"for _ in range({ROUNDS}):\n    _provide([made], Path(sys.argv[2]))\n"
    )
    gates = [running(text, wheel, tmp_path / "cache") for _ in range(2)]
    expected = hashlib.sha256(wheel.read_bytes()).hexdigest()
    while any(gate.poll() is None for gate in gates):
        if file.exists():
            assert hashlib.sha256(file.read_bytes()).hexdigest() == expected
    assert [ended(gate) for gate in gates] == ["", ""]
    assert list(file.parent.iterdir()) == [file]


def test_a_second_process_waits_for_the_first_to_end_its_writing(tmp_path: Path) -> None:
    text = "from market_data_meta.files import write_whole\nwrite_whole(Path(sys.argv[1]), 'second')\nprint('written')"
    with whole_file(tmp_path / "file.txt") as part:
        second = running(text, tmp_path / "file.txt")
        with pytest.raises(subprocess.TimeoutExpired):
            second.wait(1.5)
        part.write_text("first")
    assert ended(second) == "written\n"
    assert (tmp_path / "file.txt").read_text() == "second"


def test_two_runs_do_not_share_an_environment_at_once(tmp_path: Path) -> None:
    text = "from market_data_meta.files import exclusive_lock\n"
    text += "with exclusive_lock(Path(sys.argv[1])):\n    print('held')"
    with exclusive_lock(tmp_path / "venv"):
        start = time.monotonic()
        second = running(text, tmp_path / "venv")
        with pytest.raises(subprocess.TimeoutExpired):
            second.wait(1.5)
    assert ended(second) == "held\n"
    assert time.monotonic() - start > 1
