"""Process trees: all that a process has started, whatever session it put itself into, and how to end it.

A *keeper* of orphans (Linux: child subreaper) becomes the parent of what is left below it when a parent ends. So what
forks twice to get away stays in the tree of the keeper above it.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path

_SET_DEATH_SIGNAL, _SET_KEEPER = 1, 36
PATIENCE = 5.0
"""Seconds that killed processes may take to be gone: the kernel ends them at once unless a disk holds them."""


def keep_orphans() -> None:
    """Make this process the parent of the orphans below it."""
    _prctl(_SET_KEEPER, 1)


def die_with_parent(parent: int) -> None:
    """Have the kernel kill this process when ``parent``, the thread that forked it, ends."""
    _prctl(_SET_DEATH_SIGNAL, signal.SIGKILL)
    if os.getppid() != parent:
        os._exit(1)


def _prctl(option: int, value: int) -> None:
    # Elsewhere nothing like it exists; what escapes is then found by nobody.
    if sys.platform.startswith("linux"):
        ctypes.CDLL(None, use_errno=True).prctl(option, ctypes.c_ulong(value), 0, 0, 0)


def below(root: int) -> set[int]:
    """The living processes that come from ``root``, without itself."""
    children: dict[int, list[int]] = {}
    dead: set[int] = set()
    for file in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError, ValueError, IndexError):
            state, parent = file.read_text(errors="replace").rpartition(")")[2].split()[:2]
            pid = int(file.parent.name)
            children.setdefault(int(parent), []).append(pid)
            if state in "ZX":
                dead.add(pid)
    found: set[int] = set()
    waiting = [root]
    while waiting:
        fresh = [pid for pid in children.get(waiting.pop(), []) if pid not in found]
        found.update(fresh)
        waiting += fresh
    return found - dead


def alive(pid: int) -> set[int]:
    """The process itself, if it lives."""
    with contextlib.suppress(OSError, IndexError):
        state = Path(f"/proc/{pid}/stat").read_text(errors="replace").rpartition(")")[2].split()[0]
        return set() if state in "ZX" else {pid}
    return set()


def end(found: Callable[[], set[int]]) -> None:
    """Kill all the processes that ``found`` names, and those that they start meanwhile.

    They are stopped first: what is stopped starts nothing, so that in the end there is nothing new to be found.
    """
    until = time.monotonic() + PATIENCE
    while (left := found()) and time.monotonic() < until:
        stopped: set[int] = set()
        while (fresh := found() - stopped) and time.monotonic() < until:
            _signal(fresh, signal.SIGSTOP)
            stopped |= fresh
        _signal(left | stopped, signal.SIGKILL)
        time.sleep(0.005)


def _signal(pids: set[int], what: signal.Signals) -> None:
    for pid in pids:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.kill(pid, what)
