"""What was observed of candidates or releases, and of the releases before them, and differs."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from market_data_meta.models import Model
from market_data_meta.results.parts import Count, Level, Seconds, Text

ObservedKind = Literal["removed", "narrowed", "changed", "added"]
"""Gone, refused now, otherwise than before, or new."""


class ObservedSign(Model):
    """One place at which the candidate is seen otherwise: the observation, the path in its value, and both sides."""

    id: Text
    kind: ObservedKind
    level: Level
    path: tuple[str, ...]
    was: Annotated[str | None, Field(description="JSON, cut where it is long; null where there was nothing.")]
    now: Annotated[str | None, Field(description="JSON, cut where it is long; null where there is nothing.")]


class ObservationFinding(Model):
    """What differs because of one change: the symbol that shows it best, and its signs."""

    kind: ObservedKind
    level: Level
    package: str
    symbol: Text
    signs: Annotated[tuple[ObservedSign, ...], Field(min_length=1)]
    further: Annotated[Count, Field(description="How many more signs there are than those that are listed.")]
    file: str | None
    line: Count | None
    definition: Annotated[str | None, Field(description="The changed class or function from which it follows.")]
    accepted: Annotated[str | None, Field(description="Why it is meant, as the pull request says.")]
    changelog: Annotated[tuple[str, ...], Field(description="Lines of the candidate's CHANGELOG that name it.")]


class ObservedChanges(Model):
    """The observations of what comes later and of what was before it in one cell, compared."""

    cell: Text
    baseline: Text
    fault: Annotated[str | None, Field(description="Why nothing could be compared.")]
    findings: tuple[ObservationFinding, ...]
    added: Annotated[tuple[Text, ...], Field(description="What there is that was not there before.")]
    compared: Count
    unstable: Annotated[tuple[Text, ...], Field(description="Different in two runs of the same code: not compared.")]
    unobserved: Annotated[tuple[Text, ...], Field(description="What had no value in some run: not compared.")]


class GateObservations(ObservedChanges):
    """The observations of the candidates and of their predecessors in one cell, compared."""

    accepts_nothing: Annotated[tuple[Text, ...], Field(description="Lines that accept changes of which there is none.")]
    ran: Count
    untouched: Annotated[
        Count, Field(description="Observations that stand for the candidates too: no changed function runs in them.")
    ]
    seconds: Seconds

    def failing(self, *, strict: bool) -> list[ObservationFinding]:
        """The findings that break the gate."""
        return [finding for finding in self.findings if not finding.accepted and (finding.level == "must" or strict)]
