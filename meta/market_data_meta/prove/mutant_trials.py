"""The second source of breaks: mutants of the lines that the chain executes, shown to the checks that execute them."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from market_data_meta.contract import read_toml
from market_data_meta.errors import MetaError
from market_data_meta.judging.records import Record
from market_data_meta.prove.changes import Change, Edit
from market_data_meta.prove.mutants import mutants
from market_data_meta.prove.score import CAUGHT, LocatedMutant, MutantScore, MutantTrial, trial
from market_data_meta.prove.trial_runs import NewestReleases, Run, proved
from market_data_meta.running.warm_runner import ProgressStep


@dataclass(frozen=True)
class MutantNotes:
    """What has been looked at, from ``tests/mutants.toml``: the areas whose checks are the chain, and why some survive.

    ``passed_by`` are the files that the chain only passes through; ``reasons`` has the survivors that no consumer could
    notice, by identity.
    """

    areas: tuple[str, ...]
    passed_by: tuple[str, ...]
    reasons: Mapping[tuple[str, ...], str]


def load_mutant_notes(root: Path) -> MutantNotes:
    """Read ``tests/mutants.toml``. Raises MetaError for a table with a missing field."""
    file = root / "tests" / "mutants.toml"
    data = read_toml(file)
    fields = ("package", "file", "where", "kind", "before", "after")
    try:
        reasons = {tuple(table[name] for name in fields): table["reason"] for table in data.get("unnoticed", [])}
        passed_by = tuple(name for table in data["passed_by"] for name in table["files"])
        return MutantNotes(tuple(data["areas"]), passed_by, reasons)
    except KeyError as missing:
        raise MetaError("bad-mutant", f"{file} has no {missing}") from None


def placed(ground: NewestReleases, traced: Record, looked: MutantNotes) -> Iterator[LocatedMutant]:
    """Every mutant of the lines of functions that the checks of the chain executed, in files that are the chain's."""
    for package, site in ground.sites.items():
        executed: dict[str, dict[int, set[str]]] = {}
        for clause, files in traced.lines.items():
            for file, numbers in files.items():
                if (site / file).is_file() and file not in looked.passed_by:
                    for number in numbers:
                        executed.setdefault(file, {}).setdefault(number, set()).add(clause)
        for file, lines in sorted(executed.items()):
            text = (site / file).read_bytes().decode("utf-8").replace("\r\n", "\n")
            rows = text.split("\n")
            chain = {number for number, names in lines.items() if any(n.split(".")[0] in looked.areas for n in names)}
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
    looked = load_mutant_notes(ground.contract.root)
    every = list(placed(ground, traced, looked))
    sample = chosen(every, number)
    holds = frozenset(name for name, check in whole.checks.items() if check.outcome == "passed")
    runs = {one: _run(ground, one, holds, folder / str(count)) for count, one in enumerate(sample)}
    records = proved(ground, list(runs.values()), tell)
    found = tuple(_noted(one, run, records[run], whole, looked.reasons) for one, run in runs.items())
    # Two lines of a file may read the same; a reason is for either.
    noticed = {one.placed for one in found if one.verdict == CAUGHT}
    there = {one.identity for one in every if one not in noticed}
    stale = tuple(" | ".join(identity) for identity in looked.reasons if identity not in there)
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
