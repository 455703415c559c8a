"""Findings as a reader wants them: one for each distinct failure, with all the cells where it was seen."""

from __future__ import annotations

from dataclasses import dataclass

from market_data_meta.contract import Clause
from market_data_meta.judging.records import Check
from market_data_meta.judging.verdicts import Finding, Report
from market_data_meta.judging.waivers import Waiver


@dataclass(frozen=True)
class Group:
    """The same failure of one clause in all its cells, with one check as its example."""

    clause: Clause
    check: Check
    waiver: Waiver | None
    cells: tuple[str, ...]
    reproduce: str

    @property
    def title(self) -> str:
        """What it is called in a list."""
        return "waived" if self.waiver else self.check.outcome


def group_findings(report: Report) -> list[Group]:
    """The findings of a report: what is not waived first, then errors, then what is; by clause within."""
    places: dict[tuple[str, str, bool], list[tuple[str, Finding]]] = {}
    for cell in report.cells:
        for finding in cell.findings:
            key = (finding.clause.id, finding.check.fingerprint, finding.waiver is not None)
            places.setdefault(key, []).append((cell.cell, finding))
    groups = []
    for found in places.values():
        cell_name, first = found[0]
        cells = tuple(name for name, _ in found)
        groups.append(Group(first.clause, first.check, first.waiver, cells, f"./scripts/mdmeta run {cell_name}"))
    return sorted(
        groups, key=lambda g: (g.waiver is not None, g.check.outcome != "failed", g.clause.level, g.clause.id)
    )
