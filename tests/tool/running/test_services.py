"""What services decide stands in the record of each combination that they are part of, and nothing is lost."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from examples import LEDGER

from market_data_meta.contract import Contract
from market_data_meta.judging.records import Record
from market_data_meta.releases.combinations import Cell, Combination, parse_cell
from market_data_meta.releases.contents import ContentCombination, content_combinations, distinct_contents
from market_data_meta.running.cell_records import CellRecords
from market_data_meta.running.services import joined_records, service_cells, with_services
from market_data_meta.running.warm_runner import RunRequest

STORE, PIPELINE = ("core", "store"), ("core", "pipeline")


@pytest.fixture
def contract(deployed: Contract) -> Contract:
    """The small contract with services."""
    return deployed


@pytest.fixture
def cells(contract: Contract) -> list[ContentCombination]:
    """The six combinations of the small ledger."""
    return content_combinations(distinct_contents(contract, LEDGER))


def test_a_run_decides_the_clauses_of_its_packages(contract: Contract) -> None:
    """A clause is decided in the first service that has all packages which it binds, and in no combination."""
    decided = {packages: set(contract.clauses_for(packages)) - set(contract.controls) for packages in (STORE, PIPELINE)}
    assert decided == {STORE: {"wire.sent", "wire.bus"}, PIPELINE: {"wire.taken"}}
    of_all = contract.clauses_for(tuple(contract.packages)).keys() - contract.controls.keys()
    assert of_all == {"area.first", "area.second"}
    shown = contract.clauses_shown_for(tuple(contract.packages)).keys() - contract.controls.keys()
    assert shown == {"area.first", "area.second", "wire.sent", "wire.bus", "wire.taken"}


def test_each_service_is_run_once(contract: Contract, cells: list[ContentCombination]) -> None:
    """Combinations that share the contents of a service share its run."""
    services = [str(cell.combination) for cell in service_cells(contract, cells)]
    assert services == [
        *(f"core=={core} store=={store}" for core in ("1.3", "1.2", "1.0") for store in ("0.6", "0.5")),
        *(f"core=={core} pipeline==0.1" for core in ("1.3", "1.2", "1.0")),
    ]


def test_a_service_is_asked_for_what_it_decides(contract: Contract, cells: list[ContentCombination]) -> None:
    """Clauses of combinations alone start no service; a repetition is made where its clause is decided."""
    some = RunRequest(tuple(cells), clauses=frozenset({"area.first"}))
    assert with_services(contract, some).cells == tuple(cells)
    store, pipeline = (cells[0].of_packages(packages) for packages in (STORE, PIPELINE))
    taken = RunRequest((cells[0],), clauses=frozenset({"wire.taken"}))
    assert with_services(contract, taken).cells == (cells[0], pipeline)
    names = frozenset({"area.first", "wire.sent"})
    repeated = with_services(contract, RunRequest((cells[0],), repeat={cells[0]: names}))
    assert dict(repeated.repeat) == {cells[0]: {"area.first"}, store: {"wire.sent"}}


def test_a_service_of_an_exhaustive_combination_runs_every_clause(
    contract: Contract, cells: list[ContentCombination]
) -> None:
    """That an outcome depends on what its clause binds is tried in services as it is in combinations."""
    request = with_services(contract, RunRequest(tuple(cells), {cells[0].combination: frozenset(contract.packages)}))
    exhaustive = [cell.combination.label for cell in request.cells if cell.combination in request.exhaustive]
    assert exhaustive == ["core1.3-pipeline0.1-store0.6", "core1.3-store0.6", "core1.3-pipeline0.1"]
    of_one_package = with_services(contract, RunRequest(tuple(cells), {cells[0].combination: frozenset({"store"})}))
    assert list(of_one_package.exhaustive) == [cells[0].combination]


def test_a_combination_shows_what_its_services_decide(
    contract: Contract, cells: list[ContentCombination], make_record: Callable[..., Record]
) -> None:
    """A service without a record is an error of its clauses, with the reason, in the combinations that have it only."""
    first, other = cells[0], next(cell for cell in cells if cell.digests["core"] != cells[0].digests["core"])
    store, pipeline = (first.of_packages(packages) for packages in (STORE, PIPELINE))
    records = {
        first: make_record(),
        other: make_record(),
        store: make_record({"wire.sent": "failed", "wire.bus": "passed"}),
        other.of_packages(STORE): make_record({"wire.sent": "passed", "wire.bus": "passed"}),
        other.of_packages(PIPELINE): make_record({"wire.taken": "passed"}),
    }
    decided = CellRecords({}, tuple(records), records, {pipeline: "it was killed"}, {}, frozenset(), 5)
    joined = joined_records(contract, RunRequest((first, other)), decided)
    assert joined.cells == (first, other)
    assert set(joined.services) == records.keys() - {first, other}
    checks = joined.records[first].checks
    assert (checks["wire.sent"].outcome, checks["wire.bus"].outcome) == ("failed", "passed")
    assert (checks["wire.taken"].outcome, checks["wire.taken"].message) == (
        "error",
        "core==1.3 pipeline==0.1: it was killed",
    )
    assert joined.records[other].checks["wire.taken"].outcome == "passed"


def test_a_service_is_a_cell_of_its_own(contract: Contract) -> None:
    """Core with one of the others is read as a service where there is one, and a combination names its services."""
    read = parse_cell(["core==1.3", "store==0.6"], contract.packages, LEDGER, services=contract.service_packages)
    assert read == Cell(Combination((("core", "1.3"), ("store", "0.6"))))
    assert not read.services(contract.service_packages)
    whole = Cell(Combination((("core", "1.3"), ("pipeline", "0.1"), ("store", "0.6"))), "lowest", "3.12")
    assert [service.name for service in whole.services(contract.service_packages)] == [
        "py312-core1.3-store0.6-lowest",
        "py312-core1.3-pipeline0.1-lowest",
    ]
