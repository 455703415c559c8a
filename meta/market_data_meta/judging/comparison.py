"""Candidates against their predecessors: what got worse, what better, what cannot be told. Pure functions; no I/O."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property

from market_data_meta.contract import Clause
from market_data_meta.judging.records import Check, Record
from market_data_meta.judging.verdicts import COMPATIBLE, INCOMPATIBLE, UNINSTALLABLE, UNKNOWN, weaknesses

REGRESSION, REPAIR, KNOWN, UNDECIDED, SAME = "regression", "repair", "known", "undecided", "same"
OUTCOMES = ("passed", "failed", "error", "not-applicable", "missing")
FIRST = "first release"
"""Stands for the outcome before where nothing was released before."""
OTHERWISE = "failed otherwise"
"""A failure that differs from the one before."""


@dataclass(frozen=True)
class Ruling:
    """What a pair of outcomes, before and now, means, and why."""

    kind: str
    reason: str


_LOOKED_AT_NO_MORE = "it could not be looked at: nothing says whether it still holds"
_NOT_LOOKED_AT = "it could not be looked at: nothing says whether it holds"
_NO_LINE = "the check is missing: it was not run"
_NO_BASELINE = "it fails, and it could not be looked at before: nothing says that this is new"
_NO_BASELINE_MISSING = "it fails, and the check was not run before: nothing says that this is new"
_NOTHING_LOST = "it holds, so nothing got worse, whatever it was before"

RULINGS: Mapping[tuple[str, str], Ruling] = {
    ("passed", "passed"): Ruling(SAME, "it held and it holds"),
    ("passed", "failed"): Ruling(REGRESSION, "it held and does not hold any more"),
    ("passed", "error"): Ruling(UNDECIDED, _LOOKED_AT_NO_MORE),
    ("passed", "not-applicable"): Ruling(
        REGRESSION, "it held and there is nothing left to look at: it has not become true by that"
    ),
    ("passed", "missing"): Ruling(UNDECIDED, _NO_LINE),
    ("failed", "passed"): Ruling(REPAIR, "it did not hold and holds now"),
    ("failed", "failed"): Ruling(KNOWN, "it fails as it did, or less"),
    ("failed", OTHERWISE): Ruling(REGRESSION, "it fails in a way in which it did not fail before"),
    ("failed", "error"): Ruling(UNDECIDED, _NOT_LOOKED_AT),
    ("failed", "not-applicable"): Ruling(SAME, "it did not hold, so nobody has lost what is gone"),
    ("failed", "missing"): Ruling(UNDECIDED, _NO_LINE),
    ("error", "passed"): Ruling(SAME, _NOTHING_LOST),
    ("error", "failed"): Ruling(UNDECIDED, _NO_BASELINE),
    ("error", "error"): Ruling(UNDECIDED, _NOT_LOOKED_AT),
    ("error", "not-applicable"): Ruling(
        UNDECIDED, "there is nothing to look at, and it could not be looked at before: nothing says whether it held"
    ),
    ("error", "missing"): Ruling(UNDECIDED, _NO_LINE),
    ("not-applicable", "passed"): Ruling(SAME, "it said nothing of what was there before, and it holds"),
    ("not-applicable", "failed"): Ruling(REGRESSION, "what it speaks of came with the candidate and does not hold"),
    ("not-applicable", "error"): Ruling(UNDECIDED, _NOT_LOOKED_AT),
    ("not-applicable", "not-applicable"): Ruling(SAME, "it said nothing before and says nothing now"),
    ("not-applicable", "missing"): Ruling(UNDECIDED, _NO_LINE),
    ("missing", "passed"): Ruling(SAME, _NOTHING_LOST),
    ("missing", "failed"): Ruling(UNDECIDED, _NO_BASELINE_MISSING),
    ("missing", "error"): Ruling(UNDECIDED, _NOT_LOOKED_AT),
    ("missing", "not-applicable"): Ruling(
        UNDECIDED, "there is nothing to look at, and the check was not run before: nothing says whether it held"
    ),
    ("missing", "missing"): Ruling(UNDECIDED, _NO_LINE),
    (FIRST, "passed"): Ruling(SAME, "nothing was released before, and it holds"),
    (FIRST, "failed"): Ruling(REGRESSION, "nothing was released before: it is judged by itself, and does not hold"),
    (FIRST, "error"): Ruling(UNDECIDED, _NOT_LOOKED_AT),
    (FIRST, "not-applicable"): Ruling(SAME, "nothing was released before, and it says nothing of the candidate"),
    (FIRST, "missing"): Ruling(UNDECIDED, _NO_LINE),
}
"""What each pair of outcomes, before and now, means. Only what was looked at before can have got worse."""


@dataclass(frozen=True)
class Pair:
    """A cell with candidates and the same with their predecessors; ``versions`` are the candidates', by package.

    A record is None where there is no evidence: ``fault`` then says why there is none with the candidates, and
    ``was_fault`` why there is none with their predecessors. ``baseline`` is the predecessors' cell, None where a
    candidate is a first release.
    """

    cell: str
    scope: str
    combination: Mapping[str, str]
    now: Record | None
    was: Record | None
    fault: str = ""
    uninstallable: bool = False
    was_uninstallable: bool = False
    was_fault: str = ""
    baseline: str | None = None
    stands_for: int = 1
    forbidden: tuple[str, ...] = ()

    @property
    def first(self) -> bool:
        """Whether nothing was released before that could have been looked at."""
        return self.was is None and self.baseline is None

    def before(self, clause: str) -> Check | None:
        """What a check said with the predecessors: an error with its cause where their run is no evidence."""
        if self._no_baseline:
            return Check(clause, "error", self._no_baseline, None, None, 0.0)
        return self.was.checks.get(clause) if self.was else None

    @cached_property
    def _no_baseline(self) -> str:
        """Why the run with the predecessors is no evidence; nothing if it is, or if there never was one."""
        weak = weaknesses(self.was) if self.was else []
        if self.first or (self.was and not weak):
            return ""
        cause = self.was_fault or next(iter(weak), "there is no record")
        told = "predecessor could not be installed" if self.was_uninstallable else "predecessor's run came to nothing"
        return f"the {told}: {cause}"


@dataclass(frozen=True)
class Difference:
    """One clause that came out otherwise than with the predecessors, in all the cells where it did in the same way."""

    kind: str
    clause: Clause
    now: Check | None
    was: Check | None
    cells: tuple[str, ...]
    guilty: tuple[str, ...] = ()

    @property
    def of_candidates(self) -> bool:
        """Whether the candidates' own check could not be looked at; else it was that of their predecessors."""
        return self.kind == UNDECIDED and _outcome(self.now) in ("error", "missing")


