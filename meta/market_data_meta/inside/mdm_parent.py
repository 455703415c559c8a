"""What a process asks of the kernel about parents: to become that of orphans, and to end with its own.

A *keeper* of orphans (Linux: child subreaper) becomes the parent of what is left below it when a parent ends. This
module loads next to nothing: it is read at every start of a server.
"""

from __future__ import annotations

import ctypes
import os
import sys

_KILL = 9
_SET_DEATH_SIGNAL, _SET_KEEPER = 1, 36


def keep_orphans() -> None:
    """Make this process the parent of the orphans below it."""
    _prctl(_SET_KEEPER, 1)


def die_with_parent(parent: int) -> None:
    """Have the kernel kill this process when ``parent``, the thread that forked it, ends."""
    _prctl(_SET_DEATH_SIGNAL, _KILL)
    if os.getppid() != parent:
        os._exit(1)


def _prctl(option: int, value: int) -> None:
    # Elsewhere nothing like it exists; nothing then finds what escapes.
    if sys.platform.startswith("linux"):
        ctypes.CDLL(None, use_errno=True).prctl(option, ctypes.c_ulong(value), 0, 0, 0)
