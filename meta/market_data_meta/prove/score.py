"""The score: which changes the suite caught and missed, and which it raised a false alarm at. Pure functions."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from market_data_meta.contract import Contract
from market_data_meta.errors import Exit
from market_data_meta.judging.comparison import REGRESSION, UNDECIDED, compare_checks
from market_data_meta.judging.records import Check, Record
from market_data_meta.prove.changes import Change
from market_data_meta.prove.mutations import Mutation

CAUGHT, MISSED, ALARM, SILENT, ERROR = "caught", "missed", "false alarm", "silent", "error"
SURVIVED, EXPLAINED = "survived", "explained"


@dataclass(frozen=True)
class Trial:
    """A change that was tried: the clauses that got worse with it, and those that are undecided.

    ``answer`` is what the check of its own clause got, or its message; ``fault`` is why the run itself proves nothing.
    """

    change: Change
    worse: tuple[str, ...]
    answer: str = ""
    undecided: tuple[str, ...] = ()
    fault: str = ""

    @property
    def verdict(self) -> str:
        """Caught or missed for a break, silent or a false alarm for a harmless change; an error proves neither."""
        if self.fault:
            return ERROR
        if self.change.harmless:
            return ALARM if self.worse else ERROR if self.undecided else SILENT
        return CAUGHT if set(self.change.clauses) <= set(self.worse) else MISSED

    @property
    def right(self) -> bool:
        """Whether the suite catches the break, or is silent at the harmless change."""
        return self.verdict in (CAUGHT, SILENT)

    @property
    def fragile(self) -> bool:
        """Whether a break is caught by a single check only."""
        return self.verdict == CAUGHT and len(self.worse) == 1


def judge_trial(change: Change, record: Record, baseline: Record) -> Trial:
    """Compare the run of a changed release (``record``) with the run of the same release as it is (``baseline``)."""
    if fault := _fault(record):
        return Trial(change, (), fault=fault)
    clauses = [name for name in record.checks if not name.startswith("controls.")]
    kinds = {name: compare_checks(baseline.checks.get(name), record.checks[name]) for name in clauses}
    answers = [_answer(record.checks[name]) for name in change.clauses if name in record.checks]
    return Trial(
        change,
        tuple(sorted(name for name, kind in kinds.items() if kind == REGRESSION)),
        answers[0] if answers else "",
        tuple(sorted(name for name, kind in kinds.items() if kind == UNDECIDED)),
    )


def _fault(record: Record) -> str:
    """Why the run proves nothing: it died, or a control came out wrong. Its contents are changed on purpose."""
    if record.death or record.footer is None:
        return record.death or "the run has no footer"
    for name, outcome in (("controls.must-pass", "passed"), ("controls.must-fail", "failed")):
        if name in record.checks and record.checks[name].outcome != outcome:
            return f"control {name} came out {record.checks[name].outcome}"
    return ""


def _answer(check: Check) -> str:
    return str(check.got if check.outcome == "failed" else check.message or "")


@dataclass(frozen=True)
class Score:
    """All trials of breaks, or all of harmless changes."""

    trials: tuple[Trial, ...]

    @property
    def counts(self) -> dict[str, int]:
        """Verdict to number of trials."""
        return dict(Counter(trial.verdict for trial in self.trials))

    def by(self, kind: str) -> dict[str, tuple[int, int]]:
        """How many trials are right, and how many there are, by ``package`` or by ``area`` of the clauses to break."""
        counts: dict[str, tuple[int, int]] = {}
        for trial in self.trials:
            change = trial.change
            names = [change.package] if kind == "package" else [clause.split(".")[0] for clause in change.clauses]
            for name in dict.fromkeys(names):
                right, of = counts.get(name, (0, 0))
                counts[name] = (right + trial.right, of + 1)
        return dict(sorted(counts.items()))


@dataclass(frozen=True)
class Mutant:
    """A package with a mutation, the text of the mutated line, and the clauses whose checks execute that line."""

    package: str
    mutation: Mutation
    source_line: str
    clauses: tuple[str, ...]

    @property
    def identity(self) -> tuple[str, ...]:
        """What distinguishes it from every other mutant, and stays the same when the number of its line changes."""
        mutation = self.mutation
        return self.package, mutation.file, self.source_line, mutation.kind, mutation.before, mutation.after


@dataclass(frozen=True)
class MutantTrial:
    """A mutant that was tried; ``reason`` is the recorded reason why no consumer could notice it, if there is one."""

    mutant: Mutant
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
    """The mutants that were tried, of so many ``possible`` ones.

    A recorded reason is stale if its mutant no longer exists, or if a check catches it now.
    """

    trials: tuple[MutantTrial, ...] = ()
    possible: int = 0
    stale_reasons: tuple[str, ...] = ()


@dataclass(frozen=True)
class Proof:
    """What the suite detects, and whether it raises false alarms.

    ``start`` is seconds since the epoch, ``seconds`` is wall time. A silent clause got worse with none of the changes.
    """

    suite: str
    as_of: str
    combination: dict[str, str]
    breaks: Score
    harmless: Score
    mutants: MutantScore
    silent_clauses: tuple[str, ...]
    start: float
    seconds: float

    @property
    def exit(self) -> Exit:
        """Violated by a break that is missed, a false alarm, a mutant that survives unexplained, or a stale reason.

        Undecided where a trial could not be run.
        """
        verdicts = {trial.verdict for trial in (*self.breaks.trials, *self.harmless.trials)}
        verdicts |= {trial.verdict for trial in self.mutants.trials}
        if verdicts & {MISSED, ALARM, SURVIVED} or self.mutants.stale_reasons:
            return Exit.VIOLATED
        return Exit.UNDECIDED if ERROR in verdicts else Exit.OK


def silent_clauses(contract: Contract, trials: Iterable[Trial]) -> list[str]:
    """The clauses that got worse with none of the changes."""
    worse = {name for trial in trials for name in trial.worse}
    return sorted(name for name, clause in contract.clauses.items() if clause.scope != "control" and name not in worse)
