"""The isolated lane confirms the warm lane: which cells are sampled, and where two records differ."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from market_data_meta.contract import Contract
from market_data_meta.judging.records import Record
from market_data_meta.matrix.confirm import lane_disagreements, sample_cells
from market_data_meta.releases.contents import distinct_contents, oldest_and_newest_combinations
from market_data_meta.releases.ledger import Ledger


def test_records_are_compared_check_by_check_and_library_by_library(
    small: Contract, make_record: Callable[..., Record]
) -> None:
    warm = make_record(third_party={"pydantic": "2.12.0"})
    assert not lane_disagreements(small, warm, warm)
    other = make_record({"area.first": "failed"}, third_party={"pydantic": "2.13.0"})
    assert [(row.clause, row.isolated, row.warm) for row in lane_disagreements(small, warm, other)] == [
        ("area.first", "passed", f"failed {other.checks['area.first'].fingerprint}"),
        ("third-party pydantic", "2.12.0", "2.13.0"),
    ]
    checks = {name: check for name, check in warm.checks.items() if name != "area.second"}
    assert [row.clause for row in lane_disagreements(small, warm, replace(warm, checks=checks))] == ["area.second"]


def test_the_sample_has_all_corners_and_depends_on_the_seed_alone(contract: Contract, ledger: Ledger) -> None:
    contents = distinct_contents(contract, ledger)
    sampled = sample_cells(contents, 12, "seed")
    assert len(sampled) == 12
    assert {cell for cell, _ in sampled} > set(oldest_and_newest_combinations(contents))
    assert sampled == sample_cells(contents, 12, "seed")
    assert sampled != sample_cells(contents, 12, "another")
    for cell, combination in sampled:
        for content in cell.contents:
            assert combination.as_dict()[content.package] in {release.version for release in content.releases}
