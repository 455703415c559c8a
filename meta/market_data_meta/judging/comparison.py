"""Candidates against their predecessors: what got worse, what better, what cannot be told. Pure functions; no I/O."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from market_data_meta.contract import Clause
from market_data_meta.judging.records import Check, Record
from market_data_meta.judging.verdicts import COMPATIBLE, INCOMPATIBLE, UNINSTALLABLE, UNKNOWN, weaknesses

REGRESSION, REPAIR, KNOWN, UNDECIDED, SAME = "regression", "repair", "known", "undecided", "same"


@dataclass(frozen=True)
class Pair:
    """A cell with candidates and the same with their predecessors; ``versions`` are the candidates', by package.

    A record is None where there is no evidence, and ``fault`` then says why there is none with the candidates.
    """

    cell: str
    scope: str
    combination: Mapping[str, str]
    now: Record | None
    was: Record | None
    fault: str = ""
    uninstallable: bool = False
    was_uninstallable: bool = False
    baseline: str | None = None
    stands_for: int = 1
    forbidden: tuple[str, ...] = ()


@dataclass(frozen=True)
class Difference:
    """One clause that came out otherwise than with the predecessors, in all the cells where it did in the same way."""

    kind: str
    clause: Clause
    now: Check | None
    was: Check | None
    cells: tuple[str, ...]
    guilty: tuple[str, ...] = ()


@dataclass(frozen=True)
class CellComparison:
    """A cell compared: its verdict with the reasons, and how many checks came out how."""

    pair: Pair
    verdict: str
    reasons: tuple[str, ...]
    counts: Mapping[str, int]
    kinds: Mapping[str, str] = field(default_factory=dict)


def kind_of(was: Check | None, now: Check | None, versions: Iterable[tuple[str, str]] = ()) -> str:
    """What a check says now beside what it said before.

    ``versions`` are the pairs of versions (before, now) of the candidates: a failure that only names another version is
    the same failure. A failure whose list of problems got shorter is known and partly repaired; any other change of a
    failure makes it a new one.
    """
    if now is None or now.outcome == "error":
        return UNDECIDED
    before = was.outcome if was else "missing"
    if now.outcome == "passed":
        return REPAIR if before == "failed" else SAME
    if now.outcome == "not-applicable":
        # What could be looked at before and cannot be now has not become true by that.
        return REGRESSION if before == "passed" else SAME
    if before == "failed" and was is not None and _same_failure(was, now, tuple(versions)):
        return KNOWN
    return REGRESSION


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
    found = {
        name: kind_of(pair.was.checks.get(name) if pair.was else None, pair.now.checks.get(name), versions)
        for name, clause in clauses.items()
        # A clause that says nothing about these versions, by its own table, has lost nothing.
        if not clause.why_not(pair.combination, set(clause.needs))
    }
    counts = Counter(check.outcome for name, check in pair.now.checks.items() if name in clauses)
    broken = [n for n, kind in found.items() if kind == REGRESSION and (strict or clauses[n].level == "must")]
    undecided = [name for name, kind in found.items() if kind == UNDECIDED]
    if broken:
        return CellComparison(pair, INCOMPATIBLE, tuple(broken), dict(counts), found)
    if undecided:
        reasons = (f"{name}: {_why(pair.now.checks.get(name))}" for name in undecided)
        return CellComparison(pair, UNKNOWN, tuple(reasons), dict(counts), found)
    if not counts["passed"] + counts["failed"]:
        return CellComparison(pair, UNKNOWN, ("no check was decided: there is no evidence",), dict(counts), found)
    return CellComparison(pair, COMPATIBLE, (), dict(counts), found)


def _why(check: Check | None) -> str:
    return str(check.message) if check else "the check is missing"


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
                was = cell.pair.was.checks.get(name) if cell.pair.was else None
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
