"""What `mdmeta run pinned` says while tox runs the cells; their records are made up here."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest

from market_data_meta.commands import run_pinned
from market_data_meta.commands.common import Checkout
from market_data_meta.judging.records import Record
from market_data_meta.releases import pins
from market_data_meta.releases.combinations import parse_cell


@pytest.fixture
def said(
    root: Path,
    make_record: Callable[..., Record],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> list[str]:
    """The lines that are said where every cell but the last brings a record."""
    checkout = Checkout(root)
    contract = checkout.contract

    def run_in_tox(_root: Path, names: Sequence[str], *, out: Path) -> Iterator[Record]:
        assert out == tmp_path
        for name in names[:-1]:
            cell = parse_cell([name], contract.packages, checkout.ledger, services=contract.service_packages)
            yield make_record({}, cell=name, combination=cell.combination.as_dict())

    monkeypatch.setattr(run_pinned, "run_in_tox", run_in_tox)
    run_pinned.run_pinned(checkout, tmp_path, as_json=False)
    return capfd.readouterr().err.splitlines()


def test_the_newest_set_is_answered_first_and_each_cell_has_a_line(root: Path, said: list[str]) -> None:
    """Its combination, services and releases alone come before all others, and then what works in it."""
    total = len(pins.pinned_environments(root))
    places = [number for number, line in enumerate(said) if f"/{total} " in line]
    assert [said[number].split("/")[0].strip() for number in places] == [str(n) for n in range(1, total)]
    assert ["left" in said[number] or "the last" in said[number] for number in places] == [False] * 6 + [True] * (
        total - 7
    )
    answer = said.index("the newest set:")
    assert sum(number < answer for number in places) == 6
    assert any("Use the three packages in one process" in line for line in said[answer : places[6]])
    assert any(line.startswith("1 brought no record") for line in said)
