"""Makes the result of a gate, which programs and renderers read."""

from __future__ import annotations

from collections.abc import Sequence

from market_data_meta.candidates.candidate import Candidate
from market_data_meta.contract import Contract
from market_data_meta.gate.causes import Cause
from market_data_meta.gate.comparison import GateComparison
from market_data_meta.inside.mdm_raised import Raised
from market_data_meta.judging.capability_changes import capability_changes
from market_data_meta.judging.comparison import CellComparison, Difference
from market_data_meta.judging.records import Check
from market_data_meta.judging.verdicts import UNINSTALLABLE, UNKNOWN
from market_data_meta.results.gate import (
    AllowedCounts,
    GateCandidate,
    GateCapability,
    GateCause,
    GateCellResult,
    GateCheck,
    GateDifference,
    GateEvidence,
    GateException,
    GatePredecessor,
    GateRepetition,
    GateResult,
    KnownFailure,
    UndecidedCell,
    UninstallableCell,
)


def gate_result(gate: GateComparison, contract: Contract, causes: Sequence[Cause] = ()) -> GateResult:
    """The gate as a document: candidates, cells, what differs, from what that follows, and what it rests on."""
    cause_of = {difference: number for number, cause in enumerate(causes) for difference in cause.differences}
    records = [cell.pair.now for cell in gate.cells if cell.pair.now]
    interpreters = [record.header.python_version for record in records]
    return GateResult(
        exit=int(gate.exit),
        suite=gate.suite,
        as_of=gate.as_of,
        strict=gate.strict,
        reach=gate.reach,
        candidates=tuple(_candidate(candidate, gate.same_code[candidate.package]) for candidate in gate.candidates),
        brings_along=gate.brought_libraries,
        cells=tuple(_cell(cell) for cell in gate.cells),
        causes=tuple(_cause(cause, gate) for cause in causes),
        differences=tuple(
            _difference(difference, gate, cause_of.get(number)) for number, difference in enumerate(gate.differences)
        ),
        capabilities=tuple(
            GateCapability(
                name=change.capability,
                title=contract.capabilities[change.capability].title,
                before=change.before,
                after=change.after,
                cells=change.cells,
            )
            for change in capability_changes(contract, (cell.repeated_pair for cell in gate.cells))
        ),
        known=tuple(
            KnownFailure(clause=name, level=contract.clauses[name].level, rule=contract.clauses[name].rule, cells=cells)
            for name, cells in gate.known.items()
        ),
        undecided=tuple(
            UndecidedCell(cell=cell.pair.cell, why=cell.reasons[0], guilty=gate.guilty.get(cell.pair.cell, ()))
            for cell in gate.cells
            if cell.verdict == UNKNOWN and not cell.kinds and cell.reasons
        ),
        uninstallable=tuple(
            UninstallableCell(cell=cell.pair.cell, why=cell.reasons[0], before=cell.pair.was_uninstallable)
            for cell in gate.cells
            if cell.verdict == UNINSTALLABLE and cell.reasons
        ),
        observations=gate.observations,
        allowed=AllowedCounts(now=gate.allowed[0], before=gate.allowed[1]),
        evidence=GateEvidence(
            checks=sum(sum(cell.counts.values()) for cell in gate.cells),
            ran=gate.ran + (gate.observations.ran if gate.observations else 0),
            start=gate.start,
            seconds=round(gate.seconds, 3),
            interpreter=next((version for version in interpreters if version), None),
        ),
    )


def _candidate(candidate: Candidate, same_code: tuple[str, ...]) -> GateCandidate:
    predecessor, revision = candidate.predecessor, candidate.revision
    return GateCandidate(
        package=candidate.package,
        source=candidate.source,
        version=candidate.release.version,
        sha256=candidate.release.sha256,
        content=candidate.release.content,
        commit=revision.commit if revision else None,
        ref=revision.ref if revision else None,
        edited=revision.edited if revision else False,
        predecessor=GatePredecessor(
            version=predecessor.version, content=predecessor.content, passed_over=candidate.passed_over
        )
        if predecessor
        else None,
        same_code_as=same_code,
        not_looked_at=candidate.skipped_extras,
        version_is_taken=candidate.version_is_taken,
    )


def _cell(cell: CellComparison) -> GateCellResult:
    pair = cell.pair
    return GateCellResult(
        cell=pair.cell,
        scope=pair.scope,
        combination=dict(pair.combination),
        verdict=cell.verdict,
        baseline=pair.baseline,
        stands_for=pair.stands_for,
        forbidden=pair.forbidden,
        reasons=cell.reasons,
        counts=dict(cell.counts),
    )


def _cause(cause: Cause, gate: GateComparison) -> GateCause:
    candidate = next((c for c in gate.candidates if c.package == cause.package), None)
    return GateCause(
        kind=cause.kind,
        package=cause.package,
        file=candidate.source_file(cause.file) if candidate else cause.file,
        line=cause.line,
        text=cause.text,
        before=cause.before,
        after=cause.after,
        stops_import=cause.stops_import,
    )


def _difference(difference: Difference, gate: GateComparison, cause: int | None) -> GateDifference:
    clause = difference.clause
    return GateDifference(
        kind=difference.kind,
        clause=clause.id,
        level=clause.level,
        rule=clause.rule,
        source=clause.source,
        binds=clause.binds,
        now=_check(difference.now),
        was=_check(difference.was),
        cells=difference.cells,
        guilty=difference.guilty,
        repetitions=tuple(
            GateRepetition(was=each.outcomes[0], now=each.outcomes[1]) for each in difference.repetitions
        ),
        reproduce=gate.reproduce(difference.cells[0], difference.guilty),
        cause=cause,
    )


def _check(check: Check | None) -> GateCheck | None:
    if check is None:
        return None
    return GateCheck(
        outcome=check.outcome,
        message=check.message,
        expected=check.expected,
        got=check.got,
        raised=_exception(check.raised) if check.raised else None,
    )


def _exception(raised: Raised) -> GateException:
    return GateException(kind=raised.kind, text=raised.text, file=raised.file, line=raised.line)
