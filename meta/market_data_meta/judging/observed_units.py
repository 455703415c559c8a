"""Units of a run that observes a package, and which of them a change of some functions cannot touch. No I/O.

A unit in which none of the changed functions runs would show of the later code what it has shown of the earlier one.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any

from market_data_meta.strict_json import tolerant_json

Key = dict[str, object]
"""A unit as a run names it: its area, its name, and what it was made for by reading sources."""


@dataclass(frozen=True)
class ObservedUnit:
    """The lines of a unit, and the functions that ran in it, as ``file:name``."""

    key: Key
    lines: tuple[str, ...]
    ran: frozenset[str]


@dataclass(frozen=True)
class ObservedUnits:
    """The units of a run that say what ran in them, all functions, and those that had run before any unit."""

    units: tuple[ObservedUnit, ...] = ()
    functions: frozenset[str] = frozenset()
    ran_before: frozenset[str] = frozenset()

    def untouched_by(self, functions: Collection[str]) -> tuple[ObservedUnit, ...]:
        """The units in which none of the functions has run; no unit where one ran before all of them, or is unknown."""
        if not self.functions - self.ran_before >= set(functions):
            return ()
        return tuple(unit for unit in self.units if not unit.ran & set(functions))


def read_units(text: str) -> ObservedUnits:
    """The units of what a run has written: what follows a unit's lines says how many they are, and what ran.

    Two units of one name, of which nobody could tell which is which, are left out; so are all where a line is none of
    what the probes write.
    """
    lines = text.splitlines()
    units: dict[str, list[ObservedUnit]] = {}
    try:
        end = json.loads(lines[-1])
        functions = end.get("functions", [])
        for number, row in _rows_of_units(lines):
            key, ran = _key(row), frozenset(functions[each] for each in row["ran"])
            unit = ObservedUnit(key, tuple(lines[number - row["lines"] : number]), ran)
            units.setdefault(json.dumps(key), []).append(unit)
        before = frozenset(functions[each] for each in end.get("ran_before", []))
    except (ValueError, LookupError, TypeError, AttributeError):
        return ObservedUnits()
    known = tuple(several[0] for several in units.values() if len(several) == 1)
    return ObservedUnits(known, frozenset(functions), before)


def with_untouched(text: str, untouched: Sequence[ObservedUnit]) -> str:
    """What a run has written, with the lines of the earlier run in place of each unit that it has not observed.

    Raises ValueError where it names one that it was to observe.
    """
    lines = text.splitlines()
    known = {json.dumps(unit.key): unit.lines for unit in untouched}
    whole: dict[int, tuple[str, ...]] = {number: (line,) for number, line in enumerate(lines[:-1])}
    for number, row in _rows_of_units(lines):
        if json.dumps(_key(row)) not in known:
            raise ValueError("it has left out what it was to observe")
        whole[number] = known[json.dumps(_key(row))]
    last = tolerant_json(lines[-1]) if lines else None
    if not isinstance(last, dict) or last.get("end") != len(whole):
        raise ValueError("it has not written its last line")
    rows = list(chain.from_iterable(whole.values()))
    return "".join(f"{line}\n" for line in (*rows, json.dumps(last | {"end": len(rows)})))


def _rows_of_units(lines: Sequence[str]) -> Iterator[tuple[int, dict[str, Any]]]:
    """The lines of units as a whole, with their numbers. Raises ValueError for one that is not JSON."""
    for number, line in enumerate(lines[:-1]):
        if '"unit"' in line:
            row = json.loads(line)
            if isinstance(row, dict) and "unit" in row:
                yield number, row


def _key(row: Mapping[str, object]) -> Key:
    return {name: row[name] for name in ("area", "unit", "read")}
