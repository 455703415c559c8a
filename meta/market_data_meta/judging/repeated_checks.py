"""Checks that came out otherwise than is known, and what further runs of them say. Pure functions; no I/O."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import replace

from market_data_meta.contract import Contract
from market_data_meta.judging.defects import KnownDefects
from market_data_meta.judging.records import Check, Record

NO_RESULT = "no result"
"""Stands for the outcome of a run that brought none."""


def unexpected_checks(contract: Contract, record: Record, known: KnownDefects) -> list[Check]:
    """The checks of a run that show a new failure, or no longer a known one."""
    return [
        check
        for name, check in record.checks.items()
        if name in contract.clauses and name not in contract.controls and not known.is_expected(record, check)
    ]


def differ(first: Check, second: Check | None) -> bool:
    """Whether two checks of a clause came out otherwise: another outcome, or another failure. None is no outcome."""
    if second is None or first.outcome != second.outcome:
        return True
    return first.outcome == "failed" and first.fingerprint != second.fingerprint


def repeats(first: Check, repeated: Iterable[Check | None]) -> bool:
    """Whether a check came out the same in all of its repetitions."""
    return not any(differ(first, check) for check in repeated)


def outcomes(checks: Iterable[Check | None]) -> tuple[str, ...]:
    """How the checks came out, in words."""
    return tuple(check.outcome if check else NO_RESULT for check in checks)


def why_unsteady(repeated: Iterable[str]) -> str:
    """What further runs with these outcomes show: that it varies, or only that some of them could not be made."""
    could_run = not {"error", "missing", NO_RESULT}.intersection(repeated)
    return "it does not come out the same each time" if could_run else "it could not be run again each time"


def unsteady(first: Check, repeated: Iterable[Check | None]) -> Check:
    """The error in place of a check that did not come out the same when it was repeated."""
    how = outcomes((first, *repeated))
    message = f"{why_unsteady(how[1:])}: {', '.join(how)}"
    return Check(first.clause, "error", message, None, None, first.duration)


def with_repetitions(record: Record, repetitions: Sequence[Record], clauses: Iterable[str]) -> Record:
    """The record, with an error in place of each of these checks that did not come out the same in every repetition."""
    checks = dict(record.checks)
    for name in clauses:
        first, repeated = checks[name], [each.checks.get(name) for each in repetitions]
        if not repeats(first, repeated):
            checks[name] = unsteady(first, repeated)
    if checks == record.checks or record.footer is None:
        return record
    counts = dict(Counter(check.outcome for check in checks.values()))
    return replace(record, checks=checks, footer=replace(record.footer, counts=counts))
