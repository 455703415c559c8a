"""What a process in the sandbox, with all its descendants, may use. It is measured from outside while it runs."""

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
    """Bytes of memory, processes at a time, bytes written to its home, bytes printed: for a whole run together."""

    memory: int
    processes: int
    written: int = 512 << 20
    printed: int = 64 << 20


MAX_FILES = 20_000
"""Files and folders that a run may have in its home at a time: the suite itself has some dozens."""
CUT_LOG_BYTES = 1 << 20
"""What a log that has become too long is cut to."""


def exceeded_bound(pid: int, home: Path, log: Path, bounds: Bounds) -> str | None:
    """A sentence that says which bound the process and its descendants have exceeded, or None."""
    processes = below(pid) | {pid}
    memory = sum(map(_resident_memory, processes))
    # What the processes share with each other and with the template is told apart only where the sum is suspicious.
    if memory > bounds.memory:
        memory = sum(map(proportional_memory, processes))
    if memory > bounds.memory:
        return f"the run used more than {bounds.memory >> 20} MiB of memory and was stopped"
    if len(processes) > bounds.processes:
        return f"the run had more than {bounds.processes} processes and was stopped"
    return exceeded_disk_bound(home, log, bounds, processes)


def exceeded_disk_bound(home: Path, log: Path, bounds: Bounds, processes: Iterable[int] = ()) -> str | None:
    """A sentence that says which bound of the disk was exceeded, or None. A log that is too long is cut."""
    with contextlib.suppress(OSError):
        if log.stat().st_size > bounds.printed:
            os.truncate(log, CUT_LOG_BYTES)
            return f"the run printed more than {bounds.printed >> 20} MiB and was stopped"
    size = sum(_sizes_of_removed_files(processes))
    for count, status in enumerate(_file_states(home), 1):
        size += status.st_blocks * 512
        if count > MAX_FILES:
            return f"the run had more than {MAX_FILES} files in its home and was stopped"
        if size > bounds.written:
            break
    return f"the run wrote more than {bounds.written >> 20} MiB and was stopped" if size > bounds.written else None


def stop(pid: int) -> None:
    """Kill a process and its descendants."""
    end(lambda: below(pid) | alive(pid))


def proportional_memory(pid: int) -> int:
    """Bytes of memory that a process uses, with its part of what it shares; 0 where the kernel does not say."""
    with contextlib.suppress(OSError, ValueError, IndexError, StopIteration):
        text = Path(f"/proc/{pid}/smaps_rollup").read_text()
        return int(next(line for line in text.splitlines() if line.startswith("Pss:")).split()[1]) * 1024
    return 0


def _resident_memory(pid: int) -> int:
    with contextlib.suppress(OSError, ValueError, IndexError):
        return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    return 0


def _file_states(top: Path) -> Iterator[os.stat_result]:
    """The state of each file and folder below a folder; one whose path is too long for the kernel is passed over."""
    folders = [str(top)]
    while folders:
        with contextlib.suppress(OSError), os.scandir(folders.pop()) as entries:
            for entry in entries:
                with contextlib.suppress(OSError):
                    yield entry.stat(follow_symlinks=False)
                    if entry.is_dir(follow_symlinks=False):
                        folders.append(entry.path)


def _sizes_of_removed_files(processes: Iterable[int]) -> Iterator[int]:
    """Bytes of each file that was removed while a process has it open: it takes the disk all the same."""
    counted: set[tuple[int, int]] = set()
    for pid in processes:
        with contextlib.suppress(OSError):
            for file in Path(f"/proc/{pid}/fd").iterdir():
                with contextlib.suppress(OSError):
                    status = file.stat()
                    inode = (status.st_dev, status.st_ino)
                    if stat.S_ISREG(status.st_mode) and not status.st_nlink and inode not in counted:
                        counted.add(inode)
                        yield status.st_blocks * 512
