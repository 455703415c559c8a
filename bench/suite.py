"""``scripts/bench``: what the suite and an environment cost, as ratios taken in one run.

The machines are shared and noisy, so no figure stands alone: each is a ratio of two figures of the same run, each the
best of several tries.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from rich.console import Console

from market_data_meta.contract import find_root
from market_data_meta.contract_files import load_contract
from market_data_meta.releases.combinations import Cell, newest_of
from market_data_meta.releases.ledger_files import load_ledger
from market_data_meta.running.isolated import clean_environment, prepare, run_prepared

LIMIT = 5.0
"""The suite may cost this many bare imports of the packages, in the same fresh environment."""
TRIES = 3
TOX_INI = """
[testenv]
skip_install = true
deps =
    {deps}
[testenv:pip]
runner = virtualenv
[testenv:uv]
runner = uv-venv-runner
"""


def best(action: Callable[[], object], tries: int = TRIES) -> float:
    """The shortest of several wall times, in seconds."""
    times = []
    for _ in range(tries):
        start = time.perf_counter()
        action()
        times.append(time.perf_counter() - start)
    return min(times)


def main() -> None:
    """Measure and print; the exit code is 0 if the suite keeps its limit."""
    console = Console(soft_wrap=True)
    root = find_root(Path(__file__).resolve())
    contract = load_contract(root)
    ledger = load_ledger(root, contract.packages)
    cell = Cell(newest_of(contract.packages, ledger))
    with tempfile.TemporaryDirectory(prefix="mdmeta-") as folder:
        scratch = Path(folder)
        prepared = prepare(contract, ledger, cell, scratch / "environment")
        imports = "import " + ", ".join(name for package in contract.packages.values() for name in package.imports)
        environment = clean_environment(folder, scratch / ".hypothesis")

        def import_packages() -> None:
            command = [str(prepared.python), "-c", imports]
            subprocess.run(command, env=environment, cwd=folder, check=True, capture_output=True)

        def run_suite() -> None:
            run_prepared(root, prepared, scratch / "records" / "bench.jsonl", scratch / "bench.log")

        # As in a tox run: nothing has been imported in the environment yet, so there is no byte code.
        cold = {"import": best(import_packages, 1)}
        remove_byte_code(prepared.folder)
        cold["suite"] = best(run_suite, 1)
        warm = {"import": best(import_packages), "suite": best(run_suite)}
        for name, times in (("fresh", cold), ("again", warm)):
            ratio = times["suite"] / times["import"]
            both = f"suite {times['suite']:.1f} s, bare import of the packages {times['import']:.1f} s"
            console.print(f"one combination, {name}: {both} = {ratio:.1f} times")
        distributions = {name: package.distribution for name, package in contract.packages.items()}
        pip, uv = (_environment_seconds(scratch, distributions, cell, kind) for kind in ("pip", "uv"))
        console.print(f"an environment under tox: pip {pip:.1f} s, uv {uv:.1f} s = {pip / uv:.1f} times faster")
        ratio = cold["suite"] / cold["import"]
        console.print(f"the suite may cost {LIMIT:g} imports in a fresh environment: {ratio:.1f}")
    sys.exit(ratio > LIMIT)


def remove_byte_code(folder: Path) -> None:
    """Remove what running the environment's code has left, as in a new environment."""
    for cache in folder.rglob("__pycache__"):
        shutil.rmtree(cache)


def _environment_seconds(folder: Path, distributions: dict[str, str], cell: Cell, kind: str) -> float:
    """Seconds that tox takes to make an environment of the three packages with pip or uv, with warm caches."""
    deps = "\n    ".join(f"{distributions[package]}=={version}" for package, version in cell.combination.versions)
    (folder / "tox.ini").write_text(TOX_INI.format(deps=deps))
    command = [sys.executable, "-m", "tox", "run", "--root", str(folder), "-c", str(folder / "tox.ini"), "-e", kind]
    return best(lambda: subprocess.run([*command, "--notest", "--recreate"], check=True, capture_output=True), 2)


if __name__ == "__main__":
    main()
