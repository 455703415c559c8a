"""Would a gate have stopped it? Every release as of its upload, against its predecessor and the partners of then.

It is decided by the records of the matrix, since releases with the same code share a run, and by those of releases
alone; so with the libraries of the matrix, not with those of then. What no run decides is unknown. Pure functions; no
I/O.
"""

from __future__ import annotations

import itertools
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property
from types import MappingProxyType
from typing import get_args

from packaging.version import Version

from market_data_meta.contract import Clause, Contract
from market_data_meta.judging.capabilities import failure_sentence
from market_data_meta.judging.capability_changes import capability_changes
from market_data_meta.judging.comparison import REGRESSED, REGRESSION, REPAIR, CellComparison, CellPair, compare_cell
from market_data_meta.judging.records import Record
from market_data_meta.judging.verdicts import UNINSTALLABLE, UNKNOWN, why_not_evidence
from market_data_meta.matrix.publications import Columns, Publication, Publications, combination_of
from market_data_meta.matrix.releases_alone import RecordsAlone
from market_data_meta.matrix.verdicts import MatrixVerdicts
from market_data_meta.releases.combinations import Combination
from market_data_meta.releases.contents import Content, ContentCombination, contents_by_version
from market_data_meta.releases.ledger import Ledger, Release
from market_data_meta.results.backtest import (
    BacktestCapability,
    BacktestClause,
    BacktestDay,
    BacktestMending,
    BacktestRelease,
    BacktestResult,
    How,
    Stopped,
)
from market_data_meta.results.capabilities import StateName


def backtest_result(
    contract: Contract, ledger: Ledger, matrix: MatrixVerdicts, alone: RecordsAlone = MappingProxyType({})
) -> BacktestResult:
    """Every release whose upload is known, in the order of upload, and the days on which something was published.

    What only a run of a release alone decides is compared where ``alone`` has the runs of it and of its predecessor.
    """
    backtest = _Backtest(contract, ledger, matrix, alone)
    return BacktestResult(
        suite=matrix.suite_digest,
        as_of=ledger.as_of,
        libraries=ledger.as_of[:10],
        releases=tuple(backtest.judged(publication) for publication in backtest.publications.in_order),
        days=tuple(backtest.days()),
    )


