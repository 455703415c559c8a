"""Services are run, or looked up: each with the record that stands for its releases, and with what it sends."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace

from market_data_meta.contract import Contract
from market_data_meta.deployment.recordings import Recording, load_recordings, recordings_of
from market_data_meta.judging.defects import KnownDefects
from market_data_meta.judging.deployments import TAKES_RECORDINGS, ServiceRun
from market_data_meta.judging.records import Record
from market_data_meta.judging.repeated_checks import differ, repeats, unexpected_checks, unsteady
from market_data_meta.releases.combinations import Combination
from market_data_meta.releases.contents import Content, ContentCombination, distinct_contents
from market_data_meta.releases.ledger import Ledger
from market_data_meta.running.cache import discard_runs
from market_data_meta.running.cell_records import CellRecords
from market_data_meta.running.cells import RunOptions, decide
from market_data_meta.running.decisions import repeated_checks
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
    contents = distinct_contents(contract, ledger)
    cells = {}
    for service in services:
        # In the order of the contract, by which the records of the same code are found.
        versions = service.as_dict()
        packages = [name for name in contents if name in versions]
        cells[service] = ContentCombination(tuple(_content_of(contents[name], versions[name]) for name in packages))
    request = RunRequest(tuple(dict.fromkeys(cells.values())), frozenset())
    decided = decide(contract, ledger, contents, request, options, on_progress)
    records = dict(decided.records)
    if options.run:
        records |= _repeated(contract, ledger, known, decided, options, on_progress)
    recordings = load_recordings(contract.root, ledger)
    decided = replace(decided, records=records)
    return {service: _service_run(service, cell, decided, recordings, ledger) for service, cell in cells.items()}


def runs_of_services(contract: Contract, ledger: Ledger, decided: CellRecords) -> dict[ContentCombination, ServiceRun]:
    """The run of each service that the cells of a decided matrix are made of."""
    recordings = load_recordings(contract.root, ledger)
    of_services = replace(decided, records=decided.services)
    return {
        cell: _service_run(cell.combination, cell, of_services, recordings, ledger)
        for cell in service_cells(contract, decided.cells)
    }


def _service_run(
    service: Combination,
    cell: ContentCombination,
    decided: CellRecords,
    recordings: tuple[Recording, ...],
    ledger: Ledger,
) -> ServiceRun:
    return ServiceRun(
        service,
        decided.records.get(cell),
        decided.faults.get(cell, ""),
        decided.uninstallable.get(cell, ""),
        tuple(recording.name for recording in recordings_of(service, recordings, ledger)),
        tuple(recording.name for recording in recordings),
    )


def _repeated(
    contract: Contract,
    ledger: Ledger,
    known: KnownDefects,
    decided: CellRecords,
    options: RunOptions,
    on_progress: OnProgress,
) -> dict[ContentCombination, Record]:
    """The records with an error in place of each new failure, or repair, that did not come out the same again.

    The runs that showed it are discarded, so that they are made anew the next time.
    """
    doubtful = {
        cell: frozenset(
            check.clause
            for check in unexpected_checks(contract, record, known)
            if check.clause == TAKES_RECORDINGS
            or any(
                differ(check, other.checks.get(check.clause))
                for other in decided.records.values()
                if other.versions.keys() == record.versions.keys()
            )
        )
        for cell, record in decided.records.items()
    }
    doubtful = {cell: clauses for cell, clauses in doubtful.items() if clauses}
    if not doubtful:
        return {}
    request = RunRequest(tuple(doubtful), frozenset(), repeat=doubtful)
    repeated = decide(contract, ledger, {}, request, options, on_progress)
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
