"""Decisions: which outcome each clause has, for all cells that a run speaks for.

A clause's outcome depends on the code of the packages that it binds. So one run decides it for every cell with the
same code of those. That is checked and not taken for granted: some cells run every clause, and where two runs of the
same code differ, the clause is *wide* and decided in each cell by itself.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from market_data_meta.contract import Clause, Contract
from market_data_meta.judging.records import Check, Record
from market_data_meta.judging.repeated_checks import differ
from market_data_meta.judging.verdicts import why_not_evidence
from market_data_meta.releases.contents import ContentCombination

DECISIVE_OUTCOMES = ("passed", "failed", "not-applicable")
Key = tuple[str, ...]
"""The code ids that an outcome depends on, or the content ids of a cell."""


@dataclass(frozen=True)
class Decision:
    """A check's outcome and the cell that was run for it."""

    check: Check
    cell: str


@dataclass
class Decisions:
    """What is known from records of the warm lane with one suite, interpreter and group of third-party sets.

    ``codes`` has the code id of each content that has one; another content is its own code.
    A clause that comes out differently with the same code is taken to depend on the packages of ``candidates`` too,
    as a candidate may well change what other packages do (it is then in ``candidate_dependent``). If that does not
    explain it, it depends on all packages (it is then in ``wide_clauses``). ``conflicts`` has the two checks that said
    so first, by clause. ``runs`` are those that are evidence, by content ids; ``faults`` are the cells of which a run
    is none.
    """

    contract: Contract
    exhaustive: bool = False
    candidates: frozenset[str] = frozenset()
    codes: Mapping[str, str] = field(default_factory=dict)
    wide_clauses: set[str] = field(default_factory=set)
    candidate_dependent: set[str] = field(default_factory=set)
    conflicts: dict[str, tuple[Check, Check]] = field(default_factory=dict)
    runs: dict[Key, list[Record]] = field(default_factory=dict)
    faults: dict[Key, str] = field(default_factory=dict)
    errors: dict[tuple[str, Key], list[Decision]] = field(default_factory=dict)
    flaky: dict[tuple[str, Key], Decision] = field(default_factory=dict)
    _decisions: dict[tuple[str, Key], Decision] = field(default_factory=dict)
    _alike: Mapping[Key, tuple[Key, ...]] = field(default_factory=dict)
    _rebuilt_with: tuple[set[str], set[str]] = field(default_factory=lambda: (set(), set()))

    def key(self, clause: Clause, contents: Mapping[str, str]) -> Key:
        """What the clause's outcome depends on, in a cell with these contents."""
        if self.exhaustive or clause.id in self.wide_clauses:
            return tuple(contents.values())
        if clause.scope == "control":
            return self._code_key(contents.values())
        packages = {*clause.binds, *self.candidates} if clause.id in self.candidate_dependent else clause.binds
        # A list, because it is made hundreds of thousands of times, and a generator costs twice as much.
        codes = self.codes
        return tuple([codes.get(content, content) for name, content in contents.items() if name in packages])

    def know_cells(self, cells: Iterable[ContentCombination]) -> None:
        """Learn which cells have the same code and require the same libraries: a run of one stands for the others."""
        alike: dict[tuple[Key, object], list[Key]] = {}
        for cell in cells:
            contents = tuple(cell.digests.values())
            alike.setdefault((self._code_key(contents), cell.requirements), []).append(contents)
        self._alike = {contents: tuple(each) for each in alike.values() for contents in each}

    def alike(self, cell: ContentCombination) -> tuple[Key, ...]:
        """The content ids of the known cells that the cell's run would stand for, its own among them."""
        contents = tuple(cell.digests.values())
        return self._alike.get(contents, (contents,))

    def _code_key(self, contents: Iterable[str]) -> Key:
        return tuple(contents) if self.exhaustive else tuple(self.codes.get(content, content) for content in contents)

    def add(self, records: Iterable[Record]) -> None:
        """Take in the records of runs. One that is no evidence is remembered as its cell's fault."""
        evidence = []
        for record in records:
            contents = contents_of(record)
            cell = tuple(contents.values())
            reasons = why_not_evidence(record)
            if reasons:
                self.faults[cell] = reasons[0]
                continue
            self.runs.setdefault(cell, []).append(record)
            evidence.append((record, contents))
        for record, contents in evidence:
            self._decide(record, contents)
        # A clause that has turned out to depend on more is decided again with its new key.
        while (self.wide_clauses, self.candidate_dependent) != self._rebuilt_with:
            self._rebuilt_with = (set(self.wide_clauses), set(self.candidate_dependent))
            self._rebuild()

    def _decide(self, record: Record, contents: Mapping[str, str]) -> None:
        for name, check in record.checks.items():
            clause = self.contract.clauses.get(name)
            if clause is None:
                continue
            key = (name, self.key(clause, contents))
            if check.outcome not in DECISIVE_OUTCOMES:
                self.errors.setdefault(key, []).append(Decision(check, record.cell))
                continue
            earlier = self._decisions.setdefault(key, Decision(check, record.cell))
            if differ(earlier.check, check):
                self.conflicts.setdefault(name, (earlier.check, check))
                wide_clauses, candidate_dependent = self._rebuilt_with
                if name not in candidate_dependent and not self.candidates <= set(clause.binds):
                    self.candidate_dependent.add(name)
                elif name not in wide_clauses and clause.scope != "control":
                    self.wide_clauses.add(name)
                else:
                    message = f"it came out differently in two runs of the same code: {check.outcome}, {check.message}"
                    self.flaky[key] = Decision(Check(name, "error", message, None, None, 0.0), record.cell)

    def _rebuild(self) -> None:
        """Decide everything again, with the keys of the clauses that have turned out to depend on more."""
        self._decisions.clear()
        self.errors.clear()
        self.flaky.clear()
        for records in self.runs.values():
            for record in records:
                self._decide(record, contents_of(record))

    def decision(self, clause: Clause, contents: Mapping[str, str]) -> Decision | None:
        """The decision on the clause in a cell with these contents, if there is one."""
        return self._decisions.get((clause.id, self.key(clause, contents)))

    def decision_or_error(self, clause: Clause, contents: Mapping[str, str]) -> Decision | None:
        """What the cell's record shows: the decision, or the error of the check where no run could decide it."""
        key = (clause.id, self.key(clause, contents))
        errors = self.errors.get(key)
        return self.flaky.get(key) or self._decisions.get(key) or (errors[-1] if errors else None)

    def has_evidence(self, cell: ContentCombination) -> bool:
        """Whether a run of the cell, or of one like it, is evidence, whatever it decides."""
        return bool(self._evidence(cell))

    def has_run(self, cell: ContentCombination, clause: str) -> bool:
        """Whether the cell itself has run the clause, with an outcome that decides it."""
        return self.number_of_runs(cell, clause) > 0

    def number_of_runs(self, cell: ContentCombination, clause: str) -> int:
        """In how many runs the cell itself has run the clause with an outcome that decides it."""
        runs = self.runs.get(tuple(cell.digests.values()), [])
        return sum(clause in run.checks and run.checks[clause].outcome in DECISIVE_OUTCOMES for run in runs)

    def record(self, cell: ContentCombination) -> Record | None:
        """The cell's record: for each clause the run that decided it. None if neither it nor one like it ever ran."""
        runs = self._evidence(cell)
        if not runs:
            return None
        checks = {}
        for name, clause in self.contract.clauses_for(cell.combination.packages).items():
            decision = self.decision_or_error(clause, cell.digests)
            if decision:
                checks[name] = decision.check
        releases = cell.combination.as_dict()
        return Record(cell.combination.label, runs[-1].header, checks, runs[-1].footer, stands_for=releases)

    def _evidence(self, cell: ContentCombination) -> list[Record]:
        """The cell's own runs; those of a cell like it where it was not run itself."""
        contents = tuple(cell.digests.values())
        if contents in self.runs or contents in self.faults:
            return self.runs.get(contents, [])
        return next((self.runs[other] for other in self.alike(cell) if other in self.runs), [])


def contents_of(record: Record) -> dict[str, str]:
    """Package to content id, as the label says; ``why_not_evidence`` tells whether it is what was really there."""
    return {name: expected.content for name, expected in record.header.expected.items()}


def repeated_checks(records: Iterable[Record], clause: str, times: int) -> list[Check | None]:
    """The clause's checks in so many runs: those that decide it first, and None where there are too few."""
    checks = [record.checks[clause] for record in records if clause in record.checks]
    checks.sort(key=lambda check: check.outcome not in DECISIVE_OUTCOMES)
    return [*checks, *[None] * times][:times]
