"""What is looked at more closely: what changed itself, then who uses it."""

from __future__ import annotations

from market_data_meta.judging.closer_look import FEWER, SEQUENCES, UNITS, CloserLook, places_to_look_at
from market_data_meta.judging.observed_units import ObservedUnit, ObservedUnits

PLACES = ("small.queue.Queue", "small.queue.make", "small.app.App", "other.Queue")


def unit(name: str, *ran: str, area: str = "functions") -> ObservedUnit:
    """A unit in which these functions ran."""
    return ObservedUnit({"area": area, "unit": name, "read": []}, (), frozenset(ran))


def test_a_changed_class_comes_first_with_its_methods() -> None:
    """The class itself is called most often; who uses it is called too, who runs least beside it first."""
    units = ObservedUnits((unit("small.app.App", "small/queue.py:Queue.put"), unit("small.queue.make", "small/x.py:f")))
    found = places_to_look_at(["small/queue.py:Queue.put", "small/queue.py:Queue._grow"], [], PLACES, units)
    assert found == (("small.queue.Queue", ("_grow", "put"), SEQUENCES), ("small.app.App", (), FEWER))


def test_of_a_private_function_those_who_use_it_are_called() -> None:
    """What is private is reached through what a consumer calls."""
    units = ObservedUnits(
        (
            unit("small.app.App", "small/queue.py:_cut", "small/app.py:App.run"),
            unit("small.queue.make", "small/queue.py:_cut"),
            unit("small.settings", "small/queue.py:_cut", area="settings"),
        )
    )
    found = places_to_look_at(["small/queue.py:_cut"], [], PLACES, units)
    assert found == (("small.queue.make", (), SEQUENCES), ("small.app.App", (), SEQUENCES))


def test_who_calls_a_private_function_comes_before_others_in_which_it_runs() -> None:
    """By the methods that call it, whether they ran in any observation or not."""
    units = ObservedUnits((unit("small.queue.make", "small/queue.py:_cut"),))
    found = places_to_look_at(["small/queue.py:_cut"], ["small/app.py:App.run"], PLACES, units)
    assert found == (("small.app.App", ("run",), SEQUENCES), ("small.queue.make", (), SEQUENCES))


def test_no_more_places_than_a_gate_has_time_for() -> None:
    """However many functions changed, only the first places are looked at."""
    places = [f"small.m.C{number}" for number in range(UNITS + 3)]
    functions = [f"small/m.py:C{number}.go" for number in range(UNITS + 3)]
    assert len(places_to_look_at(functions, [], places, ObservedUnits())) == UNITS


def test_the_probe_is_told_places_methods_numbers_and_texts() -> None:
    """The plan of a closer look is what the probe reads."""
    look = CloserLook((("small.queue.make", ("make",), 3),), (2.0,), ("a",))
    units = {"small.queue.make": {"changed": ["make"], "sequences": 3}}
    assert look.plan() == {"units": units, "numbers": [2.0], "texts": ["a"]}
