"""A gate: candidates compared with their predecessors in all the cells that they may meet."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal, Self

from pydantic import Field, model_validator

from market_data_meta.errors import ErrorCode
from market_data_meta.models import Document, Model
from market_data_meta.results.capabilities import StateName
from market_data_meta.results.observations import GateObservations
from market_data_meta.results.parts import (
    BroughtLibrary,
    Count,
    Digest,
    ExitCode,
    Level,
    Outcome,
    Seconds,
    Text,
    Value,
    Versions,
)

GateVerdict = Literal["held", "regressed", "uninstallable", "unknown"]
"""Of a cell with candidates: nothing that held before fails, something does, or none was decided."""
DifferenceKind = Literal["regression", "repair", "undecided", "spurious"]
"""Of a clause that came out otherwise. One that did not do so again when it was repeated is spurious."""

RepeatedOutcome = Outcome | Literal["missing"]
CauseKind = Literal["syntax", "definition", "exception"]
"""A file that is not Python, a definition that came or went, or one exception from one line."""


class GatePredecessor(Model):
    """The published release that a candidate is compared with."""

    version: Text
    content: Digest
    passed_over: Annotated[
        str, Field(description="Why the release after it cannot be installed; empty where it is the newest.")
    ]


class GateCandidate(Model):
    """A build that stands in for a release: where it comes from, and which releases run the same code."""

    package: Text
    source: Text
    version: Text
    sha256: Digest
    content: Digest
    commit: str | None
    ref: Annotated[str | None, Field(description="The branch, or what else names the commit.")]
    edited: Annotated[bool, Field(description="The source has edits that are not in the commit.")]
    predecessor: GatePredecessor | None
    same_code_as: tuple[Text, ...]
    not_looked_at: Annotated[tuple[Text, ...], Field(description="Extras that name an address, which is not followed.")]
    version_is_taken: Annotated[bool, Field(description="Its version is published already, with other code.")]


class GateException(Model):
    """What a check ended with, and the innermost line of the packages that it passed through."""

    kind: str
    text: str
    file: str | None
    line: int | None


class GateCheck(Model):
    """How a check came out, on one side of a comparison, and the exception that it ended with, if it did."""

    outcome: Outcome
    message: str | None
    expected: Value
    got: Value
    raised: GateException | None


class GateCause(Model):
    """What several differences follow from: the place in a package's source, and the lines of it before and after."""

    kind: CauseKind
    package: str
    file: Text
    line: Count | None
    text: str
    before: tuple[str, ...]
    after: tuple[str, ...]
    stops_import: Annotated[bool, Field(description="A module cannot be imported because of it.")]


class GateRepetition(Model):
    """The outcomes of a check in one more run of both sides, alone in fresh processes."""

    now: RepeatedOutcome
    was: RepeatedOutcome


class GateDifference(Model):
    """A clause that came out otherwise than with the predecessors, in all the cells where it did in the same way."""

    kind: DifferenceKind
    clause: Text
    level: Level
    rule: Text
    source: Text
    binds: tuple[Text, ...]
    now: GateCheck | None
    was: GateCheck | None
    cells: Annotated[tuple[Text, ...], Field(min_length=1)]
    guilty: tuple[Text, ...]
    repetitions: tuple[GateRepetition, ...]
    reproduce: Text
    cause: Annotated[Count | None, Field(description="Which of the gate's causes it follows from, counted from 0.")]


class GateCellResult(Model):
    """One cell with candidates, and the cell with their predecessors that it is compared with."""

    cell: Text
    scope: Literal["combination", "release"]
    combination: Versions
    verdict: GateVerdict
    baseline: str | None
    stands_for: Count
    forbidden: tuple[Text, ...]
    reasons: tuple[str, ...]
    counts: dict[str, Count]


class GateCapability(Model):
    """A capability that is in another state than with the predecessors, and the cells in which it is."""

    name: Text
    title: Text
    before: StateName
    after: StateName
    cells: Annotated[tuple[Text, ...], Field(min_length=1)]


class KnownFailure(Model):
    """A clause that fails as it did with the predecessors."""

    clause: Text
    level: Level
    rule: Text
    cells: Annotated[tuple[Text, ...], Field(min_length=1)]


class UndecidedCell(Model):
    """A cell without a verdict, why, and because of which candidates."""

    cell: Text
    why: str
    guilty: tuple[Text, ...]


class UninstallableCell(Model):
    """A cell that no set of versions satisfies; ``before`` says whether it was so with the predecessors too."""

    cell: Text
    why: str
    before: bool


class AllowedCounts(Model):
    """How many published combinations all requirements allow: with the candidates, and with their predecessors."""

    now: Count
    before: Count


class GateEvidence(Model):
    """What a gate rests on; ``start`` is seconds since the epoch, ``seconds`` is wall time."""

    checks: Count
    ran: Count
    start: float
    seconds: Seconds
    interpreter: str | None


class GateResult(Document):
    """What `mdmeta gate --json` prints, and gate.json."""

    schema_name: ClassVar[str] = "gate"
    error_code: ClassVar[ErrorCode] = ErrorCode.BAD_GATE

    format: Literal[2] = 2
    exit: ExitCode
    suite: Text
    as_of: Text
    strict: bool
    reach: Literal["allowed", "all", "quick", "pinned"]
    candidates: tuple[GateCandidate, ...]
    brings_along: tuple[BroughtLibrary, ...]
    cells: tuple[GateCellResult, ...]
    causes: tuple[GateCause, ...]
    differences: tuple[GateDifference, ...]
    capabilities: tuple[GateCapability, ...]
    known: tuple[KnownFailure, ...]
    undecided: tuple[UndecidedCell, ...]
    uninstallable: tuple[UninstallableCell, ...]
    observations: Annotated[GateObservations | None, Field(description="Null where there is nothing to compare with.")]
    allowed: AllowedCounts
    evidence: GateEvidence

    def of_kind(self, kind: DifferenceKind) -> list[GateDifference]:
        """The differences of one kind, in the order of the gate."""
        return [difference for difference in self.differences if difference.kind == kind]

    def alone(self, kind: DifferenceKind) -> list[GateDifference]:
        """Those of them that follow from no cause, and stand for themselves."""
        return [difference for difference in self.of_kind(kind) if difference.cause is None]

    def following(self, cause: GateCause) -> list[GateDifference]:
        """The differences that follow from a cause."""
        number = self.causes.index(cause)
        return [difference for difference in self.differences if difference.cause == number]

    def fails(self, difference: GateDifference) -> bool:
        """Whether a regression breaks the gate, or is only reported."""
        return difference.level == "must" or self.strict

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        """A gate that says nothing got worse has cells that were decided, and none that was not."""
        verdicts = {cell.verdict for cell in self.cells}
        if self.exit == 0 and ("held" not in verdicts or verdicts & {"regressed", "unknown"}):
            raise ValueError("it says that nothing got worse, and its cells do not")
        observed = self.observations
        if self.exit == 0 and observed and (observed.fault or observed.failing(strict=self.strict)):
            raise ValueError("it says that nothing got worse, and its observations do not")
        if any(
            difference.cause is not None and difference.cause >= len(self.causes) for difference in self.differences
        ):
            raise ValueError("a difference follows from a cause that is not there")
        return self
