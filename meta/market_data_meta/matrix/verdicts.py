"""What works in each cell of the matrix, and how the releases' promises compare with it. Pure functions; no I/O."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

from market_data_meta.contract import Contract
from market_data_meta.errors import Exit
from market_data_meta.judging.capabilities import capability_states
from market_data_meta.judging.defects import DefectChanges, KnownDefects, defect_changes
from market_data_meta.judging.deployments import ServiceRun
from market_data_meta.judging.records import Record
from market_data_meta.judging.verdicts import UNINSTALLABLE, UNKNOWN, VIOLATES, CellVerdict, judge
from market_data_meta.matrix.promises import (
    CellPromise,
    CellStates,
    VersionSupport,
    cell_promises,
    refused_versions,
    version_support,
)
from market_data_meta.releases.combinations import Combination
from market_data_meta.releases.contents import Content, ContentCombination
from market_data_meta.results.capabilities import CapabilityState
from market_data_meta.results.matrix import SpuriousCheck
from market_data_meta.results.third_party import ThirdPartyResult
from market_data_meta.running.cell_records import CellRecords


@dataclass(frozen=True)
class MatrixVerdicts:
    """Every cell with its verdict, and what the releases promise about the combinations that it stands for.

    ``release_records`` are the runs of single releases, which decide the clauses of release scope. ``sets`` are the
    combinations that people ask about, by name. ``spurious`` is what did not repeat and is not in the records.
    ``service_runs`` are those of the services that the cells are made of, ``third_party`` is what differs with other
    versions of the libraries.
    """

    contract: Contract
    suite_digest: str
    cell_records: CellRecords
    known_defects: KnownDefects
    release_records: tuple[Record, ...] = ()
    sets: Mapping[str, Combination] = field(default_factory=dict)
    spurious: tuple[SpuriousCheck, ...] = ()
    service_runs: Mapping[ContentCombination, ServiceRun] = field(default_factory=dict)
    third_party: tuple[ThirdPartyResult, ...] = ()

    @property
    def contents(self) -> Mapping[str, tuple[Content, ...]]:
        """The distinct contents of each package, oldest first."""
        return self.cell_records.contents

    def verdict_of(self, cell: ContentCombination) -> CellVerdict:
        """The verdict of a cell. Without a record it is unknown or uninstallable, with the reason."""
        name = cell.combination.label
        if why := self.cell_records.uninstallable.get(cell):
            return CellVerdict(name, None, UNINSTALLABLE, (why,), (), {})
        record = self.cell_records.records.get(cell)
        if record is None:
            why = self.cell_records.faults.get(cell, "it was not run: there is no record")
            return CellVerdict(name, None, UNKNOWN, (why,), (), {})
        return judge(self.contract, self.suite_digest, record, self.known_defects)

    @cached_property
    def cell_verdicts(self) -> dict[ContentCombination, CellVerdict]:
        """Every cell with its verdict."""
        return {cell: self.verdict_of(cell) for cell in self.cell_records.cells}

    @cached_property
    def cell_promises(self) -> tuple[CellPromise, ...]:
        """Every cell with how many of its combinations are allowed."""
        return cell_promises(self.contract, self.contents, self._cell_states, self.cell_records.python)

    @cached_property
    def version_support(self) -> tuple[VersionSupport, ...]:
        """For each release what it requires of each other package, and with which versions each capability works."""
        return version_support(self.contract, self.contents, self._cell_states, self.cell_records.python)

    @cached_property
    def refused_versions(self) -> dict[str, dict[str, list[str]]]:
        """For each package and each requirement on it the published versions that it does not allow."""
        return refused_versions(self.contract, self.contents, self.cell_records.python)

    @cached_property
    def capability_states(self) -> dict[ContentCombination, tuple[CapabilityState, ...]]:
        """What works in each cell and what does not."""
        return {
            cell: capability_states(self.contract, self.suite_digest, verdict, self.known_defects)
            for cell, verdict in self.cell_verdicts.items()
        }

    def states_of(self, verdict: CellVerdict, combination: Combination) -> tuple[CapabilityState, ...]:
        """The state of each capability in a combination that a cell stands for, by the runs of its releases alone too.

        Those decide nothing of the cell's other combinations: releases with the same code may declare other things.
        """
        return capability_states(
            self.contract,
            self.suite_digest,
            verdict,
            self.known_defects,
            self.release_records,
            releases=combination.as_dict(),
        )

    @cached_property
    def release_verdicts(self) -> tuple[CellVerdict, ...]:
        """The verdicts on the runs of single releases."""
        return tuple(
            judge(self.contract, self.suite_digest, record, self.known_defects) for record in self.release_records
        )

    @cached_property
    def defect_changes(self) -> DefectChanges:
        """Known defects that these runs show no longer."""
        records = [
            verdict.record for verdict in self.cell_verdicts.values() if verdict.record and verdict.verdict != UNKNOWN
        ]
        return defect_changes(self.known_defects, [*records, *self.release_records], complete=False)

    @property
    def exit(self) -> Exit:
        """Violated where an allowed combination, or a release alone, fails in an unknown way, or defects.toml is wrong.

        A forbidden combination that fails was rightly excluded. An allowed one that cannot be installed is a violation
        too: no known defect says so.
        """
        allowed = {promise.states.verdict for promise in self.cell_promises if promise.allowed}
        allowed |= {verdict.verdict for verdict in self.release_verdicts} & {VIOLATES}
        if allowed & {VIOLATES, UNINSTALLABLE} or self.defect_changes.stale:
            return Exit.VIOLATED
        verdicts = {promise.states.verdict for promise in self.cell_promises}
        return Exit.UNDECIDED if UNKNOWN in verdicts or not verdicts else Exit.OK

    @cached_property
    def _cell_states(self) -> dict[ContentCombination, CellStates]:
        return {
            cell: CellStates(
                self.cell_verdicts[cell].verdict, {capability.name: capability.state for capability in capabilities}
            )
            for cell, capabilities in self.capability_states.items()
        }
