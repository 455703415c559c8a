"""When a clause came to hold, or ceased to: its outcome release by release, the partners held fixed. No I/O."""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from packaging.version import Version

from market_data_meta.contract import Clause, Contract
from market_data_meta.judging.records import Check
from market_data_meta.judging.verdicts import UNINSTALLABLE, UNKNOWN, CellVerdict, weaknesses
from market_data_meta.matrix.verdicts import Matrix
from market_data_meta.releases.contents import Content
from market_data_meta.releases.ledger import Release
from market_data_meta.results.history import HistoryResult, HistorySpan
from market_data_meta.running.decisions import DECIDED

ERROR, MIXED = "error", "mixed"

STATES = (*DECIDED, ERROR, MIXED, UNKNOWN, UNINSTALLABLE)
"""What may be said of a clause in a release: one outcome with all partners, or that it depends on them, or nothing."""

_SEEN = (*DECIDED, ERROR)

Partners = tuple[Content, ...]
Evidence = Mapping[str, Check] | str


@dataclass(frozen=True)
class ClauseOutcome:
    """What a cell says of the clause: the outcome, and the check behind it if there was one."""

    outcome: str
    check: Check | None = None


@dataclass(frozen=True)
class OutcomeChange:
    """The first release with which the clause comes out differently with at least one combination of partners.

    ``since`` is the last release that is known to be as before. What lies between the two is unknown.
    """

    release: str
    since: str
    before: str
    after: str
    got: Any


@dataclass(frozen=True)
class ReleaseSpan:
    """Releases in a row with one code: the state of the clause in them, and with how many partners it came out how."""

    releases: tuple[Release, ...]
    state: str
    partners: Mapping[str, int]
    got: Any
    change: OutcomeChange | None

    @property
    def first(self) -> str:
        """Its oldest version."""
        return self.releases[0].version

    @property
    def last(self) -> str:
        """Its newest version."""
        return self.releases[-1].version

    @property
    def label(self) -> str:
        """Its versions as a reader wants them: ``1.4.22 to 1.4.61``."""
        return self.first if self.first == self.last else f"{self.first} to {self.last}"


@dataclass(frozen=True)
class History:
    """A clause's outcomes over the releases of each package that it binds, oldest first."""

    clause: str
    packages: Mapping[str, tuple[ReleaseSpan, ...]]

    @property
    def known(self) -> bool:
        """Whether any run says anything of the clause."""
        return any(stretch.partners.get(o) for rows in self.packages.values() for stretch in rows for o in _SEEN)

    @property
    def changes(self) -> tuple[tuple[str, OutcomeChange], ...]:
        """Every change with its package."""
        return tuple((name, s.change) for name, rows in self.packages.items() for s in rows if s.change)


def history(contract: Contract, matrix: Matrix, clause_id: str) -> History:
    """How the clause came out in each release of each package that it binds. Raises KeyError for an unknown clause."""
    return histories(contract, matrix, (clause_id,))[clause_id]


def history_result(clause: Clause, history: History) -> HistoryResult:
    """The history as programs and renderers read it."""
    packages = {package: tuple(_span_result(span) for span in spans) for package, spans in history.packages.items()}
    return HistoryResult(clause=clause.id, rule=clause.rule, packages=packages)


def _span_result(span: ReleaseSpan) -> HistorySpan:
    return HistorySpan(
        first=span.first,
        last=span.last,
        state=span.state,
        partners=dict(span.partners),
        changed=span.change is not None,
        since=span.change.since if span.change else None,
        got=span.got,
    )


def histories(contract: Contract, matrix: Matrix, clause_ids: Iterable[str]) -> dict[str, History]:
    """The histories of some clauses. Raises KeyError for an unknown one."""
    cells = [(square.codes, _evidence(matrix.suite, judged)) for square, judged in matrix.cells.items()]
    return {name: _told(contract, matrix, cells, name) for name in clause_ids}


def _told(contract: Contract, matrix: Matrix, cells: Sequence[tuple[Partners, Evidence]], clause_id: str) -> History:
    seen = [(codes, _seen(evidence, clause_id)) for codes, evidence in cells]
    packages = {}
    for place, (name, column) in enumerate(matrix.codes.items()):
        if name in contract.clauses[clause_id].binds:
            found: dict[Content, dict[Partners, ClauseOutcome]] = {}
            for codes, one in seen:
                found.setdefault(codes[place], {})[codes[:place] + codes[place + 1 :]] = one
            packages[name] = _walk(column, found)
    return History(clause_id, packages)


def _evidence(suite: str, judged: CellVerdict) -> Evidence:
    """The checks of a cell; without any that count it is unknown, and where nothing can be installed, that."""
    record = judged.record
    if judged.verdict == UNINSTALLABLE:
        return UNINSTALLABLE
    if record is None or record.header["suite"] != suite or weaknesses(record):
        return UNKNOWN
    return record.checks


def _seen(evidence: Evidence, clause_id: str) -> ClauseOutcome:
    if isinstance(evidence, str):
        return ClauseOutcome(evidence)
    check = evidence.get(clause_id)
    return ClauseOutcome(check.outcome, check) if check else ClauseOutcome(UNKNOWN)


def _walk(
    column: Sequence[Content], cells: Mapping[Content, Mapping[Partners, ClauseOutcome]]
) -> tuple[ReleaseSpan, ...]:
    """The package's releases from oldest to newest, each compared with the last of which something is known."""
    rows: list[ReleaseSpan] = []
    last: dict[Partners, tuple[str, int]] = {}
    for code, releases in _rows(column):
        found = cells.get(code, {})
        seen = {partners: one for partners, one in found.items() if one.outcome in _SEEN}
        other = [p for p, one in seen.items() if p in last and last[p][0] != one.outcome]
        counts = Counter(one.outcome for one in found.values())
        state, change = _state(counts), None
        if other:
            before = rows[max(last[p][1] for p in other)]
            got = _got(seen[p] for p in other)
            change = OutcomeChange(releases[0].version, before.last, before.state, state, got)
        rows.append(ReleaseSpan(releases, state, dict(counts), _got(found.values()), change))
        last |= {partners: (one.outcome, len(rows) - 1) for partners, one in seen.items()}
    return tuple(rows)


def _rows(column: Sequence[Content]) -> Iterator[tuple[Content, tuple[Release, ...]]]:
    """Releases in a row with one code. A code that comes back after another one has more than one such row."""
    pairs = sorted(((c, r) for c in column for r in c.releases), key=lambda pair: Version(pair[1].version))
    for code, group in itertools.groupby(pairs, key=lambda pair: pair[0]):
        yield code, tuple(release for _, release in group)


def _state(counts: Mapping[str, int]) -> str:
    """One word for all partners. It is that of an outcome only if every one that can be installed has come out so."""
    decided = [outcome for outcome in DECIDED if counts.get(outcome)]
    if len(decided) > 1:
        return MIXED
    open_ = next((outcome for outcome in (UNKNOWN, ERROR) if counts.get(outcome)), None)
    if open_ or decided:
        return open_ or decided[0]
    return UNINSTALLABLE if counts.get(UNINSTALLABLE) else UNKNOWN


def _got(seen: Iterable[ClauseOutcome]) -> Any:
    """What the first failure got instead; cells come with the newest partners first. None if nothing failed."""
    return next((one.check.got for one in seen if one.check and one.outcome == "failed"), None)
