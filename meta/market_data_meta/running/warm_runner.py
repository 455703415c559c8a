"""Running cells in the warm lane: which clauses are missing where, and the jobs that decide them."""

from __future__ import annotations

import os
import tempfile
from collections import Counter
from collections.abc import Callable, Container, Generator, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from pathlib import Path
from socket import socket
from typing import Any

from market_data_meta.contract import Clause, Contract
from market_data_meta.errors import ErrorCode, MetaError
from market_data_meta.inside.mdm_plan import CellRun
from market_data_meta.judging.records import Record
from market_data_meta.releases.combinations import HIGHEST, Cell, Combination
from market_data_meta.releases.contents import Content, ContentCombination
from market_data_meta.releases.ledger import Ledger
from market_data_meta.releases.requirements import broken_promises
from market_data_meta.running import environments
from market_data_meta.running.cache import RunCache
from market_data_meta.running.decisions import Decisions
from market_data_meta.running.isolated import REPETITIONS, SUITE_SECONDS
from market_data_meta.running.plans import not_applicable, record_header, warm_plan
from market_data_meta.running.template_pool import TemplatePool
from market_data_meta.running.template_process import TemplateProcess, job_steps
from market_data_meta.running.third_party import ThirdPartyLock, ThirdPartyRequirements
from market_data_meta.running.turns import in_turns
from market_data_meta.running.warm_jobs import Job

ROUNDS = 4
"""How often what is not decided yet is tried again: a cell died, a clause is wide, a check was in error."""
ATTEMPTS = 2
"""How often a clause is tried in the same cell before its error stands: other cells come first, where there are any."""


@dataclass(frozen=True)
class ProgressStep:
    """How far the work is: the runs that have ended in this round, of how many, and the run that has just ended."""

    ended: int
    total: int
    description: str
    record: Record | None = None


@dataclass(frozen=True)
class RunRequest:
    """The cells to decide, and how.

    Cells of ``exhaustive`` combinations run every clause themselves that binds one of these packages. The template
    loads the modules that ``survey_cells`` load (without any, those that the cells load): cells whose code may be
    trusted to be imported. A run may use ``seconds`` of CPU time. After ``max_failed_runs`` runs that ended early no
    more are begun. Runs with ``candidates`` (content by package) are cached apart: what they show about other packages
    holds in these cells only. With ``repeat`` nothing is decided: these clauses run in these cells ``REPETITIONS``
    times, in turn, each check alone in a fresh process. Such runs are cached apart. So are those with ``recordings``,
    which consumers get in place of the archive.
    """

    cells: tuple[ContentCombination, ...]
    exhaustive: Mapping[Combination, frozenset[str]] = field(default_factory=dict)
    clauses: frozenset[str] | None = None
    survey_cells: tuple[ContentCombination, ...] = ()
    seconds: float = SUITE_SECONDS
    max_failed_runs: int | None = None
    candidates: Mapping[str, str] = field(default_factory=dict)
    repeat: Mapping[ContentCombination, frozenset[str]] = field(default_factory=dict)
    recordings: Mapping[str, Any] = field(default_factory=dict)


@dataclass
class ThirdPartyGroup:
    """Cells whose third-party libraries have the same versions: a run of one cell speaks for others."""

    decisions: Decisions
    run_cache: RunCache
    cells: list[ContentCombination]