@dataclass(frozen=True)
class _Backtest:
    """The releases in the order of upload, with the records that say how their code works together."""

    contract: Contract
    ledger: Ledger
    matrix: MatrixVerdicts
    alone: RecordsAlone

    @cached_property
    def publications(self) -> Publications:
        return Publications(self.contract, self.ledger, self.matrix.cell_records.python)

    @cached_property
    def _content_of(self) -> Mapping[tuple[str, str], Content]:
        return contents_by_version(self.matrix.contents)

    @cached_property
    def _clauses(self) -> dict[str, Clause]:
        clauses = self.contract.clauses_shown_for(tuple(self.contract.packages))
        return {name: clause for name, clause in clauses.items() if clause.scope != "control"}

    def judged(self, publication: Publication) -> BacktestRelease:
        """The release as of its upload."""
        package, release = publication.package, publication.release
        predecessor = self.publications.predecessor(publication)
        within = {**publication.out, package: (release,)}
        is_alone = not all(within.values())
        partners = None if is_alone else combination_of(within, self.publications.combinations.first(within))
        not_installable = self.publications.unmet(publication)
        if not not_installable and not is_alone and partners is None:
            not_installable = (f"no releases of the other packages that were out go with {publication.name}",)
        lost = () if not_installable else self.publications.lost(publication)
        same_code = bool(predecessor) and self._same_code(package, release, predecessor)
        cells = [] if same_code or not predecessor else list(self._compared(publication, predecessor, within))
        newest = next((cell for cell in cells if partners and cell.pair.combination == partners.as_dict()), None)
        alone = None if same_code or not predecessor else self._compared_alone(package, release, predecessor)
        gate, why, undecided = _gate((*not_installable, *lost), cells, alone)
        if not predecessor and gate == "passed":
            gate, undecided = "unknown", ("nothing of it was out before: a first release is compared with nothing",)
        elif is_alone and not not_installable:
            missing = " and ".join(name for name, releases in within.items() if not releases)
            gate, undecided = "unknown", (f"no release of {missing} was out: there was nothing to run it with",)
        elif not cells and not same_code and gate == "passed":
            gate, undecided = "unknown", ("no run compares it with its predecessor",)
        return BacktestRelease(
            package=package,
            version=release.version,
            uploaded=release.uploaded,
            predecessor=predecessor.version if predecessor else None,
            same_code=same_code,
            partners=partners.as_dict() if partners else None,
            not_installable=not_installable,
            made_installable=self._made_installable(publication) if not_installable else None,
            lost=lost,
            worse=tuple(row for cell in (newest, alone) if cell for row in self._worse(publication, cell)),
            mended=tuple(
                name for cell in (newest, alone) if cell for name, kind in cell.kinds.items() if kind == REPAIR
            ),
            capabilities=tuple(self._changes(newest)) if newest else (),
            gate=gate,
            why=why,
            undecided=undecided,
            run_alone=alone is not None,
            observed=None,
        )

    def _same_code(self, package: str, release: Release, other: Release | None) -> bool:
        content = self._content_of
        return other is not None and content[package, release.version] is content[package, other.version]

    def _cell(self, combination: Combination) -> ContentCombination:
        return ContentCombination(tuple(self._content_of[pair] for pair in combination.versions))

    def _record(self, cell: ContentCombination) -> Record | None:
        """The record of a cell, if it is of this suite."""
        record = self.matrix.cell_records.records.get(cell)
        return record if record and record.header.suite == self.matrix.suite_digest else None

    def _compared(self, publication: Publication, predecessor: Release, within: Columns) -> Iterator[CellComparison]:
        """Each distinct code of the partners that were out and allowed, with the release and with its predecessor."""
        columns: list[dict[Content, list[Release]]] = []
        for name, releases in within.items():
            columns.append({})
            for release in releases:
                columns[-1].setdefault(self._content_of[name, release.version], []).append(release)
        package = publication.package
        versions = [(predecessor.version, publication.release.version)]
        for contents in itertools.product(*columns) if all(columns) else ():
            members = [column[content] for column, content in zip(columns, contents, strict=True)]
            newest = combination_of(
                within, self.publications.combinations.first(dict(zip(within, members, strict=True)))
            )
            if newest is None:
                continue
            before = Combination(tuple((n, predecessor.version if n == package else v) for n, v in newest.versions))
            yield compare_cell(self._pair(newest, before), self._clauses, versions, strict=False)

    def _pair(self, now: Combination, before: Combination) -> CellPair:
        records, cell, cell_before = self.matrix.cell_records, self._cell(now), self._cell(before)
        return CellPair(
            cell=now.label,
            scope="combination",
            combination=now.as_dict(),
            now=self._record(cell),
            was=self._record(cell_before),
            fault=records.why_no_record(cell),
            uninstallable=cell in records.uninstallable,
            was_uninstallable=cell_before in records.uninstallable,
            was_fault=records.why_no_record(cell_before),
            baseline=before.label,
        )

    def _compared_alone(self, package: str, release: Release, predecessor: Release) -> CellComparison | None:
        """The release alone and its predecessor alone; None where one of them has no run, or cannot be installed."""
        now, was = (self.alone.get((package, one.version)) for one in (release, predecessor))
        if not now or not was or now.header.uninstallable or was.header.uninstallable:
            return None
        pair = CellPair(now.cell, "release", {package: release.version}, now, was, baseline=was.cell)
        clauses = {name: c for name, c in self.contract.clauses_for((package,)).items() if c.scope != "control"}
        return compare_cell(pair, clauses, [(predecessor.version, release.version)], strict=False)

    def _worse(self, publication: Publication, compared: CellComparison) -> Iterator[BacktestClause]:
        """The clauses that got worse, those that must hold first, and of these what had held."""
        pair = compared.pair
        names = {name: _how(pair, name) for name, kind in compared.kinds.items() if kind == REGRESSION}
        clauses, order = self.contract.clauses, get_args(How)
        for name in sorted(names, key=lambda name: (clauses[name].level, order.index(names[name]), name)):
            clause, check = clauses[name], pair.now.checks.get(name) if pair.now else None
            if pair.now is None or check is None:
                continue
            sentence = (
                failure_sentence(clause, check, self.matrix.known_defects.defect_of(pair.now, check))
                if check.outcome == "failed"
                else f"{clause.rule} It held, and there is nothing left to look at: {check.message}"
            )
            is_alone = pair.scope == "release"
            mended = self._mended_alone(publication, name) if is_alone else self._mended(publication, name)
            yield BacktestClause(clause=name, level=clause.level, how=names[name], sentence=sentence, mended=mended)

    def _mended(self, publication: Publication, clause: str) -> BacktestMending | None:
        """The first later upload after which the newest allowed set, with this release or a newer, keeps a clause."""
        number = Version(publication.release.version)
        for later in self.publications.after(publication):
            if later.allowed and Version(later.allowed.as_dict()[publication.package]) >= number:
                record = self._record(self._cell(later.allowed))
                check = record.checks.get(clause) if record and not why_not_evidence(record) else None
                if check and check.outcome == "passed":
                    return BacktestMending(release=later.name, hours=publication.hours_until(later))
        return None

    def _mended_alone(self, publication: Publication, clause: str) -> BacktestMending | None:
        """The first later upload of a newer release that keeps a clause alone, among those that were run."""
        number = Version(publication.release.version)
        for later in self.publications.after(publication):
            record = self.alone.get((later.package, later.release.version))
            is_newer = later.package == publication.package and Version(later.release.version) > number
            check = record.checks.get(clause) if record and is_newer and not why_not_evidence(record) else None
            if check and check.outcome == "passed":
                return BacktestMending(release=later.name, hours=publication.hours_until(later))
        return None

    def _made_installable(self, publication: Publication) -> BacktestMending | None:
        """The first later upload of a partner that meets the release, or of a newer release that is met."""
        package, number = publication.package, Version(publication.release.version)
        for later in self.publications.after(publication):
            is_newer = later.package == package and Version(later.release.version) > number
            subject = later if is_newer else publication
            within = {**later.out, package: (subject.release,)}
            if not self.publications.unmet(subject, later.out) and self.publications.combinations.first(within):
                return BacktestMending(release=later.name, hours=publication.hours_until(later))
        return None

    def _changes(self, compared: CellComparison) -> Iterator[BacktestCapability]:
        for change in capability_changes(self.contract, [compared.pair]):
            yield BacktestCapability(name=change.capability, before=change.before, after=change.after)

    def days(self) -> Iterator[BacktestDay]:
        """The days with an upload or a newest set that could not be installed, from when each package has a release."""
        events = [one for one in self.publications.in_order if one.newest]
        # After the last upload every day is as its own.
        ends = [
            *(one.release.uploaded for one in events[1:]),
            *(f"{e.release.uploaded[:10]}T23:59:59Z" for e in events[-1:]),
        ]
        hours: defaultdict[str, float] = defaultdict(float)
        for event, end in zip(events, ends, strict=True):
            for day, share in _hours_by_day(event.release.uploaded, end) if event.forbidden else ():
                hours[day] += share
        by_day: dict[str, list[Publication]] = {}
        for event in events:
            by_day.setdefault(event.release.uploaded[:10], []).append(event)
        last: Publication | None = None
        for day in sorted(by_day.keys() | hours.keys()):
            last = by_day.get(day, [last])[-1]
            if last is None or last.newest is None:
                continue
            yield BacktestDay(
                day=day,
                releases=tuple(event.name for event in by_day.get(day, ())),
                newest=last.newest.as_dict(),
                forbidden=last.forbidden,
                hours_not_installable=min(24, round(hours[day], 2)),
                installed=last.allowed.as_dict() if last.allowed else None,
                states=self._states(last.allowed) if last.allowed else {},
            )

    def _states(self, combination: Combination) -> dict[StateName, int]:
        """How many capabilities are in each state in a combination."""
        return dict(Counter(state.state for state in self.matrix.capability_states[self._cell(combination)]))


