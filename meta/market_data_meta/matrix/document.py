"""The complete matrix as JSON, in the shape of ``contracts/schemas/matrix.schema.json``."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from market_data_meta.contract import Contract
from market_data_meta.judging.verdicts import CellVerdict
from market_data_meta.matrix.history import ReleaseSpan, histories
from market_data_meta.matrix.verdicts import Matrix
from market_data_meta.releases.contents import Content, ContentCombination

FORMAT = 1


def matrix_json(contract: Contract, matrix: Matrix) -> dict[str, Any]:
    """Packages with their codes, cells that name codes by position, findings that name cells by position.

    Of each clause with a finding there is also how it came out from release to release.
    """
    place = {id(code): number for column in matrix.codes.values() for number, code in enumerate(column)}
    allowed = {one.square: one.allowed for one in matrix.promised}
    cells = list(matrix.cells.items())
    findings = _findings([judged for _, judged in cells])
    told = histories(contract, matrix, dict.fromkeys(finding["clause"] for finding in findings))
    return {
        "format": FORMAT,
        "suite": matrix.suite,
        "exit": int(matrix.exit),
        "packages": {name: [_code(code) for code in column] for name, column in matrix.codes.items()},
        "cells": [_cell(square, judged, place, allowed[square]) for square, judged in cells],
        "findings": findings,
        "history": {name: {n: _stretches(rows) for n, rows in one.packages.items()} for name, one in told.items()},
        "promise": matrix.classes,
        "supported": [vars(one) for one in matrix.supported],
        "rotten_waivers": [
            {"clause": rot.waiver.clause, "fingerprint": rot.waiver.fingerprint, "how": rot.how}
            for rot in matrix.rotten
        ],
        "wide": sorted(matrix.complete.wide),
        "ran": matrix.complete.ran,
    }


def _code(code: Content) -> dict[str, Any]:
    return {
        "content": code.content,
        "label": code.label,
        "releases": [release.version for release in code.releases],
        "uploaded": [release.uploaded[:10] for release in code.releases],
    }


def _cell(square: ContentCombination, judged: CellVerdict, place: dict[int, int], allowed: int) -> dict[str, Any]:
    header = judged.record.header if judged.record else {}
    return {
        "codes": {code.package: place[id(code)] for code in square.codes},
        "combination": square.combination.as_dict(),
        "verdict": judged.verdict,
        "reasons": list(judged.reasons),
        "counts": dict(judged.counts),
        "stands_for": square.size,
        "allowed": allowed,
        "start": header.get("start"),
        "interpreter": header.get("interpreter", {}).get("version"),
    }


def _stretches(rows: Iterable[ReleaseSpan]) -> list[dict[str, Any]]:
    """The releases of a package, oldest first, those in a row of which the same is said taken together."""
    told: list[dict[str, Any]] = []
    for row in rows:
        if told and told[-1]["state"] == row.state and not row.change:
            told[-1]["to"] = row.last
        else:
            told.append({"from": row.first, "to": row.last, "state": row.state, "changed": row.change is not None})
    return told


def _findings(cells: list[CellVerdict]) -> list[dict[str, Any]]:
    """Each distinct failure once, what is not waived first, with the positions of its cells."""
    found: dict[tuple[str, str, bool], dict[str, Any]] = {}
    for number, judged in enumerate(cells):
        for finding in judged.findings:
            check, clause = finding.check, finding.clause
            row = found.setdefault(
                (clause.id, check.fingerprint, finding.waiver is not None),
                {
                    "clause": clause.id,
                    "level": clause.level,
                    "outcome": check.outcome,
                    "message": check.message,
                    "expected": check.expected,
                    "got": check.got,
                    "fingerprint": check.fingerprint,
                    "waived": finding.waiver.reason if finding.waiver else None,
                    "reproduce": f"./scripts/mdmeta run {judged.cell}",
                    "cells": [],
                },
            )
            row["cells"].append(number)
    return sorted(found.values(), key=lambda row: (row["waived"] is not None, row["level"], row["clause"]))
