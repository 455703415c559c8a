"""Jobs of the warm lane: what a cell is asked to run, what it may use, and the cell while it runs."""

from __future__ import annotations

import secrets
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path

from market_data_meta.inside.mdm_plan import CellRun
from market_data_meta.inside.mdm_tree import below, overtime
from market_data_meta.running.endings import Ending, ending_of
from market_data_meta.running.homes import remove_home
from market_data_meta.running.limits import Bounds, Limits, stop

BOUNDS = Bounds(memory=1 << 30, processes=256, written=2 << 30)
"""What a cell and its descendants may use: five times the memory that the newest releases take; and the processes and
files that the databases of a service's checks need at once, some seventy and half a GiB, several times."""
RLIMITS = {"RLIMIT_CORE": 0, "RLIMIT_FSIZE": 1 << 28, "RLIMIT_DATA": 768 << 20}
"""What each process of a cell may take: no core dumps, files of 256 MiB, 768 MiB more data than the template, so that
one process alone meets a MemoryError before the cell meets its bound."""


@dataclass(frozen=True)
class Job:
    """One run in the warm lane: the request that the cell gets, and the file that its record is written to.

    ``secret`` is what its record is sealed with.
    """

    name: str
    request: CellRun
    record: Path
    log: Path
    secret: str = field(default_factory=lambda: secrets.token_hex(16), repr=False)

    @property
    def refused_attempts(self) -> Path:
        """The file with a sentence for each thing that the cell tried to do and was refused."""
        return self.record.with_suffix(".refused-attempts")


@dataclass
class RunningJob:
    """A job whose cell has been asked for: its process, once that has started, and why it was stopped, if it was."""

    job: Job
    home: tempfile.TemporaryDirectory[str]
    started: float = field(default_factory=time.monotonic)
    pid: int = 0
    stop_cause: str | None = None

    def __post_init__(self) -> None:
        self._limits = Limits("the run", BOUNDS, self.job.log, [Path(self.home.name)])

    @property
    def processes(self) -> set[int]:
        """The cell's process with its descendants; none before it has started."""
        return below(self.pid) | {self.pid} if self.pid else set()

    def enforce_limits(self, seconds: float) -> None:
        """Stop the cell if it has used more than ``seconds`` of CPU time or exceeds a bound."""
        if not self.pid or self.stop_cause:
            return
        if used_too_much := overtime(self.pid, self.started, seconds):
            self.stop_cause = f"the run {used_too_much}"
        else:
            self.stop_cause = self._limits.exceeded(self.processes)
        if self.stop_cause:
            stop(self.pid)

    def finish(self, status: int) -> Ending:
        """Remove what the cell leaves behind, now that its process has ended with this status."""
        if self.pid:
            stop(self.pid)
        # The cell may have written and printed since its limits were last looked at.
        cause = self.stop_cause or self._limits.exceeded_on_disk()
        remove_home(self.home)
        return Ending(cause) if cause else ending_of(status)

    def abort(self) -> None:
        """Stop the cell and remove its home."""
        if self.pid:
            stop(self.pid)
        remove_home(self.home)
