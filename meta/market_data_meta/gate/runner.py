"""Running a gate: candidates against all that they may meet, and their predecessors in the same cells."""

from __future__ import annotations

import shutil
import threading
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Self

from market_data_meta import suite
from market_data_meta.contract import Clause, Contract
from market_data_meta.errors import ErrorCode, MetaError, undecided
from market_data_meta.files import whole_file
from market_data_meta.gate.blame import Symptom, guilty, swapped_back, symptom_now
from market_data_meta.gate.brought import brought
from market_data_meta.gate.candidates import Candidate
from market_data_meta.gate.partners import (
    ALLOWED,
    QUICK,
    GateCell,
    ShutOut,
    allowed_number,
    gate_cells,
    shut_out,
    with_candidates,
)
from market_data_meta.gate.release_runs import alone
from market_data_meta.gate.result import GateOutcome
from market_data_meta.judging.comparison import (
    REGRESSION,
    UNDECIDED,
    CellComparison,
    CellPair,
    Difference,
    compare_cell,
    differences,
)
from market_data_meta.judging.records import Record
from market_data_meta.releases.combinations import Cell, Combination
from market_data_meta.releases.ledger import Ledger
from market_data_meta.releases.requirements import Requirements
from market_data_meta.releases.unmet import unmet_promises
from market_data_meta.running import environments
from market_data_meta.running.cells import CellRecords, RunOptions, decide
from market_data_meta.running.warm_runner import ProgressStep, RunRequest

CELL_SECONDS = 90.0
"""CPU time of one run: the whole suite takes less than 16 s."""
PATIENCE = 3
"""Runs that may come to nothing (each may use CELL_SECONDS) before the gate says that it cannot tell."""


@dataclass(frozen=True)
class GateListener:
    """Who is told how far a gate is: each step, and the first cell as soon as it is decided."""

    step: Callable[[ProgressStep], None] = lambda _: None
    first: Callable[[CellComparison], None] = lambda _: None


class _Signal:
    """Whether the candidates have survived a first run: what hangs at import would hang alone as well."""

    def __init__(self) -> None:
        self._event = threading.Event()
        self._yes = False

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.tell(yes=False)

    @property
    def known(self) -> bool:
        """Whether it has been told."""
        return self._event.is_set()

    def tell(self, *, yes: bool) -> None:
        """Tell whoever waits; the first word counts."""
        if not self.known:
            self._yes = yes
            self._event.set()

    def wait(self) -> None:
        """Wait for a yes. Raises MetaError for a no."""
        self._event.wait()
        if not self._yes:
            raise undecided(ErrorCode.NOT_RUN, "it was not run alone: it came to nothing with others")


