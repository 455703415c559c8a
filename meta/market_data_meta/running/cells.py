"""Decide every clause for some cells, running only what is not known yet."""

from __future__ import annotations

import hashlib
import json
import os
import sys
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from market_data_meta import suite
from market_data_meta.contract import Contract
from market_data_meta.judging.records import Check, Record
from market_data_meta.releases.combinations import HIGHEST
from market_data_meta.releases.contents import Content, ContentCombination, content_combinations, distinct_contents
from market_data_meta.releases.ledger import Ledger
from market_data_meta.running import environments, third_party
from market_data_meta.running.cache import RunCache
from market_data_meta.running.cell_records import CellRecords
from market_data_meta.running.decisions import Decisions
from market_data_meta.running.services import joined_records, service_cells, with_services
from market_data_meta.running.third_party import ThirdPartyLock, ThirdPartyRequirements, Unresolvable
from market_data_meta.running.warm_runner import ProgressStep, RunRequest, ThirdPartyGroup, WarmRunner


@dataclass(frozen=True)
class RunOptions:
    """How cells are run: the interpreter, the cache, which part ``(i, n)`` of the cells, every clause in each or not.

    Without ``run`` nothing is run, and only what the cache knows is decided. ``third_party`` is how the versions of the
    libraries are chosen.
    """

    cache: Path
    python: str | None = None
    shard: tuple[int, int] = (1, 1)
    exhaustive: bool = False
    run: bool = True
    third_party: str = HIGHEST

    @property
    def interpreter(self) -> str:
        """The interpreter that runs the cells: the one that was chosen, or the one that this tool was set up with."""
        ours = os.environ.get("MDMETA_PYTHON") or str(getattr(sys, "_base_executable", sys.executable))
        return self.python or ours


def decide(
    contract: Contract,
    ledger: Ledger,
    contents: Mapping[str, tuple[Content, ...]],
    request: RunRequest,
    options: RunOptions,
    on_progress: Callable[[ProgressStep], None],
) -> CellRecords:
    """Decide the cells of the request. Nothing that the cache of the options knows is run again.

    ``on_progress`` is called with each step.
    """
    python = options.interpreter
    version = environments.version_of(python)
    whole, request = request, with_services(contract, request)
    on_progress(ProgressStep(0, 0, "resolving third-party libraries"))
    resolutions, digests = resolve_third_party(
        contract, ledger, request.cells, python, options.cache, options.third_party, will_run=options.run
    )
    locks = {needs: lock for needs, lock in resolutions.items() if isinstance(lock, ThirdPartyLock)}
    unresolvable = {cell: Unresolvable(why) for cell in request.cells if (why := cell.why_not_installable(version))}
    unresolvable |= {
        cell: resolution
        for cell in request.cells
        if cell not in unresolvable and isinstance(resolution := resolutions[cell.requirements], Unresolvable)
    }
    groups: dict[str, ThirdPartyGroup] = {}
    for cell in request.cells:
        if cell in unresolvable:
            continue
        lock = locks[cell.requirements]
        digest = digests[lock]
        if digest not in groups:
            groups[digest] = _read_group(contract, ledger.codes, request, options, digest, lock)
        groups[digest].cells.append(cell)
    for group in groups.values():
        group.decisions.know_cells(group.cells)
    run_count = 0
    if options.run:
        part, parts = options.shard
        runner = WarmRunner(contract, ledger, request, options.cache, python, locks, on_progress, options.third_party)
        for group in groups.values():
            if _has_startup_code(group, locks[group.cells[0].requirements], python, options.cache):
                continue
            cells = frozenset(cell for number, cell in enumerate(group.cells) if number % parts == part - 1)
            run_count += runner.decide(group, cells)
    cell_records = joined_records(
        contract, whole, _collect(contents, request, groups.values(), unresolvable, run_count)
    )
    candidate_entries = {entry for lock in locks.values() for entry in lock.candidate_entries}
    return replace(cell_records, candidate_entries=tuple(sorted(candidate_entries)), python=version)


def _has_startup_code(group: ThirdPartyGroup, lock: ThirdPartyLock, python: str, cache: Path) -> bool:
    """Whether a candidate has brought along code that Python runs at every start.

    Then that is the fault of all cells of the group, and none of them may be run.
    """
    if not lock.candidate_entries:
        return False
    fault = third_party.startup_code(lock, third_party.install(lock, python, cache))
    if fault:
        group.decisions.faults.update({tuple(cell.digests.values()): fault for cell in group.cells})
    return fault is not None


