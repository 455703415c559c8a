"""The report as JSON, in the shape of ``contracts/schemas/report.schema.json``."""

from __future__ import annotations

from typing import Any

from market_data_meta.judging.findings import group_findings
from market_data_meta.judging.verdicts import CellVerdict, Report

FORMAT = 1


def report_json(report: Report) -> dict[str, Any]:
    """The whole report: cells with verdict and evidence, findings, rotten waivers, and what could not be run here."""
    return {
        "format": FORMAT,
        "suite": report.suite,
        "exit": int(report.exit),
        "cells": [_cell(cell) for cell in report.cells],
        "findings": [
            {
                "clause": group.clause.id,
                "level": group.clause.level,
                "rule": group.clause.rule,
                "source": group.clause.source,
                "binds": list(group.clause.binds),
                "outcome": group.check.outcome,
                "message": group.check.message,
                "expected": group.check.expected,
                "got": group.check.got,
                "fingerprint": group.check.fingerprint,
                "waived": group.waiver.reason if group.waiver else None,
                "cells": list(group.cells),
                "reproduce": group.reproduce,
            }
            for group in group_findings(report)
        ],
        "rotten_waivers": [
            {"clause": rot.waiver.clause, "fingerprint": rot.waiver.fingerprint, "how": rot.how}
            for rot in report.rotten
        ],
        "absent": list(report.absent),
    }


def _cell(cell: CellVerdict) -> dict[str, Any]:
    header = cell.record.header if cell.record else {}
    return {
        "cell": cell.cell,
        "verdict": cell.verdict,
        "reasons": list(cell.reasons),
        "counts": dict(cell.counts),
        "combination": header.get("combination") or None,
        "forced": header.get("forced", []),
        "lane": header.get("lane"),
        "interpreter": header.get("interpreter", {}).get("version"),
        "third_party_choice": header.get("third_party_choice"),
        "as_of": header.get("as_of"),
        "attestation": header.get("attestation"),
        "suite": header.get("suite"),
        "start": header.get("start"),
    }
