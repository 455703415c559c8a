"""What a run has observed of a package: a JSON value under each key. Read from the lines that the run has written."""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Literal, TypeAlias, get_args

from market_data_meta.strict_json import tolerant_json

Area: TypeAlias = Literal[
    "api",
    "models",
    "settings",
    "http",
    "cli",
    "metrics",
    "wire",
    "functions",
    "lives",
    "sequences",
    "process",
    "metadata",
]
"""What is observed of a package, a word for each kind."""
AREAS: tuple[str, ...] = get_args(Area)
"""All of these words."""


_REST = re.compile(r" \((rest|after \d+)\)$")
"""What the key of a unit ends with that has ended before its time: by a fault of the probe, or with its process."""


_DOTTED = re.compile(r"(\w+(?:\.\w+)+):? ")


TextsByName = tuple[tuple[str, tuple[str, ...]], ...]
"""Several texts under each name."""


@dataclass(frozen=True)
class Unobserved:
    """That some keys of a unit have no value, and why. ``ended`` says that the code ended it, or went on and on."""

    why: str
    ended: bool


@dataclass(frozen=True)
class ObservedRun:
    """One run: the JSON text of each value by its key (``area:id``), and why others, of keys or units, have none.

    Members of objects are in one order, so equal values have equal texts; 1, 1.0 and true are three values. ``places``
    are the names under which classes and functions were observed, one for each, however many names lead to it,
    ``words`` what the packages compare a name with, and ``examples`` what their texts show: all of them are handed to
    the run that this one is compared with.
    """

    values: Mapping[str, str]
    unobserved: Mapping[str, Unobserved] = field(default_factory=dict)
    places: tuple[str, ...] = ()
    words: TextsByName = ()
    examples: TextsByName = ()

    @property
    def names(self) -> list[str]:
        """What another run is to observe objects under, if it can: the same names, then all that led to something."""
        return list(
            dict.fromkeys([*self.places, *sorted(name_of(key) for key in self.values if area_of(key) == "api")])
        )

    def unit_of(self, key: str) -> str | None:
        """What was not observed: the key itself, or the unit that it belongs to; None where nothing says so."""
        if key in self.unobserved:
            return key
        return next((unit for unit in self.unobserved if is_within(key, unit)), None)


def read_observations(text: str) -> ObservedRun:
    """The run that wrote these lines. Raises ValueError that says why they are no evidence.

    A key that has two values in one run has none that could be compared. What is said of a unit as a whole is passed
    over.
    """
    values: dict[str, str] = {}
    unobserved: dict[str, Unobserved] = {}
    lines = text.splitlines()
    if not lines:
        raise ValueError("it has written nothing")
    try:
        rows = [tolerant_json(line) for line in lines]
    except ValueError:
        raise ValueError("it has written a line that is not JSON, or not to its end") from None
    last = rows[-1]
    if not (isinstance(last, dict) and last.get("end") == len(rows) - 1 and isinstance(last.get("places"), list)):
        raise ValueError("it has not written its last line")
    for row in rows[:-1]:
        if isinstance(row, dict) and "unit" in row:
            continue
        if not (isinstance(row, dict) and row.get("area") in AREAS and isinstance(row.get("id"), str) and row["id"]):
            raise ValueError("it has written a line that names no observation")
        key = f"{row['area']}:{row['id']}"
        if "unobserved" in row:
            ending = _REST.search(key)
            ended = ending is not None and ending[1] != "rest"
            unobserved[_REST.sub("", key)] = Unobserved(str(row["unobserved"]), ended)
        elif "value" in row:
            value = json_text(row["value"])
            if values.setdefault(key, value) != value:
                unobserved[key] = Unobserved("one run has two values for it", ended=False)
        else:
            raise ValueError("it has written a line without a value")
    known = {key: value for key, value in values.items() if key not in unobserved}
    words, examples = _texts_by_name(last.get("words")), _texts_by_name(last.get("examples"))
    return ObservedRun(known, unobserved, tuple(map(str, last["places"])), words, examples)


def _texts_by_name(value: object) -> TextsByName:
    by_name = value.items() if isinstance(value, dict) else ()
    return tuple((name, tuple(map(str, several))) for name, several in by_name if isinstance(several, list))


