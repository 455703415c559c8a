"""What the matrix says of services: the states of each by its releases, and what one takes of the other."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from example_deployments import CONTRACT, LEDGER, MEMBERS, SENDS, WRITES, MadeRuns, Outcomes
from examples import SUITE
from pydantic import ValidationError

from market_data_meta.judging.defects import KnownDefects
from market_data_meta.judging.deployments import TAKES_RECORDINGS
from market_data_meta.judging.records import Record
from market_data_meta.matrix.services import services_result
from market_data_meta.releases.contents import content_combinations, distinct_contents
from market_data_meta.results.services import ServicesResult

Make = Callable[..., Record]
CONTENTS = distinct_contents(CONTRACT, LEDGER)
REFUSES_BOTH = {TAKES_RECORDINGS: {"plain": "refused", "wrapped": "put aside"}}


def result(make_record: Make, outcomes: Outcomes, suite: str = SUITE) -> ServicesResult:
    """Of the two contents of each package: the newest first, as in the matrix."""
    made = MadeRuns(make_record, outcomes)
    position_of = {id(content): number for column in CONTENTS.values() for number, content in enumerate(column)}
    cells = dict.fromkeys(
        cell.of_packages(packages) for packages in MEMBERS.values() for cell in content_combinations(CONTENTS)
    )
    runs = {cell: made.run(cell.combination) for cell in cells}
    return services_result(CONTRACT, suite, KnownDefects(), runs, position_of)


def states(services: ServicesResult, service: str, capability: str) -> dict[tuple[int, ...], str]:
    """By the positions of the contents."""
    cells = next(one.cells for one in services.services if one.name == service)
    return {tuple(cell.codes.values()): cell.capabilities[capability] for cell in cells}


def taken(services: ServicesResult) -> dict[tuple[tuple[int, ...], tuple[int, ...]], tuple[str, str]]:
    """By producers and consumers how much is taken, and why not all."""
    (wire,) = services.wires
    assert (wire.producer, wire.consumer, wire.capabilities) == ("store", "pipeline", ("talk",))
    pairs = [(p, c) for delivery in wire.deliveries for p in delivery.producers for c in delivery.consumers]
    assert sorted(pairs) == [(p, c) for p in range(4) for c in range(4)]
    return {(one.producers, one.consumers): (one.taken, one.reason) for one in wire.deliveries}


def test_each_service_has_the_states_of_what_it_decides(make_record: Make) -> None:
    services = result(make_record, {"core 1.0 store 0.5": {WRITES: "failed"}, "core 1.2 store 0.6": {SENDS: "missing"}})
    assert states(services, "store", "write") == {(1, 1): "works", (1, 0): "works", (0, 1): "works", (0, 0): "broken"}
    assert states(services, "store", "talk") == {(1, 1): "unknown", (1, 0): "works", (0, 1): "works", (0, 0): "works"}
    pipeline = next(one for one in services.services if one.name == "pipeline")
    assert pipeline.packages == ("core", "pipeline")
    assert {tuple(cell.capabilities) for cell in pipeline.cells} == {("talk",)}


def test_a_service_that_does_not_take_all_that_is_recorded_is_limited_by_itself(make_record: Make) -> None:
    services = result(make_record, {"core 1.0 pipeline 0.1": {TAKES_RECORDINGS: {"plain": "refused"}}})
    assert states(services, "pipeline", "talk")[0, 0] == "limited"
    assert {*states(services, "store", "talk").values()} == {"works"}


def test_without_a_record_of_this_suite_everything_is_unknown(make_record: Make) -> None:
    services = result(make_record, {}, suite="0" * 64)
    assert {*states(services, "store", "write").values()} == {"unknown"}
    assert {*states(services, "pipeline", "talk").values()} == {"unknown"}
    ((how, reason),) = taken(services).values()
    assert how == "unknown"
    assert reason.startswith("core 1.2 and pipeline 0.2: ")
    assert reason.endswith("(and 3 more)")


def test_what_cannot_be_installed_is_broken_and_takes_nothing_for_sure(make_record: Make) -> None:
    services = result(make_record, {"core 1.0 pipeline 0.1": "no versions satisfy it"})
    assert states(services, "pipeline", "talk")[0, 0] == "broken"
    assert {how for (_, consumers), (how, _) in taken(services).items() if 3 in consumers} == {"unknown"}


def test_what_is_taken_follows_what_the_producer_is_known_to_send(make_record: Make) -> None:
    """Store 0.6 with Core 1.2 sends "wrapped", store 0.5 with Core 1.0 "plain"; the others are not recorded."""
    outcomes: Outcomes = {
        "core 1.2 pipeline 0.2": {TAKES_RECORDINGS: {"plain": "refused"}},
        "core 1.2 pipeline 0.1": REFUSES_BOTH,
    }
    assert taken(result(make_record, outcomes)) == {
        ((0,), (0, 2, 3)): ("all", ""),
        ((0,), (1,)): ("none", "put aside"),
        ((1, 2), (0, 1, 2, 3)): (
            "unknown",
            "there is no recording of what core 1.2 and store 0.5 sends (and 1 more)",
        ),
        ((3,), (0, 1)): ("none", "refused"),
        ((3,), (2, 3)): ("all", ""),
    }


def test_a_cell_that_does_not_exist_is_refused(make_record: Make) -> None:
    data = result(make_record, {}).model_dump()
    data["wires"][0]["deliveries"][0]["consumers"] = (4,)
    with pytest.raises(ValidationError, match="from store to pipeline is of a cell that is not there"):
        ServicesResult.model_validate(data)
    data["wires"][0]["producer"] = "acme"
    with pytest.raises(ValidationError, match="there is no service acme or pipeline"):
        ServicesResult.model_validate(data)


def test_a_contract_without_services_has_none(make_record: Make) -> None:
    assert result(make_record, {}).services
    assert services_result(CONTRACT, SUITE, KnownDefects(), {}, {}) == ServicesResult()
