"""``scripts/bench deployment``: what deployments cost: one in starts of its services, a quick gate, and all of them.

All figures are of one run on one machine. The suite's limit is a multiple, so that it does not count how fast the
machine is; a quick gate's is in seconds on two idle cores. A start is that of all services at once, from the first
process until the last service answers.
"""

from __future__ import annotations

import http.client
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from socket import create_server

from rich.console import Console

from bench.gate import candidate_of, run_gate
from bench.matrix import unpack
from bench.suite import best, remove_byte_code
from market_data_meta.contract import Contract, find_root
from market_data_meta.contract_files import load_contract
from market_data_meta.gate.partners import QUICK
from market_data_meta.judging.records import read_record
from market_data_meta.prove.trial_runs import NewestReleases
from market_data_meta.releases.combinations import Cell, newest_of
from market_data_meta.releases.contents import ContentCombination, content_combinations, distinct_contents
from market_data_meta.releases.ledger import Ledger
from market_data_meta.releases.ledger_files import load_ledger
from market_data_meta.running.cache import default_cache
from market_data_meta.running.cells import RunOptions, decide
from market_data_meta.running.isolated import PreparedCell, clean_environment, prepare, run_prepared
from market_data_meta.running.services import service_cells
from market_data_meta.running.warm_runner import RunRequest

STARTS, QUICK_GATE, ALL = 8.0, 20.0, 180.0
"""The limits: the suite of deployment scope in starts of the services; a quick gate, and all deployments with no
cache but unpacked wheels, in seconds on two cores."""
PATIENCE = 120.0
"""Seconds in which a service must answer, however loaded the machine is."""
GATED = "store"
"""The package that is gated: it has the most clauses of deployment scope."""


@dataclass(frozen=True)
class InstalledService:
    """A service in an environment of its own, and its application."""

    prepared: PreparedCell
    app: str

    def start(self, folder: Path) -> tuple[subprocess.Popen[bytes], int]:
        """Its process under uvicorn, and the port that it listens on."""
        with create_server(("127.0.0.1", 0)) as server:
            port = server.getsockname()[1]
        command = [str(self.prepared.python), "-m", "uvicorn", self.app, "--port", str(port)]
        environment = clean_environment(str(folder), folder / ".hypothesis")
        quiet = subprocess.DEVNULL
        return subprocess.Popen(command, env=environment, cwd=folder, stdout=quiet, stderr=quiet), port


def main() -> None:
    """Measure and print; the exit code is 0 if every limit is kept."""
    console = Console(soft_wrap=True)
    root = find_root(Path(__file__).resolve())
    contract = load_contract(root)
    ledger = load_ledger(root, contract.packages)
    deployment = Cell(newest_of(contract.packages, ledger))
    with tempfile.TemporaryDirectory(prefix="mdmeta-") as name:
        folder = Path(name)
        services = [
            InstalledService(prepare(contract, ledger, cell, folder / cell.name), _app(contract, cell))
            for cell in deployment.services(contract.service_packages)
        ]
        first_start = best(lambda: _start(services, folder), 1)
        for service in services:
            remove_byte_code(service.prepared.folder)
        fresh = best(lambda: _run_suites(root, services, folder), 1), first_start
        again = best(lambda: _run_suites(root, services, folder), 1), best(lambda: _start(services, folder))
        # As in a gate: nothing has been imported in the environments yet. That is what the limit is about.
        for what, (suites, start) in ((f"fresh (limit {STARTS:g})", fresh), ("again", again)):
            console.print(
                f"a deployment, {what}: suite {suites:.1f} s, start of {len(services)} services {start:.1f} s "
                f"= {suites / start:.1f} times"
            )
        newest = NewestReleases(contract, ledger, RunOptions(default_cache()))
        # A first gate runs the predecessors; the second, of another new content, is measured.
        for _ in range(2):
            outcome, _first = run_gate(newest, candidate_of(newest, GATED, folder), QUICK)
        seconds = outcome.seconds
        console.print(f"{GATED}, {QUICK}: {seconds:.1f} s (limit {QUICK_GATE:g}) = {seconds / again[1]:.1f} starts")
        every = _decide_all(contract, ledger, folder, console)
    slow = fresh[0] / fresh[1] > STARTS or seconds > QUICK_GATE or every > ALL
    sys.exit(slow or bool(outcome.exit))


def _decide_all(contract: Contract, ledger: Ledger, folder: Path, console: Console) -> float:
    """Decide every deployment of published releases with no cache but unpacked wheels; the seconds that it takes."""
    contents = distinct_contents(contract, ledger)
    options = RunOptions(folder / "cache")
    unpack(contract, contents, options.cache)
    cells = service_cells(contract, content_combinations(contents))
    start = time.perf_counter()
    decided = decide(contract, ledger, contents, RunRequest(tuple(cells)), options, lambda _: None)
    seconds = time.perf_counter() - start
    producers, consumers = map(len, by_service(contract, cells))
    console.print(
        f"all {producers * consumers:,} deployments ({producers} and {consumers} services, {decided.run_count} runs): "
        f"{seconds:.0f} s (limit {ALL:g})"
    )
    return seconds if len(decided.records) == len(cells) else float("inf")


def by_service(contract: Contract, cells: Sequence[ContentCombination]) -> list[list[ContentCombination]]:
    """The cells of each service, in the order of the contract's services: the producers, then the consumers."""
    return [
        [cell for cell in cells if cell.digests.keys() == set(service.packages)]
        for service in contract.services.values()
    ]


def _app(contract: Contract, service: Cell) -> str:
    """The application of the service: that of its own package."""
    packages = [contract.packages[package] for package in service.combination.packages]
    return next(package.app for package in packages if package.app)


def _start(services: Sequence[InstalledService], folder: Path) -> None:
    """Start all services at once, wait until each answers, and end them."""
    started = [service.start(folder) for service in services]
    try:
        for process, port in started:
            _wait_for_answer(process, port)
    finally:
        for process, _ in started:
            process.kill()
            process.wait()


def _wait_for_answer(process: subprocess.Popen[bytes], port: int) -> None:
    """Wait until the service answers a request, whatever it says."""
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end and process.poll() is None:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE)
        try:
            connection.request("GET", "/health")
            connection.getresponse().read()
        except ConnectionError:
            time.sleep(0.01)
        else:
            return
        finally:
            connection.close()
    raise RuntimeError(f"a service has not answered in {PATIENCE:g} s, or has ended")


def _run_suites(root: Path, services: Sequence[InstalledService], folder: Path) -> None:
    """Run the suite on all services at once, as every run does, and see that each run is complete."""

    def run(number: int) -> None:
        record = folder / f"{number}.jsonl"
        run_prepared(root, services[number].prepared, record, folder / f"{number}.log")
        if not read_record(record).footer:
            raise RuntimeError(f"the run of a service has ended early: {record.read_text()[-300:]}")

    with ThreadPoolExecutor(len(services)) as pool:
        list(pool.map(run, range(len(services))))


if __name__ == "__main__":
    main()
