"""How a process under test ends: by itself or early, for a cause."""

from __future__ import annotations

import os
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
