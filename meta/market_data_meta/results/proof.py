"""The proof: what the suite detects and what it leaves alone, trial by trial."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from market_data_meta.errors import ErrorCode
from market_data_meta.models import Document, Model
from market_data_meta.results.parts import Count, ExitCode, Seconds, Text, Versions


class TrialResult(Model):
    """What became of one change to a release."""

    verdict: Literal["caught", "missed", "false alarm", "silent", "error"]
    package: Text
    file: Text
    why: Text
    clauses: tuple[Text, ...]
    worse: tuple[Text, ...]
    said: str
    undecided: tuple[Text, ...]
    fault: str


class Share(Model):
    """So many of so many came out right."""

    right: Count
    of: Count


class TrialScore(Share):
    """All trials of one kind of change, counted by package and by area."""

    counts: dict[str, Count]
    by_package: dict[str, Share]
    by_area: dict[str, Share]
    trials: tuple[TrialResult, ...]


class Survivor(Model):
    """A machine-made mutant that no check noticed, with the reason why no consumer could, if one is recorded."""

    package: Text
    file: Text
    line: Annotated[int, Field(ge=1)]
    where: str
    kind: Text
    before: str
    after: str
    clauses: tuple[Text, ...]
    reason: str


class MutantResult(Model):
    """The machine-made mutants that were tried, of so many ``possible`` ones."""

    possible: Count
    of: Count
    caught: Count
    explained: Count
    survivors: tuple[Survivor, ...]
    stale_reasons: tuple[str, ...]


class FragileBreak(Model):
    """A break that one check alone catches."""

    clause: Text
    package: Text
    why: Text


class ProofResult(Document):
    """What `mdmeta prove --json` prints, and proof.json."""

    schema_name: ClassVar[str] = "prove"
    error_code: ClassVar[ErrorCode] = ErrorCode.BAD_PROVE

    format: Literal[3] = 3
    exit: ExitCode
    suite: Text
    as_of: Text
    combination: Versions
    start: float
    seconds: Seconds
    breaks: TrialScore
    harmless: TrialScore
    mutants: MutantResult
    fragile: tuple[FragileBreak, ...]
    silent_clauses: tuple[Text, ...]
