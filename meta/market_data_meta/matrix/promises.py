"""Promises: what the releases' own requirements allow about each other, held against what was observed."""

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

CLASSES = (KEPT, OVER_PROMISED, OVER_RESTRICTED, RIGHTLY_EXCLUDED, UNDECIDED)
"""What may come of a promise, in the order in which a reader is told."""

NOTHING = "none"
"""What is supported where every version was seen to fail."""

_ALLOWED = {COMPATIBLE: KEPT, INCOMPATIBLE: OVER_PROMISED, UNINSTALLABLE: OVER_PROMISED}
_FORBIDDEN = {COMPATIBLE: OVER_RESTRICTED, INCOMPATIBLE: RIGHTLY_EXCLUDED, UNINSTALLABLE: RIGHTLY_EXCLUDED}


@dataclass(frozen=True)
class PromiseCount:
    """One cell of the matrix: its verdict, and how many of its published combinations are allowed."""

    square: ContentCombination
    verdict: str
    allowed: int

    @property
    def forbidden(self) -> int:
        """How many of its published combinations at least one of their releases rules out."""
        return self.square.size - self.allowed

    @property
    def classes(self) -> Counter[str]:
        """Its published combinations by class; a verdict that is no verdict leaves all of them undecided."""
        found: Counter[str] = Counter()
        found[_ALLOWED.get(self.verdict, UNDECIDED)] += self.allowed
        found[_FORBIDDEN.get(self.verdict, UNDECIDED)] += self.forbidden
        return +found


@dataclass(frozen=True)
class Support:
    """What a release asks of another package, beside what the evidence supports.

    ``asks`` is None where it declares nothing and empty where it takes any version. ``works`` is a specifier that
    picks exactly the working ones out of what is published, ``none``, or ``unknown`` where nothing works but not
    everything was decided.
    """

    package: str
    version: str
    other: str
    asks: str | None
    works: str


def promised(
    contract: Contract,
    codes: Mapping[str, tuple[Content, ...]],
    verdicts: Mapping[ContentCombination, str],
    python: str = PYTHON,
) -> tuple[PromiseCount, ...]:
    """Every cell of the matrix, the newest first; one without a verdict is unknown."""
    counts = allowed_counts(contract, codes, python)
    return tuple(PromiseCount(square, verdicts.get(square, UNKNOWN), allowed) for square, allowed in counts.items())


def classes(cells: Iterable[PromiseCount]) -> dict[str, int]:
    """How many published combinations are in each class; they add up to all that the cells stand for."""
    found = sum((cell.classes for cell in cells), Counter[str]())
    return {name: found[name] for name in CLASSES}


def allowed_counts(
    contract: Contract, codes: Mapping[str, tuple[Content, ...]], python: str = PYTHON
) -> dict[ContentCombination, int]:
    """How many published combinations of each cell are allowed by the requirements of all their releases."""
    columns = {name: [release for code in column for release in code.releases] for name, column in codes.items()}
    combinations = AllowedCombinations(Requirements(contract.packages, python), columns)
    return {
        square: combinations.count({code.package: code.releases for code in square.codes})
        for square in content_combinations(codes)
    }


def refused(
    contract: Contract, codes: Mapping[str, tuple[Content, ...]], python: str = PYTHON
) -> dict[str, dict[str, list[str]]]:
    """For each package and each text of a requirement on it (``Support.asks``) the published versions it keeps out."""
    requirements = Requirements(contract.packages, python)
    versions = {name: [r.version for code in column for r in code.releases] for name, column in codes.items()}
    kept_out: dict[str, dict[str, list[str]]] = {name: {} for name in codes}
    for name, column in codes.items():
        for release in (release for code in column for release in code.releases):
            for other in codes.keys() - {name}:
                asks = _text(requirements.on(release, other))
                if asks and asks not in kept_out[other]:
                    kept_out[other][asks] = requirements.refused(release, other, versions[other])
    return kept_out


def supported(
    contract: Contract,
    codes: Mapping[str, tuple[Content, ...]],
    verdicts: Mapping[ContentCombination, str],
    python: str = PYTHON,
) -> tuple[Support, ...]:
    """For each release and each other package: what it asks for, and which published versions work with it.

    A version works if it is in a compatible combination with the release, whatever the third package is. Releases of
    one code share the answer, as they share the evidence.
    """
    requirements = Requirements(contract.packages, python)
    seen: dict[tuple[Content, Content], set[str]] = {}
    for square in content_combinations(codes):
        for pair in itertools.permutations(square.codes, 2):
            seen.setdefault(pair, set()).add(verdicts.get(square, UNKNOWN))
    return tuple(
        Support(package, release.version, other, _text(requirements.on(release, other)), works)
        for package, column in codes.items()
        for other, partners in codes.items()
        if other != package
        for code in column
        for works in [_works({partner: seen[code, partner] for partner in partners})]
        for release in code.releases
    )


def _text(specifier: SpecifierSet | None) -> str | None:
    return None if specifier is None else str(specifier)


def _works(evidence: Mapping[Content, set[str]]) -> str:
    """The specifier of the codes that were seen to work; what was not decided is never told as a failure of all."""
    working = [code for code, verdicts in evidence.items() if COMPATIBLE in verdicts]
    if not working and any(verdicts - _ALLOWED.keys() for verdicts in evidence.values()):
        return UNKNOWN
    return specifier_of(_versions(working), _versions(evidence))


def _versions(codes: Iterable[Content]) -> list[Version]:
    return [Version(release.version) for code in codes for release in code.releases]


def specifier_of(working: Iterable[Version], published: Iterable[Version]) -> str:
    """A specifier that picks exactly the working versions out of the published ones; ``none`` for no version.

    It has no upper bound when the newest works: what is published next is not yet known to break.
    """
    good, every = sorted(working), sorted(published)
    if not good:
        return NOTHING
    if len(good) == 1 and good[0] < every[-1]:
        return f"=={good[0]}"
    bounds = [f">={good[0]}", *([f"<={good[-1]}"] if good[-1] < every[-1] else [])]
    holes = [version for version in every if good[0] < version < good[-1] and version not in good]
    return ",".join(bounds + _without(holes, good))


def _without(holes: Sequence[Version], good: Sequence[Version]) -> list[str]:
    """Exclusions of the holes: of a whole series, ``!=1.3.*``, where several of it fail and none works."""
    parts: list[str] = []
    left = list(holes)
    while left:
        series = SpecifierSet(f"!={'.'.join(map(str, left[0].release[:-1] or left[0].release))}.*")
        out = [version for version in left if not series.contains(version, prereleases=True)]
        if len(out) > 1 and all(series.contains(version, prereleases=True) for version in good):
            parts.append(str(series))
        else:
            out = left[:1]
            parts.append(f"!={out[0]}")
        left = [version for version in left if version not in out]
    return parts
