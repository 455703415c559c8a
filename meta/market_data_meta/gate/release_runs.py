"""Release scope: a candidate or a release alone, in its own clean install, its run kept like others."""

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
from market_data_meta.judging.verdicts import reasons_to_run_again, weaknesses
from market_data_meta.releases.combinations import Cell, Combination
from market_data_meta.releases.ledger import Ledger
from market_data_meta.running import environments
from market_data_meta.running.isolated import run_cell

ATTEMPTS = 2
"""How often a run in which something could not be looked at is made before that is the answer."""


def alone(
    contract: Contract,
    ledger: Ledger,
    package: str,
    version: str,
    python: str,
    cache: Path,
    ready: Callable[[], None] = lambda: None,
) -> Record:
    """The record of one release or candidate alone. What was run before with the same suite and file is read back.

    A run with an error, a death or a missing check is never read back, and is tried once more before it is handed on.
    ``ready`` is called when it is installed, before anything of it runs. Raises MetaError where it cannot be run now.
    """
    release = ledger.release(package, version)
    about = environments.uv("python", "find", "--no-project", python).strip()
    # What is published is part of the question: extras may ask for releases that do not exist.
    published = [[r.version for r in rows] for rows in ledger.releases.values()]
    beside = sorted(ledger.candidate_wheels.keys() - {release.sha256})
    follows = ["follows direct references"] if ledger.allows_direct_references else []
    asked = json.dumps([suite.digest(contract.root), release.sha256, about, ledger.as_of, published, *beside, *follows])
    file = cache / "alone" / f"{hashlib.sha256(asked.encode()).hexdigest()[:16]}.jsonl"
    if known := _read(file):
        return known
    cell = Cell(Combination(((package, version),)))
    for _ in range(ATTEMPTS):
        with tempfile.TemporaryDirectory(prefix="mdmeta-") as folder:
            record = run_cell(contract, ledger, cell, out=Path(folder), ready=ready)
            if record.header.get("uninstallable"):
                break
            if _settled(record):
                write_whole(file, (Path(folder) / "records" / f"{cell.name}.jsonl").read_text(encoding="utf-8"))
                break
    return record


def _settled(record: Record) -> bool:
    return not weaknesses(record) and not reasons_to_run_again(record)


def _read(file: Path) -> Record | None:
    try:
        record = read_record(file)
    except (MetaError, OSError):
        # What cannot be read is run again.
        return None
    return record if _settled(record) else None
