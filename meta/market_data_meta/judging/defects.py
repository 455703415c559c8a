"""Known defects of published releases, and what of them has changed: mended, or not as the file says.

Pure functions; no I/O.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache, cached_property
from typing import Annotated, Literal, TypeAlias

from packaging.specifiers import InvalidSpecifier, SpecifierSet
from packaging.version import Version

from market_data_meta.field_types import Constraint, Fingerprint, NonEmptyText, Sentence
from market_data_meta.judging.records import Check, Record

ThirdParty: TypeAlias = Literal["highest", "lowest", "today"]
"""Which third-party versions were chosen."""


# The complete matrix compares the same few versions a hundred thousand times.
@cache
def _contains(specifier: str, version: str) -> bool:
    return SpecifierSet(specifier).contains(version, prereleases=True)


@dataclass(frozen=True)
class ShownBy:
    """A clause whose check shows a defect, with the fingerprints of the failures that do.

    Where the clause shows it in fewer versions than the defect is in, ``versions`` says in which; with ``third_party``
    it shows it beside those third-party versions only.
    """

    clause: NonEmptyText
    fingerprints: Annotated[tuple[Fingerprint, ...], Constraint(min_length=1)]
    versions: Mapping[str, NonEmptyText] = field(default_factory=dict)
    third_party: tuple[ThirdParty, ...] = ()

    def __post_init__(self) -> None:
        _require_specifiers(self.versions, self.clause)


@dataclass(frozen=True)
class DefectTable:
    """What ``contracts/defects.toml`` says of a defect.

    ``means`` is what a user notices, ``cause`` is for whoever mends it, ``package`` is whose code that is. ``versions``
    are specifiers of the packages in which it is; one that is open at the end holds until a release mends it.
    ``reported`` is the address of the report.
    """

    means: Sentence
    package: NonEmptyText
    versions: Annotated[Mapping[str, NonEmptyText], Constraint(min_length=1)]
    cause: NonEmptyText
    shown_by: Annotated[tuple[ShownBy, ...], Constraint(min_length=1)]
    workaround: NonEmptyText | None = None
    reported: NonEmptyText | None = None

    def __post_init__(self) -> None:
        _require_specifiers(self.versions, self.package)


@dataclass(frozen=True)
class Defect(DefectTable):
    """A known defect, with the id that is the name of its table."""

    id: str = field(kw_only=True)

    def covers(self, shown: ShownBy, record: Record) -> bool:
        """Whether the run is of versions in which the clause shows the defect.

        A package that is not in the run is in no version.
        """
        if shown.third_party and record.header.third_party_choice not in shown.third_party:
            return False
        versions, affected = record.versions, shown.versions or self.versions
        return all(name in versions and _contains(text, versions[name]) for name, text in affected.items())


@dataclass(frozen=True)
class KnownDefects:
    """All known defects, in the order of the file."""

    defects: tuple[Defect, ...] = ()

    @cached_property
    def _by_failure(self) -> dict[tuple[str, str], list[tuple[Defect, ShownBy]]]:
        places: dict[tuple[str, str], list[tuple[Defect, ShownBy]]] = {}
        for defect, shown in self.shown:
            for fingerprint in shown.fingerprints:
                places.setdefault((shown.clause, fingerprint), []).append((defect, shown))
        return places

    @property
    def shown(self) -> Iterator[tuple[Defect, ShownBy]]:
        """Every defect with each clause that shows it."""
        return ((defect, shown) for defect in self.defects for shown in defect.shown_by)

    @cached_property
    def clauses(self) -> frozenset[str]:
        """The clauses that show a defect."""
        return frozenset(shown.clause for _, shown in self.shown)

    @property
    def fingerprints(self) -> dict[str, tuple[str, ...]]:
        """For each clause that shows a defect the failures that do, in whatever versions."""
        failures: dict[str, list[str]] = {}
        for _, shown in self.shown:
            failures.setdefault(shown.clause, []).extend(shown.fingerprints)
        return {clause: tuple(sorted(set(found))) for clause, found in sorted(failures.items())}

    def of_clauses(self, clauses: Iterable[str]) -> KnownDefects:
        """The defects that these clauses show."""
        chosen = set(clauses)
        return KnownDefects(tuple(d for d in self.defects if chosen & {shown.clause for shown in d.shown_by}))

    def defect_of(self, record: Record, check: Check) -> Defect | None:
        """The defect that a check shows; None where it passed, or its failure is not known of these versions."""
        if check.outcome != "failed" or check.clause not in self.clauses:
            return None
        places = self._by_failure.get((check.clause, check.fingerprint), ())
        return next((defect for defect, shown in places if defect.covers(shown, record)), None)

    def is_expected(self, record: Record, check: Check) -> bool:
        """Whether a check came out as it is known to: a failure shows a defect, and what passes was to show none."""
        if check.outcome == "failed":
            return self.defect_of(record, check) is not None
        if check.outcome != "passed" or check.clause not in self.clauses:
            return True
        return not any(shown.clause == check.clause and defect.covers(shown, record) for defect, shown in self.shown)


@dataclass(frozen=True)
class MendedDefect:
    """A defect that a clause no longer shows, since a version of a package."""

    defect: str
    clause: str
    package: str
    version: str


@dataclass(frozen=True)
class StaleDefect:
    """What the file says of a defect and a clause, and what was seen instead."""

    defect: str
    clause: str
    how: str


@dataclass(frozen=True)
class DefectChanges:
    """How known defects differ from what was run: releases that mended one, and entries that are wrong."""

    mended: tuple[MendedDefect, ...] = ()
    stale: tuple[StaleDefect, ...] = ()


def defect_changes(known: KnownDefects, records: Iterable[Record], *, complete: bool) -> DefectChanges:
    """What of the known defects these runs show no longer.

    With ``complete``, which says that no record is still to come, a failure that no run shows is told too.
    """
    records = list(records)
    mended: list[MendedDefect] = []
    stale: list[StaleDefect] = []
    for defect, shown in known.shown:
        decided = [
            (record, record.checks[shown.clause])
            for record in records
            if shown.clause in record.checks
            and record.checks[shown.clause].outcome in ("passed", "failed")
            and defect.covers(shown, record)
        ]
        passing = [record for record, check in decided if check.outcome == "passed"]
        failing = [(record, check) for record, check in decided if check.fingerprint in shown.fingerprints]
        failing = [(record, check) for record, check in failing if check.outcome == "failed"]
        if passing:
            since = _mended_since(defect, shown, passing, [record for record, _ in failing])
            if since:
                mended.append(MendedDefect(defect.id, shown.clause, *since))
            else:
                where = _first_of([record.cell for record in passing])
                why = "in later releases it does" if failing else "that is the first of its versions"
                stale.append(StaleDefect(defect.id, shown.clause, f"it does not show in {where}, and {why}"))
        unseen = sorted(set(shown.fingerprints) - {check.fingerprint for _, check in failing})
        if complete and unseen:
            stale.append(StaleDefect(defect.id, shown.clause, f"no run shows the failure {', '.join(unseen)}"))
    return DefectChanges(tuple(mended), tuple(stale))


def _mended_since(
    defect: Defect, shown: ShownBy, passing: list[Record], failing: list[Record]
) -> tuple[str, str] | None:
    """The package and its version since which the clause holds; None where no version of a package separates the runs.

    The package whose code has the defect is looked at first. Without a run that shows it, what passes in the first of
    the versions that are said to have the defect was not mended in it, nor by a package that is not named.
    """
    packages = dict.fromkeys((defect.package, *(shown.versions or defect.versions), *passing[0].versions))
    for package in packages:
        good = {Version(record.versions[package]) for record in passing if package in record.versions}
        bad = {Version(record.versions[package]) for record in failing if package in record.versions}
        if good and (max(bad) < min(good) if bad else _starts_before(shown.versions or defect.versions, package, good)):
            return package, str(min(good))
    return None


def _starts_before(versions: Mapping[str, str], package: str, passing: set[Version]) -> bool:
    """Whether the versions of the package that have a defect start before those that do not show it."""
    starts = [
        Version(part.version) for part in SpecifierSet(versions.get(package, "")) if part.operator in (">=", "==")
    ]
    return package in versions and (not starts or max(starts) < min(passing))


def mended_specifier(specifier: str, version: str) -> str:
    """The specifier, closed before the version that mended the defect."""
    parts = [part.strip() for part in specifier.split(",")]
    return ",".join([part for part in parts if part and not part.startswith("<")] + [f"<{version}"])


def _require_specifiers(versions: Mapping[str, str], of: str) -> None:
    for package, text in versions.items():
        try:
            SpecifierSet(text)
        except InvalidSpecifier:
            raise ValueError(f"{of}: {text!r} is no specifier of versions of {package}") from None


def _first_of(cells: list[str]) -> str:
    return cells[0] + (f" and {len(cells) - 1} more" if len(cells) > 1 else "")
