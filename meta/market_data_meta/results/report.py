"""The report: judged records of the isolated lane, with every failure that they show."""

from __future__ import annotations

from collections import Counter
from typing import Annotated, ClassVar, Literal

from pydantic import Field

from market_data_meta.models import Document, Model
from market_data_meta.results.capabilities import CapabilityState
from market_data_meta.results.parts import (
    Count,
    Digest,
    ExitCode,
    Fingerprint,
    InstalledPackage,
    Level,
    MendedDefectResult,
    Outcome,
    Seconds,
    StaleDefectResult,
    Text,
    Value,
    Verdict,
    Versions,
)


class ReportCheck(Model):
    """How one check of a cell came out; ``message`` says what was looked at, or why it could not be."""

    clause: Text
    outcome: Outcome
    message: str | None
    seconds: Seconds


class ReportCell(Model):
    """One cell: its verdict, the reasons for it, and the evidence that it rests on.

    ``capabilities`` say what works in it, whatever is expected; a cell of one release alone has none. ``users_servers``
    says by variable which servers of the user's own its checks had, without credentials.
    """

    cell: Text
    verdict: Verdict
    reasons: tuple[str, ...]
    counts: dict[str, int]
    combination: Versions | None
    forced: tuple[str, ...]
    users_servers: dict[str, str]
    lane: str | None
    interpreter: str | None
    third_party_choice: str | None
    as_of: str | None
    attestation: dict[str, InstalledPackage] | None
    suite: str | None
    start: float | None
    capabilities: tuple[CapabilityState, ...]
    checks: tuple[ReportCheck, ...]


class ReportFinding(Model):
    """One distinct failure of a clause with all the cells that show it.

    ``defect`` is the known defect that it shows, and ``means`` its sentence; both are None where it is not known.
    """

    clause: Text
    level: Level
    rule: Text
    source: Text
    binds: tuple[Text, ...]
    outcome: Literal["failed", "error"]
    message: str | None
    expected: Value
    got: Value
    fingerprint: Fingerprint
    defect: str | None
    means: str | None
    cells: Annotated[tuple[Text, ...], Field(min_length=1)]
    reproduce: Text

    @property
    def title(self) -> str:
        """What it is called in a list."""
        return "known defect" if self.defect is not None else self.outcome


class ReportResult(Document):
    """What `mdmeta run --json` and `mdmeta report --json` print, and report.json."""

    schema_name: ClassVar[str] = "report"

    format: Literal[3] = 3
    suite: Digest
    exit: ExitCode
    cells: tuple[ReportCell, ...]
    findings: tuple[ReportFinding, ...]
    mended: tuple[MendedDefectResult, ...]
    stale_defects: tuple[StaleDefectResult, ...]
    absent: tuple[Text, ...]

    @property
    def verdict_counts(self) -> dict[str, Count]:
        """How many cells have each verdict."""
        verdicts = [cell.verdict for cell in self.cells]
        return {verdict: verdicts.count(verdict) for verdict in dict.fromkeys(verdicts)}

    @property
    def capability_counts(self) -> dict[str, Counter[str]]:
        """By the title of each capability, how many cells have it in each state."""
        counts: dict[str, Counter[str]] = {}
        for state in (state for cell in self.cells for state in cell.capabilities):
            counts.setdefault(state.title, Counter())[state.state] += 1
        return counts
