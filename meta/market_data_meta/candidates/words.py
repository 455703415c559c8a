"""Candidates where a version may stand: ``store==../market-data-store`` beside ``core==1.4.61``."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from pathlib import Path

from packaging.version import InvalidVersion, Version

from market_data_meta.candidates.as_published import ledger_with_candidates
from market_data_meta.candidates.candidate import Candidate
from market_data_meta.candidates.renumbering import pack_wheel, renumber
from market_data_meta.candidates.sources import read_candidate, release_of
from market_data_meta.contract import Contract
from market_data_meta.releases.combinations import DEPLOYED, NEWEST, package_named
from market_data_meta.releases.interpreters import PYTHON
from market_data_meta.releases.ledger import Ledger
from market_data_meta.running.wheels import extract

_WORD = re.compile(r"((?:[A-Za-z_-]+:)?)([A-Za-z._-]+?)==(.+)")


@dataclass
class CandidateWords:
    """Reads the words of a command line, and builds each candidate in them once, below ``folder``.

    ``ledger`` is then the one with the candidates. A candidate whose version is published with other code gets a local
    version, such as ``0.6.73+candidate``: the release and the candidate may both take part in what is asked.
    """

    contract: Contract
    ledger: Ledger
    folder: Path
    on_progress: Callable[[str], None]
    python: str = PYTHON
    _candidates: dict[tuple[str, str], Candidate] = field(default_factory=dict)

    @property
    def candidates(self) -> tuple[Candidate, ...]:
        """The candidates that were read, in their order."""
        return tuple(self._candidates.values())

    def versions(self, words: Iterable[str]) -> tuple[str, ...]:
        """The words, each candidate with its version in place of its source. Raises what ``read_candidate`` raises."""
        return tuple(self._version(word) for word in words)

    def _version(self, text: str) -> str:
        match, parts = _WORD.fullmatch(text), text.split()
        if len(parts) > 1 and not (match and _exists(match[3])):
            # Several words in one, as a variable of a shell may hold them, and no path with a space in it.
            return " ".join(self._version(part) for part in parts)
        if not match or not _is_source(match[3]):
            return text
        package = package_named(match[2], self.contract.packages, "==…")
        return f"{match[1]}{package}=={self._candidate(package, match[3]).release.version}"

    def _candidate(self, package: str, source: str) -> Candidate:
        if (package, source) not in self._candidates:
            folder = self.folder / f"{package}-{len(self._candidates)}"
            published = self.ledger.published
            candidate = read_candidate(self.contract, published, package, source, folder, self.on_progress, self.python)
            candidate = self._with_own_version(candidate, folder)
            self.ledger = ledger_with_candidates(self.ledger, [candidate])
            self._candidates[package, source] = candidate
        return self._candidates[package, source]

    def _with_own_version(self, candidate: Candidate, folder: Path) -> Candidate:
        """The candidate under a version that only it has; the release itself where that is the very same."""
        package, release = candidate.package, candidate.release
        releases = self.ledger.releases[package]
        same = [other for other in releases if Version(other.version) == Version(release.version)]
        if not same or candidate.wheel is None:
            return candidate
        if all(
            (r.content, r.requires, r.requires_python) == (release.content, release.requires, release.requires_python)
            for r in same
        ):
            return replace(candidate, release=same[0], wheel=None)
        taken = {Version(other.version) for other in releases}
        base = Version(release.version)
        local = f"{base.local}.candidate" if base.local else "candidate"
        names = [f"{base.public}+{local}", *(f"{base.public}+{local}.{number}" for number in range(2, len(taken) + 3))]
        version = next(name for name in names if Version(name) not in taken)
        wheel = _renumbered(candidate.wheel, version, folder / "renumbered")
        renamed = release_of(wheel, self.contract.packages[package].distribution)
        return replace(candidate, release=renamed, wheel=wheel)


def _is_source(text: str) -> bool:
    """Whether a candidate is named, and no version: a version is always a published release."""
    if text in (NEWEST, DEPLOYED):
        return False
    try:
        Version(text)
    except InvalidVersion:
        return text.startswith("git+") or "/" in text or text.endswith((".whl", ".tar.gz")) or _exists(text)
    return False


def _exists(path: str) -> bool:
    return os.path.exists(path)  # noqa: PTH110 - Path.exists raises for a name that is too long


def _renumbered(wheel: Path, version: str, folder: Path) -> Path:
    """A copy of the wheel with that version."""
    folder.mkdir(parents=True)
    extract(wheel, folder / "unpacked")
    tags = "-".join(wheel.name.removesuffix(".whl").split("-")[-3:])
    return pack_wheel(renumber(folder / "unpacked", version, folder / "site"), folder, tags)
