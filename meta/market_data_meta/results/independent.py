"""The answers of gates to changes that were written without a look at the suite: what they catch and miss."""

from __future__ import annotations

from typing import ClassVar, Literal

from market_data_meta.errors import ErrorCode
from market_data_meta.models import Document, Model
from market_data_meta.results.parts import Count, ExitCode, Seconds, Text


class IndependentTrialResult(Model):
    """What a quick gate said to one change; no ``exit`` and a ``fault`` where it could not be run."""

    harmless: bool
    packages: tuple[Text, ...]
    kind: Text
    why: Text
    exit: ExitCode | None
    clauses: tuple[Text, ...]
    findings: tuple[Text, ...]
    fault: str


class IndependentRate(Model):
    """So many changes: at how many the gate failed, told anything, and by which means; undecided ones are not told."""

    of: Count
    failed: Count
    told: Count
    by_clauses: Count
    by_observations: Count
    undecided: Count


class IndependentResult(Document):
    """What `mdmeta prove --independent --json` prints, and independent.json."""

    schema_name: ClassVar[str] = "prove-independent"
    error_code: ClassVar[ErrorCode] = ErrorCode.BAD_PROVE

    format: Literal[1] = 1
    exit: ExitCode
    suite: Text
    as_of: Text
    start: float
    seconds: Seconds
    written: Count
    """How many changes there are; fewer are tried where a sample was asked for."""
    breaks: IndependentRate
    breaks_by_package: dict[Text, IndependentRate]
    breaks_by_kind: dict[Text, IndependentRate]
    harmless: IndependentRate
    trials: tuple[IndependentTrialResult, ...]
