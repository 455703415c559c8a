"""Contents: the releases of a package that run the same code, and the combinations of contents: the matrix's cells."""

from __future__ import annotations

import itertools
import math
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

from packaging.version import Version

from market_data_meta.contract import Contract
from market_data_meta.releases.combinations import Combination
from market_data_meta.releases.interpreters import for_pythons
from market_data_meta.releases.ledger import Ledger, Release, offered, why_not_installed
from market_data_meta.releases.requirements import third_party_requirements


@dataclass(frozen=True)
class Content:
    """Releases of one package, oldest first, with the same content and the same third-party requirements.

    They can be installed on the same interpreters: a release never stands for one that cannot be installed where it is.
    ``digest`` is the content id of all of them, ``requirements`` are what they require beside each other.
    """

    package: str
    digest: str
    requirements: tuple[str, ...]
    releases: tuple[Release, ...]

    def __hash__(self) -> int:
        """Hash only what distinguishes contents: hashing all the releases would cost a thousand times that."""
        return hash((self.package, self.digest, self.requirements))

    @property
    def code(self) -> str:
        """The code id of all of them; empty where they have none."""
        return self.releases[0].code

    @cached_property
    def newest(self) -> Release:
        """The release that stands for the others: the newest that an installer takes, else the newest that it can."""
        there = [release for release in self.releases if not release.withdrawn] or self.releases
        # All of them are for the same interpreters.
        pythons = for_pythons(self.releases[0].requires_python)
        taken = offered(self.releases, pythons[0]) if pythons else []
        return (taken or there)[-1]

    def why_not_installable(self, python: str) -> str:
        """Why the release that stands for it cannot be installed on that interpreter; empty if it can."""
        release = self.newest
        # Its exact version is asked for: so a yanked release can be installed.
        why = why_not_installed(replace(release, yanked=False), python)
        return f"{self.package} {release.version} {why}" if why else ""


@dataclass(frozen=True)
class ContentCombination:
    """One content of each package: a cell of the matrix. Or of the packages of a service."""

    contents: tuple[Content, ...]

    @cached_property
    def combination(self) -> Combination:
        """The releases that are run for this cell: the newest of each content."""
        return Combination(tuple((content.package, content.newest.version) for content in self.contents))

    @cached_property
    def digests(self) -> dict[str, str]:
        """Package to content id."""
        return {content.package: content.digest for content in self.contents}

    @property
    def requirements(self) -> tuple[tuple[str, ...], ...]:
        """Each package with its third-party requirements: equal ones resolve to the same third-party versions."""
        return tuple((content.package, *content.requirements) for content in self.contents)

    def why_not_installable(self, python: str) -> str:
        """Why one of its releases cannot be installed on that interpreter; empty if all can."""
        return next(filter(None, (content.why_not_installable(python) for content in self.contents)), "")

    def of_packages(self, packages: Collection[str]) -> ContentCombination:
        """The contents of some of the packages, such as those of a service."""
        return ContentCombination(tuple(content for content in self.contents if content.package in packages))

    @property
    def stands_for(self) -> int:
        """How many published combinations this cell stands for."""
        return math.prod(len(content.releases) for content in self.contents)


def distinct_contents(contract: Contract, ledger: Ledger) -> dict[str, tuple[Content, ...]]:
    """The distinct contents of each package, oldest first."""
    own = {package.distribution for package in contract.packages.values()}
    contents = {}
    for name, releases in ledger.releases.items():
        groups: dict[tuple[str, tuple[str, ...], tuple[str, ...]], list[Release]] = {}
        for release in releases:
            pythons = for_pythons(release.requires_python)
            key = release.content, third_party_requirements(release, own), pythons
            groups.setdefault(key, []).append(release)
        contents[name] = tuple(Content(name, *key[:2], tuple(group)) for key, group in groups.items())
    return contents


def contents_by_version(contents: Mapping[str, Iterable[Content]]) -> dict[tuple[str, str], Content]:
    """The content of each release, by package and version, of the contents of each package."""
    return {
        (package, release.version): content
        for package, column in contents.items()
        for content in column
        for release in content.releases
    }


def content_combinations(contents: Mapping[str, tuple[Content, ...]]) -> list[ContentCombination]:
    """Every cell of the matrix, the newest first."""
    newest_first = [tuple(reversed(column)) for column in contents.values()]
    return [ContentCombination(cell) for cell in itertools.product(*newest_first)]


def oldest_and_newest_combinations(contents: Mapping[str, tuple[Content, ...]]) -> list[ContentCombination]:
    """The corners of the matrix: every combination of the oldest and the newest content of each package."""
    ends = [tuple(dict.fromkeys((_newest_content(column), column[0]))) for column in contents.values()]
    return [ContentCombination(cell) for cell in itertools.product(*ends)]


def cells_of_shared_code(contents: Mapping[str, tuple[Content, ...]]) -> dict[ContentCombination, str]:
    """A cell of each content that shares its code id, with the newest content of each other package; its package."""
    newest = {package: _newest_content(column) for package, column in contents.items()}
    number_of_contents = Counter(content.code for column in contents.values() for content in column)
    return {
        ContentCombination(tuple((newest | {package: content}).values())): package
        for package, column in contents.items()
        for content in column
        if content.code and number_of_contents[content.code] > 1
    }


def _newest_content(column: Sequence[Content]) -> Content:
    """The content of the newest release that an installer takes: an old content may have come back with it."""
    newest = {content.newest.version: content for content in column}
    releases = [content.newest for content in column]
    return newest[max(offered(releases) or releases, key=lambda release: Version(release.version)).version]


def version_spans(releases: Iterable[Release], published: Iterable[Release]) -> list[str]:
    """The versions of some of the ``published`` releases, neighbours as a span: ``["1.2.0 to 1.2.7", "1.2.9"]``."""
    versions = {release.version for release in releases}
    spans: list[list[str]] = []
    previous_is_in_span = False
    for release in published:
        is_in_span = release.version in versions
        if is_in_span and previous_is_in_span:
            spans[-1].append(release.version)
        elif is_in_span:
            spans.append([release.version])
        previous_is_in_span = is_in_span
    return [span[0] if len(span) == 1 else f"{span[0]} to {span[-1]}" for span in spans]
