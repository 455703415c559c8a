"""Services are run, or looked up: each with the record that stands for its releases, and with what it sends."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from market_data_meta.contract import Contract
from market_data_meta.deployment.recordings import load_recordings, recordings_of
from market_data_meta.judging.deployments import ServiceRun
from market_data_meta.releases.combinations import Combination
from market_data_meta.releases.contents import Content, ContentCombination, distinct_contents
from market_data_meta.releases.ledger import Ledger
from market_data_meta.running.cells import RunOptions, decide
from market_data_meta.running.warm_runner import ProgressStep, RunRequest


def service_runs(
    contract: Contract,
    ledger: Ledger,
    services: Iterable[Combination],
    options: RunOptions,
    on_progress: Callable[[ProgressStep], None],
) -> dict[Combination, ServiceRun]:
    """The run of each service. What the cache knows is not run again, nor what has the same code as another."""
    contents = distinct_contents(contract, ledger)
    cells = {}
    for service in services:
        # In the order of the contract, by which the records of the same code are found.
        versions = service.as_dict()
        packages = [name for name in contents if name in versions]
        cells[service] = ContentCombination(tuple(_content_of(contents[name], versions[name]) for name in packages))
    request = RunRequest(tuple(dict.fromkeys(cells.values())), frozenset())
    decided = decide(contract, ledger, contents, request, options, on_progress)
    recordings = load_recordings(contract.root, ledger)
    return {
        service: ServiceRun(
            service,
            decided.records.get(cell),
            decided.faults.get(cell, ""),
            decided.uninstallable.get(cell, ""),
            tuple(recording.name for recording in recordings_of(service, recordings, ledger)),
        )
        for service, cell in cells.items()
    }


def _content_of(contents: Iterable[Content], version: str) -> Content:
    return next(content for content in contents if version in {release.version for release in content.releases})
