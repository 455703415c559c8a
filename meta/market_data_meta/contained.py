"""A command of a stranger's making, run within limits and with nothing of the caller's environment."""

from __future__ import annotations

import signal
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

from market_data_meta.run import _end, _limit


def contained(
    command: Sequence[str],
    log: Path,
    *,
    home: str,
    variables: Mapping[str, str],
    writable: Sequence[Path],
    seconds: float,
) -> str:
    """Run the command in ``home`` with its output in ``log``; why it did not end well, or nothing."""
    with log.open("w") as output:
        process = subprocess.Popen(
            list(command),
            cwd=home,
            env=dict(variables),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            preexec_fn=_limit,  # noqa: PLW1509 - only calls setrlimit, which takes no lock
        )
        try:
            status = process.wait(seconds)
        except subprocess.TimeoutExpired:
            return f"it did not end within {seconds:g} s and was stopped"
        finally:
            _end(process)
    if status < 0:
        return f"it was killed by {signal.Signals(-status).name}"
    return f"it ended with status {status}" if status else ""