@dataclass
class Gate:
    """One gate: candidates (one or more) against what they meet within ``reach``, or against ``pinned`` partners."""

    contract: Contract
    ledger: Ledger
    candidates: tuple[Candidate, ...]
    asked: RunOptions
    reach: str
    pinned: Mapping[str, str] = field(default_factory=dict)
    strict: bool = False
    listener: GateListener = field(default_factory=GateListener)

    def run(self) -> GateOutcome:
        """Run what is not known yet and compare. Raises MetaError where the candidates meet nothing."""
        start = time.time()
        lost_all = None
        if self.reach in (ALLOWED, QUICK):
            lost_all = shut_out(self.contract, self.ledger, self.candidates, self._python)
        met: tuple[GateCell, ...] = ()
        if not lost_all:
            met = gate_cells(self.contract, self.ledger, self.candidates, self.reach, self.pinned, self._python)
        if not met and not lost_all:
            names = " and ".join(f"{one.package} {one.release.version}" for one in self.candidates)
            what = f"{names} may be installed with no published release of the others"
            hint = "mend the version or the requirements, or judge it all the same with --all"
            raise undecided(ErrorCode.MEETS_NOTHING, what, "the requirements forbid every combination", hint)
        _provide(self.candidates, self.asked.cache)
        with ThreadPoolExecutor(1) as pool, _Signal() as survived:
            releases = [pool.submit(self._release, one, survived.wait) for one in self.candidates]
            before = self._before(met)

            def heard(step: ProgressStep) -> None:
                if step.record and step.record.footer and not survived.known:
                    self.listener.first(self._at_first(met, step.record, before))
                    survived.tell(yes=True)
                self.listener.step(step)

            now = self._now(met, self.candidates, None, heard)
            survived.tell(yes=bool(now.records) or not met)
            cells = [self._cell(meeting, now, before) for meeting in met]
            cells += [self._shut_out(lost_all)] if lost_all else []
            cells += [one.result() for one in releases]
        found = differences(cells, self.contract.clauses)
        lost = [cell.pair.cell for cell in cells if not cell.kinds]
        blamed = self._blamed(met, before, found, lost)
        return GateOutcome(
            suite.digest(self.contract.root),
            self.ledger.as_of,
            self.reach,
            self.strict,
            self.candidates,
            {one.package: self._same_code(one) for one in self.candidates},
            tuple(cells),
            tuple(replace(d, guilty=blamed.get(Symptom(d.cells[0], d.clause.id), ())) for d in found),
            {name: blamed.get(Symptom(lost[0]), ()) for name in lost},
            self._allowed(),
            before.run_count + now.run_count,
            start,
            time.time() - start,
            brought(now.candidate_entries, self.asked.interpreter, self.ledger.as_of),
        )

    def _before(self, met: Iterable[GateCell]) -> CellRecords:
        squares = tuple(dict.fromkeys(m.before for m in met if m.before))
        return decide(self.contract, self.ledger, {}, RunRequest(squares, frozenset()), self.asked, self.listener.step)

    def _now(
        self,
        met: Sequence[GateCell],
        candidates: tuple[Candidate, ...],
        clauses: frozenset[str] | None,
        tell: Callable[[ProgressStep], None],
    ) -> CellRecords:
        """Decide cells with candidates: all clauses in the first one, or in every one the few that are asked for."""
        contents = {one.package: one.release.content for one in candidates if not self._same_code(one)}
        whole = met if clauses else met[:1] if contents else ()
        wanted = RunRequest(
            tuple(dict.fromkeys(m.now for m in met)),
            frozenset(m.now.combination for m in whole),
            clauses,
            survey_cells=tuple(m.before for m in met if m.before),
            seconds=CELL_SECONDS,
            max_failed_runs=PATIENCE,
            candidates=contents,
        )
        return decide(self.contract, with_candidates(self.ledger, candidates), {}, wanted, self.asked, tell)

    def _cell(self, meeting: GateCell, now: CellRecords, before: CellRecords) -> CellComparison:
        pair = CellPair(
            cell=meeting.now.combination.label,
            scope="combination",
            combination=meeting.now.combination.as_dict(),
            now=now.records.get(meeting.now),
            was=before.records.get(meeting.before) if meeting.before else None,
            fault=now.uninstallable.get(meeting.now) or now.faults.get(meeting.now, ""),
            uninstallable=meeting.now in now.uninstallable,
            was_uninstallable=meeting.before in before.uninstallable,
            was_fault=before.why_no_record(meeting.before),
            baseline=meeting.before.combination.label if meeting.before else None,
            stands_for=meeting.stands_for,
            forbidden=meeting.forbidden,
        )
        return self._compared(pair, self._clauses(tuple(self.contract.packages)))

    def _shut_out(self, found: ShutOut) -> CellComparison:
        """The cell that stands for all that the candidates can no longer be installed with."""
        pair = CellPair(
            cell=found.combination.label,
            scope="combination",
            combination=found.combination.as_dict(),
            now=None,
            was=None,
            fault=found.why,
            uninstallable=True,
            baseline=found.baseline.label if found.baseline else None,
            stands_for=found.stands_for,
        )
        return self._compared(pair, {})

    def _at_first(self, met: Sequence[GateCell], record: Record, before: CellRecords) -> CellComparison:
        """A first cell by its own run alone, for whoever waits."""
        meeting = next(m for m in met if m.now.combination.label == record.cell)
        was = before.records.get(meeting.before) if meeting.before else None
        baseline = meeting.before.combination.label if meeting.before else None
        fault = before.why_no_record(meeting.before)
        pair = CellPair(record.cell, "combination", record.versions, record, was, was_fault=fault, baseline=baseline)
        every = self._clauses(tuple(self.contract.packages))
        return self._compared(pair, {name: clause for name, clause in every.items() if name in record.checks})

    def _release(self, one: Candidate, ready: Callable[[], None]) -> CellComparison:
        """A candidate alone beside its predecessor alone; it runs when ``ready`` returns."""
        python, cache = self.asked.interpreter, self.asked.cache
        now, was, fault = None, None, ""
        try:
            if one.predecessor:
                was = alone(self.contract, self.ledger, one.package, one.predecessor.version, python, cache)
            new = with_candidates(self.ledger, [one, *self._companions(one)])
            now = alone(self.contract, new, one.package, one.release.version, python, cache, ready)
        except MetaError as error:
            fault = f"{error.what}: {error.why}" if error.why else error.what
        lost, before = _uninstallable(now), _uninstallable(was)
        pair = CellPair(
            cell=Cell(Combination(((one.package, one.release.version),))).name,
            scope="release",
            combination={one.package: one.release.version},
            now=now,
            was=None if before else was,
            fault=lost or fault,
            uninstallable=bool(lost),
            was_uninstallable=bool(before),
            was_fault=before,
            baseline=was.cell if was else None,
        )
        return self._compared(pair, self._clauses((one.package,)))

    def _companions(self, one: Candidate) -> list[Candidate]:
        """The other candidates without which one cannot be installed: they meet what nothing published meets."""
        requirements = Requirements(self.contract.packages, self._python)

        def unmet(others: list[Candidate]) -> int:
            return len(unmet_promises(one.package, one.release, requirements, with_candidates(self.ledger, others)))

        return [other for other in self.candidates if other.package != one.package and unmet([other]) < unmet([])]

    def _compared(self, pair: CellPair, clauses: Mapping[str, Clause]) -> CellComparison:
        return compare_cell(pair, clauses, self._versions, strict=self.strict)

    def _clauses(self, packages: tuple[str, ...]) -> dict[str, Clause]:
        return {n: c for n, c in self.contract.clauses_for(packages).items() if c.scope != "control"}

    @property
    def _versions(self) -> list[tuple[str, str]]:
        """The candidates' versions after those of their predecessors."""
        return [(one.predecessor.version, one.release.version) for one in self.candidates if one.predecessor]

    def _same_code(self, one: Candidate) -> tuple[str, ...]:
        """The published releases that run the candidate's code."""
        return tuple(r.version for r in self.ledger.releases[one.package] if r.content == one.release.content)

    def _allowed(self) -> tuple[int, int]:
        """How many published combinations all requirements allow: with the candidates, and with the predecessors."""
        now = {one.package: one.release for one in self.candidates}
        before = {one.package: one.predecessor for one in self.candidates if one.predecessor}
        new = with_candidates(self.ledger, self.candidates)
        was = allowed_number(self.contract, self.ledger, before, self._python) if len(before) == len(now) else 0
        return allowed_number(self.contract, new, now, self._python), was

    @property
    def _python(self) -> str:
        """The version of the interpreter that the cells run on, by which requirements are read."""
        return environments.version_of(self.asked.interpreter)

    def _blamed(
        self, met: Sequence[GateCell], before: CellRecords, found: Sequence[Difference], lost: Sequence[str]
    ) -> dict[Symptom, tuple[str, ...]]:
        """Whose doing each regression is, and the first cell that came to nothing."""
        kinds = {Symptom(d.cells[0], d.clause.id): d.kind for d in found if d.kind == REGRESSION or d.of_candidates}
        meeting_of = {meeting.now.combination.label: meeting for meeting in met}
        alone_ = {f"{one.package}{one.release.version}": (one.package,) for one in self.candidates}
        symptoms = [*kinds, *map(Symptom, lost[:1])]
        doubtful: set[Symptom] = set()
        blamed = {symptom: alone_[symptom.cell] for symptom in symptoms if symptom.cell in alone_}

        def shown(chosen: tuple[Candidate, ...], left: Sequence[Symptom]) -> list[Symptom]:
            swapped = {s.cell: swapped_back(meeting_of[s.cell], chosen) for s in left}
            clauses = frozenset(s.clause for s in left if s.clause)
            few = clauses if all(s.clause for s in left) else None
            now = self._now(list(swapped.values()), chosen, few, self.listener.step)
            told = {s: symptom_now(s, swapped[s.cell], now, before, self._versions) for s in left}
            doubtful.update(s for s in left if told[s] == UNDECIDED != kinds.get(s, UNDECIDED))
            return [s for s in left if told[s] == kinds.get(s, UNDECIDED)]

        found_guilty = guilty(self.candidates, [s for s in symptoms if s not in blamed], shown)
        # Where a smaller set could not be looked at, that it takes all of them is not known.
        everyone = tuple(one.package for one in self.candidates)
        return blamed | {s: () if s in doubtful and names == everyone else names for s, names in found_guilty.items()}


def _uninstallable(record: Record | None) -> str:
    return str(record.header.get("uninstallable") or "") if record else ""


def _provide(candidates: Iterable[Candidate], cache: Path) -> None:
    """Put the candidates' wheels where those of releases are kept: checked and unpacked like them, never downloaded."""
    for one in candidates:
        if one.wheel:
            file = cache / "wheels" / one.release.sha256[:16] / one.release.filename
            with whole_file(file) as part:
                shutil.copyfile(one.wheel, part)
