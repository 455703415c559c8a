"""The cache of the warm lane: one file for each run, in a folder for all that decides its answer."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import uuid
from collections.abc import Iterator, Mapping
from pathlib import Path

from market_data_meta.errors import MetaError
from market_data_meta.files import write_whole
from market_data_meta.judging.records import Record, read_record
from market_data_meta.running.seals import evidence, text_or_empty
from market_data_meta.running.warm import Job


def default_cache() -> Path:
    """``$XDG_CACHE_HOME/market-data-meta``, or the same in ``~/.cache``."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "market-data-meta"


class Store:
    """The runs with one suite, one third-party family and one interpreter.

    A file is written whole under a name of its own and never changed, so processes that share the folder cannot spoil
    each other's; a run that ended early is kept as its cell's fault until the cell is run again.
    """

    def __init__(self, cache: Path, suite: str, family: str, python: str) -> None:
        self.folder = cache / "runs" / f"{suite[:16]}-{family}-{_about(python)}"

    def records(self) -> Iterator[Record]:
        """All runs; what cannot be read is taken away, and so run again."""
        for file in sorted(self.folder.glob("*.jsonl")):
            try:
                yield read_record(file)
            except (MetaError, OSError):
                file.unlink(missing_ok=True)

    def keep(self, contents: Mapping[str, str], job: Job, cause: str) -> Record:
        """Take a run in, with the cause of its early end, or why it is no evidence, if there is one."""
        header = dict(job.request["header"])
        lines, cause = evidence(text_or_empty(job.record), text_or_empty(job.deeds), header, job.secret, cause)
        if cause:
            # What it said before is no evidence.
            death = json.dumps({"kind": "death", "cause": cause})
            lines = [lines[0] if lines else json.dumps(header), death]
        text = "".join(f"{line}\n" for line in lines)
        name = "-".join(content[:8] for content in contents.values())
        for old in self.folder.glob(f"{name}.dead*.jsonl"):
            old.unlink(missing_ok=True)
        file = self.folder / f"{name}.{'dead-' if cause else ''}{uuid.uuid4().hex[:8]}.jsonl"
        write_whole(file, text)
        return read_record(file)


def _about(python: str) -> str:
    """Sixteen digits that stand for an interpreter: its version, build and platform."""
    code = "import sys, platform; print(sys.version, sys.implementation.name, platform.platform())"
    asked = subprocess.run([python, "-I", "-c", code], capture_output=True, text=True, check=True)
    return hashlib.sha256(asked.stdout.encode()).hexdigest()[:16]
