"""Promises: how the combinations that the releases' own requirements allow compare with the verdicts of the matrix."""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from packaging.specifiers import SpecifierSet
from packaging.version import Version

from market_data_meta.contract import Contract
from market_data_meta.judging.verdicts import COMPATIBLE, INCOMPATIBLE, UNINSTALLABLE, UNKNOWN
from market_data_meta.releases.contents import Content, ContentCombination, content_combinations
from market_data_meta.releases.requirements import PYTHON, AllowedCombinations, Requirements

KEPT, OVER_PROMISED = "kept", "over-promised"
OVER_RESTRICTED, RIGHTLY_EXCLUDED = "over-restricted", "rightly excluded"
UNDECIDED = "undecided"

PROMISE_CLASSES = (KEPT, OVER_PROMISED, OVER_RESTRICTED, RIGHTLY_EXCLUDED, UNDECIDED)
"""What may become of a promise, in the order in which the reports list it."""

NOTHING = "none"
"""The specifier of the versions that work where every version fails."""

_ALLOWED = {COMPATIBLE: KEPT, INCOMPATIBLE: OVER_PROMISED, UNINSTALLABLE: OVER_PROMISED}
_FORBIDDEN = {COMPATIBLE: OVER_RESTRICTED, INCOMPATIBLE: RIGHTLY_EXCLUDED, UNINSTALLABLE: RIGHTLY_EXCLUDED}


@dataclass(frozen=True)
class CellPromise:
    """A cell of the matrix with its verdict, and how many of its published combinations are allowed."""

    cell: ContentCombination
    verdict: str
    allowed: int

    @property
    def forbidden(self) -> int:
        """How many of its published combinations the requirements of at least one of their releases rule out."""
        return self.cell.stands_for - self.allowed

    @property
    def combinations_by_class(self) -> Counter[str]:
        """How many of its published combinations are in each class; all are undecided while the verdict is unknown."""
        combinations: Counter[str] = Counter()
        combinations[_ALLOWED.get(self.verdict, UNDECIDED)] += self.allowed
        combinations[_FORBIDDEN.get(self.verdict, UNDECIDED)] += self.forbidden
        return +combinations


@dataclass(frozen=True)
class VersionSupport:
    """The versions of another package that a release requires, and those that work with it.

    ``asks`` is None where the release has no requirement on the package, and empty where it allows any version.
    ``works`` is a specifier that selects exactly the published versions that work, ``none``, or ``unknown`` where no
    version works but not every cell was decided.
    """

    package: str
    version: str
    other: str
    asks: str | None
    works: str


def cell_promises(
    contract: Contract,
    contents: Mapping[str, tuple[Content, ...]],
    verdicts: Mapping[ContentCombination, str],
    python: str = PYTHON,
) -> tuple[CellPromise, ...]:
    """Every cell, the newest first, with its verdict and its count; a cell without a verdict is unknown."""
    counts = allowed_counts(contract, contents, python)
    return tuple(CellPromise(cell, verdicts.get(cell, UNKNOWN), allowed) for cell, allowed in counts.items())


def combinations_by_class(promises: Iterable[CellPromise]) -> dict[str, int]:
    """How many published combinations are in each class; each combination is in exactly one of them."""
    combinations = sum((promise.combinations_by_class for promise in promises), Counter[str]())
    return {name: combinations[name] for name in PROMISE_CLASSES}


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
    verdicts: Mapping[ContentCombination, str],
    python: str = PYTHON,
) -> tuple[VersionSupport, ...]:
    """For each release and each other package: which versions it requires, and which published versions work with it.

    A version works if it is in a compatible combination with the release, whatever the third package is. Releases of
    the same content have the same answer, as they are decided by the same runs.
    """
    requirements = Requirements(contract.packages, python)
    pair_verdicts: dict[tuple[Content, Content], set[str]] = {}
    for cell in content_combinations(contents):
        for pair in itertools.permutations(cell.contents, 2):
            pair_verdicts.setdefault(pair, set()).add(verdicts.get(cell, UNKNOWN))
    return tuple(
        VersionSupport(package, release.version, other, _text(requirements.specifier_for(release, other)), works)
        for package, column in contents.items()
        for other, partners in contents.items()
        if other != package
        for content in column
        for works in [_works({partner: pair_verdicts[content, partner] for partner in partners})]
        for release in content.releases
    )


def _text(specifier: SpecifierSet | None) -> str | None:
    return None if specifier is None else str(specifier)


def _works(verdicts: Mapping[Content, set[str]]) -> str:
    """The specifier of the contents that work, by the verdicts of their cells.

    It is ``none`` only if all cells were decided.
    """
    working = [content for content, words in verdicts.items() if COMPATIBLE in words]
    if not working and any(words - _ALLOWED.keys() for words in verdicts.values()):
        return UNKNOWN
    return specifier_of(_versions(working), _versions(verdicts))


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
