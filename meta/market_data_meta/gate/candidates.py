"""Candidates: unreleased builds that stand in for a release, and the published release that each is compared with."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from packaging.version import Version

from market_data_meta.gate.revisions import Revision
from market_data_meta.releases.interpreters import PYTHON
from market_data_meta.releases.ledger import Ledger, Release, offered


@dataclass(frozen=True)
class Candidate:
    """A build of one package, the release that it would be, and the published one before it (None for the first).

    ``wheel`` is None for a published version, whose wheel is on the index. ``revision`` is that of a git source or work
    tree. ``skipped_extras`` says which of its extras are not looked at, and why. ``version_is_taken`` says that its
    version is published already, with other code.
    """

    package: str
    source: str
    release: Release
    predecessor: Release | None
    wheel: Path | None = None
    revision: Revision | None = None
    skipped_extras: tuple[str, ...] = ()
    version_is_taken: bool = False


def find_predecessor(
    ledger: Ledger, package: str, version: str, *, itself: bool, python: str = PYTHON
) -> Release | None:
    """The newest published release before a version, or of that version where ``itself`` counts; None for the first.

    It is the one that an installer takes on that interpreter: a pre-release only where there is nothing else.
    A source whose version was not raised yet is compared with the release of its version.
    """
    limit = Version(version)
    earlier = [
        r for r in ledger.releases[package] if Version(r.version) < limit or (itself and Version(r.version) == limit)
    ]
    return max(offered(earlier, python), key=lambda r: Version(r.version), default=None)
