"""``scripts/bench matrix``: what the complete matrix costs, as ratios taken in one run.

The matrix is made from nothing but downloaded wheels. The floor of a cell is what no runner can save: a fork, the
import of the three packages, a pytest run without checks.
"""

from __future__ import annotations

import os
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from rich.console import Console

from market_data_meta.contract import Contract, find_root
from market_data_meta.contract_files import load_contract
from market_data_meta.matrix.complete import decide_matrix
from market_data_meta.releases.combinations import Cell
from market_data_meta.releases.contents import Content, ContentCombination, content_combinations, distinct_contents
from market_data_meta.releases.ledger import Ledger
from market_data_meta.releases.ledger_files import load_ledger
from market_data_meta.running import third_party, wheels
from market_data_meta.running.cells import RunOptions
from market_data_meta.running.isolated import prepare, record_header, run_prepared, warm_plan
from market_data_meta.running.limits import proportional
from market_data_meta.running.warm import Job, Template

MINUTES, FLOORS, FASTER, CACHED, GIBIBYTES = 5.0, 4.0, 8.0, 3.0, 3.0
"""The limits: the whole matrix, a cell in floors, how much faster than isolated, all cached (s), memory."""
FLOOR_CELLS = 24


def main() -> None:
    """Measure and print; the exit code says whether every limit is kept."""
    console = Console(soft_wrap=True)
    root = find_root(Path(__file__).resolve())
    contract = load_contract(root)
    ledger = load_ledger(root, contract.packages)
    codes = distinct_contents(contract, ledger)
    with tempfile.TemporaryDirectory(prefix="mdmeta-") as folder:
        asked = RunOptions(Path(folder) / "cache")
        paths = _unpacked(contract, codes, asked.cache)
        isolated = _isolated(contract, ledger, content_combinations(codes)[0], Path(folder))
        with _peak() as peak:
            start = time.perf_counter()
            done = decide_matrix(contract, ledger, asked, lambda _: None)
            whole = time.perf_counter() - start
        start = time.perf_counter()
        again = decide_matrix(contract, ledger, asked, lambda _: None)
        cached = time.perf_counter() - start
        floor = _floor(contract, ledger, codes, paths, asked.cache)
    cell = whole / len(done.squares)
    rows = [
        (f"{len(done.records)} of {len(done.squares)} cells in {done.ran} runs, minutes", whole / 60, MINUTES),
        (f"a cell ({cell:.2f} s) in floors ({floor:.2f} s)", cell / floor, FLOORS),
        ("everything cached, seconds", cached, CACHED),
        ("peak memory, GiB", peak[0] / (1 << 30), GIBIBYTES),
    ]
    for what, figure, limit in rows:
        console.print(f"{what}: {figure:.1f} (limit {limit:g})", highlight=False)
    ratio = isolated / cell
    console.print(
        f"an isolated cell ({isolated:.1f} s) in warm ones: {ratio:.1f} (at least {FASTER:g})", highlight=False
    )
    kept = all(figure <= limit for _, figure, limit in rows) and ratio >= FASTER
    sys.exit(not kept or bool(again.ran) or len(done.records) != len(done.squares))


def _unpacked(contract: Contract, codes: dict[str, tuple[Content, ...]], cache: Path) -> dict[str, Path]:
    releases = {
        contract.packages[name].distribution: [code.newest for code in column] for name, column in codes.items()
    }
    return wheels.unpack_all(releases, cache, sys.executable)[0]


def _isolated(contract: Contract, ledger: Ledger, square: ContentCombination, folder: Path) -> float:
    """Seconds of one cell in an environment of its own, uv's cache warm, the second of two."""
    for number in range(2):
        start = time.perf_counter()
        prepared = prepare(contract, ledger, Cell(square.combination), folder / f"isolated-{number}")
        run_prepared(contract.root, prepared, folder / "isolated.jsonl", folder / "isolated.log")
    return time.perf_counter() - start


def _floor(
    contract: Contract, ledger: Ledger, codes: dict[str, tuple[Content, ...]], paths: dict[str, Path], cache: Path
) -> float:
    """Seconds of wall time that a cell without any check takes, as many at once as the matrix has."""
    squares = content_combinations(codes)[:FLOOR_CELLS]
    python = str(getattr(sys, "_base_executable", sys.executable))
    one = third_party.resolved(contract, ledger, squares[:1], python, cache)[squares[0].libraries]
    assert isinstance(one, third_party.ThirdPartyLock)
    plan = warm_plan(contract, ledger)
    with tempfile.TemporaryDirectory(prefix="mdmeta-") as name:
        folder = Path(name)
        jobs = [_empty(contract, ledger, square, paths, folder) for square in squares]
        interpreter = third_party.installed(one, python, cache)
        with Template(contract.root, interpreter, plan, folder / "template.log", list(paths.values())) as template:
            template.warm([jobs[0].request["path"]])
            start = time.perf_counter()
            list(template.run(jobs, at_once=1 + (os.cpu_count() or 1), seconds=60.0))
            return (time.perf_counter() - start) / len(jobs)


def _empty(contract: Contract, ledger: Ledger, square: ContentCombination, paths: dict[str, Path], folder: Path) -> Job:
    cell = Cell(square.combination)
    header = record_header(contract, ledger, cell, (), [], "warm")
    path = [str(paths[code.newest.sha256]) for code in square.codes]
    request = {"header": header, "clauses": [], "not_applicable": {}, "path": path}
    return Job(cell.name, request, folder / f"{cell.name}.jsonl", folder / f"{cell.name}.log")


@contextmanager
def _peak() -> Iterator[list[float]]:
    """The most memory (bytes, shared pages counted once) that this process and all below it take together."""
    peak, stop = [0.0], threading.Event()

    def look() -> None:
        while not stop.wait(1.0):
            peak[0] = max(peak[0], sum(proportional(pid) for pid in _below(os.getpid())))

    thread = threading.Thread(target=look, daemon=True)
    thread.start()
    try:
        yield peak
    finally:
        stop.set()
        thread.join()


def _below(top: int) -> set[int]:
    parents = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            parents[int(stat.parent.name)] = int(stat.read_text().rpartition(")")[2].split()[1])
        except OSError:
            continue
    found, new = {top}, {top}
    while new:
        new = {pid for pid, parent in parents.items() if parent in new} - found
        found |= new
    return found


if __name__ == "__main__":
    main()