def json_text(value: object) -> str:
    """A value as JSON: two values are the same if their texts are."""
    return json.dumps(value, sort_keys=True, ensure_ascii=False)


def area_of(key: str) -> str:
    """The area of a key."""
    return key.partition(":")[0]


def name_of(key: str) -> str:
    """What a key without its arguments names in its area: ``market_data_core.x.fn``, ``GET /health``.

    A dotted name ends at a space or a colon: ``market_data_core.x.Foo hash`` and ``market_data_core.x.Foo: begins`` are
    of ``market_data_core.x.Foo``.
    """
    name = key.partition(":")[2].partition("[")[0].rstrip()
    dotted = _DOTTED.match(name)
    return dotted[1] if dotted else name


def symbol_of(key: str) -> str:
    """What an observation is of: its key up to the arguments, ``functions:market_data_core.x.fn``."""
    return f"{area_of(key)}:{name_of(key)}"


def is_within(key: str, unit: str) -> bool:
    """Whether a key is that of a unit, or of something in it: ``lives:a.b.C.m[x=1]`` is within ``lives:a.b``."""
    return key.startswith(unit) and not (key[len(unit) :][:1].isalnum() or key[len(unit) :][:1] == "_")


UNSTABLE = "<another in each run>"
"""What stands in a value for a part of it that runs of the same code have otherwise."""


def stable_part(texts: Collection[str | None]) -> str | None:
    """What is the same in all these values, with UNSTABLE for the parts that are not; None where nothing is.

    Bars with random prices have the same times in each run, and in the same order.
    """
    if len(texts) == 1:
        return next(iter(texts))
    if None in texts:
        return None
    part = _stable_part([json.loads(text) for text in texts if text is not None])
    return json_text(part) if _has_stable_leaf(part) else None


def _stable_part(values: Sequence[object]) -> object:
    first = values[0]
    if all(json_text(value) == json_text(first) for value in values):
        return first
    dicts = [value for value in values if isinstance(value, dict)]
    if len(dicts) == len(values) and all(value.keys() == dicts[0].keys() for value in dicts):
        return {name: _stable_part([value[name] for value in dicts]) for name in dicts[0]}
    lists = [value for value in values if isinstance(value, list)]
    if len(lists) == len(values) and len({len(value) for value in lists}) == 1:
        return [_stable_part(parts) for parts in zip(*lists, strict=True)]
    return UNSTABLE


def _has_stable_leaf(value: object) -> bool:
    if isinstance(value, dict | list):
        return any(map(_has_stable_leaf, value.values() if isinstance(value, dict) else value))
    return value != UNSTABLE


@dataclass(frozen=True)
class ObservedSide:
    """One side of a comparison: the runs of one and the same code."""

    runs: tuple[ObservedRun, ...]

    @cached_property
    def values(self) -> dict[str, str]:
        """The values that every run has; of those that differ in parts what is the same, with UNSTABLE for the rest."""
        found = {}
        for key in self.runs[0].values:
            texts = {run.values.get(key) for run in self.runs}
            if (value := stable_part(texts)) is not None:
                found[key] = value
        return found

    @cached_property
    def unstable(self) -> frozenset[str]:
        """The keys that have wholly different values, or in some runs a value and in others, without a reason, none."""
        keys = {key for run in self.runs for key in run.values} - self.values.keys()
        return frozenset(key for key in keys if self._differs(key))

    def _differs(self, key: str) -> bool:
        values = {run.values[key] for run in self.runs if key in run.values}
        return len(values) > 1 or not any(run.unit_of(key) for run in self.runs if key not in run.values)

    @cached_property
    def unobserved(self) -> frozenset[str]:
        """The keys and units without a value in some run."""
        return frozenset(unit for run in self.runs for unit in run.unobserved)

    def unit_of(self, key: str) -> str | None:
        """What some run says it could not observe, of which the key is a part; or None."""
        return next(filter(None, (run.unit_of(key) for run in self.runs)), None)

    def why_ended(self, key: str) -> Unobserved | None:
        """How the code has ended the unit of a key, where it did so in the same way in two or more runs; else None."""
        units = [run.unobserved[unit] for run in self.runs if key not in run.values and (unit := run.unit_of(key))]
        same = len(units) == len(self.runs) > 1 and len(set(units)) == 1
        return units[0] if same and units[0].ended else None
