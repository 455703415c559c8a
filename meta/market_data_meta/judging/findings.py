"""Findings in groups: each distinct failure once, with all the cells that show it."""

from __future__ import annotations

from dataclasses import dataclass

from market_data_meta.contract import Clause
from market_data_meta.judging.defects import Defect
from market_data_meta.judging.records import Check
from market_data_meta.judging.verdicts import Finding, JudgedRecords


@dataclass(frozen=True)
class FindingGroup:
    """The same failure of a clause in all the cells that show it, with the check of the first cell as the example."""

    clause: Clause
    check: Check
    defect: Defect | None
    cells: tuple[str, ...]
    reproduce: str

    @property
    def title(self) -> str:
        """What it is called in a list."""
        return "known defect" if self.defect else self.check.outcome


def group_findings(judged_records: JudgedRecords) -> list[FindingGroup]:
    """The findings of all cells: failures first, then errors, then known defects; in the order of clauses within."""
    findings: dict[tuple[str, str, bool], list[tuple[str, Finding]]] = {}
    for cell in judged_records.cells:
        for finding in cell.findings:
            key = (finding.clause.id, finding.check.fingerprint, finding.defect is not None)
            findings.setdefault(key, []).append((cell.cell, finding))
    groups = []
    for same_failure in findings.values():
        cell_name, first = same_failure[0]
        cells = tuple(name for name, _ in same_failure)
        groups.append(FindingGroup(first.clause, first.check, first.defect, cells, f"./scripts/mdmeta run {cell_name}"))
    return sorted(
        groups,
        key=lambda group: (
            group.defect is not None,
            group.check.outcome != "failed",
            group.clause.level,
            group.clause.id,
        ),
    )
