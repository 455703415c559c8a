"""The explanation of a clause, and the lists of all clauses, capabilities and error codes."""

from __future__ import annotations

from typing import ClassVar, Literal

from market_data_meta.models import Document, Model
from market_data_meta.results.parts import Fingerprint, Text, Value

ClauseLevel = Literal["must", "should", "control"]
ClauseScope = Literal["release", "combination", "deployment", "control"]


class ShownDefect(Model):
    """A known defect that the clause shows, what it means for a user, and the versions in which the clause shows it."""

    defect: Text
    means: Text
    versions: dict[str, Text]
    fingerprints: tuple[Fingerprint, ...]


class ClauseExplanation(Document):
    """What `mdmeta explain CLAUSE --json` prints."""

    schema_name: ClassVar[str] = "explain"

    format: Literal[1] = 1
    clause: Text
    rule: Text
    level: ClauseLevel
    scope: ClauseScope
    binds: tuple[Text, ...]
    applies: dict[str, str]
    needs: tuple[str, ...]
    source: Text
    expect: dict[str, Value]
    check: Text
    defects: tuple[ShownDefect, ...]


class ClauseSummary(Model):
    """A clause in the list; ``known`` says whether it shows a known defect of some releases."""

    clause: Text
    level: ClauseLevel
    scope: ClauseScope
    rule: Text
    known: bool


class ClauseList(Document):
    """What `mdmeta explain --json` prints without a clause."""

    schema_name: ClassVar[str] = "clause-list"

    format: Literal[1] = 1
    clauses: tuple[ClauseSummary, ...]


class CapabilityDescription(Model):
    """Something that users want to do, with the clauses that it cannot do without, why just these, and all others."""

    name: Text
    title: Text
    about: Text
    source: Text
    essential: tuple[ClauseSummary, ...]
    why: Text
    others: tuple[ClauseSummary, ...]


class CapabilityList(Document):
    """What `mdmeta explain --capabilities --json` prints, and `mdmeta explain CAPABILITY --json` with one of them."""

    schema_name: ClassVar[str] = "capability-list"

    format: Literal[1] = 1
    capabilities: tuple[CapabilityDescription, ...]


class ErrorSummary(Model):
    """An error code, and what it means."""

    code: Text
    meaning: Text


class ErrorList(Document):
    """What `mdmeta explain --errors --json` prints."""

    schema_name: ClassVar[str] = "error-list"

    format: Literal[1] = 1
    errors: tuple[ErrorSummary, ...]
