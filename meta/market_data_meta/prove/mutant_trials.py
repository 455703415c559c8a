"""The second source of breaks: mutants of the lines that the chain executes, shown to the checks that execute them."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from market_data_meta.judging.records import Record
from market_data_meta.prove.changes import Change, Edit
from market_data_meta.prove.mutants import mutants
from market_data_meta.prove.score import CAUGHT, LocatedMutant, MutantScore, MutantTrial, trial
from market_data_meta.prove.trial_runs import NewestReleases, Run, proved
from market_data_meta.running.warm_runner import ProgressStep

if TYPE_CHECKING:
    from market_data_meta.prove.mutant_notes import MutantNotes


def placed(ground: NewestReleases, traced: Record, notes: MutantNotes) -> Iterator[LocatedMutant]:
    """Every mutant of the lines of functions that the checks of the chain executed, in files that are the chain's."""
    passed_files = notes.passed_files
    for package, site in ground.sites.items():
        executed: dict[str, dict[int, set[str]]] = {}
        for clause, files in traced.lines.items():
            for file, numbers in files.items():
                if (site / file).is_file() and file not in passed_files:
                    for number in numbers:
                        executed.setdefault(file, {}).setdefault(number, set()).add(clause)
        for file, lines in sorted(executed.items()):
            text = (site / file).read_bytes().decode("utf-8").replace("\r\n", "\n")
            rows = text.split("\n")
            chain = {number for number, names in lines.items() if any(n.split(".")[0] in notes.areas for n in names)}
            for one in mutants(file, text, chain):
                yield LocatedMutant(package, one, rows[one.line - 1].strip(), tuple(sorted(lines[one.line])))


def chosen(every: Sequence[LocatedMutant], number: int) -> list[LocatedMutant]:
    """The sample: the same mutants as long as their text is the same, spread over all lines."""
    return sorted(every, key=lambda one: hashlib.sha256("\0".join(one.identity).encode()).hexdigest())[:number]


def noted(
    ground: NewestReleases,
    number: int,
    whole: Record,
    traced: Record,
    folder: Path,
    tell: Callable[[ProgressStep], None],
) -> MutantScore:
    """Try ``number`` mutants: what became of each.

    ``whole`` is the record of the releases as they are, which each mutant is compared with; ``traced`` knows the lines.
    """
    # Imported here: the models of files load pydantic.
    from market_data_meta.prove.mutant_notes import load_mutant_notes

    notes = load_mutant_notes(ground.contract.root)
    every = list(placed(ground, traced, notes))
    sample = chosen(every, number)
    holds = frozenset(name for name, check in whole.checks.items() if check.outcome == "passed")
    runs = {one: _run(ground, one, holds, folder / str(count)) for count, one in enumerate(sample)}
    records = proved(ground, list(runs.values()), tell)
    reasons = notes.reasons
    found = tuple(_noted(one, run, records[run], whole, reasons) for one, run in runs.items())
    # Two lines of a file may read the same; a reason is for either.
    noticed = {one.placed for one in found if one.verdict == CAUGHT}
    there = {one.identity for one in every if one not in noticed}
    stale = tuple(" | ".join(identity) for identity in reasons if identity not in there)
    return MutantScore(found, len(every), stale)


def _run(ground: NewestReleases, one: LocatedMutant, holds: Collection[str], folder: Path) -> Run:
    """The mutant, until a check that passes without it does not: one is enough."""
    text = (ground.sites[one.package] / one.mutant.file).read_bytes().decode("utf-8").replace("\r\n", "\n")
    why = f"{one.mutant.kind} at {one.mutant.file}:{one.mutant.line}"
    change = Change(one.package, (Edit(one.mutant.file, text, one.mutant.text),), why, ("controls.must-pass",))
    until = tuple(name for name in one.clauses if name in holds)
    return Run((*one.clauses, *ground.contract.controls), ground.variant(change, folder), until=until)


def _noted(
    one: LocatedMutant, run: Run, record: Record, whole: Record, known: Mapping[tuple[str, ...], str]
) -> MutantTrial:
    assert run.variant is not None
    return MutantTrial(one, trial(run.variant.change, record, whole), known.get(one.identity, ""))
