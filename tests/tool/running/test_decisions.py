"""Decisions: one run speaks for every cell with the same contents, and for no other; runs that differ are noticed."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from market_data_meta.contract import Contract
from market_data_meta.errors import ErrorCode, MetaError, undecided
from market_data_meta.inside.mdm_plan import CellRun
from market_data_meta.judging.records import Record
from market_data_meta.judging.verdicts import why_not_evidence
from market_data_meta.releases.contents import Content, ContentCombination
from market_data_meta.releases.ledger import Ledger
from market_data_meta.running import warm_runner
from market_data_meta.running.cache import RunCache
from market_data_meta.running.decisions import Decisions
from market_data_meta.running.isolated import REPETITIONS
from market_data_meta.running.template_pool import TemplatePool
from market_data_meta.running.third_party import ThirdPartyLock, group_digests, remove_entries
from market_data_meta.running.warm_jobs import Job
from market_data_meta.running.warm_runner import RunRequest, ThirdPartyGroup, WarmRunner

Make = Callable[..., Record]


@pytest.fixture
def cell_of(ledger: Ledger) -> Callable[..., ContentCombination]:
    """Build a cell of made-up contents: ``cell_of(pipeline="b")`` has the contents a, b and a."""

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

    def build(cell: ContentCombination, outcomes: dict[str, str] | None = None, **changes: object) -> Record:
        contents = cell.digests
        versions = cell.combination.as_dict()
        return make_record(
            outcomes,
            combination=versions,
            cell=cell.combination.label,
            expected={name: {"content": content, "sha256": "d" * 64} for name, content in contents.items()},
            attestation={n: {"version": versions[n], "content": c, "direct_url": None} for n, c in contents.items()},
            **changes,
        )

    return build


def test_a_run_decides_a_clause_for_all_cells_with_the_same_contents_of_what_it_binds(
    small: Contract, cell_of: Callable[..., ContentCombination], run: Callable[..., Record]
) -> None:
    decisions = Decisions(small)
    decisions.add([run(cell_of(), {"area.first": "failed"})])
    clause = small.clauses["area.first"]
    other = decisions.decision(clause, cell_of(pipeline="b").digests)
    assert other is not None
    assert other.check.outcome == "failed"
    assert decisions.decision(clause, cell_of(core="b").digests) is None
    assert decisions.decision(clause, cell_of(store="b").digests) is None


def test_a_clause_that_depends_on_a_package_it_does_not_bind_is_wide(
    small: Contract, cell_of: Callable[..., ContentCombination], run: Callable[..., Record]
) -> None:
    decisions = Decisions(small)
    decisions.add([run(cell_of()), run(cell_of(pipeline="b"), {"area.first": "failed"})])
    assert decisions.wide_clauses == {"area.first"}
    clause = small.clauses["area.first"]
    by_content = [decisions.decision(clause, cell_of(pipeline=content).digests) for content in "abc"]
    assert [decision and decision.check.outcome for decision in by_content] == ["passed", "failed", None]


def test_a_check_that_differs_in_two_runs_on_the_same_contents_is_in_error(
    small: Contract, cell_of: Callable[..., ContentCombination], run: Callable[..., Record]
) -> None:
    decisions = Decisions(small)
    decisions.add([run(cell_of()), run(cell_of(), {"area.first": "failed"})])
    record = decisions.record(cell_of())
    assert record is not None
    assert record.checks["area.first"].outcome == "error"


@pytest.mark.parametrize(
    "changes", [{"footer": None}, {"death": "it was killed"}, {"controls.must-fail": "passed"}, {"attestation": {}}]
)
def test_a_run_that_is_no_evidence_decides_nothing_and_is_its_cells_fault(
    small: Contract, cell_of: Callable[..., ContentCombination], run: Callable[..., Record], changes: dict[str, object]
) -> None:
    outcomes = {name: str(value) for name, value in changes.items() if "." in name}
    fields = {name: value for name, value in changes.items() if "." not in name}
    record = run(cell_of(), outcomes)
    record = replace(record, **{k: v for k, v in fields.items() if k != "attestation"})  # type: ignore[arg-type]  # made up
    if "attestation" in fields:
        record = replace(record, header=replace(record.header, attestation={}))
    decisions = Decisions(small)
    decisions.add([record])
    assert decisions.record(cell_of()) is None
    assert tuple(cell_of().digests.values()) in decisions.faults


def test_an_error_decides_nothing(
    small: Contract, cell_of: Callable[..., ContentCombination], run: Callable[..., Record]
) -> None:
    decisions = Decisions(small)
    decisions.add([run(cell_of(), {"area.first": "error"})])
    assert decisions.decision(small.clauses["area.first"], cell_of().digests) is None
    assert not decisions.has_run(cell_of(), "area.first")


@pytest.fixture
def decide(
    small: Contract, ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> Callable[..., tuple[Decisions, list[list[str]]]]:
    """Decide some cells, each run bringing what it was to decide of the next record.

    Returned are the decisions, and the cells that ran clauses in each round.
    """

    def build(
        cells: list[ContentCombination], cached: list[Record], runs: list[Record], **exhaustive: str
    ) -> tuple[Decisions, list[list[str]]]:
        decisions, remaining, rounds = Decisions(small), list(runs), []
        decisions.add(cached)

        def run(_: WarmRunner, group: ThirdPartyGroup, missing: dict[ContentCombination, list[str]]) -> int:
            of_clauses = [cell for cell, names in missing.items() if set(names) - small.controls.keys()]
            rounds.append([cell.combination.label + cell.contents[1].digest[0] for cell in of_clauses])
            for names in missing.values():
                record = remaining.pop(0)
                checks = {name: check for name, check in record.checks.items() if name in names}
                group.decisions.add([replace(record, checks=checks)])
            return len(missing)

        monkeypatch.setattr(WarmRunner, "_run", run)
        combinations = {cell.combination: frozenset(exhaustive.values()) for cell in cells if exhaustive}
        request = RunRequest(tuple(cells), combinations)
        runner = WarmRunner(small, ledger, request, Path(), "python", {}, lambda _: None)
        runner.decide(ThirdPartyGroup(decisions, RunCache.__new__(RunCache), cells), frozenset(cells))
        return decisions, rounds

    return build


@pytest.mark.parametrize("outcome", ["error", "missing"])
def test_a_check_that_could_not_run_is_run_again_at_once_and_by_every_later_call(
    small: Contract,
    cell_of: Callable[..., ContentCombination],
    run: Callable[..., Record],
    decide: Callable[..., tuple[Decisions, list[list[str]]]],
    outcome: str,
) -> None:
    """A record with its error is cached, and decides nothing."""
    clause, cell = small.clauses["area.first"], cell_of()
    bad = run(cell, {"area.first": outcome})
    decisions, rounds = decide([cell], [], [bad, run(cell)])
    assert len(rounds) == 2
    decision = decisions.decision_or_error(clause, cell.digests)
    assert decision is not None
    assert decision.check.outcome == "passed"
    decisions, rounds = decide([cell], [bad], [run(cell)])
    assert len(rounds) == 1
    assert decisions.decision(clause, cell.digests) is not None
    _, rounds = decide([cell], [bad], [bad, bad])
    assert len(rounds) == 2, "a check that is always in error is not tried for ever"


def test_a_check_that_could_not_run_is_tried_in_another_cell_before_it_is_tried_in_the_same_cell_again(
    cell_of: Callable[..., ContentCombination],
    run: Callable[..., Record],
    decide: Callable[..., tuple[Decisions, list[list[str]]]],
) -> None:
    """Both cells have the same contents of the packages that the clause binds. Each runs the controls at once."""
    first, second = cell_of(), cell_of(pipeline="b")
    _, rounds = decide([first, second], [], [run(first, {"area.first": "error"}), run(second), run(second)])
    assert [cells[0][-1] for cells in rounds] == ["a", "b"]


def test_a_run_decides_for_every_content_of_the_same_code(
    small: Contract, cell_of: Callable[..., ContentCombination], run: Callable[..., Record]
) -> None:
    """Another content, without a code id, is its own code."""
    first, second, third = cell_of(), cell_of(core="b"), cell_of(core="c")
    decisions = Decisions(small, codes={"a" * 64: "e" * 64, "b" * 64: "e" * 64})
    decisions.add([run(first)])
    assert decisions.decision(small.clauses["area.first"], second.digests) is not None
    assert decisions.decision(small.clauses["area.first"], third.digests) is None


def test_a_cell_is_not_run_where_one_with_the_same_code_was(
    small: Contract, cell_of: Callable[..., ContentCombination], run: Callable[..., Record]
) -> None:
    """Its record speaks of its own releases, and no other run makes up for one of its own that is no evidence."""
    first, second, third = cell_of(), cell_of(core="b"), cell_of(core="c")
    decisions = Decisions(small, codes={"a" * 64: "e" * 64, "b" * 64: "e" * 64})
    decisions.know_cells([first, second, third])
    decisions.add([run(first)])
    assert [decisions.has_evidence(cell) for cell in (second, third)] == [True, False]
    record = decisions.record(second)
    assert record is not None
    assert (record.versions, why_not_evidence(record)) == (second.combination.as_dict(), [])
    decisions.add([replace(run(second), death="it was killed")])
    assert decisions.record(second) is None
    assert not decisions.has_evidence(second)
    of_each = Decisions(
        small, exhaustive=True, codes=decisions.codes, runs={tuple(first.digests.values()): [run(first)]}
    )
    of_each.know_cells([first, second])
    assert not of_each.has_evidence(second)


def test_a_clause_that_tells_contents_of_the_same_code_apart_is_decided_in_each_cell(
    small: Contract, cell_of: Callable[..., ContentCombination], run: Callable[..., Record]
) -> None:
    """It is wide, as one that depends on packages which it does not bind."""
    clause, first, second = small.clauses["area.first"], cell_of(), cell_of(core="b")
    decisions = Decisions(small, codes={"a" * 64: "e" * 64, "b" * 64: "e" * 64})
    decisions.add([run(first), run(second, {"area.first": "failed"})])
    assert decisions.wide_clauses == {"area.first"}
    outcomes = [
        decision.check.outcome for cell in (first, second) if (decision := decisions.decision(clause, cell.digests))
    ]
    assert outcomes == ["passed", "failed"]


@pytest.mark.parametrize(("package", "cells_that_run"), [("core", ["a", "b"]), ("pipeline", ["a"])])
def test_an_exhaustive_cell_runs_the_clauses_that_bind_its_package_itself(
    cell_of: Callable[..., ContentCombination],
    run: Callable[..., Record],
    decide: Callable[..., tuple[Decisions, list[list[str]]]],
    package: str,
    cells_that_run: list[str],
) -> None:
    """Of the others one run is enough: the clauses here bind core."""
    first, second = cell_of(), cell_of(pipeline="b")
    _, rounds = decide([first, second], [], [run(first), run(second)], package=package)
    assert [label[-1] for cells in rounds for label in cells] == cells_that_run


def test_a_cell_whose_clauses_another_one_decides_is_run_with_the_controls(
    cell_of: Callable[..., ContentCombination],
    run: Callable[..., Record],
    decide: Callable[..., tuple[Decisions, list[list[str]]]],
) -> None:
    """Otherwise nothing would show that its packages can be loaded together."""
    first, second = cell_of(), cell_of(pipeline="b")
    decisions, rounds = decide([first, second], [], [run(first), run(second)])
    assert [cells[0][-1] for cells in rounds] == ["a"]
    assert decisions.record(second) is not None


def test_a_run_that_died_is_run_again_by_every_later_call(
    cell_of: Callable[..., ContentCombination],
    run: Callable[..., Record],
    decide: Callable[..., tuple[Decisions, list[list[str]]]],
) -> None:
    cell = cell_of()
    dead = replace(run(cell), footer=None, death="it was killed")
    decisions, rounds = decide([cell], [dead], [run(cell)])
    assert len(rounds) == 1
    assert decisions.record(cell) is not None
    _, rounds = decide([cell], [], [dead, run(cell)])
    assert len(rounds) == 2


def test_an_exhaustive_matrix_takes_no_run_for_another_cell(
    small: Contract, cell_of: Callable[..., ContentCombination], run: Callable[..., Record]
) -> None:
    decisions = Decisions(small, exhaustive=True)
    decisions.add([run(cell_of())])
    assert decisions.decision(small.clauses["area.first"], cell_of(pipeline="b").digests) is None


def test_sets_that_agree_on_the_libraries_that_they_share_are_in_the_same_group() -> None:
    both = ThirdPartyLock("a==1 \\\n    --hash=sha256:0\nb==1\n", frozenset())
    less = ThirdPartyLock("a==1\n", frozenset())
    other = ThirdPartyLock("a==2\n", frozenset())
    digests = group_digests([both, less, other])
    assert digests[both] == digests[less] != digests[other]


def test_removing_a_distribution_from_a_lock_keeps_the_others() -> None:
    lock = "a==1 \\\n    --hash=sha256:0 \\\n    --hash=sha256:1\na-b==2 \\\n    --hash=sha256:2\n"
    assert remove_entries(lock, ["a"]) == "a-b==2 \\\n    --hash=sha256:2\n"


def test_a_clause_that_was_repeated_more_often_than_is_needed_is_not_run_again(
    small: Contract,
    ledger: Ledger,
    cell_of: Callable[..., ContentCombination],
    run: Callable[..., Record],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Two processes that share a cache may both have run what was missing."""
    cell, decisions = cell_of(), Decisions(small)
    decisions.add([run(cell)] * (REPETITIONS + 1))
    monkeypatch.setattr(WarmRunner, "_run", lambda *_: pytest.fail("nothing is missing"))
    request = RunRequest((cell,), repeat={cell: frozenset({"area.first"})})
    runner = WarmRunner(small, ledger, request, Path(), "python", {}, lambda _: None)
    assert runner.decide(ThirdPartyGroup(decisions, RunCache.__new__(RunCache), [cell]), frozenset({cell})) == 0


