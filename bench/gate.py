"""``scripts/bench gate``: what a gate costs with warm caches, for a candidate of each package.

A candidate is the newest release under the next version with a module more: new code that breaks nothing, so that
nothing is known of it. The baseline is known before the clock starts, as it is after any gate or matrix of the day.
"""

from __future__ import annotations

import sys
import tempfile
import time
import uuid
from pathlib import Path

from rich.console import Console

from market_data_meta.contract import Contract, find_root
from market_data_meta.contract_files import load_contract
from market_data_meta.gate.candidates import Candidate
from market_data_meta.gate.partners import ALLOWED, QUICK
from market_data_meta.gate.result import GateOutcome
from market_data_meta.gate.runner import Gate, GateListener
from market_data_meta.gate.sources import candidate_of
from market_data_meta.prove.changes import Change, Edit
from market_data_meta.prove.trial_runs import NewestReleases
from market_data_meta.prove.variant import packed, renumbered
from market_data_meta.releases.ledger import Ledger
from market_data_meta.releases.ledger_files import load_ledger
from market_data_meta.running.cache import default_cache
from market_data_meta.running.cells import RunOptions

VERDICT, FIRST, AT_ONCE = 45.0, 10.0, 15.0
"""The limits in seconds on two cores: the whole verdict, its first result, and the verdict of a quick gate."""


def main() -> None:
    """Measure and print; the exit code says whether every limit is kept."""
    console = Console(soft_wrap=True)
    root = find_root(Path(__file__).resolve())
    contract = load_contract(root)
    ledger = load_ledger(root, contract.packages)
    asked = RunOptions(default_cache())
    ground = NewestReleases(contract, ledger, asked)
    kept = True
    with tempfile.TemporaryDirectory(prefix="mdmeta-") as name:
        for package in contract.packages:
            for reach, limit in ((ALLOWED, VERDICT), (QUICK, AT_ONCE)):
                # The same once for the baseline, and then with the clock running for code that is new again.
                _gate(contract, ledger, asked, _candidate(ground, package, Path(name)), reach)
                found, first = _gate(contract, ledger, asked, _candidate(ground, package, Path(name)), reach)
                cells = len(found.cells)
                said = (
                    f"{found.seconds:.1f} s (limit {limit:g}) for {cells} cells = {found.seconds / cells:.2f} s a cell"
                )
                console.print(f"{package}, {reach}: {said}; first result after {first:.1f} s (limit {FIRST:g})")
                kept = kept and not found.exit and found.seconds <= limit and first <= FIRST
    sys.exit(not kept)


def _candidate(ground: NewestReleases, package: str, folder: Path) -> Candidate:
    """The newest release's next version with a module more, as a wheel."""
    version = ground.combination.as_dict()[package]
    head, _, last = version.rpartition(".")
    place = folder / uuid.uuid4().hex
    new = ground.contract.packages[package].imports[0] + f"/_bench_{place.name}.py"
    variant = ground.variant(Change(package, (Edit(new, "", "X = 1\n"),), "A module more."), place / "changed")
    wheel = packed(renumbered(variant.site, f"{head}.{int(last) + 1}", place / "site"), place)
    return candidate_of(ground.contract, ground.ledger, package, str(wheel), place, lambda _: None)


def _gate(
    contract: Contract, ledger: Ledger, asked: RunOptions, candidate: Candidate, reach: str
) -> tuple[GateOutcome, float]:
    """A gate, and the seconds until its first result."""
    start, first = time.perf_counter(), [0.0]

    def heard(_: object) -> None:
        first[0] = time.perf_counter() - start

    found = Gate(contract, ledger, (candidate,), asked, reach, listener=GateListener(first=heard)).run()
    return found, first[0]


if __name__ == "__main__":
    main()
