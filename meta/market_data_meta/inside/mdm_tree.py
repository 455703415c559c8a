"""Process trees: all that a process has started, whatever session it put itself into, and how to end it.

What forks twice to get away stays in the tree of the keeper of orphans above it (see mdm_parent).
"""

from __future__ import annotations

import contextlib
import os
import signal
import time
from collections.abc import Callable, Iterable

WALL = 5.0
"""How many times its limit of CPU time something may take of wall time: it waits, and the machine serves others too."""
_LISTS_CHILDREN = os.path.exists("/proc/thread-self/children")  # noqa: PTH110 - pathlib would be loaded for it alone
"""Whether the kernel says which children a process has."""
_GENERATIONS = 256
"""How deep a tree is looked through: as many processes as a run may have at a time."""
PATIENCE = 5.0
"""Seconds that killed processes may take to be gone: the kernel ends them at once unless a disk holds them."""


def below(root: int) -> set[int]:
    """The living processes that come from ``root``, without itself.

    All are asked for their children until nobody names a new one: what starts meanwhile, or was left out while another
    was buried (proc_pid_children(5)), is in the next answer.
    """
    children = _children if _LISTS_CHILDREN else _children_by_parents()
    descendants: set[int] = set()
    for _ in range(_GENERATIONS):
        fresh = {child for pid in (root, *descendants) for child in children(pid)} - descendants
        if not fresh:
            break
        descendants |= fresh
    return {pid for pid in descendants if not _has_ended(pid)}


def _children(pid: int) -> list[int]:
    """The children of a process, dead ones too."""
    children: list[int] = []
    for thread in _listed(f"/proc/{pid}/task"):
        with contextlib.suppress(OSError):
            children += map(int, _read(f"/proc/{pid}/task/{thread}/children").split())
    return children


def _children_by_parents() -> Callable[[int], list[int]]:
    """The same from the parent of every process of the machine, which takes long where many run."""
    children: dict[int, list[int]] = {}
    for pid in map(int, filter(str.isdecimal, _listed("/proc"))):
        with contextlib.suppress(OSError, ValueError, IndexError):
            children.setdefault(int(_fields(pid)[1]), []).append(pid)
    return lambda pid: children.get(pid, [])


def _has_ended(pid: int) -> bool:
    """Whether it is gone, or waits to be buried."""
    try:
        return _fields(pid)[0] in b"ZX"
    except (OSError, IndexError):
        return True


def _fields(pid: int | str) -> list[bytes]:
    """What the kernel says of a process, or of ``PID/task/THREAD``, after its name (see proc_pid_stat(5))."""
    return _read(f"/proc/{pid}/stat").rpartition(b")")[2].split()


def _read(path: str) -> bytes:
    # Bare reads, because this is done for many processes, and often.
    descriptor = os.open(path, os.O_RDONLY)
    try:
        data = b""
        while part := os.read(descriptor, 4096):
            data += part
        return data
    finally:
        os.close(descriptor)


def _listed(folder: str) -> list[str]:
    """What is in a folder; nothing where it is not there."""
    with contextlib.suppress(OSError):
        return os.listdir(folder)  # noqa: PTH208 - half the time
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
            ticks += sum(map(int, _fields(pid)[11:15]))
    return ticks / os.sysconf("SC_CLK_TCK")


def asleep(pids: Iterable[int]) -> bool:
    """Whether all threads of the processes wait for something to happen, and none of them for a core or a disk.

    It is the same on a busy machine. False where it cannot be told.
    """
    threads = [f"{pid}/task/{thread}" for pid in pids for thread in _listed(f"/proc/{pid}/task")]
    for thread in threads:
        with contextlib.suppress(OSError, IndexError):
            if _fields(thread)[0] in b"RD":
                return False
    return bool(threads)


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
    return set() if _has_ended(pid) else {pid}


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
        while (pid := int(_fields(pid)[1])) in pids:
            ancestors.append(pid)
    return ancestors


def _signal(pids: Iterable[int], what: signal.Signals) -> None:
    for pid in pids:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.kill(pid, what)