def _how(pair: CellPair, clause: str) -> How:
    """In which way a clause got worse."""
    before = pair.check_before(clause)
    outcome = before.outcome if before else ""
    return "broke" if outcome == "passed" else "changed" if outcome == "failed" else "brought"


def _gate(
    trouble: tuple[str, ...], cells: list[CellComparison], alone: CellComparison | None
) -> tuple[Stopped, tuple[str, ...], tuple[str, ...]]:
    """What a required gate would have done with the release, why, and what it could not have decided."""
    broken = Counter(name for cell in cells if cell.verdict == REGRESSED for name in cell.reasons)
    why = [*trouble]
    why += [f"{name} is worse in {number} of {len(cells)} combinations of code" for name, number in broken.items()]
    if alone and alone.verdict == REGRESSED:
        why += [f"{name} is worse in the release alone" for name in alone.reasons]
    why += [cell.reasons[0] for cell in cells if cell.verdict == UNINSTALLABLE and not cell.pair.was_uninstallable]
    unknown = [f"{cell.pair.cell}: {cell.reasons[0]}" for cell in (*cells, alone) if cell and cell.verdict == UNKNOWN]
    undecided = (*unknown[:1], *([f"and {len(unknown) - 1} more combinations"] if len(unknown) > 1 else []))
    return "stopped" if why else "unknown" if unknown else "passed", tuple(dict.fromkeys(why)), undecided


def _hours_by_day(start: str, end: str) -> Iterator[tuple[str, float]]:
    """The hours of each day between two times of the ledger."""
    time, last = datetime.fromisoformat(start), datetime.fromisoformat(end)
    while time < last:
        midnight = (time + timedelta(days=1)).replace(hour=0, minute=0, second=0)
        yield time.date().isoformat(), (min(midnight, last) - time).total_seconds() / 3600
        time = midnight
