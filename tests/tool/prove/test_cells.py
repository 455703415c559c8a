"""A break is tried where its clause is decided, a harmless change wherever its package is."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from market_data_meta.contract import Contract
from market_data_meta.prove.cells import changes_of_cells, changes_of_releases
from market_data_meta.prove.changes import Change, Edit
from market_data_meta.prove.fit import misfits
from market_data_meta.prove.trial_runs import NewestReleases

ALL, STORE, PIPELINE = ("core", "pipeline", "store"), ("core", "store"), ("core", "pipeline")


def change(package: str, *clauses: str) -> Change:
    return Change(package, (Edit("a.py", "x", "y"),), "Why.", clauses)


@pytest.mark.parametrize(
    ("break_", "packages"),
    [
        (change("core", "area.first"), ALL),
        (change("store", "wire.sent"), STORE),
        (change("core", "wire.sent"), STORE),
        (change("core", "wire.bus"), STORE),
        (change("core", "wire.taken"), PIPELINE),
    ],
)
def test_a_break_is_tried_where_its_clause_is_decided(
    deployed: Contract, break_: Change, packages: tuple[str, ...]
) -> None:
    for quick in (False, True):
        assert changes_of_cells(deployed, [break_], quick=quick) == {packages: [break_]}
    assert changes_of_releases(deployed, [break_]) == []


def test_a_break_of_release_scope_is_tried_in_its_release_alone(deployed: Contract) -> None:
    break_ = change("pipeline", "area.alone")
    assert changes_of_cells(deployed, [break_], quick=False) == {}
    assert changes_of_releases(deployed, [break_]) == [break_]


def test_a_harmless_change_is_tried_wherever_its_package_is(deployed: Contract) -> None:
    """In the combination by itself, unless it is to be quick; elsewhere together with the others of its package."""
    core, other, store = change("core"), replace(change("core"), why="Another."), change("store")

    def tried(changes: list[Change]) -> list[tuple[str, int]]:
        return [(each.package, len(each.edits)) for each in changes]

    cells = {quick: changes_of_cells(deployed, [core, other, store], quick=quick) for quick in (False, True)}
    assert cells[False][ALL] == [core, other, store]
    assert tried(cells[True][ALL]) == [("core", 2), ("store", 1)]
    for of_cells in cells.values():
        assert (tried(of_cells[STORE]), tried(of_cells[PIPELINE])) == ([("core", 2), ("store", 1)], [("core", 2)])
    assert tried(changes_of_releases(deployed, [core, other, store])) == [("core", 2), ("store", 1)]


def test_a_service_that_decides_nothing_is_not_started(deployed: Contract) -> None:
    clauses = {name: clause for name, clause in deployed.clauses.items() if name != "wire.taken"}
    assert PIPELINE not in changes_of_cells(replace(deployed, clauses=clauses), [change("core")], quick=False)


def test_a_break_of_what_its_service_has_not_is_told(deployed: Contract, tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text("x")
    sites = dict.fromkeys(ALL, tmp_path)
    (sentence,) = misfits(deployed, [change("pipeline", "wire.sent"), change("core", "wire.sent")], sites)
    assert sentence == (
        "tests/breaks/wire.toml, the break of wire.sent: "
        "wire.sent is decided in the store service, which has no pipeline"
    )


@pytest.mark.parametrize(
    ("packages", "break_", "own_only", "clauses"),
    [
        (ALL, change("core", "area.first"), False, {"area.first", "area.second"}),
        (STORE, change("core", "wire.sent"), False, {"wire.sent", "wire.bus"}),
        (STORE, change("store", "wire.sent"), False, {"wire.sent"}),
        (STORE, change("core", "wire.sent"), True, {"wire.sent"}),
        (PIPELINE, change("core"), True, {"wire.taken"}),
    ],
)
def test_a_change_runs_the_clauses_of_its_cell_that_bind_its_package(
    deployed: Contract, packages: tuple[str, ...], break_: Change, own_only: bool, clauses: set[str]
) -> None:
    newest = object.__new__(NewestReleases)
    newest.contract, newest.packages, newest.sites = deployed, packages, {}
    names = newest.clauses_to_run(break_, own_only=own_only)
    assert set(names) == clauses | deployed.controls.keys()
