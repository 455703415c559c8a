"""git, on repositories of strangers: nothing that one of them brings along is executed."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

from market_data_meta.errors import ErrorCode, MetaError, undecided

GIT_SECONDS = 300.0
"""Wall time of one git command: a cold clone on a slow line."""
_SETTINGS = (
    "core.hooksPath=/dev/null",
    "core.fsmonitor=false",
    "advice.detachedHead=false",
    "protocol.ext.allow=never",
)
# Set where this runs in a hook of a repository: they would name that one in place of the folder's.
_OF_ANOTHER_TREE = {
    *("GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_PREFIX", "GIT_COMMON_DIR", "GIT_NAMESPACE"),
    *("GIT_OBJECT_DIRECTORY", "GIT_ALTERNATE_OBJECT_DIRECTORIES", "GIT_SHALLOW_FILE"),
}


def git(folder: Path, *arguments: str, settings: tuple[str, ...] = ()) -> str:
    """What a git command in ``folder`` prints. Raises MetaError where it fails, takes too long, or is not installed."""
    variables = {name: value for name, value in os.environ.items() if name not in _OF_ANOTHER_TREE}
    variables |= {"GIT_TERMINAL_PROMPT": "0", "LC_ALL": "C", "GIT_NO_LAZY_FETCH": "1"}
    options = [word for setting in (*_SETTINGS, *settings) for word in ("-c", setting)]
    try:
        process = subprocess.run(
            ["git", *options, "-C", str(folder), *arguments],
            env=variables,
            capture_output=True,
            timeout=GIT_SECONDS,
            check=False,
        )
    except FileNotFoundError:
        raise MetaError(ErrorCode.NO_GIT, "git is not installed") from None
    except subprocess.TimeoutExpired:
        raise undecided(ErrorCode.GIT_TIMEOUT, f"git {arguments[0]} took more than {GIT_SECONDS:g} s") from None
    if process.returncode:
        why = process.stderr.decode(errors="replace").strip()[:500]
        raise MetaError(ErrorCode.GIT_FAILED, f"git {arguments[0]} failed in {folder}", why)
    return os.fsdecode(process.stdout)
