"""Decisions: what the runs so far say about each clause, for all cells that a run speaks for.

A clause's outcome is a function of the code of the packages that it binds. So one run decides it for every cell with
the same code of those. That is checked and not believed: some cells run every clause, and where two runs of the same
code differ, the clause is *wide* and decided in each cell by itself.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from market_data_meta.contract import Clause, Contract
from market_data_meta.judging.records import Check, Record
from market_data_meta.judging.verdicts import weaknesses
from market_data_meta.releases.contents import ContentCombination

DECIDED = ("passed", "failed", "not-applicable")
Key = tuple[str, ...]


@dataclass(frozen=True)
class Decided:
    """A check's outcome and the cell that was run for it."""

    check: Check
    cell: str


@dataclass
class Decisions:
    """What is known from records of the warm lane with one suite, interpreter and third-party family.

    A clause that comes out differently depends first on the packages of ``also`` too (candidates, whose code may well
    change what others do), and only if that does not explain it on all.
    """

    contract: Contract
    exhaustive: bool = False
    also: frozenset[str] = frozenset()
    wide: set[str] = field(default_factory=set)
    broad: set[str] = field(default_factory=set)
    runs: dict[Key, list[Record]] = field(default_factory=dict)
    faults: dict[Key, str] = field(default_factory=dict)
    errors: dict[tuple[str, Key], list[Decided | None]] = field(default_factory=dict)
    flaky: dict[tuple[str, Key], Decided] = field(default_factory=dict)
    _known: dict[tuple[str, Key], Decided] = field(default_factory=dict)
    _rebuilt: tuple[set[str], set[str]] = field(default_factory=lambda: (set(), set()))

    def key(self, clause: Clause, contents: Mapping[str, str]) -> Key:
        """What the clause's outcome depends on, of a cell with these contents."""
        if self.exhaustive or clause.id in self.wide or clause.scope == "control":
            return tuple(contents.values())
        binds = {*clause.binds, *self.also} if clause.id in self.broad else clause.binds
        # A list, because it is made hundreds of thousands of times, and a generator costs twice as much.
        return tuple([content for name, content in contents.items() if name in binds])

    def add(self, records: Iterable[Record]) -> None:
        """Take in what runs have said; one that is no evidence is remembered as the cell's fault."""
        fresh = []
        for record in records:
            contents = contents_of(record)
            whole = tuple(contents.values())
            weak = weaknesses(record)
            if weak:
                self.faults[whole] = weak[0]
                continue
            self.runs.setdefault(whole, []).append(record)
            fresh.append((record, contents))
        for record, contents in fresh:
            self._decide(record, contents)
        # What has turned out to depend on more is decided again with its new key.
        while (self.wide, self.broad) != self._rebuilt:
            self._rebuilt = (set(self.wide), set(self.broad))
            self._rebuild()

    def _decide(self, record: Record, contents: Mapping[str, str]) -> None:
        for name, check in record.checks.items():
            clause = self.contract.clauses.get(name)
            if clause is None:
                continue
            key = (name, self.key(clause, contents))
            if check.outcome not in DECIDED:
                self.errors.setdefault(key, []).append(Decided(check, record.cell))
                continue
            known = self._known.setdefault(key, Decided(check, record.cell))
            if _differs(known.check, check):
                wide, broad = self._rebuilt
                if name not in broad and not self.also <= set(clause.binds):
                    self.broad.add(name)
                elif name not in wide and clause.scope != "control":
                    self.wide.add(name)
                else:
                    message = f"it came out differently in two runs of the same code: {check.outcome}, {check.message}"
                    self.flaky[key] = Decided(Check(name, "error", message, None, None, 0.0), record.cell)

    def _rebuild(self) -> None:
        """Decide again with the keys of what has turned out to be wide."""
        self._known.clear()
        self.errors.clear()
        self.flaky.clear()
        for records in self.runs.values():
            for record in records:
                self._decide(record, contents_of(record))

    def of(self, clause: Clause, contents: Mapping[str, str]) -> Decided | None:
        """What is known of the clause in a cell."""
        return self._known.get((clause.id, self.key(clause, contents)))

    def said(self, clause: Clause, contents: Mapping[str, str]) -> Decided | None:
        """What the cell's record says: what is known, or the error that stands where nothing could decide it."""
        key = (clause.id, self.key(clause, contents))
        errors = self.errors.get(key, [None])
        return self.flaky.get(key) or self._known.get(key) or errors[-1]

    def own(self, square: ContentCombination, clause: str) -> bool:
        """Whether the cell itself has run the clause."""
        runs = self.runs.get(tuple(square.digests.values()), [])
        return any(clause in r.checks and r.checks[clause].outcome in DECIDED for r in runs)

    def record(self, square: ContentCombination) -> Record | None:
        """The cell's record: its own runs, and for each other clause the run that decided it. None if it never ran."""
        runs = self.runs.get(tuple(square.digests.values()))
        if not runs:
            return None
        checks = {}
        for name, clause in self.contract.clauses_for(square.combination.packages).items():
            found = self.said(clause, square.digests)
            if found:
                checks[name] = found.check
        return Record(square.combination.label, runs[-1].header, checks, runs[-1].footer)


def contents_of(record: Record) -> dict[str, str]:
    """Package to content id, as the label says; ``weaknesses`` tells whether it is what was really there."""
    return {name: expected["content"] for name, expected in record.header["expected"].items()}


def _differs(one: Check, other: Check) -> bool:
    return one.outcome != other.outcome or (one.outcome == "failed" and one.fingerprint != other.fingerprint)
