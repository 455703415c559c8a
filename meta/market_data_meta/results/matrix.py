"""The complete matrix: every content combination with its verdict, and what the packages promise about it."""

from __future__ import annotations

from collections import Counter
from typing import Annotated, ClassVar, Literal, Self

from pydantic import Field, model_validator

from market_data_meta.errors import ErrorCode
from market_data_meta.models import Document, Model
from market_data_meta.results.capabilities import StateName
from market_data_meta.results.history import State
from market_data_meta.results.parts import (
    Count,
    Digest,
    ExitCode,
    Fingerprint,
    Level,
    Text,
    Value,
    Verdict,
    Versions,
    WaiverProblem,
)

Day = Annotated[str, Field(pattern="^[0-9]{4}-[0-9]{2}-[0-9]{2}$")]


class MatrixContent(Model):
    """One content of a package: the releases that run the same code, oldest first, and the days of their upload."""

    content: Digest
    label: Text
    releases: Annotated[tuple[Text, ...], Field(min_length=1)]
    uploaded: Annotated[tuple[Day, ...], Field(min_length=1)]


class MatrixCell(Model):
    """One content combination; ``codes`` names a content of each package by its position.

    ``capabilities`` has the state of each by name: what works, whatever is expected.
    """

    codes: Annotated[dict[str, Count], Field(min_length=1)]
    combination: Versions
    verdict: Verdict
    reasons: tuple[str, ...]
    counts: dict[str, Count]
    capabilities: dict[Text, StateName]
    stands_for: Annotated[int, Field(ge=1)]
    allowed: Count
    start: float | None
    interpreter: str | None


class MatrixFinding(Model):
    """One distinct failure of a clause; ``cells`` are positions in the matrix."""

    clause: Text
    level: Level
    outcome: Literal["failed", "error"]
    message: str | None
    expected: Value
    got: Value
    fingerprint: Fingerprint
    waived: str | None
    reproduce: Text
    cells: Annotated[tuple[Count, ...], Field(min_length=1)]


class MatrixSpan(Model):
    """Releases in a row of which a clause's history says the same."""

    first: Annotated[Text, Field(alias="from")]
    last: Annotated[Text, Field(alias="to")]
    state: State
    changed: bool


class PromiseCounts(Model):
    """How many published combinations are in each class of promise."""

    kept: Count
    over_promised: Annotated[Count, Field(alias="over-promised")]
    over_restricted: Annotated[Count, Field(alias="over-restricted")]
    rightly_excluded: Annotated[Count, Field(alias="rightly excluded")]
    undecided: Count


class SupportedVersions(Model):
    """What a release asks of another package, beside the versions that the evidence supports."""

    package: Text
    version: Text
    other: Text
    asks: str | None
    works: Text


class MatrixResult(Document):
    """What `mdmeta matrix --json` prints, and matrix.json."""

    schema_name: ClassVar[str] = "matrix"
    error_code: ClassVar[ErrorCode] = ErrorCode.BAD_MATRIX

    format: Literal[1] = 1
    suite: Digest
    exit: ExitCode
    packages: dict[str, tuple[MatrixContent, ...]]
    cells: tuple[MatrixCell, ...]
    findings: tuple[MatrixFinding, ...]
    history: dict[str, dict[str, tuple[MatrixSpan, ...]]]
    promise: PromiseCounts
    supported: tuple[SupportedVersions, ...]
    refused: Annotated[
        dict[str, dict[str, tuple[Text, ...]]],
        Field(description="For each package and each requirement on it the published versions that it keeps out."),
    ]
    rotten_waivers: tuple[WaiverProblem, ...]
    wide: tuple[Text, ...]
    ran: Count

    @property
    def published(self) -> Counter[Verdict]:
        """How many published combinations have each verdict."""
        counts: Counter[Verdict] = Counter()
        for cell in self.cells:
            counts[cell.verdict] += cell.stands_for
        return counts

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        """What a schema cannot say: every position and every requirement that is referred to exists."""
        for name, contents in self.packages.items():
            if any(len(content.releases) != len(content.uploaded) for content in contents):
                raise ValueError(f"the releases of {name} are not those that have a date")
        for position, cell in enumerate(self.cells):
            if cell.codes.keys() != self.packages.keys() or cell.combination.keys() != self.packages.keys():
                raise ValueError(f"cell {position} is not of the packages {', '.join(self.packages)}")
            if any(place >= len(self.packages[name]) for name, place in cell.codes.items()):
                raise ValueError(f"cell {position} is of a code that no package has")
        for row in self.supported:
            known = {row.package, row.other} <= self.packages.keys()
            # The page looks up what a requirement keeps out.
            if not known or (row.asks and row.asks not in self.refused.get(row.other, {})):
                raise ValueError(f"{row.package} {row.version} cannot ask {row.other} for {row.asks!r}")
        for finding in self.findings:
            if any(position >= len(self.cells) for position in finding.cells):
                raise ValueError(f"a finding of {finding.clause} is of a cell that does not exist")
        return self
