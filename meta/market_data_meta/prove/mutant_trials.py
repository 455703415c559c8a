"""Mutants of the lines that the chain executes, each tried with the checks that execute its line."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from market_data_meta.judging.records import Record
from market_data_meta.prove.changes import Change, Edit
from market_data_meta.prove.mutations import mutations
from market_data_meta.prove.score import CAUGHT, Mutant, MutantScore, MutantTrial, judge_trial
from market_data_meta.prove.trial_runs import NewestReleases, TrialRun, run_trials
from market_data_meta.running.warm_runner import ProgressStep

if TYPE_CHECKING:
    from market_data_meta.prove.mutant_notes import MutantNotes


def locate_mutants(newest: NewestReleases, trace: Record, notes: MutantNotes) -> Iterator[Mutant]:
    """Every mutant of the lines of functions that the checks of the chain executed, in files that are the chain's."""
    passed_files = notes.passed_files
    for package, site in newest.sites.items():
        executed: dict[str, dict[int, set[str]]] = {}
        for clause, files in trace.lines.items():
            for file, numbers in files.items():
                if (site / file).is_file() and file not in passed_files:
                    for number in numbers:
                        executed.setdefault(file, {}).setdefault(number, set()).add(clause)
        for file, lines in sorted(executed.items()):
            text = (site / file).read_bytes().decode("utf-8").replace("\r\n", "\n")
            rows = text.split("\n")
            chain = {number for number, names in lines.items() if any(n.split(".")[0] in notes.areas for n in names)}
            for mutation in mutations(file, text, chain):
                source_line = rows[mutation.line - 1].strip()
                yield Mutant(package, mutation, source_line, tuple(sorted(lines[mutation.line])))


def sample_mutants(mutants: Sequence[Mutant], number: int) -> list[Mutant]:
    """A sample that is spread over all lines, and that stays the same as long as the text of the mutants does."""
    return sorted(mutants, key=lambda mutant: hashlib.sha256("\0".join(mutant.identity).encode()).hexdigest())[:number]


def try_mutants(
    newest: NewestReleases,
    number: int,
    baseline: Record,
    trace: Record,
    folder: Path,
    on_progress: Callable[[ProgressStep], None],
) -> MutantScore:
    """Try ``number`` mutants, and say which of them a check catches.

    ``baseline`` is the record of the releases as they are, which each mutant is compared with; ``trace`` is the record
    of a run that knows the executed lines.
    """
    # Imported here: the models of files load pydantic.
    from market_data_meta.prove.mutant_notes import load_mutant_notes

    notes = load_mutant_notes(newest.contract.root)
    mutants = list(locate_mutants(newest, trace, notes))
    sample = sample_mutants(mutants, number)
    passing = frozenset(name for name, check in baseline.checks.items() if check.outcome == "passed")
    runs = {mutant: _trial_run(newest, mutant, passing, folder / str(count)) for count, mutant in enumerate(sample)}
    records = run_trials(newest, list(runs.values()), on_progress)
    reasons = notes.reasons
    trials = tuple(_trial(mutant, run, records[run], baseline, reasons) for mutant, run in runs.items())
    # Two lines of a file may have the same text: a reason is not stale as long as it fits a mutant of either line.
    caught = {trial.mutant for trial in trials if trial.verdict == CAUGHT}
    uncaught = {mutant.identity for mutant in mutants if mutant not in caught}
    stale_reasons = tuple(" | ".join(identity) for identity in reasons if identity not in uncaught)
    return MutantScore(trials, len(mutants), stale_reasons)


def _trial_run(newest: NewestReleases, mutant: Mutant, passing: Collection[str], folder: Path) -> TrialRun:
    """A run of the mutant that ends with the first failure of a check that passes without it: one failure is enough."""
    package, mutation = mutant.package, mutant.mutation
    text = (newest.sites[package] / mutation.file).read_bytes().decode("utf-8").replace("\r\n", "\n")
    why = f"{mutation.kind} at {mutation.file}:{mutation.line}"
    change = Change(package, (Edit(mutation.file, text, mutation.text),), why, ("controls.must-pass",))
    until = tuple(name for name in mutant.clauses if name in passing)
    return TrialRun((*mutant.clauses, *newest.contract.controls), newest.variant(change, folder), until=until)


def _trial(
    mutant: Mutant, run: TrialRun, record: Record, baseline: Record, reasons: Mapping[tuple[str, ...], str]
) -> MutantTrial:
    assert run.variant is not None
    return MutantTrial(mutant, judge_trial(run.variant.change, record, baseline), reasons.get(mutant.identity, ""))
