"""Judged records as the report that programs and renderers read."""

from __future__ import annotations

from market_data_meta.contract import Contract
from market_data_meta.inside.mdm_plan import RecordHeader
from market_data_meta.judging.capabilities import capability_states, is_partial
from market_data_meta.judging.defects import DefectChanges, KnownDefects
from market_data_meta.judging.findings import group_findings
from market_data_meta.judging.verdicts import UNKNOWN, CellVerdict, JudgedRecords
from market_data_meta.results.capabilities import CapabilityState
from market_data_meta.results.clause_run import ClauseOutcome, ClauseRunResult
from market_data_meta.results.parts import InstalledPackage, MendedDefectResult, StaleDefectResult
from market_data_meta.results.report import ReportCell, ReportCheck, ReportFinding, ReportResult


def report_result(contract: Contract, judged_records: JudgedRecords, known: KnownDefects) -> ReportResult:
    """The complete report: cells with verdict, capabilities and evidence, findings, changed defects, absent cells."""
    suite = judged_records.suite
    records = [cell.record for cell in judged_records.cells if cell.record]
    return ReportResult(
        suite=suite,
        exit=int(judged_records.exit),
        cells=tuple(
            _cell(cell, () if is_partial(contract, cell) else capability_states(contract, suite, cell, known, records))
            for cell in judged_records.cells
        ),
        findings=tuple(
            ReportFinding(
                clause=group.clause.id,
                level=group.clause.level,
                rule=group.clause.rule,
                source=group.clause.source,
                binds=group.clause.binds,
                outcome=group.check.outcome,
                message=group.check.message,
                expected=group.check.expected,
                got=group.check.got,
                fingerprint=group.check.fingerprint,
                defect=group.defect.id if group.defect else None,
                means=group.defect.means if group.defect else None,
                cells=group.cells,
                reproduce=group.reproduce,
            )
            for group in group_findings(judged_records)
        ),
        mended=mended_defects(judged_records.defect_changes),
        stale_defects=stale_defects(judged_records.defect_changes),
        absent=judged_records.absent,
    )


def clause_run_result(judged: JudgedRecords) -> ClauseRunResult:
    """The outcomes of a run of a few clauses on one cell, without a verdict about the cell."""
    (cell,) = judged.cells
    known = {finding.clause.id for finding in cell.findings if finding.defect}
    checks = cell.record.checks.values() if cell.record else ()
    return ClauseRunResult(
        cell=cell.cell,
        exit=int(judged.exit),
        users_servers=dict(cell.record.header.users_servers) if cell.record else {},
        reasons=cell.reasons if cell.verdict == UNKNOWN else (),
        clauses=tuple(
            ClauseOutcome(
                clause=check.clause,
                outcome=check.outcome,
                message=check.message,
                expected=check.expected,
                got=check.got,
                known=check.clause in known,
            )
            for check in sorted(checks, key=lambda check: check.clause)
            if not check.clause.startswith("controls.")
        ),
    )


def mended_defects(changes: DefectChanges) -> tuple[MendedDefectResult, ...]:
    """The defects that are mended, in the form that results have."""
    return tuple(MendedDefectResult(**vars(mended)) for mended in changes.mended)


def stale_defects(changes: DefectChanges) -> tuple[StaleDefectResult, ...]:
    """What the list of defects says wrongly, in the form that results have."""
    return tuple(StaleDefectResult(**vars(stale)) for stale in changes.stale)


def attested_packages(header: RecordHeader | None) -> dict[str, InstalledPackage] | None:
    """What was really installed, in the form that results have; None where it was not looked at."""
    if header is None or header.attestation is None:
        return None
    return {name: InstalledPackage(**vars(package)) for name, package in header.attestation.items()}


def _cell(cell: CellVerdict, capabilities: tuple[CapabilityState, ...]) -> ReportCell:
    header = cell.record.header if cell.record else None
    checks = cell.record.checks.values() if cell.record else ()
    return ReportCell(
        cell=cell.cell,
        verdict=cell.verdict,
        reasons=cell.reasons,
        counts=dict(cell.counts),
        combination=(header and dict(header.combination)) or None,
        forced=header.forced if header else (),
        users_servers=dict(header.users_servers) if header else {},
        lane=(header and header.lane) or None,
        interpreter=header and header.python_version,
        third_party_choice=(header and header.third_party_choice) or None,
        as_of=header and header.as_of,
        attestation=attested_packages(header),
        suite=(header and header.suite) or None,
        start=header and header.start,
        capabilities=capabilities,
        checks=tuple(
            ReportCheck(clause=check.clause, outcome=check.outcome, message=check.message, seconds=check.duration)
            for check in sorted(checks, key=lambda check: check.clause)
            if not check.clause.startswith("controls.")
        ),
    )
