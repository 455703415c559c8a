"""A proposed defect makes the failures of the records known, and no others."""

from __future__ import annotations

import tomllib
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from examples import SUITE

from market_data_meta.contract import Contract
from market_data_meta.judging.defect_proposals import propose_defects
from market_data_meta.judging.defects import Defect, KnownDefects, ShownBy
from market_data_meta.judging.records import Record
from market_data_meta.judging.verdicts import judge_records
from market_data_meta.releases.ledger import Ledger

Make = Callable[..., Record]
OLD = {"core": "1.2.9", "pipeline": "0.8.1", "store": "0.6.0"}
NEW = {"core": "1.4.61", "pipeline": "0.8.70", "store": "0.6.73"}


def record_of(make_record: Make, versions: dict[str, str], outcome: str, **changes: Any) -> Record:
    attestation = {
        name: {"version": version, "content": "c" * 64, "direct_url": None} for name, version in versions.items()
    }
    cell = "-".join(versions.values()) + changes.get("third_party_choice", "")
    return make_record({"area.first": outcome}, combination=versions, attestation=attestation, cell=cell, **changes)


@pytest.mark.parametrize(
    ("rows", "versions"),
    [
        ([(OLD, "failed"), (NEW, "failed")], {"core": ">=1.2.9", "store": ">=0.6.0"}),
        ([(OLD, "passed"), (NEW, "failed")], {"core": ">=1.4.22", "store": ">=0.6.73"}),
    ],
)
def test_a_proposal_makes_the_failures_known_and_nothing_else(
    small: Contract, ledger: Ledger, make_record: Make, rows: list[tuple[dict[str, str], str]], versions: object
) -> None:
    records = [record_of(make_record, *row) for row in rows]
    judged_records = judge_records(small, SUITE, records, KnownDefects())
    (table,) = tomllib.loads(propose_defects(small, ledger, judged_records))["defects"].values()
    assert table["versions"] == versions
    (shown,) = table["shown_by"]
    defect = Defect("It fails.", "core", table["versions"], "r", (ShownBy(**shown),), id="it-fails")
    known = KnownDefects((defect,))
    again = judge_records(small, SUITE, records, known, expected=[record.cell for record in records])
    assert ({cell.verdict for cell in again.cells} - {"conforms"}, again.defect_changes.stale) == ({"defective"}, ())


def test_a_failure_of_one_third_party_choice_is_proposed_for_it_alone(
    small: Contract, ledger: Ledger, make_record: Make
) -> None:
    records = [
        record_of(make_record, NEW, "passed"),
        record_of(make_record, NEW, "failed", third_party_choice="lowest"),
    ]
    (table,) = tomllib.loads(propose_defects(small, ledger, judge_records(small, SUITE, records, KnownDefects())))[
        "defects"
    ].values()
    assert table["shown_by"][0]["third_party"] == ["lowest"]


def test_two_interpreters_that_fail_alike_are_one_proposal(small: Contract, ledger: Ledger, make_record: Make) -> None:
    """No range tells them from the one that passes, so each failing record would have a table of its own."""
    records = [record_of(make_record, NEW, "passed")]
    for label, version in (("py312", "3.12.1"), ("py313", "3.13.0")):
        python = {"version": version, "implementation": "cpython", "platform": "linux"}
        record = record_of(make_record, NEW, "failed", interpreter=python)
        records.append(replace(record, cell=f"{label}-{record.cell}"))
    judged = judge_records(small, SUITE, records, KnownDefects())
    assert [cell.verdict for cell in judged.cells].count("violates") == 2
    assert len(tomllib.loads(propose_defects(small, ledger, judged))["defects"]) == 1


def test_proposals_for_one_clause_have_names_of_their_own(small: Contract, ledger: Ledger, make_record: Make) -> None:
    records = [
        record_of(make_record, versions, "failed", got=f"other in {versions['core']}") for versions in (OLD, NEW)
    ]
    tables = tomllib.loads(propose_defects(small, ledger, judge_records(small, SUITE, records, KnownDefects())))
    assert list(tables["defects"]) == ["area-first", "area-first-2"]
