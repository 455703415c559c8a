"""Verdicts: from records and waivers to what may be said of a combination. Pure functions; no I/O."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

from market_data_meta.contract import Clause, Contract
from market_data_meta.errors import Exit
from market_data_meta.judging.records import Check, Record
from market_data_meta.judging.waivers import Rotten, Waiver, rotten

COMPATIBLE, INCOMPATIBLE, UNINSTALLABLE, UNKNOWN = "compatible", "incompatible", "uninstallable", "unknown"
_CONTROLS = (("controls.must-pass", "passed"), ("controls.must-fail", "failed"))


@dataclass(frozen=True)
class Finding:
    """One check that did not pass: the clause, the outcome, and the waiver that accepts it, if any."""

    clause: Clause
    check: Check
    waiver: Waiver | None


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
class Report:
    """All cells judged, the waivers that have rotted, and what could not be run here."""

    suite: str
    cells: tuple[CellVerdict, ...]
    rotten: tuple[Rotten, ...]
    absent: tuple[str, ...] = ()

    @property
    def exit(self) -> Exit:
        """The exit code that this report stands for."""
        verdicts = {cell.verdict for cell in self.cells}
        if INCOMPATIBLE in verdicts or self.rotten:
            return Exit.VIOLATED
        if not self.cells or verdicts & {UNKNOWN, UNINSTALLABLE}:
            return Exit.UNDECIDED
        return Exit.COMPATIBLE


def judge_records(
    contract: Contract,
    suite: str,
    records: list[Record],
    waivers: tuple[Waiver, ...],
    *,
    expected: list[str] | None = None,
    absent: tuple[str, ...] = (),
) -> Report:
    """Judge every record, and every ``expected`` cell that has none: that one is unknown.

    ``absent`` cells are expected too but cannot be run here (no such interpreter): reported, not judged.
    """
    have = {record.cell: record for record in records}
    names = list(have) if expected is None else [name for name in expected if name not in absent]
    cells = tuple(
        judge(contract, suite, have[name], waivers)
        if name in have
        else CellVerdict(name, None, UNKNOWN, ("it was not run: there is no record",), (), {})
        for name in names
    )
    seen = [record for name, record in have.items() if name in names and not _why_unknown(contract, suite, record)]
    # What was not run may be what a waiver is for.
    complete = expected is not None and not any(cell.verdict in (UNKNOWN, UNINSTALLABLE) for cell in cells)
    return Report(suite, cells, tuple(rotten(waivers, seen, complete=complete)), absent)


def judge(contract: Contract, suite: str, record: Record, waivers: tuple[Waiver, ...]) -> CellVerdict:
    """The verdict of one record. Whatever weakens the evidence makes it unknown, never compatible."""
    findings = tuple(
        Finding(clause, check, _waiver(waivers, record, check))
        for name, check in sorted(record.checks.items())
        if check.outcome in ("failed", "error")
        and (clause := contract.clauses.get(name)) is not None
        and clause.scope != "control"
    )
    controls = contract.controls
    counts = Counter(check.outcome for name, check in record.checks.items() if name not in controls)
    counts["waived"] = sum(1 for finding in findings if finding.waiver)
    counts["failed"] -= counts["waived"]

    def judged(verdict: str, *reasons: str) -> CellVerdict:
        return CellVerdict(record.cell, record, verdict, reasons, findings, dict(+counts))

    if record.header.get("uninstallable"):
        return judged(UNINSTALLABLE, record.header["uninstallable"])
    unknown = _why_unknown(contract, suite, record)
    if unknown:
        return judged(UNKNOWN, *unknown)
    broken = [f for f in findings if f.check.outcome == "failed" and f.clause.level == "must" and not f.waiver]
    if broken:
        return judged(INCOMPATIBLE, *(f.clause.id for f in broken))
    errors = [f for f in findings if f.check.outcome == "error"]
    if errors:
        return judged(UNKNOWN, *(f"{f.clause.id} could not run: {f.check.message}" for f in errors))
    return judged(COMPATIBLE)


def _waiver(waivers: tuple[Waiver, ...], record: Record, check: Check) -> Waiver | None:
    if check.outcome != "failed":
        return None
    return next((w for w in waivers if w.clause == check.clause and w.matches(record, check)), None)


def _why_unknown(contract: Contract, suite: str, record: Record) -> list[str]:
    """What makes the record no evidence at all: incomplete, another suite, wrong contents, controls, missing checks."""
    if record.header.get("uninstallable"):
        return []
    if record.death or record.footer is None:
        return weaknesses(record)
    if record.header["suite"] != suite:
        return ["it was recorded by another version of the suite: run it again"]
    reasons = weaknesses(record)
    missing = sorted(contract.clauses_for(tuple(record.versions)).keys() - record.checks.keys())
    if missing:
        reasons.append(f"{len(missing)} checks are missing, first {missing[0]}")
    decided = [
        c for name, c in record.checks.items() if name not in contract.controls and c.outcome in ("passed", "failed")
    ]
    if not decided:
        reasons.append("no check was decided: there is no evidence")
    return reasons


def unsettled(record: Record) -> list[str]:
    """Why the run may be read and is to be run again before it is believed: it died, a check is in error or missing.

    A control that was run must have come out as it should. A run that was to go on only until one of some clauses does
    not hold is through with that.
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
    if not any(name in checks and checks[name].outcome != "passed" for name in record.header.get("until", ())):
        reasons += [f"{name} is missing" for name in record.header.get("clauses", ()) if name not in checks]
    return reasons


def weaknesses(record: Record) -> list[str]:
    """Why nothing that the run says counts: it is incomplete, its label is false, or a control came out wrong."""
    if record.death or record.footer is None:
        return [f"the run is incomplete: {record.death or 'it has no footer'}"]
    if why := record.header.get("uninstallable"):
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
    python = record.header.get("interpreter", {}).get("version", "of no known version")
    wanted = re.match(r"py(\d)(\d+)-", record.cell)
    if wanted and not python.startswith(f"{wanted[1]}.{wanted[2]}."):
        reasons.append(f"it ran on Python {python}, the label says {wanted[1]}.{wanted[2]}")
    for package, version in record.versions.items():
        seen = record.header.get("attestation", {}).get(package)
        if seen is None:
            reasons.append(f"{package} is not installed")
        elif seen["version"] != version:
            reasons.append(f"{package} {seen['version']} is installed, the label says {version}")
        elif seen["content"] != record.header["expected"][package]["content"]:
            reasons.append(f"the files of {package} {version} are not those of the release")
    return reasons
