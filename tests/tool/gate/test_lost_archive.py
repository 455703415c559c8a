"""A consumer that no longer takes what is recorded is told so, whatever a candidate beside it sends."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

import pytest

from market_data_meta.contract import Contract
from market_data_meta.gate.new_recordings import NewRecordings, comparable_pair, was_repeated
from market_data_meta.judging.deployments import IS_ARCHIVED, TAKES_RECORDINGS
from market_data_meta.judging.records import Check, Record
from market_data_meta.releases.contents import content_combinations, distinct_contents
from market_data_meta.releases.ledger import Ledger
from market_data_meta.running.cell_records import CellRecords
from market_data_meta.running.services import service_cells
from market_data_meta.running.warm_runner import RunRequest

NEW = {"new": {"stream": "s", "entries": []}}


def takes(refused: Mapping[str, str]) -> dict[str, Check]:
    """The check of the clause about recordings, with what was refused."""
    return {TAKES_RECORDINGS: Check(TAKES_RECORDINGS, "failed" if refused else "passed", "w", {}, refused or None, 0.0)}


@pytest.mark.parametrize(
    ("was", "now", "lost"),
    [
        ({}, {}, False),
        ({}, {"old": "refused"}, True),
        # As before, and mended: what is new decides.
        ({"old": "refused"}, {"old": "refused"}, False),
        ({"old": "refused"}, {}, False),
    ],
)
def test_what_is_recorded_counts_where_the_consumer_takes_less_of_it(
    contract: Contract,
    ledger: Ledger,
    make_record: Callable[..., Record],
    was: Mapping[str, str],
    now: Mapping[str, str],
    lost: bool,
) -> None:
    """Both change in step and understand each other: releases that are out still send the old form."""
    cell = content_combinations(distinct_contents(contract, ledger))[0]
    consumers = [one for one in service_cells(contract, [cell]) if "pipeline" in one.combination.packages]
    archived = {IS_ARCHIVED: Check(IS_ARCHIVED, "failed", "w", {}, NEW, 0.0)}
    before = replace(make_record(), checks=takes(was))
    record = replace(make_record(), checks={**takes(now), **archived})

    def decide(request: RunRequest) -> CellRecords:
        assert request.recordings == NEW
        taken = dict.fromkeys(consumers, replace(make_record(), checks=takes({})))
        runs = {consumer: (one,) * 3 for consumer, one in taken.items()}
        return CellRecords({}, tuple(consumers), taken, {}, {}, frozenset(), 1, runs=runs)

    records = CellRecords({}, (cell,), {cell: record}, {}, {}, frozenset(), 1)
    got = NewRecordings(contract, decide, {cell: before}).given_to_consumers(records).records[cell]
    assert got.checks[TAKES_RECORDINGS] == takes(now if lost else {})[TAKES_RECORDINGS]
    # What is known from the archive alone has not been repeated yet.
    assert was_repeated(TAKES_RECORDINGS, comparable_pair(got, before)[0]) is not lost
