"""Homes of runs: the temporary folder that is all that a run may write to."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from pathlib import Path

MEMORY = Path("/dev/shm")  # noqa: S108 - a folder of its own is made there
"""Where Linux has files that are in memory only."""
ENOUGH = 4 << 30
"""Bytes that must be free there: each of the runs at a time may write half of a gigabyte before it is stopped."""


def make_home() -> tempfile.TemporaryDirectory[str]:
    """A new home: in memory, where there is enough of it, unless the user has said by TMPDIR where it is to be.

    A database makes a thousand small files for each check, and most file systems take longer for them than the check.
    """
    return tempfile.TemporaryDirectory(prefix="mdmeta-", dir=_folder(), ignore_cleanup_errors=True)


def remove_home(home: tempfile.TemporaryDirectory[str]) -> None:
    """Remove a home, whatever the run has made of it."""
    try:
        home.cleanup()
    except RecursionError:
        # Folders nested deeper than Python's own way of removing them goes.
        subprocess.run(["rm", "-rf", home.name], capture_output=True, check=False)


def _folder() -> str | None:
    if os.environ.get("TMPDIR") or not os.access(MEMORY, os.W_OK | os.X_OK):
        return None
    return str(MEMORY) if shutil.disk_usage(MEMORY).free >= ENOUGH else None
