"""The part of ``mdmeta prove`` that gates changes which were written without a look at the suite."""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from market_data_meta import suite
from market_data_meta.commands.common import Checkout, say
from market_data_meta.errors import ErrorCode, undecided
from market_data_meta.prove.independent import (
    IndependentChange,
    IndependentTrial,
    release_sites,
    sample,
    try_independent,
)
from market_data_meta.prove.machine_made import machine_made_changes
from market_data_meta.releases.combinations import newest_of
from market_data_meta.running.cells import RunOptions
from market_data_meta.running.environments import version_of

if TYPE_CHECKING:
    from market_data_meta.results.gate import GateResult
    from market_data_meta.results.independent import IndependentResult


def prove_independent(
    checkout: Checkout, names: tuple[str, ...], number: int, options: RunOptions
) -> IndependentResult:
    """Gate the independent changes (of these packages or kinds, if any are named), or a sample of so many."""
    # Imported here: the models of files load pydantic.
    from market_data_meta.prove.independent_files import load_independent

    written = load_independent(checkout.root)
    changes = sample([change for change in written if not names or change.words & {*names}], number)
    return _gate_changes(checkout, changes, len(written), options)


def prove_machine_made(
    checkout: Checkout, packages: tuple[str, ...], number: int, options: RunOptions
) -> IndependentResult:
    """Gate so many mutants of any function of the newest releases (of these packages, if any are named)."""
    newest = newest_of(packages or tuple(checkout.contract.packages), checkout.ledger, version_of(options.interpreter))
    sites = release_sites(checkout.contract, checkout.ledger, newest.versions, options.cache, options.interpreter)
    changes, possible = machine_made_changes(sites, number)
    return _gate_changes(checkout, changes, possible, options)


def _gate_changes(
    checkout: Checkout, changes: list[IndependentChange], possible: int, options: RunOptions
) -> IndependentResult:
    """The gates' answers to the changes, of so many ``possible`` ones; each is said as it comes."""
    # Imported here: the models of files load pydantic.
    from market_data_meta.prove.independent_score import independent_result, trial_result
    from market_data_meta.render.proof.independent import trial_line

    start = time.time()
    trials: list[IndependentTrial] = []

    def on_trial(trial: IndependentTrial) -> None:
        trials.append(trial)
        say(f"{len(trials)}/{len(changes)} {trial_line(trial_result(trial))}")

    def gate(wheels: Mapping[str, Path]) -> GateResult:
        return _run_gate(checkout.root, wheels, options.cache)

    try_independent(checkout.contract, checkout.ledger, changes, options, gate, on_trial)
    return independent_result(
        trials,
        suite=suite.digest(checkout.root),
        as_of=checkout.ledger.as_of,
        written=possible,
        start=start,
        seconds=time.time() - start,
    )


def _run_gate(root: Path, wheels: Mapping[str, Path], cache: Path) -> GateResult:
    """A quick gate of these wheels, run as its users run it. Raises MetaError where it brings no result."""
    from market_data_meta.results.gate import GateResult
    from market_data_meta.schemas import read_document

    with tempfile.TemporaryDirectory(prefix="mdmeta-") as folder:
        command = [sys.executable, "-m", "market_data_meta", "--root", str(root), "gate", "--quick"]
        command += ["--cache", str(cache), "--out", folder]
        for package, wheel in wheels.items():
            command += [f"--{package}", str(wheel)]
        process = subprocess.run(command, capture_output=True, text=True, check=False)
        file = Path(folder) / "gate.json"
        if not file.is_file():
            why = process.stderr.strip()[-300:]
            raise undecided(ErrorCode.NO_RECORD, f"the gate ended with status {process.returncode}", why)
        return read_document(file, GateResult, "")
