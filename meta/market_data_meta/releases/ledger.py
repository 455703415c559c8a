"""The ledger: every published release of every package, as it was on the ledger's date."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Annotated

from packaging.requirements import Requirement
from packaging.version import Version

from market_data_meta.errors import ErrorCode, MetaError
from market_data_meta.field_types import Constraint, NonEmptyText, Sha256
from market_data_meta.releases.interpreters import PYTHON, is_for

UploadTime = Annotated[str, Constraint(pattern="^([0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z)?$")]
"""A time in UTC, to the second; empty where the index does not say it."""


@dataclass(frozen=True)
class Release:
    """One published version of a package: its wheel (name, sha256, bytes), content id, requirements and upload time."""

    version: NonEmptyText
    uploaded: UploadTime
    filename: NonEmptyText
    sha256: Sha256
    size: Annotated[int, Constraint(ge=0)]
    content: Sha256
    requires_python: str
    requires: tuple[str, ...]
    yanked: bool
    withdrawn: bool = False
    """Whether the index does not have it any longer: nobody can install it."""
    code: Annotated[str, Constraint(pattern="^([0-9a-f]{64})?$")] = ""
    """Its code id; empty of a candidate, whose content nothing else decides."""

    def extras(self) -> list[str]:
        """The names of its extras, sorted."""
        return sorted({name for text in self.requires for name in extras_of(Requirement(text))})


def extras_of(requirement: Requirement) -> list[str]:
    """The extras that a requirement's marker names."""
    found = re.findall(r'extra == "([^"]+)"|"([^"]+)" == extra', str(requirement.marker or ""))
    return [first or second for first, second in found]


@dataclass(frozen=True)
class DeployedSet:
    """What is really deployed: the versions that a release of the deploying distribution pins, by package."""

    distribution: NonEmptyText
    version: NonEmptyText
    pins: Mapping[str, NonEmptyText]


@dataclass(frozen=True)
class Ledger:
    """The releases of all packages (oldest first), the date on which they were read, and the deployed set."""

    as_of: str
    releases: Mapping[str, tuple[Release, ...]]
    deployed: DeployedSet
    candidate_wheels: Mapping[str, Path] = field(default_factory=dict)
    """The wheels of candidates, which are not on the index, by sha256."""
    without_candidates: Ledger | None = None
    """The ledger as it was before candidates were added; None where there are none."""
    allows_direct_references: bool = False
    """Whether a requirement of a candidate that names an address (``name @ url``) is fetched from there."""
    later: Ledger | None = None
    """The ledger of a later date of which this is the part that was out at an earlier time; None where it is all."""

    @property
    def published(self) -> Ledger:
        """The ledger of the published releases, without candidates."""
        return self.without_candidates or self

    @cached_property
    def codes(self) -> Mapping[str, str]:
        """The code id of each published content."""
        releases = (release for rows in self.published.releases.values() for release in rows)
        return {release.content: release.code for release in releases if release.code}

    @property
    def why_not_deployed(self) -> str:
        """Why it is not known what was deployed, of a ledger as of an earlier time; empty for one of its own date."""
        return f"the ledger has what is deployed as of {self.later.as_of[:10]} alone" if self.later else ""

    def with_candidate(self, package: str, release: Release, wheel: Path) -> Ledger:
        """The ledger as it would be with a candidate published, in place of a release of the same version."""
        others = (r for r in self.releases[package] if Version(r.version) != Version(release.version))
        releases = {**self.releases, package: (*others, release)}
        wheels = {**self.candidate_wheels, release.sha256: wheel}
        return replace(self, releases=releases, candidate_wheels=wheels, without_candidates=self.published)

    def requirement(self, distribution: str, release: Release, extras: str = "") -> str:
        """The requirement that asks for exactly this release; ``extras`` are written ``[redis,kafka]``."""
        wheel = self.candidate_wheels.get(release.sha256)
        name = distribution + extras
        return f"{name} @ {wheel.as_uri()}" if wheel else f"{name}=={release.version}"

    def release(self, package: str, version: str) -> Release:
        """The release of ``package`` with that version. Raises MetaError that names the nearest ones."""
        number = Version(version)
        for release in self.releases[package]:
            if Version(release.version) == number:
                return release
        published = sorted(Version(r.version) for r in self.releases[package])
        near = [v for v in published if v < number][-1:] + [v for v in published if v > number][:1]
        raise MetaError(
            ErrorCode.UNKNOWN_RELEASE,
            f"{package} {version} is not in the ledger",
            f"{len(published)} releases are published as of {self.as_of}; nearest: {', '.join(map(str, near))}",
            "mdmeta releases lists them; mdmeta releases --refresh reads the index again",
        )

    def newest(self, package: str, python: str = PYTHON) -> Release:
        """The release of ``package`` that an installer takes on that interpreter where any version will do.

        Where it can install none, the newest of all.
        """
        releases = self.releases[package]
        return max(offered(releases, python) or releases, key=lambda release: Version(release.version))


PRE_RELEASE = "is a pre-release"
"""Why a release that could be installed is set aside; a range may ask for it all the same."""


def offered(releases: Iterable[Release], python: str = PYTHON) -> list[Release]:
    """The releases among which an installer chooses on that interpreter, in the same order."""
    every = list(releases)
    aside = set_aside(every, python)
    return [release for release in every if release.version not in aside]


def set_aside(releases: Iterable[Release], python: str = PYTHON) -> dict[str, str]:
    """The versions that an installer does not choose by itself on that interpreter, and why: ``is yanked``.

    A pre-release is one of them if there is another release.
    """
    every = list(releases)
    reasons = {release.version: why_not_installed(release, python) for release in every}
    stable = set(stable_or_all(version for version, why in reasons.items() if not why))
    return {version: why or PRE_RELEASE for version, why in reasons.items() if why or version not in stable}


def why_not_installed(release: Release, python: str) -> str:
    """Why an installer does not take a release on that interpreter where any version will do; empty if it does."""
    if release.withdrawn:
        return "is no longer on the index"
    if not is_for(release.requires_python, python):
        return f"needs Python {release.requires_python}"
    return "is yanked" if release.yanked else ""


def stable_or_all(versions: Iterable[str]) -> list[str]:
    """The versions that are no pre-releases; all of them where there are only pre-releases."""
    every = list(versions)
    return [version for version in every if not Version(version).is_prerelease] or every
