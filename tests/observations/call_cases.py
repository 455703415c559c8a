"""The calls of a function that are made: each with its arguments, which are made anew for it."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from typing import Any

from plain_samples import Sample

WHOLE = "whole"
"""What a call is labelled in which no argument is None, and a thing that was made by such a call."""


@dataclasses.dataclass(frozen=True)
class Case:
    """The arguments of one call; ``label`` names what is not the plainest in it, and is empty where all is plain."""

    label: str
    positional: tuple[Sample, ...]
    named: tuple[tuple[str, Sample], ...]
    of_choices: int = 0
    """2 of the plainest case, 1 where one of a few words differs, 0 of all others."""

    def arguments(self) -> tuple[list[Any], dict[str, Any]]:
        """The arguments, made for one call."""
        return [sample.make() for sample in self.positional], {name: sample.make() for name, sample in self.named}

    def call(self, function: Callable[..., Any]) -> Any:
        """Call the function with arguments that are made for this call."""
        positional, named = self.arguments()
        return function(*positional, **named)


def few(cases: Sequence[Case], number: int) -> list[Case]:
    """So many of the cases of a call, and the whole one in any case."""
    return [*cases[:number], *(case for case in cases[number:] if case.label.endswith(WHOLE))]
