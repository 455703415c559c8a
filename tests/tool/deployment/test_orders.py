"""Orders: one service at a time, never back, and nothing out in between that its requirements forbid."""

from __future__ import annotations

from example_deployments import service, services

from market_data_meta.deployment.orders import Order, direct_orders, orders

BEFORE, AFTER = services("1.0", "0.1", "0.5"), services("1.1", "0.2", "0.6")


def names(order: Order) -> list[str]:
    return [f"{change.service} {' '.join(change.packages)}" for change in order]


def test_a_direct_order_changes_each_service_once() -> None:
    first, second = direct_orders(BEFORE, AFTER)
    assert names(first) == ["store core store", "pipeline core pipeline"]
    assert names(second) == ["pipeline core pipeline", "store core store"]
    assert first[0].services == {**BEFORE, "store": AFTER["store"]}
    assert first[-1].services == second[-1].services == AFTER


def test_a_service_may_get_core_before_its_own_package_or_after_it() -> None:
    every = orders(BEFORE, AFTER, may_be_out=lambda _: True)
    assert [len(order) for order in every] == sorted(len(order) for order in every)
    # Each service in one or in two steps of either kind: 2 direct orders, 12 of three steps, 24 of four.
    assert [sum(len(order) == number for order in every) for number in (2, 3, 4)] == [2, 12, 24]
    assert ["store core", "pipeline core pipeline", "store store"] in [names(order) for order in every]
    assert all(order[-1].services == AFTER for order in every)


def test_what_may_not_be_out_is_in_no_order() -> None:
    forbidden = service("core 1.1 store 0.5")
    every = orders(BEFORE, AFTER, may_be_out=lambda one: one != forbidden)
    assert every
    assert not [order for order in every for change in order if forbidden in change.services.values()]


def test_what_stays_is_not_changed() -> None:
    assert direct_orders(BEFORE, BEFORE) == [()]
    (order,) = orders(BEFORE, services("1.0", "0.1", "0.6"), may_be_out=lambda _: True)
    assert names(order) == ["store store"]
