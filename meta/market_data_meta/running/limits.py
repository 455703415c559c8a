"""What a process in the sandbox, with all its descendants, may use. It is measured from outside while it runs."""

from __future__ import annotations

import contextlib
import os
import shutil
import stat
import time
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from market_data_meta.inside.mdm_tree import alive, below, end


@dataclass(frozen=True)
class Bounds:
    """Bytes of memory, processes at a time, bytes written, bytes printed: for a whole run together."""

    memory: int
    processes: int
    written: int = 512 << 20
    printed: int = 64 << 20


MAX_FILES = 20_000
"""Files and folders that a run may make: the suite itself makes some dozens."""
CUT_LOG_BYTES = 1 << 20
"""What a log that has become too long is cut to."""
COUNT_SECONDS = 5.0
"""How often memory is counted page by page, and the disk file by file. For the processes and the databases of a
service's checks that takes a tenth of a second."""


@dataclass
class Limits:
    """The bounds of what runs under a ``name``, its log, and the folders that it may fill.

    What is in the folders already is not counted, nor what is in the folders ``of_others``.
    """

    name: str
    bounds: Bounds
    log: Path
    folders: Sequence[Path]
    of_others: Collection[str] = ()

    def __post_init__(self) -> None:
        states = [status.st_blocks * 512 for status in self._file_states()]
        self._files_before, self._bytes_before = len(states), sum(states)
        self._counted, self._resident, self._free = -COUNT_SECONDS, 0, self._free_disk()

    def exceeded(self, processes: Collection[int]) -> str | None:
        """A sentence that says which bound the processes have exceeded together, or None.

        What takes long to count is counted every ``COUNT_SECONDS``, and at once when more memory is mapped, or less
        of the disk is free, by more than a bound.
        """
        if len(processes) > self.bounds.processes:
            return f"{self.name} had more than {self.bounds.processes} processes and was stopped"
        now, resident, free = time.monotonic(), sum(map(_resident_memory, processes)), self._free_disk()
        has_grown = resident - self._resident > self.bounds.memory or self._free - free > self.bounds.written
        if not has_grown and now - self._counted < COUNT_SECONDS:
            return self._exceeded_log()
        self._counted, self._resident, self._free = now, resident, free
        # What the processes share with each other and with the template is told apart only where the sum is suspicious.
        if resident > self.bounds.memory < sum(map(proportional_memory, processes)):
            return f"{self.name} used more than {self.bounds.memory >> 20} MiB of memory and was stopped"
        return self.exceeded_on_disk(processes)

    def _free_disk(self) -> int:
        """Bytes that are free where the folders are; none for one that cannot be looked at."""
        free = 0
        for folder in self.folders:
            # Who watches is not to be ended by what it watches.
            with contextlib.suppress(OSError):
                free += shutil.disk_usage(folder).free
        return free

    def _exceeded_log(self) -> str | None:
        with contextlib.suppress(OSError):
            if self.log.stat().st_size > self.bounds.printed:
                os.truncate(self.log, CUT_LOG_BYTES)
                return f"{self.name} printed more than {self.bounds.printed >> 20} MiB and was stopped"
        return None

    def exceeded_on_disk(self, processes: Iterable[int] = ()) -> str | None:
        """A sentence that says which bound of the disk was exceeded, or None. A log that is too long is cut."""
        if cause := self._exceeded_log():
            return cause
        size = sum(_sizes_of_removed_files(processes)) - self._bytes_before
        for count, status in enumerate(self._file_states(), 1 - self._files_before):
            size += status.st_blocks * 512
            if count > MAX_FILES:
                return f"{self.name} had more than {MAX_FILES} files and was stopped"
            if size > self.bounds.written:
                break
        if size > self.bounds.written:
            return f"{self.name} wrote more than {self.bounds.written >> 20} MiB and was stopped"
        return None

    def _file_states(self) -> Iterator[os.stat_result]:
        """The state of each file and folder in the folders, but for one whose path is too long for the kernel."""
        folders = [str(folder) for folder in self.folders if not any(other in folder.parents for other in self.folders)]
        while folders:
            with contextlib.suppress(OSError), os.scandir(folders.pop()) as entries:
                for entry in entries:
                    with contextlib.suppress(OSError):
                        yield entry.stat(follow_symlinks=False)
                        if entry.is_dir(follow_symlinks=False) and entry.path not in self.of_others:
                            folders.append(entry.path)


def stop(pid: int) -> None:
    """Kill a process and its descendants. Raises ValueError for a number below 2: every process descends from those."""
    if pid < 2:
        raise ValueError(f"{pid} is no process that was started for a run")
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
