"""Promises: how the combinations that the releases' own requirements allow compare with what works in them."""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from packaging.specifiers import SpecifierSet
from packaging.version import Version

from market_data_meta.contract import Contract
from market_data_meta.judging.verdicts import UNKNOWN
from market_data_meta.releases.contents import Content, ContentCombination, content_combinations
from market_data_meta.releases.interpreters import PYTHON
from market_data_meta.releases.requirements import AllowedCombinations, Requirements
from market_data_meta.results.capabilities import StateName

NOTHING = "none"
"""The specifier of the versions that are usable where none is."""

USABLE: tuple[StateName, ...] = ("works", "limited")
"""The states in which a capability can be used."""


@dataclass(frozen=True)
class CellStates:
    """What is known of a cell of the matrix: its verdict, and the state of each capability by name."""

    verdict: str
    capabilities: Mapping[str, StateName]

    def state_of(self, capability: str) -> StateName:
        """The capability's state."""
        return self.capabilities.get(capability, "unknown")


@dataclass(frozen=True)
class CellPromise:
    """A cell of the matrix with what works in it, and how many of its published combinations are allowed."""

    cell: ContentCombination
    states: CellStates
    allowed: int

    @property
    def forbidden(self) -> int:
        """How many of its published combinations the requirements of at least one of their releases rule out."""
        return self.cell.stands_for - self.allowed


@dataclass(frozen=True)
class StateCounts:
    """How many published combinations have a capability in each state: those that are allowed, and the others."""

    allowed: Counter[StateName]
    forbidden: Counter[StateName]


@dataclass(frozen=True)
class VersionSupport:
    """The versions of another package that a release requires, and those with which each capability can be used.

    ``asks`` is None where the release has no requirement on the package, and empty where it allows any version.
    ``usable`` has for each capability a specifier that selects exactly the published versions with which it works,
    limited or not; ``none``, or ``unknown`` where that was not decided for every version.
    """

    package: str
    version: str
    other: str
    asks: str | None
    usable: Mapping[str, str]


UNDECIDED_CELL = CellStates(UNKNOWN, {})
"""What is known of a cell that was not run."""


def cell_promises(
    contract: Contract,
    contents: Mapping[str, tuple[Content, ...]],
    states: Mapping[ContentCombination, CellStates],
    python: str = PYTHON,
) -> tuple[CellPromise, ...]:
    """Every cell, the newest first, with what works in it and its count."""
    counts = allowed_counts(contract, contents, python)
    return tuple(CellPromise(cell, states.get(cell, UNDECIDED_CELL), allowed) for cell, allowed in counts.items())


def state_counts(promises: Iterable[CellPromise], capability: str) -> StateCounts:
    """How many published combinations have the capability in each state; each combination is counted once."""
    counts = StateCounts(Counter(), Counter())
    for promise in promises:
        state = promise.states.state_of(capability)
        counts.allowed[state] += promise.allowed
        counts.forbidden[state] += promise.forbidden
    return StateCounts(+counts.allowed, +counts.forbidden)


def allowed_counts(
    contract: Contract, contents: Mapping[str, tuple[Content, ...]], python: str = PYTHON
) -> dict[ContentCombination, int]:
    """How many published combinations of each cell are allowed by the requirements of all their releases."""
    columns = {
        name: [release for content in column for release in content.releases] for name, column in contents.items()
    }
    combinations = AllowedCombinations(Requirements(contract.packages, python), columns)
    return {
        cell: combinations.count({content.package: content.releases for content in cell.contents})
        for cell in content_combinations(contents)
    }


def refused_versions(
    contract: Contract, contents: Mapping[str, tuple[Content, ...]], python: str = PYTHON
) -> dict[str, dict[str, list[str]]]:
    """For each package and each requirement on it (``VersionSupport.asks``) the published versions that it refuses."""
    requirements = Requirements(contract.packages, python)
    releases = {
        name: [release for content in column for release in content.releases] for name, column in contents.items()
    }
    versions = {name: [release.version for release in column] for name, column in releases.items()}
    refused: dict[str, dict[str, list[str]]] = {name: {} for name in contents}
    for name, column in releases.items():
        for release in column:
            for other in contents.keys() - {name}:
                asks = _text(requirements.specifier_for(release, other))
                if asks and asks not in refused[other]:
                    refused[other][asks] = requirements.refused_versions(release, other, versions[other])
    return refused


def version_support(
    contract: Contract,
    contents: Mapping[str, tuple[Content, ...]],
    states: Mapping[ContentCombination, CellStates],
    python: str = PYTHON,
) -> tuple[VersionSupport, ...]:
    """For each release and each other package: which versions it requires, and with which each capability can be used.

    A version counts if it is in a combination with the release in which the capability can be used, whatever the third
    package is. Releases of the same content have the same answer, as they are decided by the same runs.
    """
    requirements = Requirements(contract.packages, python)
    pair_states: dict[tuple[Content, Content], list[CellStates]] = {}
    for cell in content_combinations(contents):
        for pair in itertools.permutations(cell.contents, 2):
            pair_states.setdefault(pair, []).append(states.get(cell, UNDECIDED_CELL))
    return tuple(
        VersionSupport(package, release.version, other, _text(requirements.specifier_for(release, other)), usable)
        for package, column in contents.items()
        for other, partners in contents.items()
        if other != package
        for content in column
        for usable in [
            {
                name: _usable({p: {s.state_of(name) for s in pair_states[content, p]} for p in partners})
                for name in contract.capabilities
            }
        ]
        for release in content.releases
    )


def _text(specifier: SpecifierSet | None) -> str | None:
    return None if specifier is None else str(specifier)


def _usable(states: Mapping[Content, set[StateName]]) -> str:
    """The specifier of the contents with which a capability can be used, by its states in their cells.

    It is unknown as long as that is undecided for one of them: what was not looked at is not left out.
    """
    usable = [content for content, words in states.items() if words & set(USABLE)]
    if any("unknown" in words and not words & set(USABLE) for words in states.values()):
        return UNKNOWN
    return specifier_of(_versions(usable), _versions(states))


def _versions(contents: Iterable[Content]) -> list[Version]:
    return [Version(release.version) for content in contents for release in content.releases]


def specifier_of(working: Iterable[Version], published: Iterable[Version]) -> str:
    """A specifier that selects exactly the working versions among the published ones; ``none`` for no version.

    It has no upper bound when the newest works, because the next release is not known to fail.
    """
    ordered, every = sorted(working), sorted(published)
    if not ordered:
        return NOTHING
    first, last = ordered[0], ordered[-1]
    if len(ordered) == 1 and first < every[-1]:
        return f"=={first}"
    bounds = [f">={first}", *([f"<={last}"] if last < every[-1] else [])]
    failing = [version for version in every if first < version < last and version not in ordered]
    return ",".join(bounds + _exclusions(failing, ordered))


def _exclusions(failing: Sequence[Version], working: Sequence[Version]) -> list[str]:
    """Specifiers that exclude the failing versions; a series, ``!=1.3.*``, where several of it fail and none works."""
    specifiers: list[str] = []
    remaining = list(failing)
    while remaining:
        first = remaining[0]
        series = SpecifierSet(f"!={'.'.join(map(str, first.release[:-1] or first.release))}.*")
        excluded = [version for version in remaining if not series.contains(version, prereleases=True)]
        if len(excluded) > 1 and all(series.contains(version, prereleases=True) for version in working):
            specifiers.append(str(series))
        else:
            excluded = [first]
            specifiers.append(f"!={first}")
        remaining = [version for version in remaining if version not in excluded]
    return specifiers
