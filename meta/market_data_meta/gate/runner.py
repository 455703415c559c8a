"""Running a gate: candidates in each of their cells, and their predecessors in the same cells."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from functools import cached_property

from market_data_meta import suite
from market_data_meta.candidates.as_published import ledger_with_candidates, put_into_cache
from market_data_meta.candidates.candidate import Candidate
from market_data_meta.contract import Clause, Contract
from market_data_meta.errors import ErrorCode, undecided
from market_data_meta.gate.alone import FirstRun, ReleasePair
from market_data_meta.gate.blame import (
    Problem,
    cells_to_explain,
    deciding_clauses,
    packages_to_blame,
    problem_kind,
    swap_others_back,
)
from market_data_meta.gate.cell_pairs import cell_pair, excluded_pair, first_pair
from market_data_meta.gate.comparison import GateComparison
from market_data_meta.gate.exclusions import PartnerExclusion, find_exclusions
from market_data_meta.gate.new_recordings import NewRecordings, was_repeated
from market_data_meta.gate.observations import GateObserver
from market_data_meta.gate.partners import (
    ALL,
    PINNED,
    QUICK,
    GateCell,
    allowed_number,
    gate_cells,
)
from market_data_meta.gate.quick_clauses import quick_clauses
from market_data_meta.gate.repetitions import CELL_SECONDS, GateRepetitions, clauses_to_repeat
from market_data_meta.judging.comparison import (
    REGRESSION,
    UNDECIDED,
    CellComparison,
    CellPair,
    Difference,
    Repetition,
    compare_cell,
    differences,
    repeated_kind,
)
from market_data_meta.judging.records import Record
from market_data_meta.releases.ledger import Ledger
from market_data_meta.running import environments
from market_data_meta.running.brought_libraries import brought_libraries
from market_data_meta.running.cell_records import CellRecords
from market_data_meta.running.cells import RunOptions, decide
from market_data_meta.running.warm_runner import ProgressStep, RunRequest

PATIENCE = 3
"""Runs that may end without a record (each may use CELL_SECONDS) before the gate says that it cannot tell."""


@dataclass(frozen=True)
class GateCallbacks:
    """What a gate calls while it runs: at each step of progress, and once when its first cell is compared."""

    on_progress: Callable[[ProgressStep], None] = lambda _: None
    on_first_cell: Callable[[CellComparison], None] = lambda _: None


@dataclass
class GateRun:
    """One gate: candidates (one or more) with the partners within ``reach``, or with ``pinned`` partners."""

    contract: Contract
    ledger: Ledger
    candidates: tuple[Candidate, ...]
    options: RunOptions
    reach: str
    pinned: Mapping[str, str] = field(default_factory=dict)
    strict: bool = False
    callbacks: GateCallbacks = field(default_factory=GateCallbacks)
    observes: bool = True

    def __post_init__(self) -> None:
        # Not made on demand: the cells and the candidates alone, which share it, run in different threads.
        self._before: CellRecords | None = None
        self._repetitions = GateRepetitions(self.contract, self.ledger, self.options, self.callbacks.on_progress)

    def run(self) -> GateComparison:
        """Run what is not known yet and compare. Raises MetaError where the candidates have no partners."""
        start = time.time()
        exclusions = () if self.reach == PINNED else self._exclusions()
        cells_to_run = self._gate_cells(exclusions)
        put_into_cache(self.candidates, self.options.cache)
        with ThreadPoolExecutor(1) as observing, ThreadPoolExecutor(1) as pool, FirstRun() as first_run:
            observed = observing.submit(self._observer().run, cells_to_run if self.observes else ())
            alone = [pool.submit(self._compare_alone, candidate, first_run.wait) for candidate in self.candidates]
            predecessor_records = self._before = self._run_predecessors(cells_to_run)
            # A service may be the first to be run, and is none of them.
            labels = {cell.with_candidates.combination.label for cell in cells_to_run}

            def on_progress(step: ProgressStep) -> None:
                if step.record and step.record.footer and step.record.cell in labels and not first_run.is_known:
                    first_cell = self._compare_first(cells_to_run, step.record, predecessor_records)
                    self.callbacks.on_first_cell(first_cell)
                    first_run.end(succeeded=True)
                self.callbacks.on_progress(step)

            candidate_records = self._run_candidates(cells_to_run, self.candidates, None, on_progress)
            not_run = {*candidate_records.uninstallable, *candidate_records.suite_conflicts}
            nothing_to_run = all(cell.with_candidates in not_run for cell in cells_to_run)
            first_run.end(succeeded=bool(candidate_records.records) or nothing_to_run)
            cells = [self._compare(cell, candidate_records, predecessor_records) for cell in cells_to_run]
            cells = self._compare_repeated(cells_to_run, cells)
            cells += [self._compare_pair(excluded_pair(exclusion), {}) for exclusion in exclusions]
            cells += [comparison.result() for comparison in alone]
            observation = observed.result()
        self._repetitions.discard(cells, [*predecessor_records.cache_folders, *candidate_records.cache_folders])
        cell_differences = differences(cells, self.contract.clauses)
        without_verdict = cells_to_explain(cells)
        blame = self._blame(cells_to_run, predecessor_records, cell_differences, without_verdict)
        return GateComparison(
            suite=suite.digest(self.contract.root),
            as_of=self.ledger.as_of,
            reach=self.reach,
            strict=self.strict,
            candidates=self.candidates,
            same_code={candidate.package: self._same_code(candidate) for candidate in self.candidates},
            cells=tuple(cells),
            differences=tuple(
                replace(d, guilty=blame.get(Problem(d.cells[0], d.clause.id), ())) for d in cell_differences
            ),
            guilty={
                cell: blame.get(Problem(cell), blame.get(Problem(without_verdict[0]), ())) for cell in without_verdict
            },
            allowed=self._allowed(),
            ran=predecessor_records.run_count + candidate_records.run_count + self._repetitions.run_count,
            start=start,
            seconds=time.time() - start,
            is_earlier=self.ledger.later is not None,
            brought_libraries=brought_libraries(
                candidate_records.candidate_entries, self.options.interpreter, self.ledger.as_of
            ),
            observed=observation,
        )

    def _observer(self) -> GateObserver:
        """What observes the candidates beside the cells, from which it takes nothing."""
        return GateObserver(self.contract, self.ledger, self.candidates, self.options)

    def _exclusions(self) -> tuple[PartnerExclusion, ...]:
        return find_exclusions(self.contract, self.ledger, self.candidates, self._python)

    def _gate_cells(self, exclusions: Sequence[PartnerExclusion]) -> tuple[GateCell, ...]:
        """The cells to run: with all partners even those that the requirements forbid, but for what is excluded."""
        if self.reach != ALL and any(exclusion.complete for exclusion in exclusions):
            return ()
        excluded = {exclusion.combination for exclusion in exclusions}
        reachable = gate_cells(self.contract, self.ledger, self.candidates, self.reach, self.pinned, self._python)
        cells = tuple(cell for cell in reachable if cell.with_candidates.combination not in excluded)
        if not cells and not exclusions:
            names = " and ".join(f"{candidate.package} {candidate.release.version}" for candidate in self.candidates)
            what = f"{names} cannot be installed with any published release of the other packages"
            hint = "fix the version or the requirements, or run it with --all, whatever they forbid"
            raise undecided(ErrorCode.MEETS_NOTHING, what, "the requirements forbid every combination", hint)
        return cells

    def _run_predecessors(self, cells: Iterable[GateCell]) -> CellRecords:
        combinations = tuple(dict.fromkeys(cell.with_predecessors for cell in cells if cell.with_predecessors))
        request = RunRequest(combinations, clauses=self._asked)
        return decide(self.contract, self.ledger, {}, request, self.options, self.callbacks.on_progress)

    def _run_candidates(
        self,
        cells: Sequence[GateCell],
        candidates: tuple[Candidate, ...],
        clauses: frozenset[str] | None,
        on_progress: Callable[[ProgressStep], None],
    ) -> CellRecords:
        """Decide cells with candidates: every clause in the first cell, or the few ``clauses`` in each cell."""
        contents = self._new_contents(candidates)
        run_in_full = cells if clauses else cells[:1] if contents else ()
        request = RunRequest(
            tuple(dict.fromkeys(cell.with_candidates for cell in cells)),
            dict.fromkeys(
                (cell.with_candidates.combination for cell in run_in_full), frozenset(self.contract.packages)
            ),
            clauses or self._asked,
            survey_cells=tuple(cell.with_predecessors for cell in cells if cell.with_predecessors),
            seconds=CELL_SECONDS,
            max_failed_runs=PATIENCE,
            candidates=contents,
        )
        ledger = ledger_with_candidates(self.ledger, candidates)

        def run(asked: RunRequest) -> CellRecords:
            return decide(self.contract, ledger, {}, asked, self.options, on_progress)

        def ask_consumers(asked: RunRequest) -> CellRecords:
            return run(replace(asked, survey_cells=request.survey_cells, seconds=CELL_SECONDS, candidates=contents))

        earlier = self._before.records if self._before else {}
        before = {
            cell.with_candidates: earlier[predecessors]
            for cell in cells
            if (predecessors := cell.with_predecessors) and predecessors in earlier
        }
        new = NewRecordings(self.contract, ask_consumers, before, self._versions)
        return new.given_to_consumers(run(request))

    def _new_contents(self, candidates: Iterable[Candidate]) -> dict[str, str]:
        """The contents of the candidates whose code no release has, by package."""
        return {c.package: c.release.content for c in candidates if not self._same_code(c)}

    def _compare_repeated(
        self, cells_to_run: Iterable[GateCell], cells: Sequence[CellComparison]
    ) -> list[CellComparison]:
        """The cells, compared anew where something came out otherwise: after it was run again on both sides."""
        clauses = self._clauses(tuple(self.contract.packages))
        to_repeat = clauses_to_repeat(cells, clauses)
        records = {cell.pair.cell: cell.pair.now for cell in cells if cell.pair.now}
        to_repeat = {
            cell: {name: in_cells for name, in_cells in names.items() if not was_repeated(name, records[cell])}
            for cell, names in to_repeat.items()
        }
        cell_of = {cell.with_candidates.combination.label: cell for cell in cells_to_run}
        repeated = self._repetitions.in_cells(
            self.candidates,
            self._new_contents(self.candidates),
            {cell_of[name]: frozenset(names) for name, names in to_repeat.items()},
        )
        repetitions: dict[str, dict[str, tuple[Repetition, ...]]] = {}
        for first_cell, names in to_repeat.items():
            for clause, in_cells in names.items():
                for cell in in_cells:
                    repetitions.setdefault(cell, {})[clause] = repeated[cell_of[first_cell]][clause]
        return [
            self._compare_pair(replace(cell.pair, repetitions=repetitions[cell.pair.cell]), clauses)
            if cell.pair.cell in repetitions
            else cell
            for cell in cells
        ]

    def _compare(
        self, cell: GateCell, candidate_records: CellRecords, predecessor_records: CellRecords
    ) -> CellComparison:
        pair = cell_pair(cell, candidate_records, predecessor_records)
        return self._compare_pair(pair, self._clauses(tuple(self.contract.packages)))

    def _compare_first(
        self, cells: Sequence[GateCell], record: Record, predecessor_records: CellRecords
    ) -> CellComparison:
        """The cell of the first record, compared as soon as that record is there."""
        cell = next(cell for cell in cells if cell.with_candidates.combination.label == record.cell)
        pair = first_pair(cell, record, predecessor_records)
        clauses = self._clauses(tuple(self.contract.packages))
        return self._compare_pair(pair, {name: clause for name, clause in clauses.items() if name in record.checks})

    def _compare_alone(self, candidate: Candidate, before_run: Callable[[], None]) -> CellComparison:
        others = [other for other in self.candidates if other.package != candidate.package]
        pair = ReleasePair(self.contract, self.ledger, candidate, others, self.options)
        clauses = self._clauses((candidate.package,))
        compared = pair.run(before_run)
        comparison = self._compare_pair(compared, clauses)
        if to_repeat := clauses_to_repeat([comparison], clauses).get(compared.cell):
            repetitions = self._repetitions.alone(pair.alone, pair.predecessor_alone, frozenset(to_repeat))
            comparison = self._compare_pair(replace(compared, repetitions=repetitions), clauses)
        return comparison

    def _compare_pair(self, pair: CellPair, clauses: Mapping[str, Clause]) -> CellComparison:
        return compare_cell(pair, clauses, self._versions, strict=self.strict)

    def _clauses(self, packages: tuple[str, ...]) -> dict[str, Clause]:
        clauses = self.contract.clauses_shown_for(packages)
        asked = self._asked or clauses.keys()
        return {name: clause for name, clause in clauses.items() if clause.scope != "control" and name in asked}

    @cached_property
    def _asked(self) -> frozenset[str] | None:
        """The clauses that a quick gate asks; None for all."""
        return quick_clauses(self.contract) if self.reach == QUICK else None

    @property
    def _versions(self) -> list[tuple[str, str]]:
        """For each candidate with a predecessor the version of the predecessor and its own."""
        return [(c.predecessor.version, c.release.version) for c in self.candidates if c.predecessor]

    def _same_code(self, candidate: Candidate) -> tuple[str, ...]:
        """The published releases that run the candidate's code."""
        releases = self.ledger.releases[candidate.package]
        return tuple(release.version for release in releases if release.content == candidate.release.content)

    def _allowed(self) -> tuple[int, int]:
        """How many published combinations all requirements allow: with the candidates, and with the predecessors."""
        releases = {candidate.package: candidate.release for candidate in self.candidates}
        predecessors = {c.package: c.predecessor for c in self.candidates if c.predecessor}
        ledger = ledger_with_candidates(self.ledger, self.candidates)
        number = allowed_number(self.contract, ledger, releases, self._python)
        if len(predecessors) < len(releases):
            return number, 0
        return number, allowed_number(self.contract, self.ledger, predecessors, self._python)

    @property
    def _python(self) -> str:
        """The version of the interpreter that the cells run on, by which requirements are read."""
        return environments.version_of(self.options.interpreter)

    def _blame(
        self,
        cells: Sequence[GateCell],
        predecessor_records: CellRecords,
        cell_differences: Sequence[Difference],
        without_verdict: Sequence[str],
    ) -> dict[Problem, tuple[str, ...]]:
        """The packages to blame for each regression, for the first cell without a verdict, and for each alone."""
        kinds = {
            Problem(difference.cells[0], difference.clause.id): difference.kind
            for difference in cell_differences
            if difference.kind == REGRESSION or difference.of_candidates
        }
        cell_of = {cell.with_candidates.combination.label: cell for cell in cells}
        release_cells = {f"{c.package}{c.release.version}": (c.package,) for c in self.candidates}
        alone = [cell for cell in without_verdict if cell in release_cells]
        problems = [*kinds, *map(Problem, dict.fromkeys([*without_verdict[:1], *alone]))]
        blame = {problem: release_cells[problem.cell] for problem in problems if problem.cell in release_cells}
        not_decided: set[Problem] = set()

        def shows(candidate_set: tuple[Candidate, ...], unexplained: Sequence[Problem]) -> list[Problem]:
            swapped = {problem.cell: swap_others_back(cell_of[problem.cell], candidate_set) for problem in unexplained}
            only = deciding_clauses(unexplained)
            records = self._run_candidates(list(swapped.values()), candidate_set, only, self.callbacks.on_progress)
            kinds_now = {
                problem: problem_kind(problem, swapped[problem.cell], records, predecessor_records, self._versions)
                for problem in unexplained
            }
            expected = {problem: kinds.get(problem, UNDECIDED) for problem in unexplained}
            worse = [
                problem
                for problem in unexplained
                if kinds_now[problem] == REGRESSION
                and not was_repeated(problem.clause, records.records[swapped[problem.cell].with_candidates])
            ]
            clauses_of_cells = {
                swapped[cell]: frozenset(problem.clause for problem in worse if problem.cell == cell)
                for cell in {problem.cell for problem in worse}
            }
            repeated = self._repetitions.in_cells(candidate_set, self._new_contents(candidate_set), clauses_of_cells)
            for problem in worse:
                cell = swapped[problem.cell]
                kinds_now[problem] = repeated_kind(
                    REGRESSION,
                    repeated[cell][problem.clause],
                    self._versions,
                    first_release=cell.with_predecessors is None,
                )
            not_decided.update(p for p in unexplained if kinds_now[p] == UNDECIDED != expected[p])
            return [problem for problem in unexplained if kinds_now[problem] == expected[problem]]

        # A cell that was excluded, not run, has the reason beside it.
        unexplained = [problem for problem in problems if problem not in blame and problem.cell in cell_of]
        in_cells = packages_to_blame(self.candidates, unexplained, shows)
        # Where a smaller set could not be decided, it is not known whether the problem takes all candidates.
        everyone = tuple(candidate.package for candidate in self.candidates)
        return blame | {
            problem: () if problem in not_decided and packages == everyone else packages
            for problem, packages in in_cells.items()
        }
