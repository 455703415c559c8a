"""Do the requirements of releases allow this? The one place that answers.

A requirement is read as an installer for one interpreter reads it: all lines about a distribution bind together, and
those count whose marker holds there without any extra.
"""

from __future__ import annotations

import functools
import operator
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name
from packaging.version import Version

from market_data_meta.contract import Package
from market_data_meta.releases.combinations import Combination
from market_data_meta.releases.ledger import Ledger, Release, extras_of

PYTHONS = ("3.11", "3.12", "3.13")
"""The interpreters that a cell may name, as tox.ini lists them."""
PYTHON = PYTHONS[0]
"""The interpreter of a cell that names none."""


# Releases repeat their requirements, and the matrix asks for them thousands of times.
@functools.cache
def _read(text: str) -> Requirement:
    return Requirement(text)


@functools.cache
def _holds(text: str, python: str) -> bool:
    """Whether the requirement binds on an interpreter of that version, on this kind of machine, without any extra."""
    marker = _read(text).marker
    return marker is None or marker.evaluate({**_interpreter(python), "extra": ""})


@functools.cache
def _interpreter(python: str) -> dict[str, str]:
    """What markers may ask about CPython of that version: ``3.11`` is its first release, 3.11.0."""
    whole = python if python.count(".") > 1 else f"{python}.0"
    return {
        "python_version": ".".join(whole.split(".")[:2]),
        "python_full_version": whole,
        "implementation_name": "cpython",
        "implementation_version": whole,
        "platform_python_implementation": "CPython",
    }


@functools.cache
def _lets_in(specifier: SpecifierSet, version: str) -> bool:
    """Whether a version satisfies a specifier; a pre-release counts as published, because it is."""
    return specifier.contains(Version(version), prereleases=True)


def third_party_requirements(release: Release, own: Iterable[str]) -> tuple[str, ...]:
    """What a release requires without an extra on any interpreter, but for the distributions ``own``; sorted.

    A line whose marker names an interpreter stays, with its marker: whoever resolves it knows the interpreter.
    """
    lines = (_read(text) for text in release.requires)
    return tuple(
        sorted(str(line) for line in lines if canonicalize_name(line.name) not in own and not _needs_an_extra(line))
    )


def _needs_an_extra(requirement: Requirement) -> bool:
    asks_for_one = requirement.marker is not None and "extra" in str(requirement.marker)
    return asks_for_one and not any(_holds(str(requirement), python) for python in PYTHONS)


def binding(release: Release, python: str = PYTHON) -> list[Requirement]:
    """The lines of a release's requirements that bind whoever installs it, without an extra, on an interpreter."""
    return [_read(text) for text in release.requires if _holds(text, python)]


def direct_references(release: Release, extra: str = "") -> tuple[str, ...]:
    """What a release asks for by address (``name @ url``): with no extra, or what ``extra`` adds, by way of others too.

    Markers for other machines count as well: whether one holds is for the installer to say.
    """
    own = canonicalize_name(release.filename.partition("-")[0])
    references: dict[str, None] = {}
    waiting, reached = [extra], {extra}
    while waiting:
        name = waiting.pop()
        for text in release.requires:
            requirement = _read(text)
            extras = extras_of(requirement)
            if name not in extras if name else extras and _needs_an_extra(requirement):
                continue
            if requirement.url:
                references[f"{requirement.name} @ {requirement.url}"] = None
            if canonicalize_name(requirement.name) == own:
                waiting += requirement.extras - reached
                reached |= requirement.extras
    return tuple(references)


@dataclass(frozen=True)
class Requirements:
    """The requirements of the packages' releases on each other, read for an interpreter (``3.12`` or ``3.12.4``)."""

    packages: Mapping[str, Package]
    python: str = PYTHON

    def on(self, release: Release, other: str) -> SpecifierSet | None:
        """What a release requires of another package: all its lines together. None if it has no line about it."""
        distribution = self.packages[other].distribution
        lines = [line for line in binding(release, self.python) if canonicalize_name(line.name) == distribution]
        return functools.reduce(operator.and_, (line.specifier for line in lines)) if lines else None

    def accepts(self, release: Release, other: str, version: str) -> bool:
        """Whether a release lets that version of another package in."""
        specifier = self.on(release, other)
        return specifier is None or _lets_in(specifier, version)

    def refused(self, release: Release, other: str, versions: Iterable[str]) -> list[str]:
        """Those of some versions of another package that a release does not let in."""
        return [version for version in versions if not self.accepts(release, other, version)]

    def broken_by(self, combination: Combination, ledger: Ledger) -> list[str]:
        """What the releases of a combination forbid about each other, a sentence each; empty if it is allowed."""
        releases = {name: ledger.release(name, version) for name, version in combination.versions}
        return [
            f"{name} {release.version} requires {self.packages[other].distribution}{self.on(release, other)}, "
            f"not {releases[other].version}"
            for name, release in releases.items()
            for other in releases
            if not self.accepts(release, other, releases[other].version)
        ]


