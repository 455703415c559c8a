"""Observations: what was seen of a candidate and of its predecessor, compared. Pure functions; no I/O.

Clauses say what must be, observations say what was. Nobody has written down what is right; so only what is the same in
every run of one side, and differs between the sides, is told.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace

from market_data_meta.judging.observation_rules import ABSENT, ObservationRule
from market_data_meta.judging.observed_runs import ObservedSide, area_of, json_text, symbol_of
from market_data_meta.judging.observed_values import ADDED, CHANGED, NARROWED, DifferenceKind, value_differences

CALLED = ("functions", "lives", "sequences", "wire")
"""Areas whose observations are calls with sample arguments."""


@dataclass(frozen=True)
class ObservedDifference:
    """One place at which the candidate is seen otherwise than its predecessor.

    ``was`` and ``now`` are JSON texts; None where there is nothing on that side.
    """

    key: str
    kind: DifferenceKind
    path: tuple[str, ...] = ()
    was: str | None = None
    now: str | None = None

    @property
    def area(self) -> str:
        """The area of the observation."""
        return area_of(self.key)

    @property
    def symbol(self) -> str:
        """What was observed, without the arguments."""
        return symbol_of(self.key)

    @property
    def is_whole(self) -> bool:
        """Whether it is about the symbol as a whole, and not about a call or a part of it."""
        return self.key == self.symbol and not self.path


@dataclass(frozen=True)
class ObservedComparison:
    """The differences, how many keys were compared, and those that could not be: unstable ones, and unobserved ones."""

    differences: tuple[ObservedDifference, ...]
    compared: int
    unstable: tuple[str, ...]
    unobserved: tuple[str, ...]

    @property
    def differs(self) -> bool:
        """Whether there is more than what was added."""
        return any(difference.kind != ADDED for difference in self.differences)

    def with_closer_look(self, closer: ObservedComparison) -> ObservedComparison:
        """This one, and that of sequences of calls.

        What an answer gains only after other calls, and in no single call, is carried over from them: a change.
        """
        found = closer.differences if self.differences else tuple(map(_as_carried_over, closer.differences))
        return ObservedComparison(
            self.differences + found,
            self.compared + closer.compared,
            self.unstable + closer.unstable,
            self.unobserved + closer.unobserved,
        )


def _as_carried_over(difference: ObservedDifference) -> ObservedDifference:
    is_gained = difference.kind == ADDED and difference.path and difference.was is None
    return replace(difference, kind=CHANGED) if is_gained else difference


def compare_observations(was: ObservedSide, now: ObservedSide, rules: Sequence[ObservationRule]) -> ObservedComparison:
    """The candidate's side compared with its predecessor's."""
    unstable = was.unstable | now.unstable
    still_called = {symbol_of(key) for key in now.values if area_of(key) in CALLED}
    differences: list[ObservedDifference] = []
    compared, ended = 0, dict[str, list[str]]()
    for key in sorted({*was.values, *now.values} - unstable):
        before, after = was.values.get(key), now.values.get(key)
        if (before is None and was.unit_of(key)) or (after is None and now.unit_of(key)):
            # A random sequence takes what time it takes: one that is cut says nothing.
            if before is not None and area_of(key) != "sequences" and now.why_ended(key):
                ended.setdefault(now.unit_of(key) or key, []).append(key)
            continue
        if after is None and _is_call(key) and symbol_of(key) in still_called:
            continue
        compared += 1
        if before != after:
            differences += (
                ObservedDifference(key, found.kind, found.path, _text(found.was), _text(found.now))
                for found in value_differences(area_of(key), _value(before), _value(after), rules)
            )
    differences += (_ended(unit, keys, was, now) for unit, keys in ended.items())
    unobserved = sorted(was.unobserved | now.unobserved)
    return ObservedComparison(tuple(differences), compared, tuple(sorted(unstable)), tuple(unobserved))


def _is_call(key: str) -> bool:
    """Whether the key has arguments, which are samples made for the annotations of that side.

    One that the other side lacks says that an annotation has another spelling or another meaning; "api" says which.
    """
    return area_of(key) in CALLED and "[" in key


def _ended(unit: str, keys: Sequence[str], was: ObservedSide, now: ObservedSide) -> ObservedDifference:
    """What has a value in every run of the predecessor, and hangs or ends its process in every run of the candidate.

    That is no value, and no accident either. If it took several observations of a unit along, the unit is named.
    """
    ending = now.why_ended(keys[0])
    text = json_text({"unobserved": ending.why if ending else ""})
    if len(keys) > 1:
        return ObservedDifference(unit, NARROWED, (), None, text)
    return ObservedDifference(keys[0], NARROWED, (), was.values[keys[0]], text)


def _value(text: str | None) -> object:
    return ABSENT if text is None else json.loads(text)


def _text(value: object) -> str | None:
    return None if value is ABSENT else json_text(value)
