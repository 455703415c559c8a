"""What differs in the source of a gate's candidates and their predecessors."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable
from pathlib import Path

from market_data_meta.candidates.candidate import Candidate
from market_data_meta.contract import Contract
from market_data_meta.errors import MetaError
from market_data_meta.inside.mdm_source import SourceChanges
from market_data_meta.running import source_changes
from market_data_meta.running.cells import RunOptions


def read_source_changes(
    contract: Contract, candidates: Iterable[Candidate], options: RunOptions, scratch: Path
) -> dict[str, SourceChanges]:
    """The changes of each candidate by its package; nothing of one whose source, or whose predecessor's, cannot be had.

    They only explain what was found: a gate without them says as much, in more blocks.
    """
    changes = {}
    for candidate in candidates:
        package, before, after = candidate.package, candidate.predecessor, candidate.release
        if before and before.content != after.content:
            # A source that cannot be read now costs the gate an explanation, and not its verdict.
            with contextlib.suppress(MetaError):
                changes[package] = source_changes.read_source_changes(
                    contract, package, before, after, options, scratch
                )
    return changes