def broken_promises(
    combination: Combination, packages: Mapping[str, Package], ledger: Ledger, python: str = PYTHON
) -> list[str]:
    """What the releases' own requirements forbid about each other: empty for a combination that they allow."""
    return Requirements(packages, python).broken_by(combination, ledger)


class AllowedCombinations:
    """The combinations of some releases that all let each other in, found without walking all that there are.

    ``columns`` holds the releases of each package in order of preference. Each release has a bit, and a mask of those
    releases of other packages that it accepts and that accept it. What is left to choose from after some choices is
    one mask, and choices that leave the same are looked into once.
    """

    def __init__(self, requirements: Requirements, columns: Mapping[str, Sequence[Release]]) -> None:
        self.columns = columns
        owners = [(name, release) for name, releases in columns.items() for release in releases]
        self._bits = {(name, release.version): bit for bit, (name, release) in enumerate(owners)}
        self._owners = owners
        accepted = _accepted(requirements, owners)
        self._partners = [
            sum(1 << other for other, mask in enumerate(accepted) if own >> other & 1 and mask >> bit & 1)
            for bit, own in enumerate(accepted)
        ]

    def place(self, releases: Iterable[Release]) -> tuple[int, ...]:
        """Where each release of a combination stands in its column: what is preferred sorts first."""
        return tuple(self._bits[name, release.version] for name, release in zip(self.columns, releases, strict=True))

    def __iter__(self) -> Iterator[tuple[Release, ...]]:
        """Every allowed combination, those that hold the preferred release of the first package first."""
        columns, later = self._chosen(None)

        def walk(depth: int, within: int) -> Iterator[tuple[Release, ...]]:
            if depth == len(columns):
                yield ()
                return
            for bit in columns[depth]:
                if within >> bit & 1:
                    left = within & self._partners[bit] & later[depth + 1]
                    yield from ((self._owners[bit][1], *others) for others in walk(depth + 1, left))

        return walk(0, later[0])

    def count(self, within: Mapping[str, Iterable[Release]] | None = None) -> int:
        """How many there are, of all releases or of those ``within``."""
        columns, later = self._chosen(within)

        @functools.cache
        def ways(depth: int, left: int) -> int:
            if depth == len(columns) - 1:
                return left.bit_count()
            return sum(
                ways(depth + 1, left & self._partners[bit] & later[depth + 1])
                for bit in columns[depth]
                if left >> bit & 1
            )

        return ways(0, later[0])

    def first(self, within: Mapping[str, Iterable[Release]] | None = None) -> tuple[Release, ...] | None:
        """The preferred one, of all releases or of those ``within``: the first package's preference counts most."""
        return self.best(lambda _name, _release: 0, within)

    def best(
        self, worth: Callable[[str, Release], int], within: Mapping[str, Iterable[Release]] | None = None
    ) -> tuple[Release, ...] | None:
        """The one whose releases are worth most together, the preferred one among equals; None if there is none."""
        columns, later = self._chosen(within)
        worths = {bit: worth(*self._owners[bit]) for column in columns for bit in column}
        most = [max((worths[bit] for bit in column), default=0) for column in columns]

        @functools.cache
        def search(depth: int, left: int) -> tuple[int, tuple[int, ...]] | None:
            if depth == len(columns):
                return 0, ()
            limit = sum(most[depth:])
            top: tuple[int, tuple[int, ...]] | None = None
            for bit in columns[depth]:
                if not left >> bit & 1:
                    continue
                others = search(depth + 1, left & self._partners[bit] & later[depth + 1])
                if others and (top is None or worths[bit] + others[0] > top[0]):
                    top = worths[bit] + others[0], (bit, *others[1])
                    if top[0] == limit:
                        break
            return top

        result = search(0, later[0])
        return None if result is None else tuple(self._owners[bit][1] for bit in result[1])

    def _chosen(self, within: Mapping[str, Iterable[Release]] | None) -> tuple[list[list[int]], list[int]]:
        """The bits of each column, in order, and for each column those of it and of all after it as one mask."""
        columns = [
            [self._bits[name, release.version] for release in (within or self.columns)[name]] for name in self.columns
        ]
        later = [0]
        for column in reversed(columns):
            later.insert(0, later[0] | sum(1 << bit for bit in column))
        return columns, later


def _accepted(requirements: Requirements, owners: Sequence[tuple[str, Release]]) -> list[int]:
    """For each release the bits of those of other packages that its own requirements let in.

    Equal requirements are read once: a package's releases repeat them.
    """
    versions: dict[str, list[tuple[int, str]]] = {}
    for bit, (name, release) in enumerate(owners):
        versions.setdefault(name, []).append((1 << bit, release.version))
    known: dict[tuple[str, SpecifierSet | None], int] = {}

    def mask(release: Release, other: str) -> int:
        key = other, requirements.on(release, other)
        if key not in known:
            known[key] = sum(bit for bit, version in versions[other] if requirements.accepts(release, other, version))
        return known[key]

    return [sum(mask(release, other) for other in versions if other != name) for name, release in owners]
