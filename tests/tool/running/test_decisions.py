"""Decisions: one run speaks for every cell with the same code, and for no other; two that differ are noticed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from market_data_meta.contract import Contract
from market_data_meta.judging.records import Record
from market_data_meta.releases.contents import Content, ContentCombination
from market_data_meta.releases.ledger import Ledger
from market_data_meta.running.cache import Store
from market_data_meta.running.decisions import Decisions
from market_data_meta.running.third_party import ThirdPartyLock, families, without
from market_data_meta.running.warm_runner import Runner, RunRequest, ThirdPartyGroup

Make = Callable[..., Record]


@pytest.fixture
def square(ledger: Ledger) -> Callable[..., ContentCombination]:
    """Build a cell of made-up codes: ``square(pipeline="b")`` has the contents a, b and a."""

    def build(**contents: str) -> ContentCombination:
        return ContentCombination(
            tuple(
                Content(name, contents.get(name, "a") * 64, (), (ledger.newest(name),))
                for name in ("core", "pipeline", "store")
            )
        )

    return build


@pytest.fixture
def run(make_record: Make) -> Callable[..., Record]:
    """Build the record of a run of a cell."""

    def build(square: ContentCombination, outcomes: dict[str, str] | None = None, **changes: object) -> Record:
        contents = square.digests
        versions = square.combination.as_dict()
        return make_record(
            outcomes,
            combination=versions,
            cell=square.combination.label,
            expected={name: {"content": content, "sha256": "d" * 64} for name, content in contents.items()},
            attestation={n: {"version": versions[n], "content": c, "direct_url": None} for n, c in contents.items()},
            **changes,
        )

    return build


def test_a_run_decides_a_clause_for_all_cells_with_the_same_code_of_what_it_binds(
    small: Contract, square: Callable[..., ContentCombination], run: Callable[..., Record]
) -> None:
    known = Decisions(small)
    known.add([run(square(), {"area.first": "failed"})])
    clause = small.clauses["area.first"]
    other = known.of(clause, square(pipeline="b").digests)
    assert other is not None
    assert other.check.outcome == "failed"
    assert known.of(clause, square(core="b").digests) is None
    assert known.of(clause, square(store="b").digests) is None


def test_a_clause_that_differs_with_what_it_does_not_bind_is_wide(
    small: Contract, square: Callable[..., ContentCombination], run: Callable[..., Record]
) -> None:
    known = Decisions(small)
    known.add([run(square()), run(square(pipeline="b"), {"area.first": "failed"})])
    assert known.wide == {"area.first"}
    clause = small.clauses["area.first"]
    outcomes = [known.of(clause, square(pipeline=content).digests) for content in "abc"]
    assert [found and found.check.outcome for found in outcomes] == ["passed", "failed", None]


def test_two_runs_of_the_same_code_that_differ_are_an_error_of_the_check(
    small: Contract, square: Callable[..., ContentCombination], run: Callable[..., Record]
) -> None:
    known = Decisions(small)
    known.add([run(square()), run(square(), {"area.first": "failed"})])
    record = known.record(square())
    assert record is not None
    assert record.checks["area.first"].outcome == "error"


@pytest.mark.parametrize(
    "changes", [{"footer": None}, {"death": "it was killed"}, {"controls.must-fail": "passed"}, {"attestation": {}}]
)
def test_a_run_that_is_no_evidence_decides_nothing_and_is_its_cells_fault(
    small: Contract, square: Callable[..., ContentCombination], run: Callable[..., Record], changes: dict[str, object]
) -> None:
    outcomes = {name: str(value) for name, value in changes.items() if "." in name}
    fields = {name: value for name, value in changes.items() if "." not in name}
    record = run(square(), outcomes)
    record = replace(record, **{k: v for k, v in fields.items() if k != "attestation"})  # type: ignore[arg-type]  # made up
    if "attestation" in fields:
        record = replace(record, header={**record.header, "attestation": {}})
    known = Decisions(small)
    known.add([record])
    assert known.record(square()) is None
    assert tuple(square().digests.values()) in known.faults


def test_an_error_decides_nothing(
    small: Contract, square: Callable[..., ContentCombination], run: Callable[..., Record]
) -> None:
    known = Decisions(small)
    known.add([run(square(), {"area.first": "error"})])
    assert known.of(small.clauses["area.first"], square().digests) is None
    assert not known.own(square(), "area.first")


@pytest.fixture
def decide(
    small: Contract, ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> Callable[..., tuple[Decisions, list[list[str]]]]:
    """Decide some cells, each run with what the next record says: what is known then, and the cells of each round."""

    def build(
        squares: list[ContentCombination], known: list[Record], runs: list[Record]
    ) -> tuple[Decisions, list[list[str]]]:
        decisions, left, rounds = Decisions(small), list(runs), []
        decisions.add(known)

        def run(_: Runner, family: ThirdPartyGroup, wanted: dict[ContentCombination, list[str]]) -> int:
            rounds.append([square.combination.label + square.contents[1].digest[0] for square in wanted])
            family.decisions.add([left.pop(0) for _ in wanted])
            return len(wanted)

        monkeypatch.setattr(Runner, "_run", run)
        wanted = RunRequest(tuple(squares), frozenset())
        runner = Runner(small, ledger, wanted, Path(), "python", {}, lambda _: None)
        runner.decide(ThirdPartyGroup(decisions, Store.__new__(Store), squares), frozenset(squares))
        return decisions, rounds

    return build


@pytest.mark.parametrize("outcome", ["error", "missing"])
def test_a_check_that_could_not_run_is_tried_again_at_once_and_by_every_later_call(
    small: Contract,
    square: Callable[..., ContentCombination],
    run: Callable[..., Record],
    decide: Callable[..., tuple[Decisions, list[list[str]]]],
    outcome: str,
) -> None:
    """A run that holds it is kept and never the last word."""
    clause, cell = small.clauses["area.first"], square()
    bad = run(cell, {"area.first": outcome})
    known, rounds = decide([cell], [], [bad, run(cell)])
    assert len(rounds) == 2
    found = known.said(clause, cell.digests)
    assert found is not None
    assert found.check.outcome == "passed"
    known, rounds = decide([cell], [bad], [run(cell)])
    assert len(rounds) == 1
    assert known.of(clause, cell.digests) is not None
    _, rounds = decide([cell], [bad], [bad, bad])
    assert len(rounds) == 2, "what never comes to an end is not tried for ever"


def test_what_could_not_run_is_tried_elsewhere_before_it_is_tried_there_again(
    square: Callable[..., ContentCombination],
    run: Callable[..., Record],
    decide: Callable[..., tuple[Decisions, list[list[str]]]],
) -> None:
    """Both cells have the same code of what the clause binds."""
    one, other = square(), square(pipeline="b")
    _, rounds = decide([one, other], [], [run(one, {"area.first": "error"}), run(other)])
    assert [cells[0][-1] for cells in rounds] == ["a", "b"]


def test_a_run_that_died_is_run_again_by_every_later_call(
    square: Callable[..., ContentCombination],
    run: Callable[..., Record],
    decide: Callable[..., tuple[Decisions, list[list[str]]]],
) -> None:
    cell = square()
    dead = replace(run(cell), footer=None, death="it was killed")
    known, rounds = decide([cell], [dead], [run(cell)])
    assert len(rounds) == 1
    assert known.record(cell) is not None
    _, rounds = decide([cell], [], [dead, run(cell)])
    assert len(rounds) == 2


def test_exhaustive_believes_no_run_for_another_cell(
    small: Contract, square: Callable[..., ContentCombination], run: Callable[..., Record]
) -> None:
    known = Decisions(small, exhaustive=True)
    known.add([run(square())])
    assert known.of(small.clauses["area.first"], square(pipeline="b").digests) is None


def test_sets_that_agree_on_what_they_share_are_one_family() -> None:
    both = ThirdPartyLock("a==1 \\\n    --hash=sha256:0\nb==1\n", frozenset())
    less = ThirdPartyLock("a==1\n", frozenset())
    other = ThirdPartyLock("a==2\n", frozenset())
    digests = families([both, less, other])
    assert digests[both] == digests[less] != digests[other]


def test_a_lock_without_a_distribution_keeps_the_others() -> None:
    lock = "a==1 \\\n    --hash=sha256:0 \\\n    --hash=sha256:1\na-b==2 \\\n    --hash=sha256:2\n"
    assert without(lock, ["a"]) == "a-b==2 \\\n    --hash=sha256:2\n"
