"""Trials of combination and deployment scope: the changes that are tried in a cell, beside its releases as they are."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from market_data_meta.contract import Service
from market_data_meta.judging.records import Record
from market_data_meta.prove.changes import Change
from market_data_meta.prove.score import Trial, judge_trial
from market_data_meta.prove.trial_runs import NewestReleases, TrialRun, run_trials
from market_data_meta.running.warm_runner import ProgressStep


@dataclass(frozen=True)
class CellTrials:
    """The trials in a cell, with the record of its releases as they are, and that of a traced run if there was one."""

    trials: tuple[Trial, ...]
    baseline: Record
    trace: Record | None


def try_in_cell(
    newest: NewestReleases,
    changes: Sequence[Change],
    folder: Path,
    on_progress: Callable[[ProgressStep], None],
    *,
    quick: bool,
) -> CellTrials:
    """Try each change, and the A/A control: the same code under other version numbers.

    With ``quick`` each break runs its own clauses only. Copies of the releases are made in ``folder``.
    """
    clauses = tuple(dict.fromkeys(name for change in changes for name in newest.clauses_to_run(change, own_only=quick)))
    unchanged, renumbered = TrialRun(clauses), TrialRun(clauses, renumbered=newest.renumber_all(folder))
    traced = () if quick else (TrialRun(clauses, trace=True),)
    records = run_trials(newest, [unchanged, renumbered, *traced], on_progress)
    baseline, trace = records[unchanged], records[traced[0]] if traced else None
    service = newest.contract.service_with(newest.packages)
    runs = []
    for count, change in enumerate(changes):
        # A trace has no lines of the processes that the checks of a service start: nothing harmless may hide there.
        narrowed_by = None if service and change.harmless else trace
        names = newest.clauses_to_run(change, own_only=quick, trace=narrowed_by)
        runs.append(TrialRun(names, newest.variant(change, folder / str(count))))
    changed = run_trials(newest, runs, on_progress)
    trials = [judge_trial(change, changed[run], baseline) for change, run in zip(changes, runs, strict=True)]
    trials.append(judge_trial(_renumbered(service), records[renumbered], baseline))
    return CellTrials(tuple(trials), baseline, trace)


def _renumbered(service: Service | None) -> Change:
    """The control of every cell: nothing but the versions is changed, so a check that gets worse is itself at fault."""
    place = f", in the {service.name} service" if service else ""
    return Change("all", (), f"The same code under other version numbers{place}: the A/A control.")
