"""Requirements that no release meets, a sentence for each. Pure functions; no I/O."""

from __future__ import annotations

import contextlib
import itertools
import re
from collections.abc import Iterable, Mapping

from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name
from packaging.version import InvalidVersion, Version

from market_data_meta.releases.interpreters import is_for
from market_data_meta.releases.ledger import Ledger, Release
from market_data_meta.releases.requirements import Requirements, binding_requirements

MAX_CHARACTERS = 600
"""The length to which the resolver's own message is cut: it may fill a screen."""
_NAME = r"([A-Za-z0-9][A-Za-z0-9._-]*)"
_NOT_FOUND = re.compile(rf"{_NAME} was not found in the package registry")
_AVAILABLE = re.compile(rf"\b(only {_NAME}\S* is available)")
_NO_VERSION = re.compile(rf"\b(there (?:is|are) no versions? of {_NAME}[^\s,]*)")
# A sentence of the resolver may end right behind a version.
_VERSION = r"[<>=!~]{1,3}[\w.+!*-]*[\w*]"
_VERSIONS = rf"({_VERSION}(?:,\s?{_VERSION})*)"
_DEPENDS = re.compile(rf"{_NAME}{_VERSIONS} depends on {_NAME}{_VERSIONS}")
_TOO_NEW = re.compile(
    r"`([^`]+)` was filtered by `exclude-newer`.*?(?:satisfying the requirement is|requested version)"
)


def unmet_promises(package: str, release: Release, requirements: Requirements, ledger: Ledger) -> list[str]:
    """A sentence for each requirement on another package under contract that no release in the ledger meets.

    It names the nearest release that is published.
    """
    sentences = []
    for other, required in requirements.packages.items():
        specifier = requirements.specifier_for(release, other)
        if specifier is None or other == package:
            continue
        on_index = [r for r in ledger.releases[other] if not r.withdrawn and (not r.yanked or _exact(specifier))]
        versions = sorted(Version(release.version) for release in on_index)
        if not any(specifier.contains(version, prereleases=True) for version in versions):
            nearest = _nearest(specifier, versions)
            sentences.append(f"{package} {release.version} requires {required.distribution}{specifier}; {nearest}")
    return sentences


def unmet_python(releases: Mapping[str, Release], python: str) -> list[str]:
    """A sentence for each release (by package) that cannot be installed for an interpreter of that version."""
    return [
        f"{package} {release.version} requires Python {release.requires_python}, not {python}"
        for package, release in releases.items()
        if not is_for(release.requires_python, python)
    ]


def _exact(specifier: SpecifierSet) -> bool:
    """Whether a specifier names a single version: installers take a yanked release for such a requirement only."""
    return any(part.operator in ("==", "===") and not part.version.endswith("*") for part in specifier)


def _nearest(specifier: SpecifierSet, versions: list[Version]) -> str:
    if not versions:
        return "none is published"
    bounds = _bounds(specifier)
    below = [version for version in versions if bounds and version < max(bounds)]
    above = [version for version in versions if bounds and version > min(bounds)]
    if not above:
        return f"the newest published is {versions[-1]}"
    if not below:
        return f"the oldest published is {versions[0]}"
    return f"the nearest published are {below[-1]} and {next((v for v in above if v > below[-1]), above[0])}"


def _bounds(specifier: SpecifierSet) -> list[Version]:
    """The versions that a specifier names; ``===`` may name what is none."""
    bounds = []
    for part in specifier:
        with contextlib.suppress(InvalidVersion):
            bounds.append(Version(part.version.removesuffix(".*")))
    return bounds


def missing_projects(resolver_output: str) -> set[str]:
    """The projects that the package index does not have, according to the resolver."""
    return {canonicalize_name(name) for name in _NOT_FOUND.findall(_in_one_line(resolver_output))}


def too_new_projects(resolver_output: str) -> set[str]:
    """The projects whose fitting versions were all published after the date as of which they were resolved."""
    return {canonicalize_name(name) for name in _TOO_NEW.findall(_in_one_line(resolver_output))}


