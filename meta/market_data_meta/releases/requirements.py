"""Do the requirements of releases allow a combination? No other module answers this.

Requirements are read as an installer for a certain interpreter reads them: all lines about a distribution apply
together, but only those whose markers hold for that interpreter without an extra.
"""

from __future__ import annotations

import functools
import operator
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from packaging.markers import UndefinedComparison, UndefinedEnvironmentName
from packaging.requirements import InvalidRequirement, Requirement
from packaging.specifiers import InvalidSpecifier, SpecifierSet
from packaging.utils import canonicalize_name
from packaging.version import InvalidVersion, Version

from market_data_meta.contract import Package
from market_data_meta.releases.combinations import Combination
from market_data_meta.releases.interpreters import PYTHON, PYTHONS
from market_data_meta.releases.ledger import Ledger, Release, extras_of


# Cached, as releases repeat their requirements, and the matrix reads them thousands of times.
@functools.cache
def _parse(text: str) -> Requirement:
    return Requirement(text)


@functools.cache
def binds(text: str, python: str) -> bool:
    """Whether a requirement is in force for an interpreter of that version, on this kind of machine, without extras."""
    marker = _parse(text).marker
    return marker is None or marker.evaluate({**_interpreter(python), "extra": ""})


def requirement_fault(text: str) -> str:
    """Why an installer could not tell whether a requirement is in force; empty if it could."""
    try:
        for python in PYTHONS:
            binds(text, python)
    except (InvalidRequirement, UndefinedComparison, UndefinedEnvironmentName, InvalidVersion) as error:
        return f"{text[:200]!r} is not a requirement that could be read: {' '.join(str(error).split())[:200]}"
    return ""


def release_fault(release: Release) -> str:
    """What of a release's version and requirements nobody could read; empty if there is nothing."""
    try:
        Version(release.version), SpecifierSet(release.requires_python)
    except (InvalidVersion, InvalidSpecifier) as error:
        return str(error)[:200]
    return next(filter(None, map(requirement_fault, release.requires)), "")


@functools.cache
def _interpreter(python: str) -> dict[str, str]:
    """What markers may ask about CPython of that version: ``3.11`` is its first release, 3.11.0."""
    full_version = python if python.count(".") > 1 else f"{python}.0"
    return {
        "python_version": ".".join(full_version.split(".")[:2]),
        "python_full_version": full_version,
        "implementation_name": "cpython",
        "implementation_version": full_version,
        "platform_python_implementation": "CPython",
    }


@functools.cache
def _satisfies(specifier: SpecifierSet, version: str) -> bool:
    """Whether a version satisfies a specifier; a pre-release may, because it is a published version like others."""
    return specifier.contains(Version(version), prereleases=True)


def third_party_requirements(release: Release, own: Iterable[str]) -> tuple[str, ...]:
    """What a release requires without an extra, but for the distributions ``own``; sorted.

    A requirement that is for some interpreters only stays, with its marker: the resolver knows the interpreter.
    """
    lines = (_parse(text) for text in release.requires)
    return tuple(
        sorted(str(line) for line in lines if canonicalize_name(line.name) not in own and not _needs_an_extra(line))
    )


def _needs_an_extra(requirement: Requirement) -> bool:
    names_an_extra = requirement.marker is not None and "extra" in str(requirement.marker)
    return names_an_extra and not any(binds(str(requirement), python) for python in PYTHONS)


def binding_requirements(release: Release, python: str = PYTHON) -> list[Requirement]:
    """The requirements that an installer follows for a release without an extra on that interpreter."""
    return [_parse(text) for text in release.requires if binds(text, python)]


def direct_references(release: Release, extra: str = "") -> tuple[str, ...]:
    """The requirements of a release that name an address (``name @ url``): without an extra, or those of ``extra``.

    An extra may name others of the same distribution, whose requirements are then part of it. Requirements whose
    markers are for other machines count as well: only an installer knows which markers hold.
    """
    own = canonicalize_name(release.filename.partition("-")[0])
    references: dict[str, None] = {}
    pending, visited = [extra], {extra}
    while pending:
        name = pending.pop()
        for text in release.requires:
            requirement = _parse(text)
            extras = extras_of(requirement)
            if name not in extras if name else extras and _needs_an_extra(requirement):
                continue
            if requirement.url:
                references[f"{requirement.name} @ {requirement.url}"] = None
            if canonicalize_name(requirement.name) == own:
                pending += requirement.extras - visited
                visited |= requirement.extras
    return tuple(references)


@dataclass(frozen=True)
class Requirements:
    """The requirements of the packages' releases on each other, read for an interpreter (``3.12`` or ``3.12.4``)."""

    packages: Mapping[str, Package]
    python: str = PYTHON

    def specifier_for(self, release: Release, other: str) -> SpecifierSet | None:
        """What a release requires of another package, all its lines together; None if none of them is about it."""
        distribution = self.packages[other].distribution
        lines = [
            line for line in binding_requirements(release, self.python) if canonicalize_name(line.name) == distribution
        ]
        return functools.reduce(operator.and_, (line.specifier for line in lines)) if lines else None

    def accepts(self, release: Release, other: str, version: str) -> bool:
        """Whether a release's requirements allow that version of another package."""
        specifier = self.specifier_for(release, other)
        return specifier is None or _satisfies(specifier, version)

    def refused_versions(self, release: Release, other: str, versions: Iterable[str]) -> list[str]:
        """The versions of another package that a release's requirements do not allow."""
        return [version for version in versions if not self.accepts(release, other, version)]

    def broken_promises(self, combination: Combination, ledger: Ledger) -> list[str]:
        """A sentence for each requirement that a combination's releases do not meet; empty if it is allowed."""
        releases = {name: ledger.release(name, version) for name, version in combination.versions}
        return [
            f"{name} {release.version} requires "
            f"{self.packages[other].distribution}{self.specifier_for(release, other)}, not {releases[other].version}"
            for name, release in releases.items()
            for other in releases
            if not self.accepts(release, other, releases[other].version)
        ]


