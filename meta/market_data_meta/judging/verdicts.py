"""Verdicts: what a record and the known defects say of a combination. Pure functions; no I/O."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field

from packaging.utils import canonicalize_version

from market_data_meta.contract import Clause, Contract
from market_data_meta.errors import Exit
from market_data_meta.inside.mdm_plan import ENVIRONMENT
from market_data_meta.judging.defects import Defect, DefectChanges, KnownDefects, defect_changes
from market_data_meta.judging.records import Check, Record

CONFORMS, DEFECTIVE, VIOLATES = "conforms", "defective", "violates"
UNINSTALLABLE, UNKNOWN = "uninstallable", "unknown"
OTHER_SUITE = "it was recorded by another version of the suite: run it again"
_CONTROLS = (("controls.must-pass", "passed"), ("controls.must-fail", "failed"))


@dataclass(frozen=True)
class Finding:
    """One check that did not pass: the clause, the outcome, and the known defect that it shows, if any."""

    clause: Clause
    check: Check
    defect: Defect | None


@dataclass(frozen=True)
class CellVerdict:
    """One cell with its verdict, the reasons for it, and the evidence: how many checks came out how."""

    cell: str
    record: Record | None
    verdict: str
    reasons: tuple[str, ...]
    findings: tuple[Finding, ...]
    counts: Mapping[str, int]


@dataclass(frozen=True)
class JudgedRecords:
    """The verdict of every cell, how known defects have changed, and the cells that cannot be run here (``absent``)."""

    suite: str
    cells: tuple[CellVerdict, ...]
    defect_changes: DefectChanges = field(default_factory=DefectChanges)
    absent: tuple[str, ...] = ()

    @property
    def exit(self) -> Exit:
        """Violated where something fails that is not known, or defects.toml is wrong; not by what is mended."""
        verdicts = {cell.verdict for cell in self.cells}
        if VIOLATES in verdicts or self.defect_changes.stale:
            return Exit.VIOLATED
        if not self.cells or verdicts & {UNKNOWN, UNINSTALLABLE}:
            return Exit.UNDECIDED
        return Exit.OK


def judge_records(
    contract: Contract,
    suite: str,
    records: list[Record],
    known: KnownDefects,
    *,
    expected: list[str] | None = None,
    absent: tuple[str, ...] = (),
) -> JudgedRecords:
    """Judge every record, and every ``expected`` cell that has no record: that cell is unknown.

    ``absent`` cells are expected too, but cannot be run here, as there is no such interpreter: they get no verdict.
    """
    record_of = {record.cell: record for record in records}
    names = list(record_of) if expected is None else [name for name in expected if name not in absent]
    cells = tuple(
        judge(contract, suite, record_of[name], known)
        if name in record_of
        else CellVerdict(name, None, UNKNOWN, ("it was not run: there is no record",), (), {})
        for name in names
    )
    evidence = [
        record for name, record in record_of.items() if name in names and not _why_unknown(contract, suite, record)
    ]
    # A defect may be of a cell that was not run.
    complete = expected is not None and not any(cell.verdict in (UNKNOWN, UNINSTALLABLE) for cell in cells)
    return JudgedRecords(suite, cells, defect_changes(known, evidence, complete=complete), absent)


def judge(contract: Contract, suite: str, record: Record, known: KnownDefects) -> CellVerdict:
    """The verdict of one record: unknown where the record is weak evidence, whatever is in it."""
    findings = tuple(
        Finding(clause, check, known.defect_of(record, check))
        for name, check in sorted(record.checks.items())
        if check.outcome in ("failed", "error")
        and (clause := contract.clauses.get(name)) is not None
        and clause.scope != "control"
    )
    controls = contract.controls
    counts = Counter(check.outcome for name, check in record.checks.items() if name not in controls)
    counts["known"] = sum(1 for finding in findings if finding.defect)
    counts["failed"] -= counts["known"]

    def cell_verdict(verdict: str, *reasons: str) -> CellVerdict:
        return CellVerdict(record.cell, record, verdict, reasons, findings, dict(+counts))

    if record.header.uninstallable:
        return cell_verdict(UNINSTALLABLE, record.header.uninstallable)
    if reasons := _why_unknown(contract, suite, record):
        return cell_verdict(UNKNOWN, *reasons)
    broken = [finding for finding in findings if finding.check.outcome == "failed" and finding.clause.level == "must"]
    if violated := [finding.clause.id for finding in broken if not finding.defect]:
        return cell_verdict(VIOLATES, *violated)
    errors = [f for f in findings if f.check.outcome == "error"]
    if errors:
        return cell_verdict(UNKNOWN, *(f"{f.clause.id} could not run: {f.check.message}" for f in errors))
    return cell_verdict(DEFECTIVE if broken else CONFORMS)


def _why_unknown(contract: Contract, suite: str, record: Record) -> list[str]:
    """Why the record is no evidence at all: incomplete, of another suite or other contents, or without checks."""
    if record.header.uninstallable:
        return []
    if record.death or record.footer is None:
        return why_not_evidence(record)
    if record.header.suite != suite:
        return [OTHER_SUITE]
    reasons = why_not_evidence(record)
    missing = sorted(contract.clauses_for(tuple(record.versions)).keys() - record.checks.keys())
    if missing:
        reasons.append(f"{len(missing)} checks are missing, first {missing[0]}")
    if not any(
        name not in contract.controls and check.outcome in ("passed", "failed") for name, check in record.checks.items()
    ):
        reasons.append("no check was decided: there is no evidence")
    return reasons


def reasons_to_run_again(record: Record) -> list[str]:
    """Why the run must be repeated before its record is used as evidence: it died, or a check is in error or missing.

    A control that was run must have come out as it should. A run that was to end as soon as one of the clauses in
    ``until`` does not hold is complete with that.
    """
    if record.death or record.footer is None:
        return [f"the run is incomplete: {record.death or 'it has no footer'}"]
    checks = record.checks
    reasons = [f"{name} could not run: {check.message}" for name, check in checks.items() if check.outcome == "error"]
    reasons += [
        f"control {name} came out {checks[name].outcome}"
        for name, outcome in _CONTROLS
        if name in checks and checks[name].outcome not in (outcome, "error")
    ]
    if not any(name in checks and checks[name].outcome != "passed" for name in record.header.until):
        reasons += [f"{name} is missing" for name in record.header.clauses if name not in checks]
    return reasons


def why_not_evidence(record: Record) -> list[str]:
    """Why nothing in the record counts: the run failed as a whole, or had another environment than every run has."""
    reasons = run_faults(record)
    environment = record.header.environment
    own = [f"{name}={value}" for name, value in sorted(environment.items()) if ENVIRONMENT.get(name) != value]
    if own:
        reasons.append(f"it ran in an environment of its own: {', '.join(own)}")
    return reasons


def run_faults(record: Record) -> list[str]:
    """What is wrong with the run as a whole: it is incomplete, its label is false, or a control came out wrong."""
    if record.death or record.footer is None:
        return [f"the run is incomplete: {record.death or 'it has no footer'}"]
    if why := record.header.uninstallable:
        # Nothing ran, so there is no interpreter, no attestation and no control to look at.
        return [f"it could not be installed: {why}"]
    reasons = _false_labels(record)
    for name, outcome in _CONTROLS:
        check = record.checks.get(name)
        if check is None or check.outcome != outcome:
            reasons.append(f"control {name} came out {check.outcome if check else 'not at all'}")
    return reasons


def _false_labels(record: Record) -> list[str]:
    """Where what is really installed is not what the label says."""
    reasons = []
    header = record.header
    python = header.python_version or "of no known version"
    label = re.match(r"py(\d)(\d+)-", record.cell)
    if label and not python.startswith(f"{label[1]}.{label[2]}."):
        reasons.append(f"it ran on Python {python}, the label says {label[1]}.{label[2]}")
    for package, version in header.combination.items():
        installed = (header.attestation or {}).get(package)
        if installed is None:
            reasons.append(f"{package} is not installed")
        elif canonicalize_version(installed.version) != canonicalize_version(version):
            reasons.append(f"{package} {installed.version} is installed, the label says {version}")
        elif installed.content != header.expected[package].content:
            reasons.append(f"the files of {package} {version} are not those of the release")
    return reasons
