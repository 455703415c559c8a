"""The proof: try all breaks, all harmless changes and the A/A control, and say what the suite detects."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from market_data_meta import suite
from market_data_meta.contract import Contract
from market_data_meta.errors import ErrorCode, MetaError
from market_data_meta.prove.changes import Change, together
from market_data_meta.prove.fit import misfits
from market_data_meta.prove.mutant_trials import try_mutants
from market_data_meta.prove.release_trials import try_releases_alone
from market_data_meta.prove.score import MutantScore, Proof, Score, judge_trial, silent_clauses
from market_data_meta.prove.trial_runs import NewestReleases, TrialRun, run_trials
from market_data_meta.releases.ledger import Ledger
from market_data_meta.running.cells import RunOptions
from market_data_meta.running.warm_runner import ProgressStep

RENUMBERED = Change("all", (), "The same code under other version numbers: the A/A control.")
"""The control of every proof: nothing but the versions is changed, so a check that gets worse is itself at fault."""


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

    With ``quick`` each break runs its own clauses only, and the harmless changes are tried all at once. Raises
    MetaError where a change names a clause that does not exist or does not fit the release.
    """
    start = time.time()
    for change in changes:
        for name in change.clauses:
            if name not in contract.clauses:
                raise MetaError(ErrorCode.UNKNOWN_CLAUSE, f"a break names the clause {name}, which does not exist")
    alone = [change for change in changes if _scopes(contract, change) == {"release"}]
    combined = [change for change in changes if change not in alone and not (quick and change.harmless)]
    for package in dict.fromkeys(change.package for change in changes if change.harmless):
        harmless = [change for change in changes if change.harmless and change.package == package]
        # In release scope all at once: an environment for each would take half an hour.
        alone.append(together(harmless, f"All harmless changes of {package} at once, in its own clean install."))
        if quick:
            combined.append(together(harmless, f"All harmless changes of {package} at once."))
    newest = NewestReleases(contract, ledger, options)
    if unfit := misfits(contract, changes, newest.sites):
        what = f"{len(unfit)} of the changes do not fit their releases"
        raise MetaError(ErrorCode.BAD_CHANGE, what, "; ".join(unfit), "mend them; mdmeta check shows them again")
    with tempfile.TemporaryDirectory(prefix="mdmeta-") as name:
        folder = Path(name)
        clauses = newest.clauses_to_run(None)
        unchanged, renumbered = TrialRun(clauses), TrialRun(clauses, renumbered=newest.renumber_all(folder))
        traced = () if quick else (TrialRun(clauses, trace=True),)
        records = run_trials(newest, [unchanged, renumbered, *traced], on_progress)
        baseline, trace = records[unchanged], records[traced[0]] if traced else None
        runs = [
            TrialRun(
                newest.clauses_to_run(change, own_only=quick, trace=trace), newest.variant(change, folder / str(count))
            )
            for count, change in enumerate(combined)
        ]
        changed = run_trials(newest, runs, on_progress)
        trials = [judge_trial(change, changed[run], baseline) for change, run in zip(combined, runs, strict=True)]
        trials.append(judge_trial(RENUMBERED, records[renumbered], baseline))
        mutants = MutantScore()
        if number and trace:
            mutants = try_mutants(newest, number, baseline, trace, folder / "mutants", on_progress)
    if alone:
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


def _scopes(contract: Contract, change: Change) -> set[str]:
    return {contract.clauses[name].scope for name in change.clauses}
