"""What to look at more closely where only bodies of functions differ, and no observation does. No I/O."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from market_data_meta.judging.observed_units import ObservedUnits

UNITS = 4
"""Classes and functions that are looked at more closely, at most."""
SEQUENCES, FEWER = 600, 100
"""Random sequences of calls of what has changed itself, and of what only uses it."""


@dataclass(frozen=True)
class CloserLook:
    """Classes and functions to call in random sequences, each with the methods that matter, and how often.

    ``numbers`` and ``texts`` are those that the changed code speaks of: what is drawn at random is near them.
    """

    units: tuple[tuple[str, tuple[str, ...], int], ...]
    numbers: tuple[float, ...] = ()
    texts: tuple[str, ...] = ()

    def plan(self) -> dict[str, object]:
        """What the probe is told."""
        units = {place: {"changed": list(changed), "sequences": count} for place, changed, count in self.units}
        return {"units": units, "numbers": list(self.numbers), "texts": list(self.texts)}


def places_to_look_at(
    functions: Collection[str], callers: Collection[str], places: Sequence[str], units: ObservedUnits
) -> tuple[tuple[str, tuple[str, ...], int], ...]:
    """The classes and functions that changed, first, then their callers, then others in which what changed runs.

    ``functions`` and ``callers`` are named as ``file:name``, ``places`` as a consumer reaches them. What is private
    is looked at through those who call it and in which it runs; who runs least beside it comes first.
    """
    own = {place: changed for place in places if (changed := _methods_of(place, functions))}
    calling = {place: methods for place in places if place not in own and (methods := _methods_of(place, callers))}
    ran = {
        str(unit.key["unit"]): len(unit.ran)
        for unit in units.units
        if unit.key["area"] in ("functions", "lives") and unit.ran & set(functions)
    }
    others = [place for place in places if place in ran and place not in own | calling]
    using = calling | dict.fromkeys(sorted(others, key=lambda place: ran[place]), ())
    count = FEWER if own else SEQUENCES
    found = [(place, changed, SEQUENCES) for place, changed in own.items()]
    return tuple([*found, *((place, methods, count) for place, methods in using.items())][:UNITS])


def _methods_of(place: str, functions: Collection[str]) -> tuple[str, ...]:
    """Those of the functions that are methods of the class at a place, or the name of the function there, or none."""
    package, name = place.partition(".")[0], place.rpartition(".")[2]
    named = (function.partition(":")[2] for function in functions if function.startswith(f"{package}/"))
    parts = (each.partition(".") for each in named)
    return tuple(sorted({method or first for first, _, method in parts if first == name}))
