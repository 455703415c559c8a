"""Candidates compared with their predecessors: what got worse, better, or is undecided. Pure functions; no I/O."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property

from market_data_meta.contract import Clause
from market_data_meta.inside.mdm_raised import Raised
from market_data_meta.judging.records import Check, Record
from market_data_meta.judging.repeated_checks import why_unsteady
from market_data_meta.judging.verdicts import UNINSTALLABLE, UNKNOWN, why_not_evidence

REGRESSION, REPAIR, KNOWN, UNDECIDED, SAME = "regression", "repair", "known", "undecided", "same"
SPURIOUS = "spurious"
"""Of a difference that further runs of the check do not show."""
HELD, REGRESSED = "held", "regressed"
"""Of a cell of a gate, beside uninstallable and unknown: nothing that held before fails, or something does."""
_DIFFERENCES = (REGRESSION, UNDECIDED, SPURIOUS, REPAIR)
"""The kinds of what differs, in the order in which they are told."""
OUTCOMES = ("passed", "failed", "error", "not-applicable", "missing")
FIRST_RELEASE = "first release"
"""Stands for the outcome before where nothing was released before."""
FAILED_OTHERWISE = "failed otherwise"
"""A failure that differs from the one before."""


@dataclass(frozen=True)
class Ruling:
    """What a pair of outcomes, before and now, means, and why."""

    kind: str
    reason: str


_UNKNOWN_IF_STILL_TRUE = "it could not be looked at: nothing says whether it still holds"
_UNKNOWN_IF_TRUE = "it could not be looked at: nothing says whether it holds"
_CHECK_MISSING = "the check is missing: it was not run"
_NO_BASELINE = "it fails, and it could not be looked at before: nothing says that this is new"
_CHECK_MISSING_BEFORE = "it fails, and the check was not run before: nothing says that this is new"
_NOTHING_LOST = "it holds, so nothing got worse, whatever it was before"

RULINGS: Mapping[tuple[str, str], Ruling] = {
    ("passed", "passed"): Ruling(SAME, "it held and it holds"),
    ("passed", "failed"): Ruling(REGRESSION, "it held and does not hold any more"),
    ("passed", "error"): Ruling(UNDECIDED, _UNKNOWN_IF_STILL_TRUE),
    ("passed", "not-applicable"): Ruling(
        REGRESSION, "it held and there is nothing left to look at: it has not become true by that"
    ),
    ("passed", "missing"): Ruling(UNDECIDED, _CHECK_MISSING),
    ("failed", "passed"): Ruling(REPAIR, "it did not hold and holds now"),
    ("failed", "failed"): Ruling(KNOWN, "it fails as it did, or less"),
    ("failed", FAILED_OTHERWISE): Ruling(REGRESSION, "it fails in a way in which it did not fail before"),
    ("failed", "error"): Ruling(UNDECIDED, _UNKNOWN_IF_TRUE),
    ("failed", "not-applicable"): Ruling(SAME, "it did not hold, so nobody has lost what is gone"),
    ("failed", "missing"): Ruling(UNDECIDED, _CHECK_MISSING),
    ("error", "passed"): Ruling(SAME, _NOTHING_LOST),
    ("error", "failed"): Ruling(UNDECIDED, _NO_BASELINE),
    ("error", "error"): Ruling(UNDECIDED, _UNKNOWN_IF_TRUE),
    ("error", "not-applicable"): Ruling(
        UNDECIDED, "there is nothing to look at, and it could not be looked at before: nothing says whether it held"
    ),
    ("error", "missing"): Ruling(UNDECIDED, _CHECK_MISSING),
    ("not-applicable", "passed"): Ruling(SAME, "it said nothing of what was there before, and it holds"),
    ("not-applicable", "failed"): Ruling(REGRESSION, "what it speaks of came with the candidate and does not hold"),
    ("not-applicable", "error"): Ruling(UNDECIDED, _UNKNOWN_IF_TRUE),
    ("not-applicable", "not-applicable"): Ruling(SAME, "it said nothing before and says nothing now"),
    ("not-applicable", "missing"): Ruling(UNDECIDED, _CHECK_MISSING),
    ("missing", "passed"): Ruling(SAME, _NOTHING_LOST),
    ("missing", "failed"): Ruling(UNDECIDED, _CHECK_MISSING_BEFORE),
    ("missing", "error"): Ruling(UNDECIDED, _UNKNOWN_IF_TRUE),
    ("missing", "not-applicable"): Ruling(
        UNDECIDED, "there is nothing to look at, and the check was not run before: nothing says whether it held"
    ),
    ("missing", "missing"): Ruling(UNDECIDED, _CHECK_MISSING),
    (FIRST_RELEASE, "passed"): Ruling(SAME, "nothing was released before, and it holds"),
    (FIRST_RELEASE, "failed"): Ruling(
        REGRESSION, "nothing was released before: it is judged by itself, and does not hold"
    ),
    (FIRST_RELEASE, "error"): Ruling(UNDECIDED, _UNKNOWN_IF_TRUE),
    (FIRST_RELEASE, "not-applicable"): Ruling(
        SAME, "nothing was released before, and it says nothing of the candidate"
    ),
    (FIRST_RELEASE, "missing"): Ruling(UNDECIDED, _CHECK_MISSING),
}
"""What each pair of outcomes, before and now, means. Only what was looked at before can have got worse."""


@dataclass(frozen=True)
class Repetition:
    """A check once more, alone in a fresh process: with the predecessors (``was``) and with the candidates (``now``).

    None stands for a check that brought no outcome, and for what was never released before.
    """

    was: Check | None
    now: Check | None

    @property
    def outcomes(self) -> tuple[str, str]:
        """The outcome with the predecessors, and the one with the candidates."""
        return _outcome(self.was), _outcome(self.now)


@dataclass(frozen=True)
class CellPair:
    """One cell, run with the candidates (``now``) and with their predecessors (``was``).

    ``combination`` has the versions of the run with the candidates. A record is None where there is no evidence:
    ``fault`` then says why there is none with the candidates, and ``was_fault`` why there is none with their
    predecessors. ``baseline`` names the predecessors' cell, and is None where a candidate is a first release.
    ``repetitions`` are further runs of the checks that came out otherwise with the candidates, by clause.
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
    repetitions: Mapping[str, tuple[Repetition, ...]] = field(default_factory=dict)

    @property
    def first_release(self) -> bool:
        """Whether nothing was released before that the candidates could be compared with."""
        return self.was is None and self.baseline is None

    def check_before(self, clause: str) -> Check | None:
        """The check with the predecessors: an error that names the cause where their run is no evidence."""
        if self._why_no_baseline:
            return Check(clause, "error", self._why_no_baseline, None, None, 0.0)
        return self.was.checks.get(clause) if self.was else None

    @cached_property
    def _why_no_baseline(self) -> str:
        """Why the run with the predecessors is no evidence; empty if it is, or if there never was one."""
        faults = why_not_evidence(self.was) if self.was else []
        if self.first_release or (self.was and not faults):
            return ""
        cause = self.was_fault or next(iter(faults), "there is no record")
        what = "predecessor could not be installed" if self.was_uninstallable else "predecessor's run brought no result"
        return f"the {what}: {cause}"


