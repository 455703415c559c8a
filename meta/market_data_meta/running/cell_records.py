"""What cells have come to: each with its record, or with the reason why it has none."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from market_data_meta.judging.records import Check, Record
from market_data_meta.releases.contents import Content, ContentCombination
from market_data_meta.releases.interpreters import PYTHON


@dataclass(frozen=True)
class CellRecords:
    """Every cell with its record, or with the reason why it has none.

    ``services`` are the records of the services that the cells are made of, ``runs`` the runs that each cell and its
    services have made themselves. ``conflicts`` are pairs of checks that came out differently although what their
    clause binds has the same content.
    ``candidate_entries`` are the entries of third-party locks that candidates have brought along, ``python`` is the
    version of the interpreter that the cells were run on. ``suite_conflicts`` are cells whose fault is that the suite
    cannot be installed with their libraries.
    """

    contents: Mapping[str, tuple[Content, ...]]
    cells: tuple[ContentCombination, ...]
    records: Mapping[ContentCombination, Record]
    faults: Mapping[ContentCombination, str]
    uninstallable: Mapping[ContentCombination, str]
    wide_clauses: frozenset[str]
    run_count: int
    cache_folders: tuple[Path, ...] = field(default=())
    python: str = PYTHON
    candidate_entries: tuple[str, ...] = ()
    runs: Mapping[ContentCombination, tuple[Record, ...]] = field(default_factory=dict)
    services: Mapping[ContentCombination, Record] = field(default_factory=dict)
    conflicts: tuple[tuple[Check, Check], ...] = ()
    suite_conflicts: frozenset[ContentCombination] = frozenset()

    def why_no_record(self, cell: ContentCombination | None) -> str:
        """Why a cell has no record; empty for a cell that has one, and for no cell."""
        return (self.uninstallable.get(cell) or self.faults.get(cell, "")) if cell else ""