def broken_promises(
    combination: Combination, packages: Mapping[str, Package], ledger: Ledger, python: str = PYTHON
) -> list[str]:
    """A sentence for each requirement of a release that another does not meet; empty for an allowed combination."""
    return Requirements(packages, python).broken_promises(combination, ledger)


class AllowedCombinations:
    """The combinations whose releases all accept each other, computed without a walk through the full product.

    ``columns`` has the releases of each package in order of preference. Each release has a bit, and a mask of those
    releases of other packages that it accepts and that accept it. The releases that remain possible after some choices
    are a mask too, and choices that leave the same releases are searched once.
    """

    def __init__(self, requirements: Requirements, columns: Mapping[str, Sequence[Release]]) -> None:
        self.columns = columns
        owners = [(name, release) for name, releases in columns.items() for release in releases]
        self._bits = {(name, release.version): bit for bit, (name, release) in enumerate(owners)}
        self._owners = owners
        accepted = _accepted_masks(requirements, owners)
        self._partners = [
            sum(1 << other for other, mask in enumerate(accepted) if own >> other & 1 and mask >> bit & 1)
            for bit, own in enumerate(accepted)
        ]

    def preference_of(self, releases: Iterable[Release]) -> tuple[int, ...]:
        """The positions of a combination's releases in their columns: preferred combinations sort first."""
        return tuple(self._bits[name, release.version] for name, release in zip(self.columns, releases, strict=True))

    def __iter__(self) -> Iterator[tuple[Release, ...]]:
        """Every allowed combination, those with the preferred release of the first package first."""
        columns, later = self._columns_within(None)

        def walk(depth: int, possible: int) -> Iterator[tuple[Release, ...]]:
            if depth == len(columns):
                yield ()
                return
            for bit in columns[depth]:
                if possible >> bit & 1:
                    remaining = possible & self._partners[bit] & later[depth + 1]
                    yield from ((self._owners[bit][1], *others) for others in walk(depth + 1, remaining))

        return walk(0, later[0])

    def count(self, within: Mapping[str, Iterable[Release]] | None = None) -> int:
        """How many allowed combinations there are, of all releases or of those ``within``."""
        columns, later = self._columns_within(within)

        @functools.cache
        def number(depth: int, possible: int) -> int:
            if depth == len(columns) - 1:
                return possible.bit_count()
            return sum(
                number(depth + 1, possible & self._partners[bit] & later[depth + 1])
                for bit in columns[depth]
                if possible >> bit & 1
            )

        return number(0, later[0])

    def first(self, within: Mapping[str, Iterable[Release]] | None = None) -> tuple[Release, ...] | None:
        """The preferred allowed combination; the preference of the first package counts most.

        None if no combination is allowed.
        """
        return self.best(lambda _name, _release: 0, within)

    def best(
        self, worth: Callable[[str, Release], int], within: Mapping[str, Iterable[Release]] | None = None
    ) -> tuple[Release, ...] | None:
        """The allowed combination that is worth most, by the sum over its releases; the preferred one among equals.

        None if no combination is allowed.
        """
        columns, later = self._columns_within(within)
        worths = {bit: worth(*self._owners[bit]) for column in columns for bit in column}
        most = [max((worths[bit] for bit in column), default=0) for column in columns]

        @functools.cache
        def search(depth: int, possible: int) -> tuple[int, tuple[int, ...]] | None:
            if depth == len(columns):
                return 0, ()
            limit = sum(most[depth:])
            best: tuple[int, tuple[int, ...]] | None = None
            for bit in columns[depth]:
                if not possible >> bit & 1:
                    continue
                others = search(depth + 1, possible & self._partners[bit] & later[depth + 1])
                if others and (best is None or worths[bit] + others[0] > best[0]):
                    best = worths[bit] + others[0], (bit, *others[1])
                    if best[0] == limit:
                        break
            return best

        result = search(0, later[0])
        return None if result is None else tuple(self._owners[bit][1] for bit in result[1])

    def _columns_within(self, within: Mapping[str, Iterable[Release]] | None) -> tuple[list[list[int]], list[int]]:
        """The bits of each column, in order, and for each column the mask of its bits and those of later columns."""
        columns = [
            [self._bits[name, release.version] for release in (within or self.columns)[name]] for name in self.columns
        ]
        later = [0]
        for column in reversed(columns):
            later.insert(0, later[0] | sum(1 << bit for bit in column))
        return columns, later


def _accepted_masks(requirements: Requirements, owners: Sequence[tuple[str, Release]]) -> list[int]:
    """For each release the mask of the releases of other packages that its own requirements allow.

    Equal requirements are evaluated once: a package's releases repeat them.
    """
    versions: dict[str, list[tuple[int, str]]] = {}
    for bit, (name, release) in enumerate(owners):
        versions.setdefault(name, []).append((1 << bit, release.version))
    masks: dict[tuple[str, SpecifierSet | None], int] = {}

    def mask(release: Release, other: str) -> int:
        key = other, requirements.specifier_for(release, other)
        if key not in masks:
            masks[key] = sum(bit for bit, version in versions[other] if requirements.accepts(release, other, version))
        return masks[key]

    return [sum(mask(release, other) for other in versions if other != name) for name, release in owners]
