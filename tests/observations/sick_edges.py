"""The same call while the servers behind the edge are not well: how errors are told, and what is tried again."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator

from describing import Json
from edge import EDGE, MOODS
from unit import NOTHING, Observation


class Calls:
    """Remembers which calls sent something: only those are worth it to be made with sick servers."""

    def __init__(self) -> None:
        self._sent: dict[str, bool] = {}

    def observed(self, name: str, observe: Callable[[], Json]) -> Observation:
        """The observation, which remembers whether something was sent."""

        def remembering() -> Json:
            value = observe()
            self._sent[name] = isinstance(value, dict) and "sent" in value
            return value

        return name, remembering

    def sick(self, name: str, observe: Callable[[], Json]) -> Iterator[Observation]:
        """The observation in each mood of the servers; nothing where the call sends nothing."""
        for mood in MOODS:
            yield f"{name} (server {mood})", functools.partial(self._in_mood, name, observe, mood)

    def _in_mood(self, name: str, observe: Callable[[], Json], mood: str) -> Json:
        if name not in self._sent:
            self.observed(name, observe)[1]()
        if not self._sent[name]:
            return NOTHING
        with EDGE.being(mood):
            return observe()
