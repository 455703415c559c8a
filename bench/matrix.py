"""``scripts/bench matrix``: what the complete matrix costs, as ratios taken in one run.

The matrix is run with downloaded wheels and no other cache. The floor of a cell is the time that no runner can save: a
fork, the import of the three packages, a pytest run without checks.
"""

from __future__ import annotations

import os
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from rich.console import Console

from market_data_meta.contract import Contract, find_root
from market_data_meta.contract_files import load_contract
from market_data_meta.inside.mdm_plan import CellRun
from market_data_meta.matrix.complete import decide_matrix
from market_data_meta.releases.combinations import Cell
from market_data_meta.releases.contents import Content, ContentCombination, content_combinations, distinct_contents
from market_data_meta.releases.ledger import Ledger
from market_data_meta.releases.ledger_files import load_ledger
from market_data_meta.running import third_party, wheels
from market_data_meta.running.cells import RunOptions
from market_data_meta.running.isolated import prepare, run_prepared
from market_data_meta.running.limits import proportional_memory
from market_data_meta.running.plans import record_header, warm_plan
from market_data_meta.running.template_process import TemplateProcess
from market_data_meta.running.warm_jobs import Job

MINUTES, FASTER, CACHED, GIBIBYTES = 5.0, 8.0, 3.0, 3.0
"""The limits: the complete matrix, how much faster than isolated, everything cached (s), memory."""
FLOOR_CELLS = 24


def main() -> None:
    """Measure and print; the exit code is 0 if every limit is kept."""
    console = Console(soft_wrap=True)
    root = find_root(Path(__file__).resolve())
    contract = load_contract(root)
    ledger = load_ledger(root, contract.packages)
    contents = distinct_contents(contract, ledger)
    with tempfile.TemporaryDirectory(prefix="mdmeta-") as folder:
        options = RunOptions(Path(folder) / "cache")
        sites = unpack(contract, contents, options.cache)
        isolated = _isolated_seconds(contract, ledger, content_combinations(contents)[0], Path(folder))
        with _peak_memory() as peak:
            start = time.perf_counter()
            complete = decide_matrix(contract, ledger, options, lambda _: None)
            seconds = time.perf_counter() - start
        start = time.perf_counter()
        again = decide_matrix(contract, ledger, options, lambda _: None)
        cached = time.perf_counter() - start
        floor = _floor_seconds(contract, ledger, contents, sites, options.cache)
    decided, number = len(complete.records), len(complete.cells)
    cell = seconds / number
    rows = [
        (f"{decided} of {number} cells in {complete.run_count} runs, minutes", seconds / 60, MINUTES),
        ("everything cached, seconds", cached, CACHED),
        ("peak memory, GiB", peak[0] / (1 << 30), GIBIBYTES),
    ]
    for what, figure, limit in rows:
        console.print(f"{what}: {figure:.1f} (limit {limit:g})", highlight=False)
    console.print(f"a cell ({cell:.2f} s) in floors ({floor:.2f} s): {cell / floor:.1f}", highlight=False)
    ratio = isolated / cell
    console.print(
        f"an isolated cell ({isolated:.1f} s) in warm ones: {ratio:.1f} (at least {FASTER:g})", highlight=False
    )
    within_limits = all(figure <= limit for _, figure, limit in rows) and ratio >= FASTER
    sys.exit(not within_limits or bool(again.run_count) or decided != number)


def unpack(contract: Contract, contents: dict[str, tuple[Content, ...]], cache: Path) -> Mapping[str, Path]:
    """Unpack the newest release of each content: the folder of each by the sha256 of its wheel."""
    releases = {
        contract.packages[package].distribution: [content.newest for content in of_package]
        for package, of_package in contents.items()
    }
    return wheels.unpack_all(releases, cache, sys.executable).sites


def _isolated_seconds(contract: Contract, ledger: Ledger, cell: ContentCombination, folder: Path) -> float:
    """Seconds of a cell in an environment of its own. The second of two runs counts, as uv's cache is warm then."""
    for number in range(2):
        start = time.perf_counter()
        prepared = prepare(contract, ledger, Cell(cell.combination), folder / f"isolated-{number}")
        run_prepared(contract.root, prepared, folder / "isolated.jsonl", folder / "isolated.log")
    return time.perf_counter() - start


def _floor_seconds(
    contract: Contract, ledger: Ledger, contents: dict[str, tuple[Content, ...]], sites: Mapping[str, Path], cache: Path
) -> float:
    """Seconds of wall time that a cell without any check takes, with as many at once as in the matrix."""
    cells = content_combinations(contents)[:FLOOR_CELLS]
    python = str(getattr(sys, "_base_executable", sys.executable))
    lock = third_party.resolve_all(contract, ledger, cells[:1], python, cache)[cells[0].requirements]
    assert isinstance(lock, third_party.ThirdPartyLock)
    plan = warm_plan(contract)
    with tempfile.TemporaryDirectory(prefix="mdmeta-") as name:
        folder = Path(name)
        jobs = [_empty_job(contract, ledger, cell, sites, folder) for cell in cells]
        interpreter = third_party.install(lock, python, cache)
        log, releases = folder / "template.log", list(sites.values())
        with TemplateProcess(contract.root, interpreter, plan, log, releases) as template:
            template.warm_up([jobs[0].request.path])
            start = time.perf_counter()
            list(template.run(jobs, at_once=1 + (os.cpu_count() or 1), seconds=60.0))
            return (time.perf_counter() - start) / len(jobs)


def _empty_job(
    contract: Contract, ledger: Ledger, cell: ContentCombination, sites: Mapping[str, Path], folder: Path
) -> Job:
    """The run of a cell without any check."""
    combination = Cell(cell.combination)
    header = record_header(contract, ledger, combination, (), lane="warm")
    request = CellRun(header, tuple(str(sites[content.newest.sha256]) for content in cell.contents))
    return Job(combination.name, request, folder / f"{combination.name}.jsonl", folder / f"{combination.name}.log")


@contextmanager
def _peak_memory() -> Iterator[list[float]]:
    """The most memory that this process and its descendants take together, in bytes; shared pages count once."""
    peak, stop = [0.0], threading.Event()

    def measure() -> None:
        # Each look takes 0.2 s of CPU time. A peak that is shorter than the time between two looks may be missed.
        while not stop.wait(10.0):
            peak[0] = max(peak[0], sum(proportional_memory(pid) for pid in _with_descendants(os.getpid())))

    thread = threading.Thread(target=measure, daemon=True)
    thread.start()
    try:
        yield peak
    finally:
        stop.set()
        thread.join()


def _with_descendants(process: int) -> set[int]:
    parents = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            parents[int(stat.parent.name)] = int(stat.read_text().rpartition(")")[2].split()[1])
        except OSError:
            continue
    processes = generation = {process}
    while generation:
        generation = {pid for pid, parent in parents.items() if parent in generation} - processes
        processes = processes | generation
    return processes


if __name__ == "__main__":
    main()
