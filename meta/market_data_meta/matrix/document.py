"""The verdicts of the matrix as the result that programs and renderers read."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from market_data_meta.contract import Capability, Contract
from market_data_meta.judging.capabilities import failure_sentence
from market_data_meta.judging.defect_document import defect_descriptions
from market_data_meta.judging.report_document import mended_defects, stale_defects
from market_data_meta.judging.verdicts import CellVerdict, Finding
from market_data_meta.matrix.history import ReleaseSpan, clause_histories
from market_data_meta.matrix.promises import CellPromise, state_counts
from market_data_meta.matrix.services import services_result
from market_data_meta.matrix.sets import best_sets, cell_of
from market_data_meta.matrix.verdicts import MatrixVerdicts
from market_data_meta.releases.contents import Content, ContentCombination, version_spans
from market_data_meta.releases.ledger import Ledger, Release, set_aside
from market_data_meta.releases.requirements import broken_promises
from market_data_meta.results.capabilities import CapabilityState
from market_data_meta.results.matrix import (
    BestSet,
    MatrixCapability,
    MatrixCell,
    MatrixContent,
    MatrixFinding,
    MatrixResult,
    MatrixSet,
    MatrixSpan,
    PromiseCounts,
    SupportedVersions,
)


def matrix_result(contract: Contract, ledger: Ledger, matrix: MatrixVerdicts) -> MatrixResult:
    """The result, in which cells name contents by position, and findings name cells by position.

    It has the history of each clause that has a finding.
    """
    position_of = {id(content): number for column in matrix.contents.values() for number, content in enumerate(column)}
    allowed = {promise.cell: promise.allowed for promise in matrix.cell_promises}
    cells = list(matrix.cell_verdicts.items())
    sets = _sets(contract, ledger, matrix)
    findings = _findings(matrix, [verdict for _, verdict in cells])
    clauses = clause_histories(contract, matrix, dict.fromkeys(f.clause for f in findings if not f.release))
    return MatrixResult(
        suite=matrix.suite_digest,
        as_of=ledger.as_of,
        exit=int(matrix.exit),
        capabilities=tuple(_capability(capability) for capability in contract.capabilities.values()),
        sets=sets,
        best=_best(contract, ledger, matrix, sets),
        defects=defect_descriptions(contract, matrix.known_defects),
        packages={
            name: tuple(_content(content, ledger.releases[name], matrix.cell_records.python) for content in column)
            for name, column in matrix.contents.items()
        },
        cells=tuple(
            _cell(cell, verdict, position_of, allowed[cell], matrix.capability_states[cell]) for cell, verdict in cells
        ),
        findings=findings,
        history={
            name: {package: _spans(spans) for package, spans in history.packages.items()}
            for name, history in clauses.items()
        },
        promises={name: _promise(matrix.cell_promises, name) for name in contract.capabilities},
        supported=tuple(SupportedVersions(**vars(support)) for support in matrix.version_support),
        refused=matrix.refused_versions,
        mended=mended_defects(matrix.defect_changes),
        stale_defects=stale_defects(matrix.defect_changes),
        wide=tuple(sorted(matrix.cell_records.wide_clauses)),
        spurious=matrix.spurious,
        deployments=services_result(
            contract, matrix.suite_digest, matrix.known_defects, matrix.service_runs, position_of
        ),
        third_party=matrix.third_party,
        ran=matrix.cell_records.run_count,
    )


def _capability(capability: Capability) -> MatrixCapability:
    return MatrixCapability(
        name=capability.name,
        title=capability.title,
        about=capability.about,
        why=capability.why,
        essential=capability.essential,
        others=capability.others,
    )


def _sets(contract: Contract, ledger: Ledger, matrix: MatrixVerdicts) -> tuple[MatrixSet, ...]:
    cells = [cell.contents for cell in matrix.cell_records.cells]
    sets = []
    for name, combination in matrix.sets.items():
        position = cells.index(cell_of(matrix.contents, combination))
        verdict = matrix.cell_verdicts[matrix.cell_records.cells[position]]
        sets.append(
            MatrixSet(
                name=name,
                combination=combination.as_dict(),
                cell=position,
                verdict=verdict.verdict,
                forbidden=tuple(broken_promises(combination, contract.packages, ledger, matrix.cell_records.python)),
                capabilities=matrix.states_of(verdict, combination),
            )
        )
    return tuple(sets)


def _best(contract: Contract, ledger: Ledger, matrix: MatrixVerdicts, sets: Iterable[MatrixSet]) -> tuple[BestSet, ...]:
    positions = {cell: position for position, cell in enumerate(matrix.cell_records.cells)}
    states = {
        cell: {capability.name: capability.state for capability in capabilities}
        for cell, capabilities in matrix.capability_states.items()
    }
    return tuple(
        _best_of_sets(choice.capability, sets)
        if choice.combination is None or choice.cell is None
        else BestSet(
            capability=choice.capability,
            state=choice.state,
            combination=choice.combination.as_dict(),
            cell=positions[choice.cell],
        )
        for choice in best_sets(contract, ledger, matrix.contents, states, matrix.cell_records.python)
    )


def _best_of_sets(capability: str, sets: Iterable[MatrixSet]) -> BestSet:
    """Where no cell decides it: the best of the allowed sets in which runs of the releases alone do."""
    for state in ("works", "limited"):
        for one in sets:
            if not one.forbidden and any(c.name == capability and c.state == state for c in one.capabilities):
                return BestSet(capability=capability, state=state, combination=one.combination, cell=one.cell)
    return BestSet(capability=capability, state="unknown", combination=None, cell=None)


def _promise(promises: Iterable[CellPromise], capability: str) -> PromiseCounts:
    counts = state_counts(promises, capability)
    return PromiseCounts(allowed=dict(counts.allowed), forbidden=dict(counts.forbidden))


def _content(content: Content, published: tuple[Release, ...], python: str) -> MatrixContent:
    aside = set_aside(published, python)
    return MatrixContent(
        content=content.digest,
        label=", ".join(version_spans(content.releases, published)),
        releases=tuple(release.version for release in content.releases),
        uploaded=tuple(release.uploaded[:10] for release in content.releases),
        set_aside={release.version: aside[release.version] for release in content.releases if release.version in aside},
    )


def _cell(
    cell: ContentCombination,
    verdict: CellVerdict,
    position_of: Mapping[int, int],
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


def _findings(matrix: MatrixVerdicts, verdicts: list[CellVerdict]) -> tuple[MatrixFinding, ...]:
    """Each distinct failure once, with the positions of its cells; failures that are not known come first."""
    examples: dict[tuple[str, ...], MatrixFinding] = {}
    positions: dict[tuple[str, ...], list[int]] = {}

    def add(finding: Finding, cell: str, release: str, position: int) -> None:
        key = (finding.clause.id, finding.check.fingerprint, finding.defect.id if finding.defect else "", release)
        positions.setdefault(key, []).append(position)
        if key not in examples:
            examples[key] = _finding(finding, cell, release, position)

    for position, verdict in enumerate(verdicts):
        for finding in verdict.findings:
            add(finding, verdict.cell, "", position)
    releases = [
        {content.package: {release.version for release in content.releases} for content in cell.contents}
        for cell in matrix.cell_records.cells
    ]
    for verdict in matrix.release_verdicts:
        ((package, version),) = verdict.record.versions.items() if verdict.record else [("", "")]
        for finding in verdict.findings:
            for position, versions in enumerate(releases):
                if version in versions.get(package, ()):
                    add(finding, f"{package}=={version}", f"{package} {version}", position)
    rows = [row.model_copy(update={"cells": tuple(positions[key])}) for key, row in examples.items()]
    return tuple(sorted(rows, key=lambda row: (row.defect is not None, row.level, row.clause, row.release)))


def _finding(finding: Finding, cell: str, release: str, position: int) -> MatrixFinding:
    check, clause = finding.check, finding.clause
    failed = check.outcome == "failed"
    return MatrixFinding(
        clause=clause.id,
        level=clause.level,
        outcome=check.outcome,
        message=check.message,
        expected=check.expected,
        got=check.got,
        fingerprint=check.fingerprint,
        defect=finding.defect.id if finding.defect else None,
        sentence=failure_sentence(clause, check, finding.defect, release)
        if failed
        else f"{clause.id} could not run: {check.message}",
        release=release,
        reproduce=f"./scripts/mdmeta run {cell}",
        cells=(position,),
    )
