"""The proof: try all breaks, all harmless changes and the A/A controls, and say what the suite detects."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from market_data_meta import suite
from market_data_meta.contract import Contract
from market_data_meta.errors import ErrorCode, MetaError
from market_data_meta.prove.cell_trials import try_in_cell
from market_data_meta.prove.cells import changes_of_cells, changes_of_releases
from market_data_meta.prove.changes import Change
from market_data_meta.prove.fit import misfits
from market_data_meta.prove.mutant_trials import try_mutants
from market_data_meta.prove.release_trials import try_releases_alone
from market_data_meta.prove.score import MutantScore, Proof, Score, Trial, silent_clauses
from market_data_meta.prove.trial_runs import NewestReleases
from market_data_meta.releases.ledger import Ledger
from market_data_meta.running.cells import RunOptions
from market_data_meta.running.warm_runner import ProgressStep


def prove(
    contract: Contract,
    ledger: Ledger,
    changes: Sequence[Change],
    options: RunOptions,
    on_progress: Callable[[ProgressStep], None],
    *,
    number: int = 0,
    quick: bool = False,
) -> Proof:
    """Try every change on the newest releases, and ``number`` mutants of the lines that the suite executes.

    A break is tried where its clauses are decided: in the combination, in a service or on its release alone. Harmless
    changes are tried wherever their package is, and mutants in the combination. With ``quick`` each break runs its own
    clauses only, and the harmless changes are tried all at once. Raises MetaError where a change names a clause that
    does not exist or does not fit the release.
    """
    start = time.time()
    for change in changes:
        for name in change.clauses:
            if name not in contract.clauses:
                raise MetaError(ErrorCode.UNKNOWN_CLAUSE, f"a break names the clause {name}, which does not exist")
    newest = NewestReleases(contract, ledger, options)
    if unfit := misfits(contract, changes, newest.sites):
        what = f"{len(unfit)} of the changes do not fit their releases"
        raise MetaError(ErrorCode.BAD_CHANGE, what, "; ".join(unfit), "mend them; mdmeta check shows them again")
    trials: list[Trial] = []
    mutants = MutantScore()
    for packages, tried in changes_of_cells(contract, changes, quick=quick).items():
        with tempfile.TemporaryDirectory(prefix="mdmeta-") as name:
            folder = Path(name)
            of_all = packages == newest.packages
            cell = newest if of_all else NewestReleases(contract, ledger, options, packages)
            in_cell = try_in_cell(cell, tried, folder, on_progress, quick=quick)
            trials += in_cell.trials
            if of_all and number and in_cell.trace:
                baseline, trace = in_cell.baseline, in_cell.trace
                mutants = try_mutants(newest, number, baseline, trace, folder / "mutants", on_progress)
    if alone := changes_of_releases(contract, changes):
        on_progress(ProgressStep(0, 0, "releases alone"))
        trials += try_releases_alone(contract, ledger, alone, options.cache)
    return Proof(
        suite.digest(contract.root),
        ledger.as_of,
        newest.combination.as_dict(),
        Score(tuple(trial for trial in trials if not trial.change.harmless)),
        Score(tuple(trial for trial in trials if trial.change.harmless)),
        mutants,
        tuple(silent_clauses(contract, trials)),
        start,
        time.time() - start,
    )
