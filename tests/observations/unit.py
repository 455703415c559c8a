"""A unit of observation: what runs in one process of its own."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from describing import Json

Observation = tuple[str, Callable[[], Json]]
"""An id and what makes the observation: it is not made where it is known that it hangs."""
NOTHING = object()
"""What an observation returns that has nothing to tell: there is no line of it."""


@dataclass(frozen=True)
class Unit:
    """Observations of one area that may see each other's traces: ``observe`` yields each with its id.

    Every id begins with the unit's ``name``: so it is known what is missing where the unit ends before its time. What
    it was made for by reading sources is ``read``.
    """

    area: str
    name: str
    observe: Callable[[], Iterable[Observation]]
    seconds: float = 10.0
    """CPU time that its process may use."""
    read: tuple[str, ...] = ()


class TooLongError(BaseException):
    """An observation has used what time it has: nobody who catches Exception is to catch it."""

    happened = False
