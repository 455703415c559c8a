"""Services are run, or looked up: each with the record that stands for its releases, and with what it sends."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from market_data_meta.contract import Contract
from market_data_meta.deployment.recordings import Recording, load_recordings, recordings_of
from market_data_meta.judging.defects import KnownDefects
from market_data_meta.judging.deployments import IS_ARCHIVED, TAKES_RECORDINGS, ServiceRun
from market_data_meta.judging.records import Check, Record
from market_data_meta.judging.repeated_checks import differ, repeats, unexpected_checks, unsteady
from market_data_meta.releases.combinations import Combination
from market_data_meta.releases.contents import Content, ContentCombination, distinct_contents
from market_data_meta.releases.ledger import Ledger
from market_data_meta.running.cache import discard_runs
from market_data_meta.running.cell_records import CellRecords
from market_data_meta.running.cells import RunOptions, decide
from market_data_meta.running.decisions import repeated_checks
from market_data_meta.running.given_recordings import give_recordings, new_recordings
from market_data_meta.running.isolated import REPETITIONS
from market_data_meta.running.services import service_cells
from market_data_meta.running.warm_runner import ProgressStep, RunRequest

OnProgress = Callable[[ProgressStep], None]


def service_runs(
    contract: Contract,
    ledger: Ledger,
    known: KnownDefects,
    services: Iterable[Combination],
    options: RunOptions,
    on_progress: OnProgress,
) -> dict[Combination, ServiceRun]:
    """The run of each service. What the cache knows is not run again, nor what has the same code as another.

    What comes out otherwise than is known, and not the same in all releases of the service, counts once it has done so
    again, alone in a fresh process each time: what is the same before and after an upgrade says nothing about orders.
    So does a refused recording: it says something about each producer, also where the consumer stays the same.
    """
    cells = _cells(contract, ledger, services)
    groups = [
        (group, group.decide(RunRequest(group.cells), options, on_progress))
        for group in _groups(contract, ledger, cells.values())
    ]
    firsts = [record for _, decided in groups for record in decided.records.values()]
    recordings = load_recordings(contract.root, ledger)
    runs: dict[Combination, ServiceRun] = {}
    for group, decided in groups:
        records = dict(decided.records)
        if options.run:
            records |= _repeated(group, known, decided, firsts, options, on_progress)
        settled = replace(decided, records=records)
        runs |= {
            service: _service_run(contract, service, cell, settled, recordings, ledger)
            for service, cell in cells.items()
            if cell in group.cells
        }
    return runs


def given_recordings(
    contract: Contract,
    ledger: Ledger,
    consumers: Iterable[Combination],
    recordings: Mapping[str, Any],
    options: RunOptions,
    on_progress: OnProgress,
) -> dict[Combination, Check]:
    """How the clause about recordings comes out in each of the services with these, which the archive lacks."""
    cells = _cells(contract, ledger, consumers)
    checks: dict[ContentCombination, Check] = {}
    for group in _groups(contract, ledger, cells.values()):
        decide_group = partial(group.decide, options=options, on_progress=on_progress)
        checks |= give_recordings(decide_group, group.cells, recordings).checks
    return {service: checks[cell] for service, cell in cells.items()}


@dataclass(frozen=True)
class _Group:
    """Services that are run together: those with the same candidates, or those of published releases alone."""

    contract: Contract
    ledger: Ledger
    contents: Mapping[str, tuple[Content, ...]]
    candidates: Mapping[str, str]
    cells: tuple[ContentCombination, ...]

    def decide(self, request: RunRequest, options: RunOptions, on_progress: OnProgress) -> CellRecords:
        """Decide the request. What runs with candidates show about other packages holds with them only."""
        request = replace(request, candidates=self.candidates)
        return decide(self.contract, self.ledger, self.contents, request, options, on_progress)


def _cells(
    contract: Contract, ledger: Ledger, services: Iterable[Combination]
) -> dict[Combination, ContentCombination]:
    """The cell of each service: what has no candidate is that of published releases alone."""
    with_candidates, published = distinct_contents(contract, ledger), distinct_contents(contract, ledger.published)
    cells = {}
    for service in services:
        # In the order of the contract, by which the records of the same code are found.
        versions = service.as_dict()
        contents = with_candidates if _has_candidate(versions, ledger) else published
        packages = [name for name in contents if name in versions]
        cells[service] = ContentCombination(tuple(_content_of(contents[name], versions[name]) for name in packages))
    return cells


def _has_candidate(versions: Mapping[str, str], ledger: Ledger) -> bool:
    return any(ledger.release(name, version).sha256 in ledger.candidate_wheels for name, version in versions.items())


def _groups(contract: Contract, ledger: Ledger, cells: Iterable[ContentCombination]) -> list[_Group]:
    """The cells in groups that each can be one request: a request has one candidate of a package."""
    published = {name: {release.content for release in rows} for name, rows in ledger.published.releases.items()}
    groups: dict[tuple[bool, tuple[tuple[str, str], ...]], list[ContentCombination]] = {}
    for cell in dict.fromkeys(cells):
        new = {name: content for name, content in cell.digests.items() if content not in published[name]}
        with_candidate = _has_candidate(cell.combination.as_dict(), ledger)
        groups.setdefault((with_candidate, tuple(new.items())), []).append(cell)
    return [
        _Group(
            contract,
            own := ledger if with_candidate else ledger.published,
            distinct_contents(contract, own),
            dict(new),
            tuple(members),
        )
        for (with_candidate, new), members in groups.items()
    ]


def runs_of_services(contract: Contract, ledger: Ledger, decided: CellRecords) -> dict[ContentCombination, ServiceRun]:
    """The run of each service that the cells of a decided matrix are made of."""
    recordings = load_recordings(contract.root, ledger)
    of_services = replace(decided, records=decided.services)
    return {
        cell: _service_run(contract, cell.combination, cell, of_services, recordings, ledger)
        for cell in service_cells(contract, decided.cells)
    }


def _service_run(
    contract: Contract,
    service: Combination,
    cell: ContentCombination,
    decided: CellRecords,
    recordings: tuple[Recording, ...],
    ledger: Ledger,
) -> ServiceRun:
    record = decided.records.get(cell)
    sends = new_recordings(record) if record else {}
    # A service that sends something new in each of its cases sends nothing that is recorded.
    archived = contract.clauses.get(IS_ARCHIVED)
    sends_only_new = bool(sends) and archived is not None and len(sends) == len(archived.expect.get("cases", ()))
    return ServiceRun(
        service,
        record,
        decided.faults.get(cell, ""),
        decided.uninstallable.get(cell, ""),
        tuple(recording.name for recording in recordings_of(service, recordings, ledger)),
        () if sends_only_new else tuple(recording.name for recording in recordings),
        sends,
        brought=decided.candidate_entries,
    )


def _repeated(
    group: _Group,
    known: KnownDefects,
    decided: CellRecords,
    firsts: Collection[Record],
    options: RunOptions,
    on_progress: OnProgress,
) -> dict[ContentCombination, Record]:
    """The records with an error in place of each new failure, or repair, that did not come out the same again.

    The runs that showed it are discarded, so that they are made anew the next time. ``firsts`` are the first runs of
    all services.
    """
    doubtful = {
        cell: frozenset(
            check.clause
            for check in unexpected_checks(group.contract, record, known)
            if check.clause == TAKES_RECORDINGS
            or any(
                differ(check, other.checks.get(check.clause))
                for other in firsts
                if other.versions.keys() == record.versions.keys()
            )
        )
        for cell, record in decided.records.items()
    }
    doubtful = {cell: clauses for cell, clauses in doubtful.items() if clauses}
    if not doubtful:
        return {}
    request = RunRequest(tuple(doubtful), repeat=doubtful)
    repeated = group.decide(request, options, on_progress)
    records = {}
    for cell, clauses in doubtful.items():
        checks = dict(decided.records[cell].checks)
        for clause in clauses:
            first, further = checks[clause], repeated_checks(repeated.runs.get(cell, ()), clause, REPETITIONS)
            if not repeats(first, further):
                checks[clause] = unsteady(first, further)
                folders = [*decided.cache_folders, *repeated.cache_folders]
                discard_runs(folders, clause, [first, *filter(None, further)])
        records[cell] = replace(decided.records[cell], checks=checks)
    return records


def _content_of(contents: Iterable[Content], version: str) -> Content:
    return next(content for content in contents if version in {release.version for release in content.releases})
