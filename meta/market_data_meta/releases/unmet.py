"""Requirements that nothing meets, each told in a sentence. Pure functions; no I/O."""

from __future__ import annotations

import re
from collections.abc import Mapping

from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name
from packaging.version import Version

from market_data_meta.releases.ledger import Ledger, Release
from market_data_meta.releases.requirements import Requirements, binding

LETTERS = 600
"""Characters of the resolver's own text that are kept: it may fill a screen."""
_NAME = r"([A-Za-z0-9][A-Za-z0-9._-]*)"
_NOT_FOUND = re.compile(rf"{_NAME} was not found in the package registry")
_AVAILABLE = re.compile(rf"\b(only {_NAME}\S* is available)")
_NO_VERSION = re.compile(rf"\b(there (?:is|are) no versions? of {_NAME}[^\s,]*)")
_TOO_NEW = re.compile(
    r"`([^`]+)` was filtered by `exclude-newer`.*?(?:satisfying the requirement is|requested version)"
)


def unmet_promises(package: str, release: Release, requirements: Requirements, ledger: Ledger) -> list[str]:
    """What a release requires of the other packages under contract and no release in the ledger meets.

    Each sentence names the nearest release that there is.
    """
    sentences = []
    for other, about in requirements.packages.items():
        specifier = requirements.on(release, other)
        if specifier is None or other == package:
            continue
        versions = sorted(Version(r.version) for r in ledger.releases[other] if not r.yanked or _exact(specifier))
        if not any(specifier.contains(version, prereleases=True) for version in versions):
            nearest = _nearest(specifier, versions)
            sentences.append(f"{package} {release.version} requires {about.distribution}{specifier}; {nearest}")
    return sentences


def _exact(specifier: SpecifierSet) -> bool:
    """Whether it names one version: installers take a yanked release for such a requirement, and for no other."""
    return any(part.operator in ("==", "===") and not part.version.endswith("*") for part in specifier)


def _nearest(specifier: SpecifierSet, versions: list[Version]) -> str:
    if not versions:
        return "none is published"
    bounds = [Version(part.version.removesuffix(".*")) for part in specifier]
    below = [version for version in versions if version < max(bounds)]
    above = [version for version in versions if version > min(bounds)]
    if not above:
        return f"the newest published is {versions[-1]}"
    if not below:
        return f"the oldest published is {versions[0]}"
    return f"the nearest published are {below[-1]} and {next((v for v in above if v > below[-1]), above[0])}"


def not_found(said: str) -> set[str]:
    """The projects that the package index does not have, by what the resolver said."""
    return {canonicalize_name(name) for name in _NOT_FOUND.findall(_line(said))}


def too_new(said: str) -> set[str]:
    """The projects of which a fitting version was published later than the date as of which they were resolved."""
    return {canonicalize_name(name) for name in _TOO_NEW.findall(_line(said))}


def unmet_libraries(said: str, releases: Mapping[str, Release], requirements: Requirements) -> list[str]:
    """Which requirements of the releases (by package) are those that the resolver could not meet.

    Only who the resolver itself names with that requirement is told of: another release may ask for an older version of
    the same library. What is required of packages under contract is told by ``unmet_promises``.
    """
    text = _line(said)
    packages = requirements.packages
    own = {package.distribution for package in packages.values()}
    causes: dict[str, str] = {
        canonicalize_name(n): clause for p in (_AVAILABLE, _NO_VERSION) for clause, n in p.findall(text)
    }
    causes |= dict.fromkeys(not_found(said), "the package index has no project of that name")
    causes = {name: clause for name, clause in causes.items() if name not in own}
    needed = [
        (f"{package} {release.version}", requirement)
        for package, release in releases.items()
        for requirement in binding(release, requirements.python)
        if f"{packages[package].distribution}=={release.version} depends on {canonicalize_name(requirement.name)}"
        in text
    ]
    return [
        f"{who} requires {requirement.name}{requirement.specifier}; {causes[canonicalize_name(requirement.name)]}"
        for who, requirement in needed
        if canonicalize_name(requirement.name) in causes
    ]


def resolvers_reason(said: str) -> str:
    """What the resolver said, as one line without its heading and its signs."""
    return re.sub(r"^.*?No solution found when resolving dependencies:?\s*(cause:|╰─▶)?\s*", "", _line(said))[:LETTERS]


def _line(said: str) -> str:
    return " ".join(said.split())
