"""The judged matrix as the result that programs and renderers read."""

from __future__ import annotations

from collections.abc import Iterable

from market_data_meta.contract import Contract
from market_data_meta.judging.report_document import waiver_problem
from market_data_meta.judging.verdicts import CellVerdict
from market_data_meta.matrix.history import ReleaseSpan, histories
from market_data_meta.matrix.verdicts import Matrix
from market_data_meta.releases.contents import Content, ContentCombination
from market_data_meta.results.matrix import (
    MatrixCell,
    MatrixContent,
    MatrixFinding,
    MatrixResult,
    MatrixSpan,
    PromiseCounts,
    SupportedVersions,
)


def matrix_result(contract: Contract, matrix: Matrix) -> MatrixResult:
    """Packages with their contents, cells that name contents by position, findings that name cells by position.

    Of each clause with a finding there is also how it came out from release to release.
    """
    place = {id(content): number for column in matrix.codes.values() for number, content in enumerate(column)}
    allowed = {count.square: count.allowed for count in matrix.promised}
    cells = list(matrix.cells.items())
    findings = _findings([verdict for _, verdict in cells])
    clauses = histories(contract, matrix, dict.fromkeys(finding.clause for finding in findings))
    return MatrixResult(
        suite=matrix.suite,
        exit=int(matrix.exit),
        packages={name: tuple(_content(content) for content in column) for name, column in matrix.codes.items()},
        cells=tuple(_cell(cell, verdict, place, allowed[cell]) for cell, verdict in cells),
        findings=findings,
        history={
            name: {package: _spans(spans) for package, spans in history.packages.items()}
            for name, history in clauses.items()
        },
        promise=PromiseCounts.model_validate(matrix.classes),
        supported=tuple(SupportedVersions(**vars(row)) for row in matrix.supported),
        refused=matrix.refused,
        rotten_waivers=tuple(waiver_problem(rot) for rot in matrix.rotten),
        wide=tuple(sorted(matrix.complete.wide)),
        ran=matrix.complete.ran,
    )


def _content(content: Content) -> MatrixContent:
    return MatrixContent(
        content=content.content,
        label=content.label,
        releases=tuple(release.version for release in content.releases),
        uploaded=tuple(release.uploaded[:10] for release in content.releases),
    )


def _cell(cell: ContentCombination, verdict: CellVerdict, place: dict[int, int], allowed: int) -> MatrixCell:
    header = verdict.record.header if verdict.record else {}
    return MatrixCell(
        codes={content.package: place[id(content)] for content in cell.codes},
        combination=cell.combination.as_dict(),
        verdict=verdict.verdict,
        reasons=verdict.reasons,
        counts=dict(verdict.counts),
        stands_for=cell.size,
        allowed=allowed,
        start=header.get("start"),
        interpreter=header.get("interpreter", {}).get("version"),
    )


def _spans(spans: Iterable[ReleaseSpan]) -> tuple[MatrixSpan, ...]:
    """The releases of a package, oldest first, those in a row of which the same is known taken together."""
    rows: list[MatrixSpan] = []
    for span in spans:
        if rows and rows[-1].state == span.state and not span.change:
            rows[-1] = rows[-1].model_copy(update={"last": span.last})
        else:
            rows.append(MatrixSpan(first=span.first, last=span.last, state=span.state, changed=span.change is not None))
    return tuple(rows)


def _findings(cells: list[CellVerdict]) -> tuple[MatrixFinding, ...]:
    """Each distinct failure once, what is not waived first, with the positions of its cells."""
    examples: dict[tuple[str, str, bool], MatrixFinding] = {}
    positions: dict[tuple[str, str, bool], list[int]] = {}
    for position, cell in enumerate(cells):
        for finding in cell.findings:
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
                    reproduce=f"./scripts/mdmeta run {cell.cell}",
                    cells=(position,),
                )
    rows = [row.model_copy(update={"cells": tuple(positions[key])}) for key, row in examples.items()]
    return tuple(sorted(rows, key=lambda row: (row.waived is not None, row.level, row.clause)))
