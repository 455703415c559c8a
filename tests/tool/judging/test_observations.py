"""Two sides compared: what was seen in every run of each, and differs."""

from __future__ import annotations

from collections.abc import Mapping

from market_data_meta.judging.observations import ObservedComparison, compare_observations
from market_data_meta.judging.observed_runs import ObservedRun, ObservedSide, Unobserved, json_text


def side(*runs: Mapping[str, object]) -> ObservedSide:
    """One side: the values of each of its runs by key; an ``Unobserved`` is what a run says of a unit."""
    return ObservedSide(
        tuple(
            ObservedRun(
                {key: json_text(value) for key, value in run.items() if not isinstance(value, Unobserved)},
                {key: value for key, value in run.items() if isinstance(value, Unobserved)},
            )
            for run in runs
        )
    )


def shown(comparison: ObservedComparison) -> dict[str, str]:
    return {difference.key: difference.kind for difference in comparison.differences}


HANGS = Unobserved("it went on beyond its limits", ended=True)


def test_equal_sides_do_not_differ() -> None:
    values = {"api:m.f": {"a": 1}, "http:GET /x": 200}
    comparison = compare_observations(side(values, values), side(values), ())
    assert (comparison.differences, comparison.compared, comparison.differs) == ((), 2, False)


def test_a_key_that_one_side_lacks_is_added_or_removed() -> None:
    comparison = compare_observations(side({"api:m.f": 1}), side({"api:m.g": 1}), ())
    assert shown(comparison) == {"api:m.f": "removed", "api:m.g": "added"}
    assert comparison.differs


def test_a_call_that_is_made_no_more_is_not_removed_while_others_of_its_symbol_are_made() -> None:
    """Sample arguments are made for each side's annotations; that a symbol is called no more at all is a loss."""
    was = side({"functions:m.f[x=1]": 1, "functions:m.f[]": 1, "functions:m.g[x=1]": 1})
    comparison = compare_observations(was, side({"functions:m.f[]": 1}), ())
    assert shown(comparison) == {"functions:m.g[x=1]": "removed"}


def test_what_is_only_added_does_not_count_as_differing() -> None:
    comparison = compare_observations(side({"api:m.f": {}}), side({"api:m.f": {"x": 1}, "api:m.g": 1}), ())
    assert shown(comparison) == {"api:m.f": "added", "api:m.g": "added"}
    assert not comparison.differs


def test_what_is_gained_after_other_calls_alone_is_carried_over() -> None:
    """It is a change where no single call has gained anything; a sequence that one side alone has says nothing."""
    calls = compare_observations(side({"functions:m.f[]": 1}), side({"functions:m.f[]": 1}), ())
    more = compare_observations(side({"functions:m.f[]": {}}), side({"functions:m.f[]": {"size": 2}}), ())
    was = side({"sequences:m.f[0]": {"headers": {}}})
    now = side({"sequences:m.f[0]": {"headers": {"a": 1}}, "sequences:m.f[1]": 1})
    closer = compare_observations(was, now, ())
    assert shown(calls.with_closer_look(closer)) == {"sequences:m.f[0]": "changed", "sequences:m.f[1]": "added"}
    assert not more.with_closer_look(closer).differs
    assert calls.with_closer_look(closer).compared == 3


def test_what_is_unstable_on_either_side_is_never_compared() -> None:
    was = side({"api:m.f": 1, "api:m.g": 1, "api:m.h": 1}, {"api:m.f": 2, "api:m.g": 1, "api:m.h": 1})
    now = side({"api:m.f": 3, "api:m.g": 1, "api:m.h": 4}, {"api:m.f": 3, "api:m.g": 5, "api:m.h": 4})
    comparison = compare_observations(was, now, ())
    assert shown(comparison) == {"api:m.h": "changed"}
    assert comparison.unstable == ("api:m.f", "api:m.g")


def test_a_part_that_is_unstable_on_either_side_is_not_compared() -> None:
    was = side({"api:m.f": {"a": 1, "b": 2, "c": 3}}, {"api:m.f": {"a": 5, "b": 2, "c": 3}})
    now = side({"api:m.f": {"a": 7, "b": 4, "c": 8}}, {"api:m.f": {"a": 7, "b": 4, "c": 9}})
    comparison = compare_observations(was, now, ())
    assert [(found.path, found.was, found.now) for found in comparison.differences] == [(("b",), "2", "4")]


def test_what_could_not_be_observed_is_neither_removed_nor_added() -> None:
    unit: dict[str, object] = {"lives:m.Queue": Unobserved("the probe raised KeyError", ended=False)}
    values: dict[str, object] = {"lives:m.Queue.start": 1, "lives:m.Pool": 2}
    for was, now in ((values, unit | {"lives:m.Pool": 2}), (unit | {"lives:m.Pool": 2}, values)):
        comparison = compare_observations(side(was, was), side(now, now), ())
        assert (shown(comparison), comparison.compared) == ({}, 1)
        assert comparison.unobserved == ("lives:m.Queue",)


def test_what_hangs_in_every_run_of_the_candidate_and_in_none_before_is_narrowed() -> None:
    values = {"lives:m.Queue.start": 1, "lives:m.Queue.stop": 2, "lives:m.Pool.stop": 2}
    now = {"lives:m.Queue": HANGS, "lives:m.Pool": HANGS}
    comparison = compare_observations(side(values, values), side(now, now), ())
    assert shown(comparison) == {"lives:m.Queue": "narrowed", "lives:m.Pool.stop": "narrowed"}
    # It may have been an accident where only one run has it.
    assert shown(compare_observations(side(values, values), side(now), ())) == {}
    assert shown(compare_observations(side(values, values), side(now, values), ())) == {}


def test_a_value_that_is_there_counts_although_its_unit_ended_early() -> None:
    was = {"lives:m.Queue.start": 1, "lives:m.Queue.stop": 2}
    now = {"lives:m.Queue.start": 5, "lives:m.Queue": HANGS}
    comparison = compare_observations(side(was, was), side(now, now), ())
    assert shown(comparison) == {"lives:m.Queue.start": "changed", "lives:m.Queue.stop": "narrowed"}
