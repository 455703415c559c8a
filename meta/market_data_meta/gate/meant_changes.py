"""Changes that are meant: the ``Changes`` lines of a pull request's text. Pure functions; no I/O.

``Changes: http:GET /health the service has its new name`` accepts what differs in that route, with the reason for it.
The key opens a line, as that of Depends-On does. A name that ends with ``*`` stands for all that begin so. Any other
text after ``Changes:`` is prose, as many pull requests have it: a line that is misspelt accepts nothing, so that the
gate fails and shows the name that the line should have.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from market_data_meta.gate.depends_on import LINE_LIMIT
from market_data_meta.judging.observation_findings import ObservedGroup
from market_data_meta.judging.observed_runs import AREAS, area_of

_LINE = re.compile(rf"Changes:[ \t]*({'|'.join(AREAS)}):[ \t]*(\S.*)", re.IGNORECASE)


@dataclass(frozen=True)
class MeantChange:
    """One line: an area, and the text after it, which begins with a name in that area and ends with a reason."""

    area: str
    text: str

    @property
    def line(self) -> str:
        """The line as it is shown."""
        return f"{self.area}:{self.text}"

    def reason(self, key: str) -> str | None:
        """The reason for which this line accepts what differs under a key; None where it does not, or gives none."""
        name = key.partition(":")[2]
        if area_of(key) != self.area:
            return None
        prefix, star, after = self.text.partition("*")
        if self.text.startswith(name):
            rest = self.text[len(name) :]
        elif star and name.startswith(prefix):
            rest = after
        else:
            return None
        return rest.strip() or None if rest[:1].isspace() else None


def meant_changes(text: str) -> tuple[MeantChange, ...]:
    """The changes that a pull request's text says are meant."""
    matches = (_LINE.fullmatch(line.rstrip()[:LINE_LIMIT]) for line in re.split(r"\r\n|\r|\n", text))
    return tuple(MeantChange(match[1].lower(), match[2]) for match in matches if match)


def accept_meant(
    groups: Iterable[ObservedGroup], changes: Sequence[MeantChange]
) -> tuple[list[ObservedGroup], tuple[str, ...]]:
    """The groups, each with the reason why it is accepted, if it is; and the lines that accept nothing.

    A group is accepted by its symbol, or if every difference in it is by its own key.
    """
    used: set[MeantChange] = set()

    def reason_of(key: str) -> str | None:
        for change in changes:
            if reason := change.reason(key):
                used.add(change)
                return reason
        return None

    def accepted(group: ObservedGroup) -> ObservedGroup:
        if reason := reason_of(group.symbol):
            return replace(group, acceptance=reason)
        reasons = dict.fromkeys(reason_of(difference.key) for difference in group.differences)
        return group if None in reasons else replace(group, acceptance="; ".join(filter(None, reasons)))

    result = [accepted(group) for group in groups]
    return result, tuple(change.line for change in changes if change not in used)
