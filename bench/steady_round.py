"""One round of ``scripts/steady``, a process of its own with the caller's environment of that round.

The releases alone and the combination run in environments that are installed already, and the combination in the warm
lane as well. Nothing is read from a cache of runs, and nothing is written to one.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import click

from market_data_meta import suite
from market_data_meta.cli import run
from market_data_meta.contract import Contract, find_root
from market_data_meta.contract_files import load_contract
from market_data_meta.errors import UninstallableError
from market_data_meta.inside.mdm_json import from_json
from market_data_meta.inside.mdm_plan import CellRun, Plan
from market_data_meta.releases.combinations import Cell, Combination
from market_data_meta.releases.contents import Content, ContentCombination
from market_data_meta.releases.ledger import Ledger, Release
from market_data_meta.releases.ledger_files import load_ledger
from market_data_meta.releases.requirements import broken_promises, third_party_requirements
from market_data_meta.running import environments, third_party, wheels
from market_data_meta.running.cache import RunCache, default_cache
from market_data_meta.running.cells import RunOptions
from market_data_meta.running.isolated import SUITE_SECONDS, PreparedCell, run_prepared
from market_data_meta.running.plans import not_applicable, record_header, warm_plan
from market_data_meta.running.template_process import TemplateProcess, run_jobs
from market_data_meta.running.warm_jobs import Job

REQUEST = "request.json"


@dataclass(frozen=True)
class IsolatedRun:
    """An environment in which a cell is installed, its interpreter, and what is to be run."""

    folder: str
    python: str
    plan: Plan


@dataclass(frozen=True)
class RoundRequest:
    """What to run in a round: the combination in the warm lane with this environment, and these runs in the other."""

    combination: Mapping[str, str]
    environment: Mapping[str, str]
    isolated: tuple[IsolatedRun, ...]


@click.command()
@click.argument("folder", type=click.Path(path_type=Path))
def steady_round(folder: Path) -> None:
    """Run the round that is requested in the folder, and write a record for each of its runs there."""
    root = find_root(Path(__file__).resolve())
    contract = load_contract(root)
    ledger = load_ledger(root, contract.packages)
    request = from_json(RoundRequest, json.loads((folder / REQUEST).read_text(encoding="utf-8")))
    combination = Combination(tuple(request.combination.items()))
    _run_warm(contract, ledger, combination, request.environment, folder)
    for number, planned in enumerate(request.isolated):
        prepared = PreparedCell(Path(planned.folder), Path(planned.python), planned.plan)
        run_prepared(root, prepared, folder / "records" / f"isolated-{number}.jsonl", folder / f"isolated-{number}.log")


def _run_warm(
    contract: Contract, ledger: Ledger, combination: Combination, environment: Mapping[str, str], folder: Path
) -> None:
    """Run all clauses of the combination as a cell of the matrix runs them: forked, several checks in a process."""
    options = RunOptions(default_cache())
    python, versions = options.interpreter, combination.as_dict()
    releases = {package: ledger.release(package, version) for package, version in versions.items()}
    cell = ContentCombination(tuple(_alone(contract, release, package) for package, release in releases.items()))
    lock = third_party.resolve_all(contract, ledger, [cell], python, options.cache)[cell.requirements]
    if not isinstance(lock, third_party.ThirdPartyLock):
        raise UninstallableError(lock.reason)
    by_distribution = {contract.packages[package].distribution: [release] for package, release in releases.items()}
    unpacked = wheels.unpack_all(by_distribution, options.cache, python)
    sites = [unpacked.sites[release.sha256] for release in releases.values()]
    interpreter, plan = third_party.install(lock, python, options.cache), warm_plan(contract)
    promises = broken_promises(combination, contract.packages, ledger, environments.version_of(python))
    header = record_header(contract, ledger, Cell(combination), plan.clauses, forced=tuple(promises), lane="warm")
    cell_run = CellRun(
        header=replace(header, environment=environment),
        path=tuple(map(str, sites)),
        not_applicable=not_applicable(contract, plan.clauses, versions, lock.optional),
    )
    job = Job(combination.label, cell_run, folder / "warm.jsonl", folder / "warm.log")

    def start() -> TemplateProcess:
        template = TemplateProcess(
            contract.root, interpreter, plan, folder / "template.log", sites, environment=environment
        ).__enter__()
        template.warm_up([cell_run.path])
        return template

    for done, ending in run_jobs(start, [job], at_once=1, seconds=SUITE_SECONDS):
        RunCache(folder, suite.digest(contract.root), "steady", python).add(cell.digests, done, ending)


def _alone(contract: Contract, release: Release, package: str) -> Content:
    """A content of this release only, whose releases the combination names."""
    own = {each.distribution for each in contract.packages.values()}
    return Content(package, release.content, third_party_requirements(release, own), (release,))


if __name__ == "__main__":
    run(steady_round, "steady round")
