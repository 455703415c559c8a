"""Waivers: which combinations a closed range covers, and files that are wrong."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from examples import LEDGER
from market_data_meta.judging.waiver_file import load_waivers
from market_data_meta.judging.waivers import Waiver

from market_data_meta.errors import MetaError
from market_data_meta.judging.records import Record

Make = Callable[..., Record]
STORE = Waiver("area.first", "0" * 12, "known", {"store": ("0.6.2", "0.6.24")})


@pytest.mark.parametrize(
    ("version", "covered"), [("0.6.1", False), ("0.6.2", True), ("0.6.10", True), ("0.6.25", False)]
)
def test_a_range_includes_both_ends_and_compares_versions_by_their_numbers(
    make_record: Make, version: str, *, covered: bool
) -> None:
    record = make_record(combination={"core": "1.4.61", "pipeline": "0.8.70", "store": version})
    assert STORE.covers(record) is covered


def test_a_release_with_a_content_of_the_range_is_covered_in_a_combination_and_not_alone(
    make_record: Make,
) -> None:
    waiver = replace(STORE, contents={"store": frozenset({"c" * 64})})
    newer = {"core": "1.4.61", "pipeline": "0.8.70", "store": "0.6.74"}
    assert waiver.covers(make_record(combination=newer))
    assert not STORE.covers(make_record(combination=newer))
    assert not waiver.covers(make_record(combination={"store": "0.6.74"}))


def test_a_range_on_an_absent_package_covers_nothing(make_record: Make) -> None:
    assert not STORE.covers(make_record(combination={"core": "1.4.61"}))


def test_a_waiver_for_one_choice_of_third_party_versions_covers_no_other(make_record: Make) -> None:
    only_lowest = replace(STORE, versions={"store": ("0.6.0", "0.6.73")}, third_party=("lowest",))
    assert not only_lowest.covers(make_record())
    assert only_lowest.covers(make_record(third_party_choice="lowest"))


@pytest.mark.parametrize(
    "text",
    [
        'clause = "a.b"\nfingerprint = "0"\nreason = "r"',
        'clause = "a.b"\nfingerprint = "0"\nreason = "r"\nversions = { store = ["0.6.0"] }',
        'clause = "a.b"\nfingerprint = "0"\nreason = "r"\nversions = { store = ["0.6.9", "0.6.0"] }',
        'clause = "a.b"\nfingerprint = "0"\nreason = "r"\nversions = {}\nuntil = "later"',
        'clause = "a.b"\nfingerprint = "0"\nreason = "r"\nversions = { store = ["0.6.x", "0.6.9"] }',
        'clause = "a.b',
    ],
)
def test_a_wrong_file_is_named(tmp_path: Path, text: str) -> None:
    file = tmp_path / "contracts" / "waivers.toml"
    file.parent.mkdir()
    file.write_text(f"[[waiver]]\n{text}\n")
    with pytest.raises(MetaError, match=r"waivers\.toml"):
        load_waivers(tmp_path, replace(LEDGER, releases={}))
