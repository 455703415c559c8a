"""What a candidate puts on the wire and no release has: it is given to the consumers that the gate meets.

Consumers are run on the archive of recordings, by themselves. So a producer's new form of a message would meet none of
them until it is released, if it were not given to them here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from market_data_meta.contract import Contract
from market_data_meta.inside.mdm_plain import LONGEST_TEXT
from market_data_meta.judging.deployments import IS_ARCHIVED, TAKES_RECORDINGS
from market_data_meta.judging.records import Check, Record
from market_data_meta.judging.repeated_checks import repeats, unsteady
from market_data_meta.releases.contents import ContentCombination
from market_data_meta.running.cell_records import CellRecords
from market_data_meta.running.decisions import repeated_checks
from market_data_meta.running.isolated import REPETITIONS
from market_data_meta.running.services import service_cells
from market_data_meta.running.warm_runner import RunRequest

Decide = Callable[[RunRequest], CellRecords]


@dataclass(frozen=True)
class NewRecordings:
    """Gives consumers, by ``decide``, what the producers beside them in a cell have sent and the archive lacks."""

    contract: Contract
    decide: Decide

    def given_to_consumers(self, records: CellRecords) -> CellRecords:
        """The records of cells whose producer sends something new, with what their consumer makes of just that."""
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
            consumers = {cell: consumer for cell in cells[key] if (consumer := self._consumer(cell))}
            request = RunRequest(
                tuple(dict.fromkeys(consumers.values())),
                frozenset(),
                frozenset({TAKES_RECORDINGS}),
                recordings=recordings,
            )
            decided = self.decide(request)
            # Before anybody is blamed for it, each consumer is asked again, alone in a fresh process each time.
            asked_again = dict.fromkeys(request.cells, frozenset({TAKES_RECORDINGS}))
            repeated = self.decide(replace(request, repeat=asked_again))
            run_count += decided.run_count + repeated.run_count
            for cell, consumer in consumers.items():
                check = _check(consumer, decided, recordings)
                further = repeated_checks(repeated.runs.get(consumer, ()), TAKES_RECORDINGS, REPETITIONS)
                if check.outcome != "error" and not repeats(check, further):
                    check = unsteady(check, further)
                checks = {**records.records[cell].checks, TAKES_RECORDINGS: check}
                changed[cell] = replace(records.records[cell], checks=checks)
        return replace(records, records={**records.records, **changed}, run_count=run_count)

    def _consumer(self, cell: ContentCombination) -> ContentCombination | None:
        """The service of the cell that takes recordings, if it has one."""
        service = self.contract.service_of(self.contract.clauses[TAKES_RECORDINGS])
        consumers = service_cells(self.contract, [cell])
        return next((one for one in consumers if service == self.contract.service_with(one.combination.packages)), None)


def new_recordings(record: Record) -> Mapping[str, Any]:
    """The recordings that a producer has made and the archive lacks: each its stream and its entries, by name."""
    check = record.checks.get(IS_ARCHIVED)
    got = check.got if check and check.outcome == "failed" else None
    return got if isinstance(got, Mapping) else {}


def comparable(record: Record | None) -> Record | None:
    """The record with what a consumer makes of recordings, but without their names: what is new has another one."""
    check = record.checks.get(TAKES_RECORDINGS) if record else None
    if record is None or check is None or not isinstance(check.got, Mapping):
        return record
    outcomes = sorted({str(what) for what in check.got.values()})
    return replace(record, checks={**record.checks, TAKES_RECORDINGS: replace(check, got=outcomes)})


def _check(consumer: ContentCombination, decided: CellRecords, recordings: Mapping[str, Any]) -> Check:
    """What the consumer makes of the recordings, or an error that says why that is not known."""
    record = decided.records.get(consumer)
    check = record.checks.get(TAKES_RECORDINGS) if record else None
    why = ""
    if any(len(text) >= LONGEST_TEXT for text in _texts(recordings)):
        why = "what the candidate sends is too long to be given to it whole"
    elif check is None:
        why = decided.why_no_record(consumer) or "no run has decided it"
    if check is None or why:
        return Check(TAKES_RECORDINGS, "error", f"{consumer.combination}: {why}", None, None, 0.0)
    return check


def _texts(recordings: Mapping[str, Any]) -> Iterable[str]:
    return (str(text) for one in recordings.values() for entry in one["entries"] for text in entry.values())