def test_a_set_of_libraries_with_which_nothing_starts_costs_no_other_cell_its_run(
    small: Contract, ledger: Ledger, cell_of: Callable[..., ContentCombination], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The cause is the fault of its own cells; any other error ends the run."""
    cell, decisions = cell_of(), Decisions(small)

    channel = socket.socket()

    def steps(*_: object, **__: object) -> Iterator[socket.socket]:
        yield channel
        raise undecided(ErrorCode.NO_TEMPLATE if not decisions.faults else ErrorCode.NO_NETWORK, "it failed", "why")

    monkeypatch.setattr(warm_runner, "job_steps", steps)
    monkeypatch.setattr(WarmRunner, "_job", lambda *_: Job("a", CellRun.__new__(CellRun), Path(), Path()))
    runner = WarmRunner(small, ledger, RunRequest((cell,)), Path(), "python", {}, lambda _: None)
    group = ThirdPartyGroup(decisions, RunCache.__new__(RunCache), [cell])

    def run_cells() -> list[Record | socket.socket]:
        lock, templates = ThirdPartyLock("", frozenset()), TemplatePool.__new__(TemplatePool)
        return list(runner._run_cells(group, templates, lock, {cell: ["area.first"]}, (), 1))

    with channel:
        assert run_cells() == [channel]
        assert decisions.faults == {tuple(cell.digests.values()): "it failed: why"}
        with pytest.raises(MetaError, match="it failed"):
            run_cells()
