"""What a candidate puts on the wire and no release has: it is given to the consumers that the gate meets."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from market_data_meta.contract import Contract
from market_data_meta.judging.comparison import REGRESSION, compare_checks
from market_data_meta.judging.deployments import TAKES_RECORDINGS
from market_data_meta.judging.records import Record
from market_data_meta.releases.contents import ContentCombination
from market_data_meta.running.cell_records import CellRecords
from market_data_meta.running.given_recordings import Decide, give_recordings, new_recordings
from market_data_meta.running.services import service_cells


@dataclass(frozen=True)
class NewRecordings:
    """Gives consumers, by ``decide``, what the producers beside them in a cell have sent and the archive lacks.

    ``before`` are the records of the same cells with the candidates' predecessors, ``versions`` the candidates' pairs
    of versions.
    """

    contract: Contract
    decide: Decide
    before: Mapping[ContentCombination, Record] = field(default_factory=dict)
    versions: Sequence[tuple[str, str]] = ()

    def given_to_consumers(self, records: CellRecords) -> CellRecords:
        """The records of cells whose producer sends something new, with what their consumer makes of just that.

        A consumer that no longer takes what is recorded keeps that failure: others still send it.
        """
        cells: dict[str, list[ContentCombination]] = {}
        sent: dict[str, Mapping[str, Any]] = {}
        for cell, record in records.records.items():
            if recordings := new_recordings(record):
                key = " ".join(sorted(recordings))
                cells.setdefault(key, []).append(cell)
                sent[key] = recordings
        changed: dict[ContentCombination, Record] = {}
        run_count = records.run_count
        for key, recordings in sent.items():
            consumers = {
                cell: consumer
                for cell in cells[key]
                if (consumer := self._consumer(cell)) and not self._lost_the_archive(cell, records.records[cell])
            }
            answer = give_recordings(self.decide, consumers.values(), recordings)
            run_count += answer.run_count
            for cell, consumer in consumers.items():
                checks = {**records.records[cell].checks, TAKES_RECORDINGS: answer.checks[consumer]}
                changed[cell] = replace(records.records[cell], checks=checks)
        return replace(records, records={**records.records, **changed}, run_count=run_count)

    def _lost_the_archive(self, cell: ContentCombination, now: Record) -> bool:
        """Whether the consumer takes less of what is recorded than its predecessor."""
        was = self.before[cell].checks.get(TAKES_RECORDINGS) if cell in self.before else None
        return compare_checks(was, now.checks.get(TAKES_RECORDINGS), self.versions) == REGRESSION

    def _consumer(self, cell: ContentCombination) -> ContentCombination | None:
        """The service of the cell that takes recordings, if it has one."""
        service = self.contract.service_of(self.contract.clauses[TAKES_RECORDINGS])
        consumers = service_cells(self.contract, [cell])
        return next((one for one in consumers if service == self.contract.service_with(one.combination.packages)), None)


def comparable_pair(now: Record, was: Record | None) -> tuple[Record, Record | None]:
    """Both records as they compare: what is new has another name, whatever a consumer makes of it."""
    return (_without_names(now), was and _without_names(was)) if is_about_new_recordings(now) else (now, was)


def was_repeated(clause: str, record: Record) -> bool:
    """Whether it is about new recordings: what consumers make of these has been repeated where it was run."""
    return clause == TAKES_RECORDINGS and is_about_new_recordings(record)


def is_about_new_recordings(record: Record) -> bool:
    """Whether the record says what a consumer makes of new recordings, and not of those that are archived."""
    names = new_recordings(record).keys()
    check = record.checks.get(TAKES_RECORDINGS)
    got = check.got if check else None
    return bool(names) and not (isinstance(got, Mapping) and got.keys() - names)


def _without_names(record: Record) -> Record:
    """The record with what a consumer makes of recordings, but not of which."""
    check = record.checks.get(TAKES_RECORDINGS)
    if check is None or not isinstance(check.got, Mapping):
        return record
    outcomes = sorted({str(what) for what in check.got.values()})
    return replace(record, checks={**record.checks, TAKES_RECORDINGS: replace(check, got=outcomes)})
