"""Partners that candidates exclude by their own requirements, and that their predecessors did not. Pure functions."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from packaging.version import Version

from market_data_meta.candidates.as_published import ledger_with_candidates
from market_data_meta.candidates.candidate import Candidate
from market_data_meta.contract import Contract
from market_data_meta.releases.combinations import Combination
from market_data_meta.releases.interpreters import PYTHON
from market_data_meta.releases.ledger import Ledger, Release
from market_data_meta.releases.pins import allowed_combinations
from market_data_meta.releases.requirements import AllowedCombinations, Requirements
from market_data_meta.releases.unmet import unmet_promises, unmet_python


@dataclass(frozen=True)
class PartnerExclusion:
    """That the candidates' own requirements exclude partners that their predecessors do not, and ``why``.

    ``combination`` shows the candidates with the newest of these partners, ``baseline`` the predecessors with the same.
    ``stands_for`` counts the published combinations that the predecessors are allowed in and that are excluded.
    ``complete`` says that no partner is left.
    """

    combination: Combination
    baseline: Combination | None
    stands_for: int
    why: str
    complete: bool


@dataclass(frozen=True)
class _Change:
    """What changes from the predecessors to the candidates: who stands there, and which combinations are allowed.

    ``without_pins`` are those that would be allowed if the candidates required nothing.
    """

    contract: Contract
    candidates: Mapping[str, Release]
    predecessors: Mapping[str, Release]
    before: AllowedCombinations
    now: AllowedCombinations
    without_pins: AllowedCombinations

    def newest(self, combinations: AllowedCombinations, package: str) -> Release | None:
        """The newest stable release of a partner in any of these combinations."""
        columns = combinations.columns
        return next(
            (
                release
                for release in columns[package]
                if not Version(release.version).is_prerelease and combinations.first({**columns, package: [release]})
            ),
            None,
        )

    def lost(self) -> dict[str, tuple[Release, Release | None]]:
        """For each package whose newest partner is lost: that partner, and the newest that is left.

        It is lost through the candidates' own requirements, or it would stay lost if they required nothing. A partner
        that is older than the newest is no loss: each release raises the requirements of the one before.
        """
        lost = {}
        for package in self.contract.packages:
            before = None if package in self.candidates else self.newest(self.before, package)
            if before is None:
                continue
            now, without_pins = self.newest(self.now, package), self.newest(self.without_pins, package)
            if _is_older(now, before) and not _is_older(without_pins, before):
                lost[package] = before, now
        return lost


def find_exclusions(
    contract: Contract, ledger: Ledger, candidates: tuple[Candidate, ...], python: str = PYTHON
) -> tuple[PartnerExclusion, ...]:
    """How the candidates' own requirements exclude the newest partners; nothing where they are not the cause.

    They are not the cause where the predecessors' requirements exclude these partners too, nor where the partners'
    requirements alone do: a partner that asks for less than the next major version means to have nothing to do with it.
    """
    ledger_now = ledger_with_candidates(ledger, candidates)
    releases = {candidate.package: candidate.release for candidate in candidates}
    asking_nothing = {name: replace(release, requires=()) for name, release in releases.items()}
    predecessors = {candidate.package: candidate.predecessor for candidate in candidates if candidate.predecessor}
    change = _Change(
        contract,
        releases,
        predecessors,
        allowed_combinations(contract, ledger, predecessors, python),
        allowed_combinations(contract, ledger_now, releases, python),
        allowed_combinations(contract, ledger_now, asking_nothing, python),
    )
    unmet = unmet_python(releases, python)
    if len(predecessors) < len(candidates):
        return _exclusions_by_a_first_release(change, ledger_now, unmet, python)
    if unmet and not unmet_python(predecessors, python):
        partners = change.before.first()
        return (_exclusion(change, partners, change.before.count(), unmet, complete=True),) if partners else ()
    return tuple(_lost_partners(change, ledger_now, python))


def _exclusions_by_a_first_release(
    change: _Change, ledger_now: Ledger, unmet: list[str], python: str
) -> tuple[PartnerExclusion, ...]:
    """A first release is judged by itself: what it requires must be published."""
    if change.now.first() is None and change.without_pins.first():
        unmet = unmet + _unmet(change, ledger_now, python)
    if not unmet:
        return ()
    newest = {name: ledger_now.published.newest(name, python) for name in change.contract.packages}
    versions = {**newest, **change.predecessors, **change.candidates}
    combination = Combination(tuple((name, versions[name].version) for name in change.contract.packages))
    return (PartnerExclusion(combination, None, 1, "; ".join(unmet), complete=True),)


def _lost_partners(change: _Change, ledger_now: Ledger, python: str) -> Iterable[PartnerExclusion]:
    """An exclusion for each combination of the predecessors with newest partners that are lost."""
    lost = change.lost()
    columns = change.before.columns
    packages_lost_in: dict[tuple[Release, ...], list[str]] = {}
    for package, (partner, _) in lost.items():
        partners = change.before.first({**columns, package: [partner]}) or ()
        packages_lost_in.setdefault(partners, []).append(package)
    requirements = Requirements(change.contract.packages, python)
    for partners, packages in packages_lost_in.items():
        left = {
            name: [r for r in releases if name not in packages or not _is_older(lost[name][1], r)]
            for name, releases in columns.items()
        }
        number = change.before.count() - change.before.count(left)
        shown = _exclusion(change, partners, number, (), complete=change.now.first() is None)
        why = _unmet(change, ledger_now, python) or [
            *requirements.broken_promises(shown.combination, ledger_now),
            *_newest_left(change, {name: lost[name] for name in packages}),
        ]
        yield replace(shown, why="; ".join(why))


def _newest_left(change: _Change, lost: Mapping[str, tuple[Release, Release | None]]) -> list[str]:
    """Which newest partners are left, and which there were, in a part of a sentence; nothing where none is left."""
    now = [f"{name} {release.version}" for name, (_, release) in lost.items() if release]
    before = [f"{name} {partner.version}" for name, (partner, _) in lost.items()]
    if len(now) < len(before):
        return []
    who, whose = ("it", "its predecessor") if len(change.candidates) == 1 else ("they", "their predecessors")
    return [f"at the newest {who} can stand beside {' and '.join(now)}, {whose} beside {' and '.join(before)}"]


def _exclusion(
    change: _Change, partners: Sequence[Release], number: int, why: Iterable[str], *, complete: bool
) -> PartnerExclusion:
    """The candidates with partners that their predecessors are allowed with."""
    versions = {name: release.version for name, release in zip(change.contract.packages, partners, strict=True)}
    candidate_versions = {name: release.version for name, release in change.candidates.items()}
    combination = Combination(tuple((versions | candidate_versions).items()))
    return PartnerExclusion(combination, Combination(tuple(versions.items())), number, "; ".join(why), complete)


def _unmet(change: _Change, ledger_now: Ledger, python: str) -> list[str]:
    requirements = Requirements(change.contract.packages, python)
    return [
        why
        for name, release in change.candidates.items()
        for why in unmet_promises(name, release, requirements, ledger_now)
    ]


def _is_older(release: Release | None, other: Release) -> bool:
    """Whether a release is older than the other, or not there at all."""
    return release is None or Version(release.version) < Version(other.version)
