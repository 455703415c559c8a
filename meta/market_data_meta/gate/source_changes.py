"""What differs in the source of candidates and predecessors, read in the sandbox by the interpreter of the cells."""

from __future__ import annotations

import contextlib
import json
import tempfile
from collections.abc import Iterable
from pathlib import Path

from market_data_meta import suite
from market_data_meta.candidates.candidate import Candidate
from market_data_meta.contract import Contract
from market_data_meta.errors import MetaError
from market_data_meta.inside.mdm_json import from_json
from market_data_meta.inside.mdm_source import SourceChanges
from market_data_meta.running.cells import RunOptions
from market_data_meta.running.isolated import clean_environment
from market_data_meta.running.sandbox import run_in_sandbox

SECONDS = 60.0
"""CPU time: a package takes less than one second."""


def read_source_changes(
    contract: Contract, candidates: Iterable[Candidate], options: RunOptions, scratch: Path
) -> dict[str, SourceChanges]:
    """The changes of each candidate by its package; nothing of one whose source, or whose predecessor's, cannot be had.

    They only explain what was found: a gate without them says as much, in more blocks.
    """
    changes = {}
    for candidate in candidates:
        if candidate.predecessor and candidate.predecessor.content != candidate.release.content:
            # A source that cannot be read now costs the gate an explanation, and not its verdict.
            with contextlib.suppress(MetaError):
                changes[candidate.package] = _changes(contract, candidate, options, scratch)
    return changes


def _changes(contract: Contract, candidate: Candidate, options: RunOptions, scratch: Path) -> SourceChanges:
    # Imported here: it loads the client of the index.
    from market_data_meta.running.wheels import unpack_all

    releases = [release for release in (candidate.predecessor, candidate.release) if release]
    distribution = contract.packages[candidate.package].distribution
    unpacked = unpack_all({distribution: releases}, options.cache, options.interpreter)
    if unpacked.faults:
        return SourceChanges()
    sites = [unpacked.sites[release.sha256] for release in releases]
    with tempfile.TemporaryDirectory(dir=scratch) as home:
        answer = Path(home) / "changes.json"
        script = str(suite.INSIDE / "mdm_source.py")
        ending = run_in_sandbox(
            [options.interpreter, "-I", "-S", "-W", "ignore", script, *map(str, sites), str(answer)],
            scratch / f"{candidate.package}-source.log",
            home=home,
            variables=clean_environment(home, Path(home)),
            writable=[],
            readable=[*sites, suite.INSIDE],
            network=False,
            seconds=SECONDS,
        )
        if ending.cause:
            return SourceChanges()
        return from_json(SourceChanges, json.loads(answer.read_text(encoding="utf-8")))
