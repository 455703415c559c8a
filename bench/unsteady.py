"""Which checks did not come out the same in each of several runs of the suite. Pure functions; no I/O."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass

from market_data_meta.inside.mdm_plan import ENVIRONMENT
from market_data_meta.judging.records import Check, Record
from market_data_meta.judging.verdicts import run_faults

WIDTH = 80
"""How much of what a check got a line shows."""
_Facts = tuple[str, str, str]


@dataclass(frozen=True)
class SuiteRun:
    """One run of the suite on a cell, and the number of its round."""

    round: int
    record: Record

    @property
    def name(self) -> str:
        """``3 warm``, or ``3 isolated (TZ=UTC, PYTHONHASHSEED=7)`` for a run with an environment of its own."""
        header = self.record.header
        own = ", ".join(f"{name}={value}" for name, value in header.environment.items() if ENVIRONMENT[name] != value)
        return f"{self.round} {header.lane}" + (f" ({own})" if own else "")


@dataclass(frozen=True)
class Answer:
    """What came out of a check, and the names of the runs in which it did."""

    outcome: str
    runs: tuple[str, ...]


@dataclass(frozen=True)
class UnsteadyCheck:
    """A check that came out differently in runs of the same cell: its answers, the most frequent first."""

    cell: str
    clause: str
    answers: tuple[Answer, ...]

    @property
    def line(self) -> str:
        """All of it in one line, without the names of the runs that most runs agree with."""
        usual, *others = self.answers
        told = "; ".join(f"{answer.outcome} in {', '.join(answer.runs)}" for answer in others)
        return f"{self.cell}: {self.clause}: {told}; {usual.outcome} in the other {len(usual.runs)}"


def unsteady(runs: Iterable[SuiteRun], ignored: Iterable[str] = ()) -> list[UnsteadyCheck]:
    """The checks that differ between whole runs of a cell: in their outcome, or in what they expected or got.

    Checks of ``ignored`` clauses are left out. A run that failed as a whole says nothing of a check.
    """
    by_cell: dict[str, list[SuiteRun]] = {}
    for run in runs:
        if not run_faults(run.record):
            by_cell.setdefault(run.record.cell, []).append(run)
    checks = []
    for cell, cell_runs in by_cell.items():
        for clause in sorted({name for run in cell_runs for name in run.record.checks}.difference(ignored)):
            answers = _answers(clause, cell_runs)
            if len(answers) > 1:
                checks.append(UnsteadyCheck(cell, clause, answers))
    return checks


def _answers(clause: str, runs: Iterable[SuiteRun]) -> tuple[Answer, ...]:
    texts: dict[_Facts, str] = {}
    names: dict[_Facts, list[str]] = {}
    for run in runs:
        check = run.record.checks.get(clause)
        facts = _facts(check)
        texts.setdefault(facts, _text(check))
        names.setdefault(facts, []).append(run.name)
    answers = [Answer(text, tuple(names[facts])) for facts, text in texts.items()]
    return tuple(sorted(answers, key=lambda answer: -len(answer.runs)))


def _facts(check: Check | None) -> _Facts:
    """What is judged of a check."""
    if check is None:
        return ("missing", "", "")
    return (check.outcome, check.fingerprint, json.dumps(check.expected, sort_keys=True))


def _text(check: Check | None) -> str:
    if check is None:
        return "missing"
    if check.outcome == "passed":
        return "passed"
    got = f", got {json.dumps(check.got, ensure_ascii=False)}" if check.outcome == "failed" else ""
    text = " ".join(f"{check.outcome} [{check.message}{got}]".split())
    return text if len(text) <= WIDTH else f"{text[:WIDTH]}…]"


def faults(runs: Iterable[SuiteRun]) -> list[str]:
    """A sentence for each run that failed as a whole."""
    return [f"round {run.name}: {run.record.cell}: {reasons[0]}" for run in runs if (reasons := run_faults(run.record))]