def resolve_third_party(
    contract: Contract,
    ledger: Ledger,
    cells: Iterable[ContentCombination],
    python: str,
    cache: Path,
    choice: str = HIGHEST,
    *,
    will_run: bool = False,
) -> tuple[dict[ThirdPartyRequirements, ThirdPartyLock | Unresolvable], dict[ThirdPartyLock, str]]:
    """The third-party set for each distinct set of requirements, and the digest of each set's group.

    The published releases come first, so that a group has the same digest whichever cells are requested. What cannot
    be installed on the interpreter is asked about by nobody: the answer would count for cells that can. With
    ``will_run`` sets of the requested cells that nobody has resolved before are installed meanwhile.
    """
    cells = tuple(cells)
    version = environments.version_of(python)
    combinations = content_combinations(distinct_contents(contract, ledger.published))
    every_published = [*combinations, *service_cells(contract, combinations)]
    published_cells = [cell for cell in every_published if not cell.why_not_installable(version)]
    to_install = {cell.requirements for cell in cells} if will_run else ()
    resolutions = third_party.resolve_all(
        contract, ledger.published, published_cells, python, cache, choice, to_install
    )
    published = [lock for lock in resolutions.values() if isinstance(lock, ThirdPartyLock)]
    other_cells = (
        cell for cell in cells if cell.requirements not in resolutions and not cell.why_not_installable(version)
    )
    other_resolutions = {
        needs: lock.compared_with(published) if isinstance(lock, ThirdPartyLock) else lock
        for needs, lock in third_party.resolve_all(contract, ledger, other_cells, python, cache, choice).items()
    }
    others = [lock for lock in other_resolutions.values() if isinstance(lock, ThirdPartyLock)]
    digests = third_party.group_digests(published, others)
    if choice != HIGHEST:
        # Their records name the choice: a run of another one is no record of this, whatever the versions are.
        digests = {lock: f"{choice}-{digest}" for lock, digest in digests.items()}
    return resolutions | other_resolutions, digests


def _runs_folder(request: RunRequest, cache: Path) -> Path:
    """The folder that the runs are cached in: with candidates, or with recordings, one for these only.

    Repetitions are apart in it.
    """
    folder = cache
    if request.candidates or request.recordings:
        parts = [*sorted(request.candidates.items()), *sorted(request.recordings.items())]
        name = hashlib.sha256(json.dumps(parts).encode()).hexdigest()[:16]
        folder = cache / "candidates" / name
    return folder / "repetitions" if request.repeat else folder


def _read_group(
    contract: Contract,
    codes: Mapping[str, str],
    request: RunRequest,
    options: RunOptions,
    digest: str,
    lock: ThirdPartyLock,
) -> ThirdPartyGroup:
    """A group without cells yet, with what the cache knows: the runs of releases, and those of the candidates.

    If a candidate has brought libraries along, only its own runs count, and they are cached beside its environment.
    """
    own_folder = _runs_folder(request, lock.cache_folder(options.cache))
    apart = lock.candidate_entries or request.repeat or request.recordings
    folders = (own_folder,) if apart else (options.cache, own_folder)
    decisions = Decisions(contract, options.exhaustive, frozenset(request.candidates), codes)
    suite_digest = suite.digest(contract.root)
    caches = [RunCache(folder, suite_digest, digest, options.interpreter) for folder in dict.fromkeys(folders)]
    for run_cache in caches:
        decisions.add(run_cache.records())
    return ThirdPartyGroup(decisions, caches[-1], [])


def _collect(
    contents: Mapping[str, tuple[Content, ...]],
    request: RunRequest,
    groups: Iterable[ThirdPartyGroup],
    unresolvable: Mapping[ContentCombination, Unresolvable],
    run_count: int,
) -> CellRecords:
    """The records and faults of the cells of all groups, and of those that belong to none."""
    records: dict[ContentCombination, Record] = {}
    faults = {cell: resolution.reason for cell, resolution in unresolvable.items() if resolution.of_suite}
    suite_conflicts = frozenset(faults)
    uninstallable = {cell: resolution.reason for cell, resolution in unresolvable.items() if cell not in faults}
    wide_clauses: set[str] = set()
    runs: dict[ContentCombination, tuple[Record, ...]] = {}
    conflicts: list[tuple[Check, Check]] = []
    folders = []
    for group in groups:
        conflicts += group.decisions.conflicts.values()
        wide_clauses |= group.decisions.wide_clauses
        folders.append(group.run_cache.folder)
        for cell in group.cells:
            record = group.decisions.record(cell)
            runs[cell] = tuple(group.decisions.runs.get(tuple(cell.digests.values()), ()))
            if record:
                records[cell] = record
            elif fault := group.decisions.faults.get(tuple(cell.digests.values())):
                faults[cell] = fault
    return CellRecords(
        contents,
        request.cells,
        records,
        faults,
        uninstallable,
        frozenset(wide_clauses),
        run_count,
        tuple(folders),
        runs=runs,
        conflicts=tuple(conflicts),
        suite_conflicts=suite_conflicts,
    )
