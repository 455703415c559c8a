"""The differences between two values of one observation, each with its direction. Pure functions; no I/O.

Code that takes what it took before and answers as before has not changed for its users, whatever it can do beside that.
So what an object has gained is *added*, and what it has lost is a change. A call that returned and now raises is
*narrowed*. A call that raises now a subclass of what it raised is answered as before: whoever caught that still does.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

from market_data_meta.judging.observation_rules import ABSENT, ObservationRule
from market_data_meta.judging.observed_runs import UNSTABLE, json_text

DifferenceKind: TypeAlias = Literal["removed", "narrowed", "changed", "added"]
REMOVED: DifferenceKind = "removed"
NARROWED: DifferenceKind = "narrowed"
CHANGED: DifferenceKind = "changed"
ADDED: DifferenceKind = "added"
NOT_THERE_BEFORE = frozenset({"TypeError", "AttributeError", "NotImplementedError"})
"""What a call raises that asks for what there is not: that it returns now is no change for anybody."""
RETURNS, RAISES = "returns", "raises"


@dataclass(frozen=True)
class ValueDifference:
    """One place at which two values differ; a side that is not there is ABSENT."""

    kind: DifferenceKind
    path: tuple[str, ...]
    was: object
    now: object


def value_differences(
    area: str, was: object, now: object, rules: Sequence[ObservationRule], path: tuple[str, ...] = ()
) -> Iterator[ValueDifference]:
    """The places at which two values of an area differ, the outermost that say everything. ABSENT is no value."""
    if _same(was, now) or UNSTABLE in (was, now):
        return
    if rule := next((rule for rule in rules if rule.applies(area, path, was, now)), None):
        if rule.means != "nothing":
            yield ValueDifference(rule.means, path, was, now)
    elif kind := _kind(was, now, path):
        yield ValueDifference(kind, path, was, now)
    else:
        for name, before, after in _parts(was, now):
            yield from value_differences(area, before, after, rules, (*path, name))


def _same(was: object, now: object) -> bool:
    return was is now if was is ABSENT or now is ABSENT else json_text(was) == json_text(now)


def _kind(was: object, now: object, path: tuple[str, ...]) -> DifferenceKind | None:
    """How two values differ as a whole; None where it is their parts that differ."""
    if was is ABSENT:
        return ADDED
    if now is ABSENT:
        return CHANGED if path else REMOVED
    if isinstance(was, Mapping) and isinstance(now, Mapping):
        return _other_ending(was, now)
    if isinstance(was, list) and isinstance(now, list) and len(was) == len(now):
        return None
    return CHANGED


def _parts(was: object, now: object) -> Iterator[tuple[str, object, object]]:
    """The parts of two objects, or of two lists of one length, without an exception that is caught as before."""
    if isinstance(was, Mapping) and isinstance(now, Mapping):
        for name in sorted({*was, *now}):
            before, after = was.get(name, ABSENT), now.get(name, ABSENT)
            if name != RAISES or not _is_caught(before, after):
                yield name, before, after
    elif isinstance(was, list) and isinstance(now, list):
        for number, (before, after) in enumerate(zip(was, now, strict=True)):
            yield str(number), before, after


def _other_ending(was: Mapping[str, object], now: Mapping[str, object]) -> DifferenceKind | None:
    """What it means that a call returns on one side and raises on the other; None where both end alike."""
    if RETURNS in was and RAISES in now and RAISES not in was:
        return NARROWED
    if RAISES in was and RETURNS in now and RETURNS not in was:
        raised = was[RAISES]
        return ADDED if isinstance(raised, list) and raised[:1] and raised[0] in NOT_THERE_BEFORE else CHANGED
    return None


def _is_caught(was: object, now: object) -> bool:
    """Whether what is raised now is of the class that was raised before: each with its class first, then the bases."""
    return isinstance(was, list) and isinstance(now, list) and bool(was) and was[0] in now