@dataclass(frozen=True)
class CellComparison:
    """A cell compared: its verdict with the reasons, and how many checks came out how."""

    pair: Pair
    verdict: str
    reasons: tuple[str, ...]
    counts: Mapping[str, int]
    kinds: Mapping[str, str] = field(default_factory=dict)


def kind_of(
    was: Check | None, now: Check | None, versions: Iterable[tuple[str, str]] = (), *, first: bool = False
) -> str:
    """What a check says now beside what it said before: None is a check that is missing.

    ``versions`` are the pairs of versions (before, now) of the candidates: a failure that only names another version is
    the same failure. A failure whose list of problems got shorter is known and partly repaired; any other change of a
    failure makes it a new one. ``first`` says that nothing was released before that could have been looked at.
    """
    return _ruling(was, now, versions, first=first).kind


def _ruling(
    was: Check | None, now: Check | None, versions: Iterable[tuple[str, str]] = (), *, first: bool = False
) -> Ruling:
    before, after = FIRST if first else _outcome(was), _outcome(now)
    if before == after == "failed" and was and now and not _same_failure(was, now, tuple(versions)):
        after = OTHERWISE
    return RULINGS[before, after]


def _outcome(check: Check | None) -> str:
    if check is None:
        return "missing"
    # What nobody knows decides nothing.
    return check.outcome if check.outcome in OUTCOMES else "error"


def _same_failure(was: Check, now: Check, versions: tuple[tuple[str, str], ...]) -> bool:
    old, new = _said(was), _said(now)
    for before, after in versions:
        old, new = old.replace(before, "…"), new.replace(after, "…")
    if old == new or was.fingerprint == now.fingerprint:
        return True
    if isinstance(was.got, list) and isinstance(now.got, list) and was.message == now.message:
        return {json.dumps(one) for one in now.got} < {json.dumps(one) for one in was.got}
    return False