@dataclass(frozen=True)
class Difference:
    """A clause that came out otherwise than with the predecessors, and the cells in which it did so in the same way."""

    kind: str
    clause: Clause
    now: Check | None
    was: Check | None
    cells: tuple[str, ...]
    guilty: tuple[str, ...] = ()
    repetitions: tuple[Repetition, ...] = ()

    @property
    def of_candidates(self) -> bool:
        """Whether it is undecided because of the candidates' own check; else the check of their predecessors."""
        return self.kind == UNDECIDED and _outcome(self.now) in ("error", "missing")


@dataclass(frozen=True)
class CellComparison:
    """What the comparison says of a cell: the verdict, its reasons, the outcomes counted, and the kind by clause.

    ``reasons`` of a cell that regressed are the ids of the clauses that did.
    """

    pair: CellPair
    verdict: str
    reasons: tuple[str, ...]
    counts: Mapping[str, int]
    kinds: Mapping[str, str] = field(default_factory=dict)

    @property
    def repeated_pair(self) -> CellPair:
        """The pair without what did not repeat: a spurious check is as it was, an undecided one could not run."""
        pair = self.pair
        if pair.now is None:
            return pair
        checks = dict(pair.now.checks)
        for name in pair.repetitions:
            before = pair.check_before(name)
            if self.kinds.get(name) == SPURIOUS and before:
                checks[name] = before
            elif self.kinds.get(name) == UNDECIDED:
                checks[name] = Check(name, "error", _why_undecided(pair, name, ""), None, None, 0.0)
        return replace(pair, now=replace(pair.now, checks=checks))


