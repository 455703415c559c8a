"""Candidates: unreleased builds that stand in for a release, and the published release that each is compared with."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from packaging.version import Version

from market_data_meta.candidates.revisions import Revision
from market_data_meta.releases.interpreters import PYTHON
from market_data_meta.releases.ledger import Ledger, Release, offered


@dataclass(frozen=True)
class Candidate:
    """A build of one package, the release that it would be, and the published one before it (None for the first).

    ``wheel`` is None for a published version, whose wheel is on the index. ``revision`` is that of a git source or work
    tree. ``skipped_extras`` says which of its extras are not looked at, and why. ``version_is_taken`` says that its
    version is published already, with other code. ``passed_over`` says why the predecessor is no newer release, where
    nobody can install that. ``source_folders`` says of what a wheel installs at its top in which folder of the source
    tree it stands, where that is not the tree itself. ``changelog`` are the lines in which its source tree says what is
    new.
    """

    package: str
    source: str
    release: Release
    predecessor: Release | None
    wheel: Path | None = None
    revision: Revision | None = None
    skipped_extras: tuple[str, ...] = ()
    version_is_taken: bool = False
    passed_over: str = ""
    source_folders: Mapping[str, str] = field(default_factory=dict)
    changelog: tuple[str, ...] = ()

    def source_file(self, file: str) -> str:
        """Where an installed file stands in the source tree, so that a pull request's page can show it there."""
        folder = self.source_folders.get(file.split("/", maxsplit=1)[0])
        return f"{folder}/{file}" if folder else file


def source_folders(tree: Path, imports: Iterable[str]) -> dict[str, str]:
    """The folder of each of these packages in a source tree, where it is not the tree itself: the ``src`` layout."""
    return {name: "src" for name in imports if not (tree / name).exists() and (tree / "src" / name).exists()}


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
