"""Candidates as if they were published: in the ledger, and their wheels beside those of releases."""

from __future__ import annotations

import shutil
from collections.abc import Iterable
from pathlib import Path

from market_data_meta.candidates.candidate import Candidate
from market_data_meta.files import whole_file
from market_data_meta.releases.ledger import Ledger


def ledger_with_candidates(ledger: Ledger, candidates: Iterable[Candidate]) -> Ledger:
    """The ledger as it would be with the candidates published."""
    for candidate in candidates:
        if candidate.wheel:
            ledger = ledger.with_candidate(candidate.package, candidate.release, candidate.wheel)
    return ledger


def put_into_cache(candidates: Iterable[Candidate], cache: Path) -> None:
    """Put the candidates' wheels beside those of releases: they are checked and unpacked alike, never downloaded."""
    for candidate in candidates:
        if candidate.wheel:
            file = cache / "wheels" / candidate.release.sha256[:16] / candidate.release.filename
            with whole_file(file) as part:
                shutil.copyfile(candidate.wheel, part)
