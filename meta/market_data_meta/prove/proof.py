"""The proof: all breaks, all harmless changes and the A/A control tried, and what that says of the suite."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from market_data_meta import suite
from market_data_meta.contract import Contract
from market_data_meta.errors import ErrorCode, MetaError
from market_data_meta.prove.changes import Change, together
from market_data_meta.prove.mutant_trials import noted
from market_data_meta.prove.release_trials import try_releases_alone
from market_data_meta.prove.score import MutantScore, Proof, Score, silent_clauses, trial
from market_data_meta.prove.trial_runs import NewestReleases, Run, proved
from market_data_meta.releases.ledger import Ledger
from market_data_meta.running.cells import RunOptions
from market_data_meta.running.warm_runner import ProgressStep

SAME = Change("all", (), "The same code under other version numbers: the A/A control.")
"""The control that every proof holds: a difference here would be one of the suite's own making."""


def prove(
    contract: Contract,
    ledger: Ledger,
    changes: Sequence[Change],
    asked: RunOptions,
    tell: Callable[[ProgressStep], None],
    *,
    number: int = 0,
    quick: bool = False,
) -> Proof:
    """Try every change on the newest releases, and ``number`` mutants of the lines that the suite executes.

    With ``quick`` each break is shown to its own clauses only, and what is harmless is tried all at once. Raises
    MetaError where a change names a clause that does not exist or does not fit the release.
    """
    start = time.time()
    for change in changes:
        for name in change.clauses:
            if name not in contract.clauses:
                raise MetaError(ErrorCode.UNKNOWN_CLAUSE, f"a break names the clause {name}, which does not exist")
    alone = [one for one in changes if _scopes(contract, one) == {"release"}]
    combined = [one for one in changes if one not in alone and not (quick and one.harmless)]
    for package in dict.fromkeys(one.package for one in changes if one.harmless):
        quiet = [one for one in changes if one.harmless and one.package == package]
        # In release scope all at once: an environment for each would take half an hour.
        alone.append(together(quiet, f"All harmless changes of {package} at once, in its own clean install."))
        if quick:
            combined.append(together(quiet, f"All harmless changes of {package} at once."))
    ground = NewestReleases(contract, ledger, asked)
    with tempfile.TemporaryDirectory(prefix="mdmeta-") as name:
        every = ground.clauses(None)
        as_it_is, again = Run(every), Run(every, renumbered=ground.renumbered(Path(name)))
        traced = () if quick else (Run(every, trace=True),)
        whole = proved(ground, [as_it_is, again, *traced], tell)
        lines = whole[traced[0]] if traced else None
        runs = [
            Run(ground.clauses(one, aimed=quick, traced=lines), ground.variant(one, Path(name) / str(number)))
            for number, one in enumerate(combined)
        ]
        records = proved(ground, runs, tell)
        trials = [trial(one, records[run], whole[as_it_is]) for one, run in zip(combined, runs, strict=True)]
        trials.append(trial(SAME, whole[again], whole[as_it_is]))
        mutated = Path(name) / "mutants"
        machine = noted(ground, number, whole[as_it_is], lines, mutated, tell) if number and lines else MutantScore()
    if alone:
        tell(ProgressStep(0, 0, "releases alone"))
        trials += try_releases_alone(contract, ledger, alone, asked.cache)
    breaks, harmless = (Score(tuple(one for one in trials if one.change.harmless is kind)) for kind in (False, True))
    return Proof(
        suite.digest(contract.root),
        ledger.as_of,
        ground.combination.as_dict(),
        breaks,
        harmless,
        machine,
        tuple(silent_clauses(contract, trials)),
        start,
        time.time() - start,
    )


def _scopes(contract: Contract, change: Change) -> set[str]:
    return {contract.clauses[name].scope for name in change.clauses}
