"""A gate as JSON, in the shape of ``contracts/schemas/gate.schema.json``."""

from __future__ import annotations

from typing import Any

from market_data_meta.contract import Contract
from market_data_meta.gate.candidates import Candidate
from market_data_meta.gate.result import GateOutcome
from market_data_meta.judging.comparison import CellComparison, Difference
from market_data_meta.judging.records import Check
from market_data_meta.judging.verdicts import UNINSTALLABLE, UNKNOWN

FORMAT = 1


def gate_json(gated: GateOutcome, contract: Contract) -> dict[str, Any]:
    """The whole gate: candidates, cells, what differs with whose doing it is, and what that rests on."""
    interpreters = [c.pair.now.header.get("interpreter", {}).get("version") for c in gated.cells if c.pair.now]
    return {
        "format": FORMAT,
        "exit": int(gated.exit),
        "suite": gated.suite,
        "as_of": gated.as_of,
        "strict": gated.strict,
        "reach": gated.reach,
        "candidates": [_candidate(one, gated.same_code[one.package]) for one in gated.candidates],
        "cells": [_cell(cell) for cell in gated.cells],
        "differences": [_difference(found, gated) for found in gated.differences],
        "known": [
            {"clause": name, "level": clause.level, "rule": clause.rule, "cells": list(cells)}
            for name, cells in gated.known.items()
            for clause in [contract.clauses[name]]
        ],
        "undecided": [
            {"cell": cell.pair.cell, "why": why, "guilty": list(gated.guilty.get(cell.pair.cell, ()))}
            for cell in gated.cells
            if cell.verdict == UNKNOWN and not cell.kinds
            for why in cell.reasons[:1]
        ],
        "uninstallable": [
            {"cell": cell.pair.cell, "why": why, "before": cell.pair.was_uninstallable}
            for cell in gated.cells
            if cell.verdict == UNINSTALLABLE
            for why in cell.reasons[:1]
        ],
        "allowed": {"now": gated.allowed[0], "before": gated.allowed[1]},
        "evidence": {
            "checks": sum(sum(cell.counts.values()) for cell in gated.cells),
            "ran": gated.ran,
            "start": gated.start,
            "seconds": round(gated.seconds, 3),
            "interpreter": next((version for version in interpreters if version), None),
        },
    }


def _candidate(one: Candidate, same: tuple[str, ...]) -> dict[str, Any]:
    before = one.predecessor
    return {
        "package": one.package,
        "source": one.source,
        "version": one.release.version,
        "sha256": one.release.sha256,
        "content": one.release.content,
        "commit": one.commit,
        "predecessor": {"version": before.version, "content": before.content} if before else None,
        "same_code_as": list(same),
    }


def _cell(cell: CellComparison) -> dict[str, Any]:
    pair = cell.pair
    return {
        "cell": pair.cell,
        "scope": pair.scope,
        "combination": dict(pair.combination),
        "verdict": cell.verdict,
        "baseline": pair.baseline,
        "stands_for": pair.stands_for,
        "forbidden": list(pair.forbidden),
        "reasons": list(cell.reasons),
        "counts": dict(cell.counts),
    }


def _difference(found: Difference, gated: GateOutcome) -> dict[str, Any]:
    clause = found.clause
    return {
        "kind": found.kind,
        "clause": clause.id,
        "level": clause.level,
        "rule": clause.rule,
        "source": clause.source,
        "binds": list(clause.binds),
        "now": _check(found.now),
        "was": _check(found.was),
        "cells": list(found.cells),
        "guilty": list(found.guilty),
        "reproduce": gated.reproduce(found.cells[0], found.guilty),
    }


def _check(check: Check | None) -> dict[str, Any] | None:
    if check is None:
        return None
    return {"outcome": check.outcome, "message": check.message, "expected": check.expected, "got": check.got}
