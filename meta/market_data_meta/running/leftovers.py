"""What a process of the warm lane leaves behind: what a scout has found, its home, and how it ended."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import tempfile
from pathlib import Path


def loaded(file: Path) -> list[str]:
    """What a scout has found; nothing where it could not: it is only what is worth loading in advance."""
    with contextlib.suppress(OSError, ValueError):
        return [str(name) for name in json.loads(file.read_text())]
    return []


def clear(home: tempfile.TemporaryDirectory[str]) -> None:
    """Remove a cell's home, whatever it has made of it."""
    try:
        home.cleanup()
    except RecursionError:
        # Folders nested deeper than Python's own way of removing them goes.
        subprocess.run(["rm", "-rf", home.name], capture_output=True, check=False)


def death(status: int) -> str:
    """Why a process ended before its time, by its status; nothing where it did not."""
    if os.WIFSIGNALED(status):
        return f"the run was killed by {signal.Signals(os.WTERMSIG(status)).name}"
    code = os.waitstatus_to_exitcode(status)
    return f"the run ended early with status {code}" if code else ""
