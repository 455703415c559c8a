"""``scripts/bench gate``: what a gate costs with warm caches, for a candidate of each package.

A candidate is the newest release under the next version with one more module: it breaks nothing, and no cache knows its
content. The predecessors have been run before the clock starts, as they have after any gate or matrix of the day.
"""

from __future__ import annotations

import sys
import tempfile
import time
import uuid
from pathlib import Path

from rich.console import Console

from market_data_meta.candidates.candidate import Candidate
from market_data_meta.candidates.renumbering import pack_wheel, renumber
from market_data_meta.candidates.sources import read_candidate
from market_data_meta.contract import find_root
from market_data_meta.contract_files import load_contract
from market_data_meta.gate.comparison import GateComparison
from market_data_meta.gate.partners import ALLOWED, QUICK
from market_data_meta.gate.runner import GateCallbacks, GateRun
from market_data_meta.prove.changes import Change, Edit
from market_data_meta.prove.trial_runs import NewestReleases
from market_data_meta.releases.ledger_files import load_ledger
from market_data_meta.running.cache import default_cache
from market_data_meta.running.cells import RunOptions

WHOLE_GATE, FIRST_RESULT, QUICK_GATE = 45.0, 10.0, 15.0
"""The limits in seconds on two cores: a gate, its first result, and a quick gate."""


def main() -> None:
    """Measure and print; the exit code is 0 if every limit is kept."""
    console = Console(soft_wrap=True)
    root = find_root(Path(__file__).resolve())
    contract = load_contract(root)
    ledger = load_ledger(root, contract.packages)
    options = RunOptions(default_cache())
    newest = NewestReleases(contract, ledger, options)
    within_limits = True
    with tempfile.TemporaryDirectory(prefix="mdmeta-") as name:
        for package in contract.packages:
            for reach, limit in ((ALLOWED, WHOLE_GATE), (QUICK, QUICK_GATE)):
                # A first gate runs the predecessors; the second, of another new content, is measured.
                run_gate(newest, candidate_of(newest, package, Path(name)), reach)
                outcome, first = run_gate(newest, candidate_of(newest, package, Path(name)), reach)
                seconds, cells = outcome.seconds, len(outcome.cells)
                console.print(
                    f"{package}, {reach}: {seconds:.1f} s (limit {limit:g}) for {cells} cells = "
                    f"{seconds / cells:.2f} s a cell; first result after {first:.1f} s (limit {FIRST_RESULT:g})"
                )
                in_time = seconds <= limit and first <= FIRST_RESULT
                within_limits = within_limits and in_time and not outcome.exit
    sys.exit(not within_limits)


def candidate_of(newest: NewestReleases, package: str, folder: Path) -> Candidate:
    """A candidate of the package: the newest release under the next version with one more module, as a wheel."""
    version = newest.combination.as_dict()[package]
    head, _, last = version.rpartition(".")
    own_folder = folder / uuid.uuid4().hex
    module = newest.contract.packages[package].imports[0] + f"/_bench_{own_folder.name}.py"
    variant = newest.variant(
        Change(package, (Edit(module, "", "X = 1\n"),), "One module more."), own_folder / "changed"
    )
    wheel = pack_wheel(renumber(variant.site, f"{head}.{int(last) + 1}", own_folder / "site"), own_folder)
    return read_candidate(newest.contract, newest.ledger, package, str(wheel), own_folder, lambda _: None)


def run_gate(newest: NewestReleases, candidate: Candidate, reach: str) -> tuple[GateComparison, float]:
    """Run a gate, and measure the seconds until its first result."""
    start, first = time.perf_counter(), [0.0]

    def on_first_result(_: object) -> None:
        first[0] = time.perf_counter() - start

    callbacks = GateCallbacks(on_first_cell=on_first_result)
    options = RunOptions(default_cache())
    gate = GateRun(newest.contract, newest.ledger, (candidate,), options, reach, callbacks=callbacks)
    return gate.run(), first[0]


if __name__ == "__main__":
    main()
