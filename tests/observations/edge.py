"""What goes over the edge to servers that are not there: it is recorded, and answered in the mood of the moment."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Iterator
from typing import Any

from describing import Json, describe

MOODS = ("refuses", "fails", "fails once", "conflict", "closes", "silent", "nonsense", "empty")
"""How a server may be when it is not well: nobody listens; each answer is an error, or only the first; what is sent is
there already; the connection ends; no answer ever comes; the answer is nonsense; there is nothing to tell."""
_KEPT = 80


class Edge:
    """What has been sent since it was last taken, and how the servers behind the edge are."""

    def __init__(self) -> None:
        self.mood = "well"
        self.at_work = False
        self._sent: list[Json] = []
        self._answers = 0

    def note(self, **entry: Any) -> None:
        """Remember what is sent: described at once, because it may change later."""
        if len(self._sent) < _KEPT:
            self._sent.append({key: describe(value) for key, value in entry.items()})

    def take(self) -> list[Json]:
        """What was sent so far, which is then forgotten."""
        sent, self._sent = self._sent, []
        return sent

    def answer(self) -> str:
        """How the next answer is: ``fails once`` is ``fails`` for the first and ``well`` for all others."""
        self._answers += 1
        if self.mood == "fails once":
            return "fails" if self._answers == 1 else "well"
        return self.mood

    @contextlib.contextmanager
    def being(self, mood: str) -> Iterator[None]:
        """Let the servers be so for a while."""
        before, self.mood, self._answers = self.mood, mood, 0
        try:
            yield
        finally:
            self.mood = before


EDGE = Edge()


async def others_run() -> None:
    """Let others run for one step of the loop, as they do while a server is at work on what it was asked."""
    await asyncio.sleep(0)
