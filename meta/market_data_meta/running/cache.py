"""The cache of the warm lane: one file for each run, in a folder for all that decides its outcomes."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import subprocess
import uuid
from collections.abc import Collection, Iterable, Iterator, Mapping
from pathlib import Path

from market_data_meta.errors import MetaError
from market_data_meta.files import write_whole
from market_data_meta.inside.mdm_json import to_json
from market_data_meta.judging.records import Check, Record, death_line, read_record
from market_data_meta.running.endings import Ending
from market_data_meta.running.seals import text_or_empty, verified_lines
from market_data_meta.running.warm_jobs import Job


def default_cache() -> Path:
    """``$XDG_CACHE_HOME/market-data-meta``, or the same in ``~/.cache``."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "market-data-meta"


class RunCache:
    """The runs with one suite, one group of third-party sets (by its digest) and one interpreter.

    A file is written whole under a name of its own and never changed, so processes that share the folder cannot spoil
    each other's files. A run that ended early stays as its cell's fault until the cell is run again.
    """

    def __init__(self, cache: Path, suite: str, group: str, python: str) -> None:
        self.folder = cache / "runs" / f"{suite[:16]}-{group}-{interpreter_digest(python)}"

    def records(self) -> Iterator[Record]:
        """All runs. A file that cannot be read is removed, so that its cell is run again."""
        for file in sorted(self.folder.glob("*.jsonl")):
            try:
                yield read_record(file)
            except (MetaError, OSError):
                file.unlink(missing_ok=True)

    def add(self, contents: Mapping[str, str], job: Job, ending: Ending) -> Record:
        """Store the record of a job that has ended, on a cell with these contents (by package).

        A run that ended early, or whose record is no evidence, is stored with the cause and without its checks.
        """
        header = job.request.header
        attempts = text_or_empty(job.refused_attempts)
        lines, cause = verified_lines(text_or_empty(job.record), attempts, header, job.secret, ending.cause or "")
        if cause:
            lines = [lines[0] if lines else json.dumps(to_json(header)), death_line(cause)]
        text = "".join(f"{line}\n" for line in lines)
        name = "-".join(content[:8] for content in contents.values())
        for fault in self.folder.glob(f"{name}.dead*.jsonl"):
            fault.unlink(missing_ok=True)
        file = self.folder / f"{name}.{'dead-' if cause else ''}{uuid.uuid4().hex[:8]}.jsonl"
        write_whole(file, text)
        return read_record(file)


def discard_runs(folders: Iterable[Path], clause: str, checks: Collection[Check]) -> None:
    """Remove the runs in these folders in which the clause's check came out in one of these ways: it did not repeat.

    What else such a run has decided is run again with it.
    """
    for file in (file for folder in folders for file in folder.glob("*.jsonl")):
        with contextlib.suppress(MetaError, OSError):
            if read_record(file).checks.get(clause) in checks:
                file.unlink(missing_ok=True)


def interpreter_digest(python: str) -> str:
    """Sixteen digits that stand for an interpreter: its version, build and platform."""
    program = "import sys, platform; print(sys.version, sys.implementation.name, platform.platform())"
    process = subprocess.run([python, "-I", "-c", program], capture_output=True, text=True, check=True)
    return hashlib.sha256(process.stdout.encode()).hexdigest()[:16]
