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
from market_data_meta.releases.ledger import Release

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
    contract: Contract, codes: Mapping[str, tuple[Content, ...]], verdicts: Mapping[ContentCombination, str]
) -> tuple[PromiseCount, ...]:
    """Every cell of the matrix, the newest first; one without a verdict is unknown."""
    counts = allowed_counts(contract, codes)
    return tuple(PromiseCount(square, verdicts.get(square, UNKNOWN), allowed) for square, allowed in counts.items())


def classes(cells: Iterable[PromiseCount]) -> dict[str, int]:
    """How many published combinations are in each class; they add up to all that the cells stand for."""
    found = sum((cell.classes for cell in cells), Counter[str]())
    return {name: found[name] for name in CLASSES}


def allowed_counts(contract: Contract, codes: Mapping[str, tuple[Content, ...]]) -> dict[ContentCombination, int]:
    """How many published combinations of each cell are allowed by the requirements of all their releases.

    Every release has a bit, so that the combinations are counted without being written out.
    """
    owners = [(name, release) for name, column in codes.items() for code in column for release in code.releases]
    number = {(name, release.version): bit for bit, (name, release) in enumerate(owners)}
    partners = _partners(contract, owners)

    def bits(code: Content) -> tuple[int, ...]:
        return tuple(number[code.package, release.version] for release in code.releases)

    everything = (1 << len(owners)) - 1
    return {
        square: _count([bits(code) for code in square.codes], partners, everything)
        for square in content_combinations(codes)
    }


def _count(columns: Sequence[Sequence[int]], partners: Sequence[int], within: int) -> int:
    """The ways to take one bit of each column, of those ``within``, so that all are partners of each other."""
    first, rest = [bit for bit in columns[0] if within >> bit & 1], columns[1:]
    if not rest:
        return len(first)
    return sum(_count(rest, partners, within & partners[bit]) for bit in first)


def _partners(contract: Contract, owners: Sequence[tuple[str, Release]]) -> list[int]:
    """For each release the bits of those of other packages that it accepts and that accept it."""
    accepted = _accepted(contract, owners)
    return [
        sum(1 << other for other, mask in enumerate(accepted) if own >> other & 1 and mask >> bit & 1)
        for bit, own in enumerate(accepted)
    ]


def _accepted(contract: Contract, owners: Sequence[tuple[str, Release]]) -> list[int]:
    """For each release the bits of those of other packages that its own requirements let in.

    Equal requirements are read once: a package's releases repeat them.
    """
    versions: dict[str, list[tuple[int, Version]]] = {}
    for bit, (name, release) in enumerate(owners):
        versions.setdefault(name, []).append((1 << bit, Version(release.version)))
    known: dict[tuple[str, SpecifierSet], int] = {}

    def mask(other: str, specifier: SpecifierSet) -> int:
        if (other, specifier) not in known:
            known[other, specifier] = sum(
                bit for bit, version in versions[other] if specifier.contains(version, prereleases=True)
            )
        return known[other, specifier]

    return [
        sum(mask(other, asked_of(contract, release, other) or SpecifierSet()) for other in versions if other != name)
        for name, release in owners
    ]


def asked_of(contract: Contract, release: Release, other: str) -> SpecifierSet | None:
    """What a release declares about another package without any extra; None if nothing."""
    requirement = release.requirement_on(contract.packages[other].distribution)
    return requirement.specifier if requirement else None


def supported(
    contract: Contract, codes: Mapping[str, tuple[Content, ...]], verdicts: Mapping[ContentCombination, str]
) -> tuple[Support, ...]:
    """For each release and each other package: what it asks for, and which published versions work with it.

    A version works if it is in a compatible combination with the release, whatever the third package is. Releases of
    one code share the answer, as they share the evidence.
    """
    seen: dict[tuple[Content, Content], set[str]] = {}
    for square in content_combinations(codes):
        for pair in itertools.permutations(square.codes, 2):
            seen.setdefault(pair, set()).add(verdicts.get(square, UNKNOWN))
    return tuple(
        Support(package, release.version, other, _text(asked_of(contract, release, other)), works)
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
