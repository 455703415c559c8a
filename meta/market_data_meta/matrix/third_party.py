"""Compares the matrix with one that has other versions of the third-party libraries. Pure functions; no I/O."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal

from market_data_meta.contract import Contract
from market_data_meta.judging.records import Check
from market_data_meta.judging.repeated_checks import differ
from market_data_meta.results.third_party import (
    CellsWithoutRecord,
    ThirdPartyDifference,
    ThirdPartyResult,
)
from market_data_meta.running.cell_records import CellRecords

_UNDECIDED = "no run has decided it"


def third_party_result(
    contract: Contract, choice: Literal["lowest", "today"], as_of: str, usual: CellRecords, other: CellRecords
) -> ThirdPartyResult:
    """Where the two differ. ``other`` was decided with the ``choice`` of libraries ``as_of`` a time, ``usual`` without.

    A cell without a usual record is left out: of that the matrix itself says why nothing is known.
    """
    differences: dict[tuple[str, str, str, str], tuple[str, list[int]]] = {}
    without: dict[str, list[int]] = {}
    for position, cell in enumerate(usual.cells):
        before, after = usual.records.get(cell), other.records.get(cell)
        if before is None:
            continue
        if after is None:
            without.setdefault(other.why_no_record(cell) or _UNDECIDED, []).append(position)
            continue
        for name in _clauses(contract, (*before.checks, *after.checks)):
            first, second = before.checks.get(name), after.checks.get(name)
            if not _is_other(first, second):
                continue
            told = second if second and second.outcome in ("failed", "error") else first
            # What kept a check from running names the cell: it is one difference all the same.
            what = told.fingerprint if told and told.outcome == "failed" else ""
            key = (name, _outcome(first), _outcome(second), what)
            differences.setdefault(key, (told.message or "" if told else _UNDECIDED, []))[1].append(position)
    return ThirdPartyResult(
        choice=choice,
        as_of=as_of,
        differences=tuple(
            ThirdPartyDifference(clause=name, usual=before, outcome=after, why=why, cells=tuple(positions))
            for (name, before, after, _), (why, positions) in sorted(differences.items(), key=lambda row: row[0])
        ),
        without_record=tuple(
            CellsWithoutRecord(reason=reason, cells=tuple(cells)) for reason, cells in without.items()
        ),
        ran=other.run_count,
    )


def _clauses(contract: Contract, names: Iterable[str]) -> list[str]:
    return [name for name in dict.fromkeys(names) if name in contract.clauses and name not in contract.controls]


def _is_other(first: Check | None, second: Check | None) -> bool:
    return first is not second and (first is None or differ(first, second))


def _outcome(check: Check | None) -> str:
    return check.outcome if check else "undecided"
