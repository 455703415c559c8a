"""Whose doing it is: nobody is guilty of what could not be looked at."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from market_data_meta.contract import Contract
from market_data_meta.gate.candidates import Candidate
from market_data_meta.gate.partners import GateCell
from market_data_meta.gate.runner import Gate
from market_data_meta.judging.comparison import Difference, compare_checks
from market_data_meta.judging.records import Check, Record
from market_data_meta.releases.contents import ContentCombination, content_combinations, distinct_contents
from market_data_meta.releases.ledger import Ledger
from market_data_meta.running.cells import CellRecords, RunOptions


@pytest.fixture
def blame(
    contract: Contract, ledger: Ledger, make_record: Callable[..., Record], monkeypatch: pytest.MonkeyPatch
) -> Callable[..., tuple[str, ...]]:
    """Whose doing the clause is, of two candidates, when it came out so with each alone: ``blame("failed", "passed")``.

    None is a run that came to nothing. Before it came out as ``was`` says, and with both it failed.
    """

    def build(core: str | None, store: str | None, was: str = "passed") -> tuple[str, ...]:
        clause = contract.clauses["chain.hard-pauses"]
        squares = content_combinations(distinct_contents(contract, ledger))
        before, now = squares[0], squares[-1]
        releases = (ledger.newest("core"), ledger.newest("store"))
        pair = [Candidate(r, "x", one, one) for r, one in zip(("core", "store"), releases, strict=True)]
        said: dict[tuple[str, ...], str | None] = {("core",): core, ("store",): store}

        def complete(cell: ContentCombination, outcome: str | None) -> CellRecords:
            records = {} if outcome is None else {cell: make_record({clause.id: outcome})}
            return CellRecords({}, (), records, {}, {}, frozenset(), 0)

        def alone(_: Gate, met: list[GateCell], chosen: tuple[Candidate, ...], *__: object) -> CellRecords:
            return complete(met[0].now, said[tuple(one.package for one in chosen)])

        monkeypatch.setattr(Gate, "_now", alone)
        gate = Gate(contract, ledger, tuple(pair), RunOptions(Path()), "quick")
        check = {name: Check(clause.id, name, "what", None, None, 0.0) for name in ("failed", "passed", "error")}
        told = compare_checks(check[was], check["failed"])
        found = Difference(told, clause, check["failed"], check[was], (now.combination.label,))
        blamed = gate._blamed([GateCell(now, before, 1)], complete(before, was), [found], [])
        return next(iter(blamed.values()), ())

    return build


@pytest.mark.parametrize(
    ("core", "store", "expected"),
    [
        ("failed", "passed", ("core",)),
        ("passed", "failed", ("store",)),
        ("passed", "passed", ("core", "store")),
        ("error", "failed", ("store",)),
        ("missing", "failed", ("store",)),
        (None, "failed", ("store",)),
        ("error", "passed", ()),
        ("passed", None, ()),
        (None, None, ()),
    ],
)
def test_who_could_not_be_looked_at_alone_is_not_guilty(
    blame: Callable[..., tuple[str, ...]], core: str | None, store: str | None, expected: tuple[str, ...]
) -> None:
    """Neither by itself, nor together with another: then whose doing it is is not known."""
    assert blame(core, store) == expected


def test_nobody_is_guilty_of_what_could_not_be_looked_at_before(blame: Callable[..., tuple[str, ...]]) -> None:
    assert blame("failed", "failed", was="error") == ()
