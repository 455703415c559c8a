"""How a process under test ends: by itself or early, for a cause; and the removal of its home."""

from __future__ import annotations

import os
import subprocess
import tempfile
from dataclasses import dataclass

from market_data_meta.inside.mdm_tree import signal_name


@dataclass(frozen=True)
class Ending:
    """How a run ended: ``cause`` is a sentence that says why it ended early; None if it ended well by itself."""

    cause: str | None = None


def ending_of(status: int) -> Ending:
    """How a process with this wait status ended."""
    try:
        code = os.waitstatus_to_exitcode(status)
    except (ValueError, OverflowError):
        # The template says how its cells end, and a stranger's library may run in it.
        return Ending(f"the run ended with {status}, which is no status of a process")
    if code < 0:
        return Ending(f"the run was killed by {signal_name(-code)}")
    return Ending(f"the run ended early with status {code}" if code else None)


def remove_home(home: tempfile.TemporaryDirectory[str]) -> None:
    """Remove a cell's home, whatever the cell has made of it."""
    try:
        home.cleanup()
    except RecursionError:
        # Folders nested deeper than Python's own way of removing them goes.
        subprocess.run(["rm", "-rf", home.name], capture_output=True, check=False)