def compare_checks(
    was: Check | None, now: Check | None, versions: Iterable[tuple[str, str]] = (), *, first_release: bool = False
) -> str:
    """Whether a check got worse, better, or neither: the kind of the ruling. None is a check that is missing.

    ``versions`` are the pairs of versions (before, now) of the candidates: a failure that only names another version is
    the same failure, and so is an exception that is only put otherwise. A failure whose list of problems got shorter is
    known and partly repaired; any other change of a failure makes it a new one. With ``first_release`` nothing was
    released before that it could be compared with.
    """
    return _ruling(was, now, versions, first_release=first_release).kind


def _ruling(
    was: Check | None, now: Check | None, versions: Iterable[tuple[str, str]] = (), *, first_release: bool = False
) -> Ruling:
    before, after = FIRST_RELEASE if first_release else _outcome(was), _outcome(now)
    if before == after == "failed" and was and now and not _same_failure(was, now, tuple(versions)):
        after = FAILED_OTHERWISE
    return RULINGS[before, after]


def repeated_kind(
    kind: str,
    repetitions: Sequence[Repetition],
    versions: Iterable[tuple[str, str]] = (),
    *,
    first_release: bool = False,
) -> str:
    """What a regression or a repair comes to once it was run again: without repetitions what it is.

    It stands if every repetition shows it. A repair that does not repeat, and a regression that no repetition shows,
    is spurious. A regression that some of them show, or that could not be run again, is undecided, and so is a repair
    of which a repetition shows a regression.
    """
    versions = tuple(versions)
    kinds = {compare_checks(each.was, each.now, versions, first_release=first_release) for each in repetitions}
    if kind not in (REGRESSION, REPAIR) or kinds <= {kind}:
        return kind
    if REGRESSION in kinds or (kind == REGRESSION and UNDECIDED in kinds):
        return UNDECIDED
    return SPURIOUS


def _outcome(check: Check | None) -> str:
    if check is None:
        return "missing"
    # An outcome that this version does not know decides nothing.
    return check.outcome if check.outcome in OUTCOMES else "error"


def _same_failure(was: Check, now: Check, versions: tuple[tuple[str, str], ...]) -> bool:
    raised_before, raised_now = was.raised_in_packages, now.raised_in_packages
    if raised_before and raised_now:
        before, after = _without_versions(str(was.message), str(now.message), versions)
        return before == after and _same_exception(raised_before, raised_now, versions)
    text_before, text_now = _failure_text(was), _failure_text(now)
    text_before, text_now = _without_versions(text_before, text_now, versions)
    if text_before == text_now or was.fingerprint == now.fingerprint:
        return True
    if isinstance(was.got, list) and isinstance(now.got, list) and was.message == now.message:
        return Counter(map(json.dumps, now.got)) < Counter(map(json.dumps, was.got))
    return False


def _same_exception(was: Raised, now: Raised, versions: tuple[tuple[str, str], ...]) -> bool:
    """Whether it is the same type from the same place, as far as an author of the packages may move or word it anew.

    Two of file, function and text agree: code that moved keeps its function and text, a function that was renamed its
    file and text, a text that was put otherwise its file and function. The same words from elsewhere are another one.
    """
    text_before, text_now = _without_versions(was.text, now.text, versions)
    agree = (was.file == now.file) + (was.function == now.function) + (text_before == text_now)
    return (was.kind, was.importing) == (now.kind, now.importing) and agree > 1


def _without_versions(before: str, now: str, versions: tuple[tuple[str, str], ...]) -> tuple[str, str]:
    for version_before, version_now in versions:
        before, now = before.replace(version_before, "…"), now.replace(version_now, "…")
    return before, now


def _failure_text(check: Check) -> str:
    return json.dumps([check.message, check.got], sort_keys=True, ensure_ascii=False)


