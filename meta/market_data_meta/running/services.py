"""Services beside combinations: the cells of a service, and its outcomes in the records of the combinations.

A combination stands for the deployment in which both services have its Core. Clauses of deployment scope are run in the
services, each in an environment without the other packages, and shown in the record of each combination that they are
part of.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from market_data_meta.contract import Contract
from market_data_meta.judging.records import Check
from market_data_meta.releases.contents import ContentCombination
from market_data_meta.running.cell_records import CellRecords
from market_data_meta.running.warm_runner import RunRequest


def service_cells(contract: Contract, cells: Iterable[ContentCombination]) -> list[ContentCombination]:
    """The cells of the services that these combinations are made of, each once."""
    whole = [cell for cell in cells if len(cell.contents) == len(contract.packages)]
    services = (cell.of_packages(packages) for packages in contract.service_packages for cell in whole)
    return list(dict.fromkeys(services))


def with_services(contract: Contract, request: RunRequest) -> RunRequest:
    """The request with the cells of the services: what is asked of a combination and decided there is asked of them.

    Where a combination itself runs every clause of a service's packages, its service does so too. One that runs those
    of a single package does not ask that of services: real servers started for each content of the same code would
    take longer than all the rest.
    """
    repeat: dict[ContentCombination, frozenset[str]] = {}
    for cell, names in request.repeat.items():
        for part in (cell, *service_cells(contract, [cell])):
            decided = names & contract.clauses_for(part.combination.packages).keys()
            if decided:
                repeat[part] = repeat.get(part, frozenset()) | decided
    if request.repeat:
        return replace(request, cells=tuple(repeat), repeat=repeat)
    decided_clauses = _decided_clauses(contract, request)
    services = [cell for cell in service_cells(contract, request.cells) if decided_clauses[cell.combination.packages]]
    exhaustive = dict(request.exhaustive)
    for cell in request.cells:
        if packages := request.exhaustive.get(cell.combination):
            for service in service_cells(contract, [cell]):
                if packages.issuperset(service.combination.packages):
                    exhaustive[service.combination] = packages
    return replace(request, cells=(*request.cells, *services), exhaustive=exhaustive)


def joined_records(contract: Contract, request: RunRequest, decided: CellRecords) -> CellRecords:
    """The records of the request's own cells, those of combinations with what their services have decided.

    A clause that a service could not decide is in error, with the reason: it is neither lost nor passed over.
    """
    decided_clauses = _decided_clauses(contract, request)
    records, runs = {}, {}
    for cell in request.cells:
        services = service_cells(contract, [cell])
        runs[cell] = tuple(run for part in (cell, *services) for run in decided.runs.get(part, ()))
        record = decided.records.get(cell)
        if record is None:
            continue
        checks = dict(record.checks)
        for service in services:
            for clause in decided_clauses[service.combination.packages]:
                checks[clause] = _check(clause, service, decided)
        records[cell] = replace(record, checks=checks)
    own = frozenset(request.cells)
    of_services = {cell: record for cell, record in decided.records.items() if cell not in own}
    return replace(decided, cells=request.cells, records=records, runs=runs, services=of_services)


def _check(clause: str, service: ContentCombination, decided: CellRecords) -> Check:
    """How the clause came out in the service, or an error that says why it did not."""
    record = decided.records.get(service)
    if record and clause in record.checks:
        return record.checks[clause]
    why = decided.why_no_record(service) or "no run has decided it"
    return Check(clause, "error", f"{service.combination}: {why}", None, None, 0.0)


def _decided_clauses(contract: Contract, request: RunRequest) -> dict[tuple[str, ...], list[str]]:
    """The clauses that the request asks for and a run of a service decides, by the packages of each service."""
    decided: dict[tuple[str, ...], list[str]] = {}
    for service in contract.service_packages:
        packages = tuple(name for name in contract.packages if name in service)
        decidable = contract.clauses_for(packages).keys() - contract.controls.keys()
        decided[packages] = sorted(name for name in decidable if request.clauses is None or name in request.clauses)
    return decided