def unmet_third_party(resolver_output: str, releases: Mapping[str, Release], requirements: Requirements) -> list[str]:
    """A sentence for each third-party requirement of the releases (by package) that the resolver could not meet.

    Only a release that the resolver itself names with the requirement gets a sentence: another release may ask for an
    older version of the same library. ``unmet_promises`` reports requirements on packages under contract.
    """
    text = _in_one_line(resolver_output)
    packages = requirements.packages
    own = {package.distribution for package in packages.values()}
    causes: dict[str, str] = {
        canonicalize_name(name): cause for pattern in (_AVAILABLE, _NO_VERSION) for cause, name in pattern.findall(text)
    }
    causes |= dict.fromkeys(missing_projects(resolver_output), "the package index has no project of that name")
    causes = {name: cause for name, cause in causes.items() if name not in own}
    resolver_requirements = [
        (f"{package} {release.version}", requirement)
        for package, release in releases.items()
        for requirement in binding_requirements(release, requirements.python)
        if f"{packages[package].distribution}=={release.version} depends on {canonicalize_name(requirement.name)}"
        in text
    ]
    return [
        f"{dependent} requires {requirement.name}{requirement.specifier}; {causes[canonicalize_name(requirement.name)]}"
        for dependent, requirement in resolver_requirements
        if canonicalize_name(requirement.name) in causes
    ]


def conflicts(resolver_output: str, releases: Mapping[str, Release], requirements: Requirements) -> list[str]:
    """A sentence for each two requirements of the packages on one library that exclude each other.

    They are those that the resolver names, with the versions of the packages that have them.
    """
    own = {package.distribution: name for name, package in requirements.packages.items()}
    required: dict[str, dict[str, str]] = {}
    for distribution, versions, library, specifier in _DEPENDS.findall(_in_one_line(resolver_output)):
        name = own.get(canonicalize_name(distribution))
        if name and canonicalize_name(library) not in own:
            exact = name in releases and versions == f"=={releases[name].version}"
            required.setdefault(library, {})[f"{name} {releases[name].version if exact else versions}"] = specifier
    return [
        f"{one} requires {library}{specifiers[one]} and {other} requires {library}{specifiers[other]}; "
        f"no version of {library} is both"
        for library, specifiers in required.items()
        for one, other in itertools.combinations(specifiers, 2)
        if _exclude_each_other(SpecifierSet(specifiers[one]), SpecifierSet(specifiers[other]))
    ]


def _exclude_each_other(one: SpecifierSet, other: SpecifierSet) -> bool:
    """Whether no version satisfies both: one that does is at a bound of either, right above it, or the least of all."""
    bounds = _bounds(one & other)
    versions = [Version("0"), *bounds, *(Version(f"{bound.base_version}.0.0.0.1") for bound in bounds)]
    both = one & other
    return not any(both.contains(version, prereleases=True) for version in versions)


def suite_conflicts(
    needed: Iterable[str], versions: Mapping[str, str], releases: Mapping[str, Release], python: str
) -> list[str]:
    """A sentence for each library that the packages have in a version that the suite cannot run with.

    ``needed`` are the suite's requirements, ``versions`` what the packages resolve to. It names the releases (by
    package) that require such a version.
    """
    sentences = []
    for wanted in map(Requirement, needed):
        version = versions.get(wanted.name)
        if version is None or wanted.specifier.contains(version, prereleases=True):
            continue
        requirers = [
            f"{package} {release.version} requires {line.name}{line.specifier}"
            for package, release in releases.items()
            for line in binding_requirements(release, python)
            if canonicalize_name(line.name) == wanted.name and line.specifier
        ]
        sentences.append(f"{' and '.join(requirers) or f'{wanted.name} is {version}'}, and the suite needs {wanted}")
    return sentences


def resolver_message(resolver_output: str) -> str:
    """The resolver's message in one line, without its heading and its signs."""
    heading = r"^.*?No solution found when resolving dependencies:?\s*(cause:|╰─▶)?\s*"
    return re.sub(heading, "", _in_one_line(resolver_output))[:MAX_CHARACTERS]


def _in_one_line(text: str) -> str:
    return " ".join(text.split())
