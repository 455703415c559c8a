"""Release scope: a candidate or a release runs alone, in a clean install of its own, and its record is cached."""

from __future__ import annotations

import hashlib
import json
import tempfile
from collections.abc import Callable
from pathlib import Path

from market_data_meta import suite
from market_data_meta.contract import Contract
from market_data_meta.errors import MetaError
from market_data_meta.files import write_whole
from market_data_meta.judging.records import Record, read_record
from market_data_meta.judging.verdicts import reasons_to_run_again, why_not_evidence
from market_data_meta.releases.combinations import Cell, Combination
from market_data_meta.releases.ledger import Ledger
from market_data_meta.running import environments
from market_data_meta.running.isolated import run_cell

ATTEMPTS = 2
"""How often a run is made in which a check could not run, before that is the answer."""


def run_release_alone(
    contract: Contract,
    ledger: Ledger,
    package: str,
    version: str,
    python: str,
    cache: Path,
    before_run: Callable[[], None] = lambda: None,
) -> Record:
    """The record of one release or candidate alone, from the cache if the same suite has run the same file before.

    A run with an error, a death or a missing check is never cached, and is made once more before it is returned.
    ``before_run`` is called when the release is installed and nothing of it has run. Raises MetaError where it cannot
    be run now.
    """
    file = _cache_file(contract, ledger, package, version, python, cache)
    if cached := _cached_record(file):
        return cached
    cell = Cell(Combination(((package, version),)))
    for _ in range(ATTEMPTS):
        with tempfile.TemporaryDirectory(prefix="mdmeta-") as folder:
            record = run_cell(contract, ledger, cell, out=Path(folder), before_run=before_run)
            if record.header.uninstallable:
                break
            if _is_complete(record):
                write_whole(file, (Path(folder) / "records" / f"{cell.name}.jsonl").read_text(encoding="utf-8"))
                break
    return record


def known_release_run(
    contract: Contract, ledger: Ledger, package: str, version: str, python: str, cache: Path
) -> Record | None:
    """The record of one release alone, if the cache has it; nothing is run."""
    return _cached_record(_cache_file(contract, ledger, package, version, python, cache))


def _cache_file(contract: Contract, ledger: Ledger, package: str, version: str, python: str, cache: Path) -> Path:
    release = ledger.release(package, version)
    interpreter = environments.uv("python", "find", "--no-project", python).strip()
    # The published versions are part of the key: extras may ask for releases that do not exist.
    published = [[r.version for r in rows] for rows in ledger.releases.values()]
    companions = sorted(ledger.candidate_wheels.keys() - {release.sha256})
    follows = ["follows direct references"] if ledger.allows_direct_references else []
    digest = suite.digest(contract.root)
    key = json.dumps([digest, release.sha256, interpreter, ledger.as_of, published, *companions, *follows])
    return cache / "alone" / f"{hashlib.sha256(key.encode()).hexdigest()[:16]}.jsonl"


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
