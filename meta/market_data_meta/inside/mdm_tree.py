"""Process trees: all that a process has started, whatever session it put itself into, and how to end it.

What forks twice to get away stays in the tree of the keeper of orphans above it (see mdm_parent).
"""

from __future__ import annotations

import contextlib
import os
import signal
import time
from collections.abc import Callable, Iterable
from pathlib import Path

WALL = 5.0
"""How many times its limit of CPU time something may take of wall time: it waits, and the machine serves others too."""
PATIENCE = 5.0
"""Seconds that killed processes may take to be gone: the kernel ends them at once unless a disk holds them."""


def below(root: int) -> set[int]:
    """The living processes that come from ``root``, without itself."""
    children: dict[int, list[int]] = {}
    dead: set[int] = set()
    for pid in _processes():
        with contextlib.suppress(OSError, ValueError, IndexError):
            # Bare reads, because this is done for every process of the machine, and often.
            descriptor = os.open(f"/proc/{pid}/stat", os.O_RDONLY)
            try:
                state, parent = os.read(descriptor, 4096).rpartition(b")")[2].split(None, 2)[:2]
            finally:
                os.close(descriptor)
            children.setdefault(int(parent), []).append(pid)
            if state in b"ZX":
                dead.add(pid)
    descendants: set[int] = set()
    waiting = [root]
    while waiting:
        fresh = [pid for pid in children.get(waiting.pop(), []) if pid not in descendants]
        descendants.update(fresh)
        waiting += fresh
    return descendants - dead


def _processes() -> list[int]:
    """All processes of the machine; none where nothing tells."""
    with contextlib.suppress(OSError):
        return [int(name) for name in os.listdir("/proc") if name.isdecimal()]  # noqa: PTH208 - half the time
    return []


def signal_name(number: int) -> str:
    """What a signal is called; most of the real-time signals have no name."""
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"


def cpu_seconds(pids: Iterable[int]) -> float:
    """CPU time that processes have used, with that of their children that have ended; 0 where that cannot be told.

    What they compute takes the same of it on a busy machine as on an idle one, or nearly so.
    """
    ticks = 0
    for pid in pids:
        with contextlib.suppress(OSError, ValueError, IndexError):
            fields = Path(f"/proc/{pid}/stat").read_text(errors="replace").rpartition(")")[2].split()
            ticks += sum(map(int, fields[11:15]))
    return ticks / os.sysconf("SC_CLK_TCK")


def overtime(pid: int, started: float, limit: float, cpu_before: float = 0.0) -> str:
    """Which of its limits a process that ``started`` then, with all that comes from it, has exceeded; nothing if none.

    It may use ``limit`` seconds of CPU time beyond ``cpu_before``, and take ``WALL`` times that of wall time.
    """
    seconds = time.monotonic() - started
    # It has used no more than all cores together could give, so that it need not be looked at before.
    if seconds * (os.cpu_count() or 1) > limit and cpu_seconds(below(pid) | {pid}) - cpu_before > limit:
        return f"used more than {limit:g} s of CPU time and was stopped"
    if seconds > limit * WALL:
        return f"did not end within {limit * WALL:g} s of wall time and was stopped"
    return ""


def alive(pid: int) -> set[int]:
    """The process itself, if it lives."""
    with contextlib.suppress(OSError, IndexError):
        state = Path(f"/proc/{pid}/stat").read_text(errors="replace").rpartition(")")[2].split()[0]
        return set() if state in "ZX" else {pid}
    return set()


def end(processes: Callable[[], set[int]]) -> None:
    """Kill all that ``processes`` lists, and what they start meanwhile.

    They are stopped first: what is stopped starts nothing, so that in the end nothing new is listed.
    """
    until = time.monotonic() + PATIENCE
    while (left := processes()) and time.monotonic() < until:
        stopped: set[int] = set()
        while (fresh := processes() - stopped) and time.monotonic() < until:
            _signal(fresh, signal.SIGSTOP)
            stopped |= fresh
        _signal(_children_first(left | stopped), signal.SIGKILL)
        time.sleep(0.005)


def _children_first(pids: set[int]) -> list[int]:
    """The processes, each before the one that it came from: who may kill its own alone cannot reach an orphan."""
    return sorted(pids, key=lambda pid: -len(_ancestors(pid, pids)))


def _ancestors(pid: int, pids: set[int]) -> list[int]:
    """Those of ``pids`` that the process came from."""
    ancestors: list[int] = []
    with contextlib.suppress(OSError, ValueError, IndexError):
        while (pid := int(Path(f"/proc/{pid}/stat").read_text(errors="replace").rpartition(")")[2].split()[1])) in pids:
            ancestors.append(pid)
    return ancestors


def _signal(pids: Iterable[int], what: signal.Signals) -> None:
    for pid in pids:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.kill(pid, what)