class WarmRunner:
    """Runs in the warm lane what is not decided yet, one third-party set after the other."""

    def __init__(
        self,
        contract: Contract,
        ledger: Ledger,
        request: RunRequest,
        cache: Path,
        python: str,
        locks: Mapping[ThirdPartyRequirements, ThirdPartyLock],
        on_progress: Callable[[ProgressStep], None],
        third_party: str = HIGHEST,
    ) -> None:
        self._contract, self._ledger, self._request = contract, ledger, request
        self._cache, self._python, self._third_party = cache, python, third_party
        self._clauses: dict[tuple[str, ...], list[Clause]] = {}
        self._locks, self._on_progress = locks, on_progress
        self._unpack_faults: dict[str, str] = {}
        self._sites: dict[str, Path] = {}
        self._failed_runs = 0

    def decide(self, group: ThirdPartyGroup, cells: Container[ContentCombination]) -> int:
        """Run what the group's decisions lack, in these of its cells; the number of runs that it took."""
        if self._request.repeat:
            return self._repeat(group)
        run_count = 0
        attempts: Counter[tuple[str, ContentCombination]] = Counter()
        for _ in range(ROUNDS):
            missing = {
                cell: clauses for cell, clauses in self._missing_clauses(group, attempts).items() if cell in cells
            }
            if not missing or self._too_many_have_failed:
                break
            attempts.update((clause, cell) for cell, clauses in missing.items() for clause in clauses)
            run_count += self._run(group, missing)
        if self._too_many_have_failed:
            for cell in group.cells:
                reason = f"it was not run: {self._failed_runs} runs before it brought no result"
                group.decisions.faults.setdefault(tuple(cell.digests.values()), reason)
        return run_count

    def _repeat(self, group: ThirdPartyGroup) -> int:
        """Run the clauses to repeat as often as they have not been run yet; what brings no outcome is tried again."""
        run_count = 0
        for _ in range(ATTEMPTS):
            missing: dict[int, dict[ContentCombination, list[str]]] = {}
            for cell in group.cells:
                for clause in sorted(self._request.repeat[cell]):
                    # Two processes at once may have run more than is needed.
                    if (times := REPETITIONS - group.decisions.number_of_runs(cell, clause)) > 0:
                        missing.setdefault(times, {}).setdefault(cell, []).append(clause)
            for times, clauses in missing.items():
                with_controls = {cell: [*names, *self._contract.controls] for cell, names in clauses.items()}
                run_count += self._run(group, with_controls, times)
        return run_count

    def _missing_clauses(
        self, group: ThirdPartyGroup, attempts: Mapping[tuple[str, ContentCombination], int]
    ) -> dict[ContentCombination, list[str]]:
        """The clauses to run in each cell: a clause that is undecided is run in the first cell that can decide it.

        A cell in which it was tried comes after those in which it was not, and is tried ``ATTEMPTS`` times. Of cells
        alike whose clauses others decide one is run with the controls alone, so that its packages have been loaded
        together.
        """
        decisions = group.decisions
        claimed: set[tuple[str, tuple[str, ...]]] = set()
        missing: dict[ContentCombination, list[str]] = {}
        for earlier_attempts in range(ATTEMPTS if attempts else 1):
            for cell in group.cells:
                contents = cell.digests
                exhaustive_packages = self._request.exhaustive.get(cell.combination, frozenset())
                for clause in self._clauses_of(cell):
                    if attempts.get((clause.id, cell), 0) != earlier_attempts:
                        continue
                    key = (clause.id, decisions.key(clause, contents))
                    undecided = decisions.decision(clause, contents) is None and key not in claimed
                    runs_itself = not exhaustive_packages.isdisjoint(clause.binds)
                    if undecided or (runs_itself and not decisions.has_run(cell, clause.id)):
                        missing.setdefault(cell, []).append(clause.id)
                        claimed.add(key)
        controls = tuple(self._contract.controls)
        loaded = {tuple(cell.digests.values()) for cell in missing}
        for cell in group.cells:
            tried_in_vain = max((attempts.get((control, cell), 0) for control in controls), default=0) >= ATTEMPTS
            # What went wrong in a cell itself is not made good by another one.
            identity = tuple(cell.digests.values())
            is_loaded = not loaded.isdisjoint(decisions.alike(cell)) and identity not in decisions.faults
            is_decided = cell in missing or is_loaded or decisions.has_evidence(cell)
            if not (is_decided or tried_in_vain) and self._clauses_of(cell):
                missing[cell] = []
                loaded.add(identity)
        return {cell: [*names, *controls] for cell, names in missing.items()}

    def _clauses_of(self, cell: ContentCombination) -> list[Clause]:
        """The clauses that the request asks for and a run of the cell decides."""
        packages = cell.combination.packages
        if packages not in self._clauses:
            wanted = self._request.clauses
            self._clauses[packages] = [
                clause
                for clause in self._contract.clauses_for(packages).values()
                if clause.scope != "control" and (wanted is None or clause.id in wanted)
            ]
        return self._clauses[packages]

    @property
    def _too_many_have_failed(self) -> bool:
        return self._request.max_failed_runs is not None and self._failed_runs >= self._request.max_failed_runs

    def _run(self, group: ThirdPartyGroup, missing: Mapping[ContentCombination, list[str]], times: int = 1) -> int:
        """Run the missing clauses of each cell so many times; the number of runs that have ended.

        Cells of other packages have other templates: a service finds nothing of those that it is not made of. They run
        at the same time, as the checks of services wait more than they compute.
        """
        ended = 0
        by_packages: dict[tuple[str, ...], dict[ContentCombination, list[str]]] = {}
        for cell, clauses in missing.items():
            by_packages.setdefault(cell.combination.packages, {})[cell] = clauses
        with ExitStack() as stack:
            runs = []
            for packages, of_packages in by_packages.items():
                templates = stack.enter_context(self._templates(packages, of_packages))
                runs.append(self._run_packages(group, templates, packages, of_packages, times))
                stack.callback(runs[-1].close)
            for record in in_turns(runs):
                ended += 1
                self._failed_runs += record.footer is None
                self._on_progress(ProgressStep(ended, len(missing) * times, record.cell, record))
                if self._too_many_have_failed:
                    break
        return ended

    def _templates(self, packages: tuple[str, ...], missing: Iterable[ContentCombination]) -> TemplatePool:
        """The templates of these packages, which are started when it is entered."""
        plan = warm_plan(self._contract, packages)
        if self._request.repeat:
            plan = replace(plan, limits=replace(plan.limits, checks_per_process=1))
        locks = dict.fromkeys(self._locks[cell.requirements] for cell in missing)
        releases = self._release_folders([*missing, *self._surveyed(packages)])
        return TemplatePool(self._contract.root, plan, locks, python=self._python, cache=self._cache, releases=releases)

    def _surveyed(self, packages: tuple[str, ...]) -> tuple[ContentCombination, ...]:
        return tuple(dict.fromkeys(cell.of_packages(packages) for cell in self._request.survey_cells))

    def _run_packages(
        self,
        group: ThirdPartyGroup,
        templates: TemplatePool,
        packages: tuple[str, ...],
        missing: Mapping[ContentCombination, list[str]],
        times: int,
    ) -> Generator[Record | socket]:
        """Run the missing clauses of cells of the same packages, one third-party set after the other."""
        survey_cells = self._surveyed(packages)
        self._unpack([*missing, *survey_cells])
        for lock in templates.order:
            clauses = {
                cell: names
                for cell, names in missing.items()
                if self._locks[cell.requirements] == lock and self._is_unpacked(group, cell)
            }
            yield from self._run_cells(group, templates, lock, clauses, survey_cells, times)

    def _run_cells(
        self,
        group: ThirdPartyGroup,
        templates: TemplatePool,
        lock: ThirdPartyLock,
        clauses: Mapping[ContentCombination, list[str]],
        survey_cells: tuple[ContentCombination, ...],
        times: int,
    ) -> Iterator[Record | socket]:
        """Run these clauses of each cell, the cells with most clauses first, and add the records to the group.

        Of several times each cell has its turn before the first has its second. While nothing ends, the channel of the
        template that runs them comes.
        """
        if not clauses:
            return
        with tempfile.TemporaryDirectory(prefix="mdmeta-", ignore_cleanup_errors=True) as folder:
            jobs, cells = [], {}
            most_clauses_first = sorted(clauses, key=lambda cell: -len(clauses[cell]))
            for number, cell in enumerate(most_clauses_first * times):
                job = self._job(cell, clauses[cell], lock, Path(folder) / str(number))
                jobs.append(job)
                cells[job.name] = cell

            def start() -> TemplateProcess:
                self._on_progress(ProgressStep(0, 0, "loading the third-party libraries"))
                surveyed = _newest_and_oldest(survey_cells or tuple(clauses))
                paths = {str(path): path for path in map(self._import_path, surveyed)}
                return templates.take(lock, list(paths.values()))

            # A service has more checks at once than cells of all packages do (see warm_plan).
            cores = os.cpu_count() or 1
            at_once = 1 + (
                cores // 2 if self._contract.service_with(next(iter(clauses)).combination.packages) else cores
            )
            try:
                for step in job_steps(start, jobs, at_once=at_once, seconds=self._request.seconds):
                    if isinstance(step, socket):
                        yield step
                        continue
                    job, ending = step
                    record = group.run_cache.add(cells[job.name].digests, job, ending)
                    group.decisions.add([record])
                    yield record
            except MetaError as error:
                if error.code is not ErrorCode.NO_TEMPLATE:
                    raise
                # It says nothing of cells with other libraries, which go on.
                fault = f"{error.what}: {error.why}" if error.why else error.what
                group.decisions.faults.update({tuple(cell.digests.values()): fault for cell in clauses})

    def _is_unpacked(self, group: ThirdPartyGroup, cell: ContentCombination) -> bool:
        """Whether the cell's releases are there. A release that cannot be had is the cell's fault."""
        hashes = [content.newest.sha256 for content in cell.contents]
        fault = next((self._unpack_faults[sha256] for sha256 in hashes if sha256 in self._unpack_faults), None)
        if fault:
            group.decisions.faults[tuple(cell.digests.values())] = fault
        return not fault

    def _unpack(self, cells: Iterable[ContentCombination]) -> None:
        """Unpack the cells' releases that are not unpacked yet."""
        missing: dict[str, dict[str, Content]] = {}
        for cell in cells:
            for content in cell.contents:
                if content.newest.sha256 not in self._sites | self._unpack_faults:
                    distribution = self._contract.packages[content.package].distribution
                    missing.setdefault(distribution, {})[content.newest.sha256] = content
        if missing:
            # Imported here: the client of the index costs more to load than reading what is cached.
            from market_data_meta.running import wheels

            self._on_progress(ProgressStep(0, 0, f"unpacking {sum(map(len, missing.values()))} wheels"))
            releases = {name: [content.newest for content in contents.values()] for name, contents in missing.items()}
            wheels_unpacked = wheels.unpack_all(releases, self._cache, self._python)
            self._sites |= wheels_unpacked.sites
            self._unpack_faults |= wheels_unpacked.faults

    def _release_folders(self, cells: Iterable[ContentCombination]) -> list[Path]:
        """The folders in which the cells' releases are, or will be once they are unpacked."""
        folders = {self._cache / "wheels" / content.newest.sha256[:16] for cell in cells for content in cell.contents}
        for folder in folders:
            folder.mkdir(parents=True, exist_ok=True)
        return sorted(folders)

    def _import_path(self, cell: ContentCombination) -> list[str]:
        """The folders that the cell's packages are imported from."""
        return [str(self._sites[content.newest.sha256]) for content in cell.contents]

    def _job(self, cell: ContentCombination, clauses: Sequence[str], lock: ThirdPartyLock, folder: Path) -> Job:
        contract, combination = self._contract, cell.combination
        python_version = environments.version_of(self._python)
        ledger = self._ledger_of(cell)
        forced = tuple(broken_promises(combination, contract.packages, ledger, python_version))
        label = Cell(combination, self._third_party)
        folder.mkdir(exist_ok=True)
        request = CellRun(
            header=record_header(contract, ledger, label, clauses, forced=forced, lane="warm"),
            path=tuple(self._import_path(cell)),
            not_applicable=not_applicable(contract, clauses, combination.as_dict(), lock.optional),
            recordings=self._request.recordings,
        )
        name = f"{label.name}-{folder.name}"
        return Job(name, request, folder / f"{label.name}.jsonl", folder / f"{label.name}.log")

    def _ledger_of(self, cell: ContentCombination) -> Ledger:
        """The ledger in which the cell's releases are: a candidate may have the version of its predecessor."""
        releases = {content.package: content.newest for content in cell.contents}
        ours = all(self._ledger.release(name, release.version) == release for name, release in releases.items())
        return self._ledger if ours else self._ledger.published


def _newest_and_oldest(cells: Sequence[ContentCombination]) -> tuple[ContentCombination, ContentCombination]:
    """The newest and the oldest of some cells. The modules that both load are taken to be loaded by all of them."""
    return cells[0], min(cells, key=lambda cell: [content.releases[0].uploaded for content in cell.contents])
