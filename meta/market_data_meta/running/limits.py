"""What a contained process and all that comes from it may use, looked at from outside while it runs."""

from __future__ import annotations

import contextlib
import os
import stat
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from market_data_meta.inside.mdm_tree import alive, below, end


@dataclass(frozen=True)
class Bounds:
    """Bytes of memory, processes at a time, bytes written to its home, bytes printed: for all of a run together."""

    memory: int
    processes: int
    written: int = 512 << 20
    printed: int = 64 << 20


FILES = 20_000
"""Files and folders that a run may have in its home at a time: the suite itself has some dozens."""
KEPT_LOG = 1 << 20
"""Bytes that are kept of a log that has become too long."""


def excess(pid: int, home: Path, log: Path, bounds: Bounds) -> str:
    """Which bound the process, with all that comes from it, has exceeded; nothing if none."""
    members = below(pid) | {pid}
    used = sum(map(_resident, members))
    # What the members share with each other and with the template is counted only where the sum is suspicious.
    if used > bounds.memory:
        used = sum(map(proportional, members))
    if used > bounds.memory:
        return f"the run used more than {bounds.memory >> 20} MiB of memory and was stopped"
    if len(members) > bounds.processes:
        return f"the run had more than {bounds.processes} processes and was stopped"
    return filled(home, log, bounds, members)


def filled(home: Path, log: Path, bounds: Bounds, members: Iterable[int] = ()) -> str:
    """Which bound of the disk has been exceeded; a log that is too long is cut. Nothing if none."""
    with contextlib.suppress(OSError):
        if log.stat().st_size > bounds.printed:
            os.truncate(log, KEPT_LOG)
            return f"the run printed more than {bounds.printed >> 20} MiB and was stopped"
    size = sum(_unnamed(members))
    for count, status in enumerate(_tree(home), 1):
        size += status.st_blocks * 512
        if count > FILES:
            return f"the run had more than {FILES} files in its home and was stopped"
        if size > bounds.written:
            break
    return f"the run wrote more than {bounds.written >> 20} MiB and was stopped" if size > bounds.written else ""


def stop(pid: int) -> None:
    """Kill a process and all that comes from it."""
    end(lambda: below(pid) | alive(pid))


def proportional(pid: int) -> int:
    """Bytes of memory that a process uses, what it shares counted in part; 0 where that cannot be told."""
    with contextlib.suppress(OSError, ValueError, IndexError, StopIteration):
        text = Path(f"/proc/{pid}/smaps_rollup").read_text()
        return int(next(line for line in text.splitlines() if line.startswith("Pss:")).split()[1]) * 1024
    return 0


def _resident(pid: int) -> int:
    with contextlib.suppress(OSError, ValueError, IndexError):
        return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    return 0


def _tree(top: Path) -> Iterator[os.stat_result]:
    """The state of all that is in a folder, however deep: a path that is too long to be asked for is passed over."""
    waiting = [str(top)]
    while waiting:
        with contextlib.suppress(OSError), os.scandir(waiting.pop()) as rows:
            for row in rows:
                with contextlib.suppress(OSError):
                    yield row.stat(follow_symlinks=False)
                    if row.is_dir(follow_symlinks=False):
                        waiting.append(row.path)


def _unnamed(members: Iterable[int]) -> Iterator[int]:
    """Bytes of the files that are open and have been removed, which take the disk all the same."""
    seen: set[tuple[int, int]] = set()
    for pid in members:
        with contextlib.suppress(OSError):
            for file in Path(f"/proc/{pid}/fd").iterdir():
                with contextlib.suppress(OSError):
                    status = file.stat()
                    key = (status.st_dev, status.st_ino)
                    if stat.S_ISREG(status.st_mode) and not status.st_nlink and key not in seen:
                        seen.add(key)
                        yield status.st_blocks * 512
