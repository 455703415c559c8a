"""The score: what the suite caught, missed, and cried wolf at, and what depends on one check. Pure functions."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from market_data_meta.contract import Contract
from market_data_meta.errors import Exit
from market_data_meta.judging.comparison import REGRESSION, UNDECIDED, kind_of
from market_data_meta.judging.records import Check, Record
from market_data_meta.prove.changes import Change
from market_data_meta.prove.mutants import Mutant

CAUGHT, MISSED, ALARM, SILENT, ERROR = "caught", "missed", "false alarm", "silent", "error"
SURVIVED, EXPLAINED = "survived", "explained"


@dataclass(frozen=True)
class Trial:
    """What became of a change: the clauses that got worse by it, what its own clause said, what could not be run."""

    change: Change
    worse: tuple[str, ...]
    said: str = ""
    undecided: tuple[str, ...] = ()
    fault: str = ""

    @property
    def verdict(self) -> str:
        """Caught or missed for a break, silent or a false alarm for what is harmless; an error proves neither."""
        if self.fault:
            return ERROR
        if self.change.harmless:
            return ALARM if self.worse else ERROR if self.undecided else SILENT
        return CAUGHT if set(self.change.clauses) <= set(self.worse) else MISSED

    @property
    def right(self) -> bool:
        """Whether the suite did what it should."""
        return self.verdict in (CAUGHT, SILENT)

    @property
    def fragile(self) -> bool:
        """Whether a break that is caught is caught by one check only."""
        return self.verdict == CAUGHT and len(self.worse) == 1


def trial(change: Change, record: Record, whole: Record) -> Trial:
    """A changed release beside the whole one."""
    if fault := _fault(record):
        return Trial(change, (), fault=fault)
    clauses = [name for name in record.checks if not name.startswith("controls.")]
    kinds = {name: kind_of(whole.checks.get(name), record.checks[name]) for name in clauses}
    said = [_said(record.checks[name]) for name in change.clauses if name in record.checks]
    return Trial(
        change,
        tuple(sorted(name for name, kind in kinds.items() if kind == REGRESSION)),
        said[0] if said else "",
        tuple(sorted(name for name, kind in kinds.items() if kind == UNDECIDED)),
    )


def _fault(record: Record) -> str:
    """Why the run proves nothing; not that its contents are changed, for that is the point."""
    if record.death or record.footer is None:
        return record.death or "the run has no footer"
    for name, outcome in (("controls.must-pass", "passed"), ("controls.must-fail", "failed")):
        if name in record.checks and record.checks[name].outcome != outcome:
            return f"control {name} came out {record.checks[name].outcome}"
    return ""


def _said(check: Check) -> str:
    return str(check.got if check.outcome == "failed" else check.message or "")


@dataclass(frozen=True)
class Score:
    """All trials of one kind of change, counted."""

    trials: tuple[Trial, ...]

    @property
    def counts(self) -> dict[str, int]:
        """How many trials came out how."""
        return dict(Counter(one.verdict for one in self.trials))

    def by(self, kind: str) -> dict[str, tuple[int, int]]:
        """How many of how many came out right, by ``package`` or by ``area`` of the clause that was aimed at."""
        found: dict[str, tuple[int, int]] = {}
        for one in self.trials:
            names = [one.change.package] if kind == "package" else [c.split(".")[0] for c in one.change.clauses]
            for name in dict.fromkeys(names):
                right, of = found.get(name, (0, 0))
                found[name] = (right + one.right, of + 1)
        return dict(sorted(found.items()))


@dataclass(frozen=True)
class LocatedMutant:
    """A mutant of a package's file, the source line that it is on, and the clauses whose checks execute that line."""

    package: str
    mutant: Mutant
    where: str
    clauses: tuple[str, ...]

    @property
    def identity(self) -> tuple[str, ...]:
        """What tells it from every other mutant, whatever the number of its line."""
        return self.package, self.mutant.file, self.where, self.mutant.kind, self.mutant.before, self.mutant.after


@dataclass(frozen=True)
class MutantTrial:
    """A mutant tried: noticed by these clauses, or unnoticed, with the reason why no consumer could notice if given."""

    placed: LocatedMutant
    trial: Trial
    reason: str = ""

    @property
    def verdict(self) -> str:
        """``caught``, ``survived``, or ``explained`` for a survivor with a recorded reason."""
        if self.trial.worse or self.trial.undecided or self.trial.fault:
            return CAUGHT
        return EXPLAINED if self.reason else SURVIVED


@dataclass(frozen=True)
class MutantScore:
    """The machine-made breaks that were tried, of so many ``possible`` ones.

    ``stale`` are the recorded reasons whose mutant is gone, or is noticed by now.
    """

    noted: tuple[MutantTrial, ...] = ()
    possible: int = 0
    stale: tuple[str, ...] = ()


@dataclass(frozen=True)
class Proof:
    """What the suite detects, and that it cries wolf at nothing.

    ``start`` is seconds since the epoch, ``seconds`` is wall time.
    """

    suite: str
    as_of: str
    combination: dict[str, str]
    breaks: Score
    harmless: Score
    machine: MutantScore
    silent: tuple[str, ...]
    start: float
    seconds: float

    @property
    def exit(self) -> Exit:
        """Violated by a break that is missed, a false alarm, a mutant that survives unexplained, or a stale reason.

        Undecided where a trial could not be run.
        """
        verdicts = {one.verdict for one in (*self.breaks.trials, *self.harmless.trials)}
        verdicts |= {one.verdict for one in self.machine.noted}
        if verdicts & {MISSED, ALARM, SURVIVED} or self.machine.stale:
            return Exit.VIOLATED
        return Exit.UNDECIDED if ERROR in verdicts else Exit.COMPATIBLE


def silent_clauses(contract: Contract, trials: Iterable[Trial]) -> list[str]:
    """The clauses that no change made fire."""
    fired = {name for one in trials for name in one.worse}
    return sorted(n for n, clause in contract.clauses.items() if clause.scope != "control" and n not in fired)
