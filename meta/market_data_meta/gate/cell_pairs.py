"""What is compared of a gate's cells: the record with the candidates beside that with their predecessors."""

from __future__ import annotations

from market_data_meta.gate.exclusions import PartnerExclusion
from market_data_meta.gate.new_recordings import comparable_pair
from market_data_meta.gate.partners import GateCell
from market_data_meta.judging.comparison import CellPair
from market_data_meta.judging.records import Record
from market_data_meta.running.cell_records import CellRecords


def cell_pair(cell: GateCell, candidate_records: CellRecords, predecessor_records: CellRecords) -> CellPair:
    """The records of a cell, or why there is none."""
    now, before = cell.with_candidates, cell.with_predecessors
    record = candidate_records.records.get(now)
    was = predecessor_records.records.get(before) if before else None
    if record:
        record, was = comparable_pair(record, was)
    return CellPair(
        cell=now.combination.label,
        scope="combination",
        combination=now.combination.as_dict(),
        now=record,
        was=was,
        fault=candidate_records.why_no_record(now),
        uninstallable=now in candidate_records.uninstallable,
        was_uninstallable=before in predecessor_records.uninstallable,
        was_fault=predecessor_records.why_no_record(before),
        baseline=before.combination.label if before else None,
        stands_for=cell.stands_for,
        forbidden=cell.forbidden,
    )


def first_pair(cell: GateCell, record: Record, predecessor_records: CellRecords) -> CellPair:
    """The first record of a gate, which may not have every clause yet."""
    before = cell.with_predecessors
    return CellPair(
        cell=record.cell,
        scope="combination",
        combination=record.versions,
        now=record,
        was=predecessor_records.records.get(before) if before else None,
        was_fault=predecessor_records.why_no_record(before),
        baseline=before.combination.label if before else None,
    )


def excluded_pair(exclusion: PartnerExclusion) -> CellPair:
    """The cell that stands for all combinations that the candidates' requirements now exclude."""
    return CellPair(
        cell=exclusion.combination.label,
        scope="combination",
        combination=exclusion.combination.as_dict(),
        now=None,
        was=None,
        fault=exclusion.why,
        uninstallable=True,
        baseline=exclusion.baseline.label if exclusion.baseline else None,
        stands_for=exclusion.stands_for,
    )
