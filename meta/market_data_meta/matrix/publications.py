"""What was out when a release was published: its partners of then, and the newest set. Pure functions; no I/O."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from packaging.version import Version

from market_data_meta.contract import Contract
from market_data_meta.releases.combinations import Combination
from market_data_meta.releases.interpreters import PYTHON
from market_data_meta.releases.ledger import Ledger, Release, offered
from market_data_meta.releases.requirements import AllowedCombinations, Requirements
from market_data_meta.releases.unmet import unmet_promises, unmet_python

Columns = Mapping[str, tuple[Release, ...]]
"""The releases of each package among which an installer chooses, the newest first."""


@dataclass(frozen=True)
class Publication:
    """A release at the moment of its upload, and what an installer could choose among from then on.

    ``newest`` has the newest release of each package, None as long as one has none; ``forbidden`` says which
    requirements rule it out. ``allowed`` is the newest set that all requirements allow.
    """

    package: str
    release: Release
    out: Columns
    newest: Combination | None
    forbidden: tuple[str, ...]
    allowed: Combination | None

    @property
    def name(self) -> str:
        """Package and version: ``core 1.2.33``."""
        return f"{self.package} {self.release.version}"

    def hours_until(self, later: Publication) -> float:
        """The hours from this upload to a later one."""
        return hours_between(self.release.uploaded, later.release.uploaded)


def hours_between(earlier: str, later: str) -> float:
    """The hours between two times of the ledger, to the hundredth."""
    seconds = (datetime.fromisoformat(later) - datetime.fromisoformat(earlier)).total_seconds()
    return round(seconds / 3600, 2)


class Publications:
    """Every release whose upload is known, in the order of upload, with what was out then."""

    def __init__(self, contract: Contract, ledger: Ledger, python: str = PYTHON) -> None:
        self.requirements = Requirements(contract.packages, python)
        self._ledger, self._python = ledger, python
        newest_first = {
            name: sorted(ledger.releases[name], key=lambda release: Version(release.version), reverse=True)
            for name in contract.packages
        }
        self.combinations = AllowedCombinations(self.requirements, newest_first)
        order = list(contract.packages)
        uploads = sorted(
            ((name, release) for name, releases in newest_first.items() for release in releases if release.uploaded),
            key=lambda pair: (pair[1].uploaded, order.index(pair[0]), Version(pair[1].version)),
        )
        self.in_order = tuple(self._publication(name, release, newest_first) for name, release in uploads)

    def _publication(
        self, package: str, release: Release, newest_first: Mapping[str, Iterable[Release]]
    ) -> Publication:
        out = {
            name: tuple(offered((one for one in releases if "" < one.uploaded <= release.uploaded), self._python))
            for name, releases in newest_first.items()
        }
        if not all(out.values()):
            return Publication(package, release, out, None, (), None)
        newest = Combination(tuple((name, releases[0].version) for name, releases in out.items()))
        forbidden = tuple(self.requirements.broken_promises(newest, self._ledger))
        allowed = self.combinations.first(out) if forbidden else tuple(releases[0] for releases in out.values())
        return Publication(package, release, out, newest, forbidden, combination_of(out, allowed))

    def after(self, publication: Publication) -> tuple[Publication, ...]:
        """The later uploads, in order."""
        return tuple(one for one in self.in_order if one.release.uploaded > publication.release.uploaded)

    def predecessor(self, publication: Publication) -> Release | None:
        """The newest release before this one that was out; None for the first."""
        number = Version(publication.release.version)
        return next((one for one in publication.out[publication.package] if Version(one.version) < number), None)

    def unmet(self, publication: Publication, out: Columns | None = None) -> tuple[str, ...]:
        """A sentence for each requirement of the release that nothing meets which was out then, or is in ``out``."""
        package, release = publication.package, publication.release
        then = replace(self._ledger, releases=publication.out if out is None else out)
        return (
            *unmet_python({package: release}, self._python),
            *unmet_promises(package, release, self.requirements, then),
        )

    def lost(self, publication: Publication) -> tuple[str, ...]:
        """A sentence for each newest partner of then that the release refuses and its predecessor takes."""
        predecessor = self.predecessor(publication)
        if not predecessor:
            return ()
        release, accepts = publication.release, self.requirements.accepts
        return tuple(
            f"{publication.name} refuses {name} {releases[0].version}, which {predecessor.version} takes"
            for name, releases in publication.out.items()
            if name != publication.package
            and releases
            and accepts(predecessor, name, releases[0].version)
            and not accepts(release, name, releases[0].version)
        )


def combination_of(columns: Columns, releases: Iterable[Release] | None) -> Combination | None:
    """The combination of a release of each column."""
    if releases is None:
        return None
    return Combination(tuple((name, release.version) for name, release in zip(columns, releases, strict=True)))
