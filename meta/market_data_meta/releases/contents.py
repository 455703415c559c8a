"""Codes: the releases of a package that run the same code, and the cells that stand for all combinations."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property

from market_data_meta.contract import Contract
from market_data_meta.releases.combinations import Combination
from market_data_meta.releases.ledger import Ledger, Release
from market_data_meta.releases.requirements import third_party_requirements


@dataclass(frozen=True)
class Content:
    """Releases of one package (oldest first) with the same content and the same third-party requirements."""

    package: str
    content: str
    libraries: tuple[str, ...]
    releases: tuple[Release, ...]

    def __hash__(self) -> int:
        """Of what tells it from other codes: hashing all its releases would cost a thousand times that."""
        return hash((self.package, self.content, self.libraries))

    @cached_property
    def newest(self) -> Release:
        """The release that stands for the others: the newest that is not yanked, if there is one."""
        return next((r for r in reversed(self.releases) if not r.yanked), self.releases[-1])

    @property
    def label(self) -> str:
        """Its versions as a reader wants them: ``1.4.22 to 1.4.61``."""
        first, last = self.releases[0].version, self.releases[-1].version
        return first if first == last else f"{first} to {last}"


@dataclass(frozen=True)
class ContentCombination:
    """One cell of the matrix: a code of each package."""

    codes: tuple[Content, ...]

    @cached_property
    def combination(self) -> Combination:
        """The releases that stand for it."""
        return Combination(tuple((code.package, code.newest.version) for code in self.codes))

    @cached_property
    def contents(self) -> dict[str, str]:
        """Package to content id."""
        return {code.package: code.content for code in self.codes}

    @property
    def libraries(self) -> tuple[tuple[str, ...], ...]:
        """What its releases ask for beside each other: equal ones resolve to the same third-party versions."""
        return tuple(code.libraries for code in self.codes)

    @property
    def size(self) -> int:
        """How many published combinations it stands for."""
        size = 1
        for code in self.codes:
            size *= len(code.releases)
        return size


def distinct_contents(contract: Contract, ledger: Ledger) -> dict[str, tuple[Content, ...]]:
    """The distinct codes of each package, oldest first."""
    own = {package.distribution for package in contract.packages.values()}
    found = {}
    for name, releases in ledger.releases.items():
        groups: dict[tuple[str, tuple[str, ...]], list[Release]] = {}
        for release in releases:
            groups.setdefault((release.content, third_party_requirements(release, own)), []).append(release)
        found[name] = tuple(Content(name, *key, tuple(group)) for key, group in groups.items())
    return found


def content_combinations(codes: Mapping[str, tuple[Content, ...]]) -> list[ContentCombination]:
    """Every cell of the matrix, the newest first."""
    newest_first = [tuple(reversed(column)) for column in codes.values()]
    return [ContentCombination(row) for row in itertools.product(*newest_first)]


def corner_combinations(codes: Mapping[str, tuple[Content, ...]]) -> list[ContentCombination]:
    """The cells of the oldest and newest code of each package."""
    ends = [tuple(dict.fromkeys((column[-1], column[0]))) for column in codes.values()]
    return [ContentCombination(row) for row in itertools.product(*ends)]


def version_spans(releases: Iterable[Release], published: Iterable[Release]) -> list[str]:
    """The versions of some of the ``published`` releases, neighbours as a span: ``["1.2.0 to 1.2.7", "1.2.9"]``."""
    chosen = {release.version for release in releases}
    spans: list[list[str]] = []
    previous_is_chosen = False
    for release in published:
        is_chosen = release.version in chosen
        if is_chosen and previous_is_chosen:
            spans[-1].append(release.version)
        elif is_chosen:
            spans.append([release.version])
        previous_is_chosen = is_chosen
    return [span[0] if len(span) == 1 else f"{span[0]} to {span[-1]}" for span in spans]
