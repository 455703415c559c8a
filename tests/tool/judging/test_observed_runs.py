"""The lines of a run that observes: what is evidence, what is not, and what two runs of one code have in common."""

from __future__ import annotations

import json

import pytest

from market_data_meta.judging.observed_runs import (
    UNSTABLE,
    ObservedRun,
    ObservedSide,
    is_within,
    read_observations,
    symbol_of,
)


def lines(*rows: dict[str, object], end: int | None = None) -> str:
    """The text of a run with these rows."""
    last = {"end": len(rows) if end is None else end, "places": []}
    return "".join(json.dumps(row) + "\n" for row in [*rows, last])


def row(name: str, value: object, area: str = "functions") -> dict[str, object]:
    return {"area": area, "id": name, "value": value}


def run_of(*rows: dict[str, object]) -> ObservedRun:
    return read_observations(lines(*rows))


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "it has written nothing"),
        (json.dumps(row("a.b", 1)) + "\n", "it has not written its last line"),
        (lines(row("a.b", 1), end=2), "it has not written its last line"),
        (lines(row("a.b", 1))[:-9], "not to its end"),
        (lines({"area": "weather", "id": "a", "value": 1}), "names no observation"),
        (lines({"area": "api", "id": "", "value": 1}), "names no observation"),
        (lines({"area": "api", "id": "a"}), "without a value"),
    ],
)
def test_a_run_without_its_end_is_no_evidence(text: str, why: str) -> None:
    with pytest.raises(ValueError, match=why):
        read_observations(text)


def test_values_are_the_same_if_they_are_the_same_json() -> None:
    """Members have no order, and a number, the same with a fraction, and a truth value are three things."""
    first = run_of(row("a", {"x": 1, "y": 2}), row("b", 1), row("c", 1))
    second = run_of(row("a", {"y": 2, "x": 1}), row("b", 1.0), row("c", True))
    assert ObservedSide((first, second)).values.keys() == {"functions:a"}


def test_what_differs_between_two_runs_of_one_code_is_unstable() -> None:
    side = ObservedSide((run_of(row("a", 1), row("b", 1), row("c", 1)), run_of(row("a", 1), row("b", 2))))
    assert side.values == {"functions:a": "1"}
    assert side.unstable == {"functions:b", "functions:c"}


def test_of_what_differs_in_parts_the_rest_is_known() -> None:
    """Prices that are other ones in each run are no reason to overlook the order of their times."""
    first = [{"ts": 1, "price": 4.5}, {"ts": 2, "price": 4.75}]
    second = [{"ts": 1, "price": 9.5}, {"ts": 2, "price": 9.75}]
    side = ObservedSide((run_of(row("a", {"returns": first})), run_of(row("a", {"returns": second}))))
    bars = [{"ts": 1, "price": UNSTABLE}, {"ts": 2, "price": UNSTABLE}]
    assert json.loads(side.values["functions:a"]) == {"returns": bars}
    assert side.unstable == frozenset()


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ({"returns": 1}, {"returns": 2}),
        ({"returns": 1, "state": 3}, {"raises": 1, "state": 3}),
        ([1, 2], [1, 2, 3]),
        ({"x": [1]}, {"x": {"a": 1}}),
    ],
    ids=["only leaves that differ", "other members", "another length", "another form"],
)
def test_what_differs_as_a_whole_is_unstable(first: object, second: object) -> None:
    side = ObservedSide((run_of(row("a", first)), run_of(row("a", second))))
    assert side.values == {}
    assert side.unstable == {"functions:a"}


def test_two_values_under_one_key_of_a_run_are_none() -> None:
    run = run_of(row("a", 1), row("a", 2), row("b", 1), row("b", 1))
    assert run.values == {"functions:b": "1"}
    assert run.unit_of("functions:a") == "functions:a"


def test_a_unit_that_ended_early_leaves_its_observations_unobserved_and_not_unstable() -> None:
    gone: dict[str, object] = {"area": "lives", "id": "m.Queue (after 1)", "unobserved": "its process ended"}
    side = ObservedSide((run_of(row("m.Queue.a", 1, "lives"), row("m.Queue.b", 2, "lives")), run_of(gone)))
    assert side.unstable == frozenset()
    assert side.unobserved == {"lives:m.Queue"}
    assert side.unit_of("lives:m.Queue.a") == "lives:m.Queue"
    assert side.unit_of("lives:m.QueueFull") is None


def test_an_early_end_counts_as_the_codes_own_only_where_every_run_has_it() -> None:
    ended: dict[str, object] = {"area": "lives", "id": "m.Queue (after 1)", "unobserved": "its process ended"}
    probes_fault: dict[str, object] = {
        "area": "lives",
        "id": "m.Queue (rest)",
        "unobserved": "the probe raised KeyError",
    }
    assert ObservedSide((run_of(ended), run_of(ended))).why_ended("lives:m.Queue.b") is not None
    assert ObservedSide((run_of(ended),)).why_ended("lives:m.Queue.b") is None
    assert ObservedSide((run_of(ended), run_of(row("m.Queue.b", 1, "lives")))).why_ended("lives:m.Queue.b") is None
    assert ObservedSide((run_of(probes_fault), run_of(probes_fault))).why_ended("lives:m.Queue.b") is None


def test_a_symbol_is_a_key_without_its_arguments() -> None:
    assert symbol_of("functions:a.b.fn[size=5.0]") == "functions:a.b.fn"
    assert symbol_of("functions:a.b.C hash") == "functions:a.b.C"
    assert symbol_of("lives:a.b.C: begins and ends") == "lives:a.b.C"
    assert symbol_of("http:GET /x.json [missing]") == "http:GET /x.json"
    assert is_within("functions:a.b.C.m[x=1]", "functions:a.b.C")
    assert not is_within("functions:a.b.Circle", "functions:a.b.C")
