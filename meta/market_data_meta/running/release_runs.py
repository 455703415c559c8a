"""Release scope: a candidate or a release runs alone, in a clean install of its own, and its record is cached."""

from __future__ import annotations

import hashlib
import json
import tempfile
from collections.abc import Callable, Collection
from dataclasses import dataclass
from pathlib import Path

from market_data_meta import suite
from market_data_meta.contract import Contract
from market_data_meta.errors import MetaError
from market_data_meta.files import write_whole
from market_data_meta.judging.records import Record, read_record, record_text
from market_data_meta.judging.repeated_checks import differ, with_repetitions
from market_data_meta.judging.verdicts import reasons_to_run_again, why_not_evidence
from market_data_meta.releases.combinations import Cell, Combination
from market_data_meta.releases.ledger import Ledger
from market_data_meta.running import environments
from market_data_meta.running.cache import discard_runs
from market_data_meta.running.clause_runs import run_clauses
from market_data_meta.running.isolated import REPETITIONS, run_cell

ATTEMPTS = 2
"""How often a run is made in which a check could not run, before that is the answer."""


@dataclass(frozen=True)
class ReleaseAlone:
    """A release or candidate that runs alone on an interpreter, and the cache of its runs.

    A run with an error, a death or a missing check is never cached.
    """

    contract: Contract
    ledger: Ledger
    package: str
    version: str
    python: str
    cache: Path

    def run(
        self,
        before_run: Callable[[], None] = lambda: None,
        to_repeat: Callable[[Record], Collection[str]] = lambda _: (),
    ) -> Record:
        """Its record, from the cache if the same suite has run the same file before.

        A run in which a check could not run is made once more before it is returned. ``before_run`` is called when the
        release is installed and nothing of it has run. The clauses that ``to_repeat`` names are run again, and those
        that do not repeat are in error. Raises MetaError where it cannot be run now.
        """
        file = self._cache_file()
        record = _cached_record(file) or self._run(file, before_run)
        # What a gate has run, or what was known of a defect then, is as new as a run of now.
        clauses = to_repeat(record) if record.footer else ()
        if not clauses:
            return record
        with tempfile.TemporaryDirectory(prefix="mdmeta-") as folder:
            repetitions = [self.repeat(clauses, number, Path(folder)) for number in range(1, REPETITIONS + 1)]
        for name in clauses:
            checks = [each.checks.get(name) for each in (record, *repetitions)]
            if any(differ(record.checks[name], check) for check in checks):
                discard_runs([file.parent], name, [check for check in checks if check])
        return with_repetitions(record, repetitions, clauses)

    def _run(self, file: Path, before_run: Callable[[], None]) -> Record:
        for _ in range(ATTEMPTS):
            with tempfile.TemporaryDirectory(prefix="mdmeta-") as folder:
                record = run_cell(
                    self.contract,
                    self.ledger,
                    self._cell,
                    out=Path(folder),
                    before_run=before_run,
                    cache=self.cache,
                )
            if record.header.uninstallable:
                break
            if _is_complete(record):
                write_whole(file, record_text(record))
                break
        return record

    def repeat(self, clauses: Collection[str], number: int, folder: Path) -> Record:
        """The record of the repetition with this number: these clauses, each check alone in a fresh process.

        The environment in ``folder`` serves all repetitions. Raises MetaError where it cannot be run now.
        """
        file = self._cache_file(str(number), *sorted(clauses))
        if cached := _cached_record(file):
            return cached
        record = run_clauses(self.contract, self.ledger, self._cell, clauses, out=folder, progress=lambda _: None)
        if _is_complete(record):
            write_whole(file, record_text(record))
        return record

    def known_run(self) -> Record | None:
        """Its record, if the cache has it; nothing is run."""
        return _cached_record(self._cache_file())

    @property
    def _cell(self) -> Cell:
        return Cell(Combination(((self.package, self.version),)))

    def _cache_file(self, *repetition: str) -> Path:
        ledger, release = self.ledger, self.ledger.release(self.package, self.version)
        interpreter = environments.uv("python", "find", "--no-project", self.python).strip()
        # The published versions are part of the key: extras may ask for releases that do not exist.
        published = [[r.version for r in rows] for rows in ledger.releases.values()]
        companions = sorted(ledger.candidate_wheels.keys() - {release.sha256})
        follows = ["follows direct references"] if ledger.allows_direct_references else []
        parts = [suite.digest(self.contract.root), release.sha256, interpreter, ledger.as_of, published]
        key = json.dumps([*parts, *companions, *follows, *repetition])
        return release_runs_folder(self.cache) / f"{hashlib.sha256(key.encode()).hexdigest()[:16]}.jsonl"


def release_runs_folder(cache: Path) -> Path:
    """The folder that runs of releases alone are cached in."""
    return cache / "alone"


def _is_complete(record: Record) -> bool:
    """Whether every check of the run could run, so that running it again would say the same."""
    return not why_not_evidence(record) and not reasons_to_run_again(record)


def _cached_record(file: Path) -> Record | None:
    try:
        record = read_record(file)
    except (MetaError, OSError):
        # What cannot be read is run again.
        return None
    return record if _is_complete(record) else None
