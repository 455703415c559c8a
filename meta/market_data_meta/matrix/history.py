"""In which releases a clause started or stopped holding: its outcomes release by release, with the same partners.

Pure functions; no I/O.
"""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from packaging.version import Version

from market_data_meta.contract import Clause, Contract
from market_data_meta.judging.records import Check
from market_data_meta.judging.verdicts import UNINSTALLABLE, UNKNOWN, CellVerdict, why_not_evidence
from market_data_meta.matrix.verdicts import MatrixVerdicts
from market_data_meta.releases.contents import Content
from market_data_meta.releases.ledger import Release
from market_data_meta.results.history import HistoryResult, HistorySpan
from market_data_meta.running.decisions import DECISIVE_OUTCOMES

ERROR, MIXED = "error", "mixed"

STATES = (*DECISIVE_OUTCOMES, ERROR, MIXED, UNKNOWN, UNINSTALLABLE)
"""The state of a clause in a release: its outcome with all partners, mixed, unknown, or uninstallable."""

_CHECK_OUTCOMES = (*DECISIVE_OUTCOMES, ERROR)

Partners = tuple[Content, ...]
CellEvidence = Mapping[str, Check] | str
"""The checks of a cell by clause, or the verdict of a cell without checks."""


@dataclass(frozen=True)
class CellOutcome:
    """The outcome of a clause in a cell, and the check that has it, if there is one."""

    outcome: str
    check: Check | None = None


@dataclass(frozen=True)
class OutcomeChange:
    """The first release with which the clause comes out differently with at least one combination of partners.

    ``since`` is the last release that is known to be as before. The releases between the two are unknown.
    """

    release: str
    since: str
    before: str
    after: str
    got: Any


@dataclass(frozen=True)
class ReleaseSpan:
    """Neighbouring releases of the same content: the clause's state in them, and the number of partners by outcome."""

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
        """Its versions: ``1.4.22 to 1.4.61``."""
        return self.first if self.first == self.last else f"{self.first} to {self.last}"


@dataclass(frozen=True)
class ClauseHistory:
    """A clause's states over the releases of each package that it binds, oldest first."""

    clause: str
    packages: Mapping[str, tuple[ReleaseSpan, ...]]

    @property
    def has_evidence(self) -> bool:
        """Whether the clause has an outcome in any run."""
        return any(
            span.partners.get(outcome)
            for spans in self.packages.values()
            for span in spans
            for outcome in _CHECK_OUTCOMES
        )

    @property
    def changes(self) -> tuple[tuple[str, OutcomeChange], ...]:
        """Every change with its package."""
        return tuple((name, span.change) for name, spans in self.packages.items() for span in spans if span.change)


def clause_history(contract: Contract, matrix: MatrixVerdicts, clause_id: str) -> ClauseHistory:
    """The history of a clause. Raises KeyError for an unknown one."""
    return clause_histories(contract, matrix, (clause_id,))[clause_id]


def history_result(clause: Clause, history: ClauseHistory) -> HistoryResult:
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


def clause_histories(contract: Contract, matrix: MatrixVerdicts, clause_ids: Iterable[str]) -> dict[str, ClauseHistory]:
    """The histories of some clauses. Raises KeyError for an unknown one."""
    cells = [(cell.contents, _evidence(matrix.suite_digest, verdict)) for cell, verdict in matrix.cell_verdicts.items()]
    return {clause_id: _history(contract, matrix, cells, clause_id) for clause_id in clause_ids}


def _history(
    contract: Contract,
    matrix: MatrixVerdicts,
    cells: Sequence[tuple[tuple[Content, ...], CellEvidence]],
    clause_id: str,
) -> ClauseHistory:
    cell_outcomes = [(contents, _outcome(evidence, clause_id)) for contents, evidence in cells]
    packages = {}
    for position, (name, column) in enumerate(matrix.contents.items()):
        if name in contract.clauses[clause_id].binds:
            outcomes: dict[Content, dict[Partners, CellOutcome]] = {}
            for contents, outcome in cell_outcomes:
                partners = contents[:position] + contents[position + 1 :]
                outcomes.setdefault(contents[position], {})[partners] = outcome
            packages[name] = _release_spans(column, outcomes)
    return ClauseHistory(clause_id, packages)


def _evidence(suite_digest: str, verdict: CellVerdict) -> CellEvidence:
    """The checks of a cell, or that it cannot be installed, or that it is unknown because its record has no weight."""
    record = verdict.record
    if verdict.verdict == UNINSTALLABLE:
        return UNINSTALLABLE
    if record is None or record.header.suite != suite_digest or why_not_evidence(record):
        return UNKNOWN
    return record.checks


def _outcome(evidence: CellEvidence, clause_id: str) -> CellOutcome:
    if isinstance(evidence, str):
        return CellOutcome(evidence)
    check = evidence.get(clause_id)
    return CellOutcome(check.outcome, check) if check else CellOutcome(UNKNOWN)


def _release_spans(
    column: Sequence[Content], outcomes_of: Mapping[Content, Mapping[Partners, CellOutcome]]
) -> tuple[ReleaseSpan, ...]:
    """The spans of a package from oldest to newest, each compared with the last span that has the same partners."""
    spans: list[ReleaseSpan] = []
    previous: dict[Partners, tuple[str, int]] = {}
    for content, releases in _neighbours_of_one_content(column):
        outcomes = outcomes_of.get(content, {})
        checked = {partners: cell for partners, cell in outcomes.items() if cell.outcome in _CHECK_OUTCOMES}
        changed = [
            partners
            for partners, cell in checked.items()
            if partners in previous and previous[partners][0] != cell.outcome
        ]
        counts = Counter(cell.outcome for cell in outcomes.values())
        state, change = _state(counts), None
        if changed:
            before = spans[max(previous[partners][1] for partners in changed)]
            got = _got_of_first_failure(checked[partners] for partners in changed)
            change = OutcomeChange(releases[0].version, before.last, before.state, state, got)
        spans.append(ReleaseSpan(releases, state, dict(counts), _got_of_first_failure(outcomes.values()), change))
        previous |= {partners: (cell.outcome, len(spans) - 1) for partners, cell in checked.items()}
    return tuple(spans)


def _neighbours_of_one_content(column: Sequence[Content]) -> Iterator[tuple[Content, tuple[Release, ...]]]:
    """Neighbouring releases of the same content, more than once for a content that comes back after another."""
    pairs = sorted(((c, r) for c in column for r in c.releases), key=lambda pair: Version(pair[1].version))
    for content, group in itertools.groupby(pairs, key=lambda pair: pair[0]):
        yield content, tuple(release for _, release in group)


def _state(counts: Mapping[str, int]) -> str:
    """The state for all partners. It is an outcome only if every partner that can be installed has that outcome."""
    decided = [outcome for outcome in DECISIVE_OUTCOMES if counts.get(outcome)]
    if len(decided) > 1:
        return MIXED
    undecided = next((outcome for outcome in (UNKNOWN, ERROR) if counts.get(outcome)), None)
    if undecided or decided:
        return undecided or decided[0]
    return UNINSTALLABLE if counts.get(UNINSTALLABLE) else UNKNOWN


def _got_of_first_failure(outcomes: Iterable[CellOutcome]) -> Any:
    """What the first failed check got, that with the newest partners; None if none failed."""
    return next((cell.check.got for cell in outcomes if cell.check and cell.outcome == "failed"), None)
