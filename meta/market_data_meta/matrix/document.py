"""The verdicts of the matrix as the result that programs and renderers read."""

from __future__ import annotations

from collections.abc import Iterable

from market_data_meta.contract import Contract
from market_data_meta.judging.capabilities import capability_states
from market_data_meta.judging.report_document import waiver_problem
from market_data_meta.judging.verdicts import CellVerdict
from market_data_meta.matrix.history import ReleaseSpan, clause_histories
from market_data_meta.matrix.verdicts import MatrixVerdicts
from market_data_meta.releases.contents import Content, ContentCombination
from market_data_meta.results.capabilities import CapabilityState
from market_data_meta.results.matrix import (
    MatrixCell,
    MatrixContent,
    MatrixFinding,
    MatrixResult,
    MatrixSpan,
    PromiseCounts,
    SupportedVersions,
)


def matrix_result(contract: Contract, matrix: MatrixVerdicts) -> MatrixResult:
    """The result, in which cells name contents by position, and findings name cells by position.

    It has the history of each clause that has a finding.
    """
    position_of = {id(content): number for column in matrix.contents.values() for number, content in enumerate(column)}
    allowed = {promise.cell: promise.allowed for promise in matrix.cell_promises}
    cells = list(matrix.cell_verdicts.items())
    findings = _findings([verdict for _, verdict in cells])
    clauses = clause_histories(contract, matrix, dict.fromkeys(finding.clause for finding in findings))
    return MatrixResult(
        suite=matrix.suite_digest,
        exit=int(matrix.exit),
        packages={name: tuple(_content(content) for content in column) for name, column in matrix.contents.items()},
        cells=tuple(
            _cell(cell, verdict, position_of, allowed[cell], capability_states(contract, matrix.suite_digest, verdict))
            for cell, verdict in cells
        ),
        findings=findings,
        history={
            name: {package: _spans(spans) for package, spans in history.packages.items()}
            for name, history in clauses.items()
        },
        promise=PromiseCounts.model_validate(matrix.combinations_by_class),
        supported=tuple(SupportedVersions(**vars(support)) for support in matrix.version_support),
        refused=matrix.refused_versions,
        rotten_waivers=tuple(map(waiver_problem, matrix.rotten_waivers)),
        wide=tuple(sorted(matrix.cell_records.wide_clauses)),
        ran=matrix.cell_records.run_count,
    )


def _content(content: Content) -> MatrixContent:
    return MatrixContent(
        content=content.digest,
        label=content.label,
        releases=tuple(release.version for release in content.releases),
        uploaded=tuple(release.uploaded[:10] for release in content.releases),
    )


def _cell(
    cell: ContentCombination,
    verdict: CellVerdict,
    position_of: dict[int, int],
    allowed: int,
    capabilities: Iterable[CapabilityState],
) -> MatrixCell:
    header = verdict.record.header if verdict.record else None
    return MatrixCell(
        codes={content.package: position_of[id(content)] for content in cell.contents},
        combination=cell.combination.as_dict(),
        verdict=verdict.verdict,
        reasons=verdict.reasons,
        counts=dict(verdict.counts),
        capabilities={capability.name: capability.state for capability in capabilities},
        stands_for=cell.stands_for,
        allowed=allowed,
        start=header and header.start,
        interpreter=header and header.python_version,
    )


def _spans(spans: Iterable[ReleaseSpan]) -> tuple[MatrixSpan, ...]:
    """The spans of a package, oldest first; neighbours with the same state and no change become one span."""
    rows: list[MatrixSpan] = []
    for span in spans:
        if rows and rows[-1].state == span.state and not span.change:
            rows[-1] = rows[-1].model_copy(update={"last": span.last})
        else:
            rows.append(MatrixSpan(first=span.first, last=span.last, state=span.state, changed=span.change is not None))
    return tuple(rows)


def _findings(verdicts: list[CellVerdict]) -> tuple[MatrixFinding, ...]:
    """Each distinct failure once, with the positions of its cells; failures without a waiver come first."""
    examples: dict[tuple[str, str, bool], MatrixFinding] = {}
    positions: dict[tuple[str, str, bool], list[int]] = {}
    for position, verdict in enumerate(verdicts):
        for finding in verdict.findings:
            key = (finding.clause.id, finding.check.fingerprint, finding.waiver is not None)
            positions.setdefault(key, []).append(position)
            if key not in examples:
                examples[key] = MatrixFinding(
                    clause=finding.clause.id,
                    level=finding.clause.level,
                    outcome=finding.check.outcome,
                    message=finding.check.message,
                    expected=finding.check.expected,
                    got=finding.check.got,
                    fingerprint=finding.check.fingerprint,
                    waived=finding.waiver.reason if finding.waiver else None,
                    reproduce=f"./scripts/mdmeta run {verdict.cell}",
                    cells=(position,),
                )
    rows = [row.model_copy(update={"cells": tuple(positions[key])}) for key, row in examples.items()]
    return tuple(sorted(rows, key=lambda row: (row.waived is not None, row.level, row.clause)))