def _said(check: Check) -> str:
    return json.dumps([check.message, check.got], sort_keys=True, ensure_ascii=False)


def compared(
    pair: Pair, clauses: Mapping[str, Clause], versions: Iterable[tuple[str, str]], *, strict: bool
) -> CellComparison:
    """The verdict of one cell: compatible if nothing that a predecessor kept is broken."""
    versions = tuple(versions)
    if pair.uninstallable:
        return CellComparison(pair, UNINSTALLABLE, (pair.fault,), {})
    if pair.now is None or pair.fault:
        return CellComparison(pair, UNKNOWN, (pair.fault or "it was not run: there is no record",), {})
    if weak := weaknesses(pair.now):
        return CellComparison(pair, UNKNOWN, tuple(weak), {})
    rulings = {
        name: _ruling(pair.before(name), pair.now.checks.get(name), versions, first=pair.first)
        for name, clause in clauses.items()
        # A clause that says nothing about these versions, by its own table, has lost nothing.
        if not clause.why_not(pair.combination, set(clause.needs))
    }
    found = {name: ruling.kind for name, ruling in rulings.items()}
    counts = Counter(check.outcome for name, check in pair.now.checks.items() if name in clauses)
    broken = [n for n, kind in found.items() if kind == REGRESSION and (strict or clauses[n].level == "must")]
    undecided = [name for name, kind in found.items() if kind == UNDECIDED]
    if broken:
        return CellComparison(pair, INCOMPATIBLE, tuple(broken), dict(counts), found)
    if undecided:
        reasons = (f"{name}: {_why(pair, name, rulings[name])}" for name in undecided)
        return CellComparison(pair, UNKNOWN, tuple(reasons), dict(counts), found)
    if not counts["passed"] + counts["failed"]:
        return CellComparison(pair, UNKNOWN, ("no check was decided: there is no evidence",), dict(counts), found)
    return CellComparison(pair, COMPATIBLE, (), dict(counts), found)


def _why(pair: Pair, name: str, ruling: Ruling) -> str:
    """Why a clause is undecided: what kept the check from running, with the candidates or with their predecessors."""
    now = pair.now.checks.get(name) if pair.now else None
    if now is None or now.outcome not in ("failed", "not-applicable"):
        return str(now.message) if now else ruling.reason
    before = pair.before(name)
    return f"{ruling.reason}: {before.message}" if before else ruling.reason


def differences(cells: Iterable[CellComparison], clauses: Mapping[str, Clause]) -> tuple[Difference, ...]:
    """What differs, the same difference in many cells told once: regressions of must clauses first.

    Among these the likely cause stands before its consequences: a value that is wrong before a check that fell over,
    and what binds few packages before what binds more.
    """
    groups: dict[tuple[str, str, str, str], list[tuple[Check | None, Check | None, str]]] = {}
    for cell in cells:
        for name, kind in cell.kinds.items():
            if kind in (REGRESSION, REPAIR, UNDECIDED):
                now = cell.pair.now.checks.get(name) if cell.pair.now else None
                was = cell.pair.before(name)
                key = (kind, name, now.fingerprint if now else "", was.fingerprint if was else "")
                groups.setdefault(key, []).append((now, was, cell.pair.cell))
    found = [
        Difference(kind, clauses[name], rows[0][0], rows[0][1], tuple(cell for _, _, cell in rows))
        for (kind, name, _, _), rows in groups.items()
    ]
    order = (REGRESSION, UNDECIDED, REPAIR)

    def rank(one: Difference) -> tuple[object, ...]:
        fell_over = one.now is not None and one.now.expected == "no exception"
        return order.index(one.kind), one.clause.level, fell_over, len(one.clause.binds), one.clause.id, one.cells

    return tuple(sorted(found, key=rank))


def known(cells: Iterable[CellComparison]) -> dict[str, tuple[str, ...]]:
    """The clauses that fail as they did with the predecessors, with their cells."""
    found: dict[str, list[str]] = {}
    for cell in cells:
        for name, kind in cell.kinds.items():
            if kind == KNOWN:
                found.setdefault(name, []).append(cell.pair.cell)
    return {name: tuple(rows) for name, rows in sorted(found.items())}
