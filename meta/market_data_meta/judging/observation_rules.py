"""Rules of what a difference between two observations means, where its shape alone does not say it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import Annotated, Final, Literal, TypeAlias

from market_data_meta.field_types import Constraint, NonEmptyText, Sentence
from market_data_meta.judging.observed_runs import Area, json_text

DifferenceMeaning: TypeAlias = Literal["nothing", "added", "removed", "narrowed", "changed"]


class Absent:
    """The type of what is not there on one side; null is a value like any other."""


ABSENT: Final = Absent()


@dataclass(frozen=True)
class RuleCase:
    """Two values of one observation, as JSON, before and after."""

    was: NonEmptyText
    now: NonEmptyText


@dataclass(frozen=True)
class RuleTable:
    r"""What ``contracts/observation_rules.toml`` says of a rule: which differences it is about, and what they mean.

    ``path`` leads to the place within the value: names of members and numbers of items, each a pattern, where ``**``
    stands for any number of them. ``was`` and ``now`` are found (as regular expressions) in the JSON texts of both
    sides of that place; what is not there has the text ``absent``. ``within_times`` is for two numbers neither of which
    is more than so many times the other. ``fires`` is a case in which the rule alone decides,
    ``silent`` one that is like it and that it must leave as it is.
    """

    areas: Annotated[tuple[Area, ...], Constraint(min_length=1)]
    path: tuple[str, ...]
    means: DifferenceMeaning
    reason: Sentence
    fires: RuleCase
    silent: RuleCase
    was: str = ""
    now: str = ""
    within_times: float = 0.0


@dataclass(frozen=True)
class ObservationRule(RuleTable):
    """One rule, with the name of its table."""

    id: str = field(kw_only=True)

    def applies(self, area: str, path: Sequence[str], was: object, now: object) -> bool:
        """Whether it says what a difference at this place means."""
        return (
            area in self.areas
            and _leads_to(self.path, path)
            and re.search(self.was, _text(was)) is not None
            and re.search(self.now, _text(now)) is not None
            and (not self.within_times or _are_within(self.within_times, was, now))
        )


def _text(value: object) -> str:
    return "absent" if value is ABSENT else json_text(value)


def _are_within(times: float, *values: object) -> bool:
    numbers = [value for value in values if isinstance(value, int | float) and not isinstance(value, bool)]
    return len(numbers) == len(values) and max(numbers) <= min(numbers) * times


def _leads_to(patterns: Sequence[str], path: Sequence[str]) -> bool:
    if not patterns:
        return not path
    if patterns[0] == "**":
        return any(_leads_to(patterns[1:], path[skipped:]) for skipped in range(len(path) + 1))
    return bool(path) and fnmatchcase(path[0], patterns[0]) and _leads_to(patterns[1:], path[1:])