def compare_cell(
    pair: CellPair, clauses: Mapping[str, Clause], versions: Iterable[tuple[str, str]], *, strict: bool
) -> CellComparison:
    """Compare a cell with its predecessors: it has held if nothing that held before fails now.

    ``versions`` are those of ``compare_checks``. With ``strict`` a broken ``should`` clause counts like a ``must``.
    """
    versions = tuple(versions)
    if pair.uninstallable:
        return CellComparison(pair, UNINSTALLABLE, (pair.fault,), {})
    if pair.now is None or pair.fault:
        return CellComparison(pair, UNKNOWN, (pair.fault or "it was not run: there is no record",), {})
    if faults := why_not_evidence(pair.now):
        return CellComparison(pair, UNKNOWN, tuple(faults), {})
    first_release = pair.first_release
    rulings = {
        name: _ruling(pair.check_before(name), pair.now.checks.get(name), versions, first_release=first_release)
        for name, clause in clauses.items()
        # A clause that does not apply to these versions, by its own table, cannot have got worse.
        if not clause.why_not_applicable(pair.combination, set(clause.needs))
    }
    kinds = {
        name: repeated_kind(ruling.kind, pair.repetitions.get(name, ()), versions, first_release=first_release)
        for name, ruling in rulings.items()
    }
    counts = Counter(check.outcome for name, check in pair.now.checks.items() if name in clauses)
    broken = [name for name, kind in kinds.items() if kind == REGRESSION and (strict or clauses[name].level == "must")]
    # A should clause that fails in some runs only would not count without strict if it failed in all of them.
    counts_for_nothing = {name for name in pair.repetitions if not strict and clauses[name].level != "must"}
    undecided = [name for name, kind in kinds.items() if kind == UNDECIDED and name not in counts_for_nothing]
    if broken:
        return CellComparison(pair, REGRESSED, tuple(broken), dict(counts), kinds)
    if undecided:
        reasons = (f"{name}: {_why_undecided(pair, name, rulings[name].reason)}" for name in undecided)
        return CellComparison(pair, UNKNOWN, tuple(reasons), dict(counts), kinds)
    if not counts["passed"] + counts["failed"]:
        return CellComparison(pair, UNKNOWN, ("no check was decided: there is no evidence",), dict(counts), kinds)
    return CellComparison(pair, HELD, (), dict(counts), kinds)


def _why_undecided(pair: CellPair, name: str, reason: str) -> str:
    """Why a clause is undecided: what kept the check from running, with the candidates or with their predecessors."""
    if repetitions := pair.repetitions.get(name):
        before_all, now_all = zip(*(each.outcomes for each in repetitions), strict=True)
        # What was never released before brings no outcome.
        why = why_unsteady(now_all if pair.first_release else (*before_all, *now_all))
        return f"{why}: before {', '.join(before_all)}; now {', '.join(now_all)}"
    now = pair.now.checks.get(name) if pair.now else None
    if now is None or now.outcome not in ("failed", "not-applicable"):
        return str(now.message) if now else reason
    before = pair.check_before(name)
    return f"{reason}: {before.message}" if before else reason


def differences(cells: Iterable[CellComparison], clauses: Mapping[str, Clause]) -> tuple[Difference, ...]:
    """What differs from the predecessors, with all the cells of the same difference: regressions of must clauses first.

    Among these the likely cause stands before its consequences: a value that is wrong before a check that fell over,
    and what binds few packages before what binds more.
    """
    groups: dict[tuple[str, str, str, str], list[tuple[Check | None, Check | None, CellPair]]] = {}
    for cell in cells:
        for name, kind in cell.kinds.items():
            if kind in _DIFFERENCES:
                now = cell.pair.now.checks.get(name) if cell.pair.now else None
                was = cell.pair.check_before(name)
                key = (kind, name, now.fingerprint if now else "", was.fingerprint if was else "")
                groups.setdefault(key, []).append((now, was, cell.pair))

    def rank(difference: Difference) -> tuple[object, ...]:
        clause, check = difference.clause, difference.now
        fell_over = check is not None and check.expected == "no exception"
        return (
            _DIFFERENCES.index(difference.kind),
            clause.level,
            fell_over,
            len(clause.binds),
            clause.id,
            difference.cells,
        )

    unranked = (
        Difference(
            kind,
            clauses[name],
            now=rows[0][0],
            was=rows[0][1],
            cells=tuple(pair.cell for _, _, pair in rows),
            repetitions=rows[0][2].repetitions.get(name, ()),
        )
        for (kind, name, _, _), rows in groups.items()
    )
    return tuple(sorted(unranked, key=rank))


def known_failures(cells: Iterable[CellComparison]) -> dict[str, tuple[str, ...]]:
    """The clauses that fail as they did with the predecessors, with their cells."""
    cells_of: dict[str, list[str]] = {}
    for cell in cells:
        for name, kind in cell.kinds.items():
            if kind == KNOWN:
                cells_of.setdefault(name, []).append(cell.pair.cell)
    return {name: tuple(names) for name, names in sorted(cells_of.items())}
