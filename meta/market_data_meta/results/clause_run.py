"""A run of a few clauses: each with its outcome, and nothing about the combination as a whole."""

from __future__ import annotations

from typing import ClassVar, Literal

from market_data_meta.models import Document, Model
from market_data_meta.results.parts import ExitCode, Outcome, Text, Value


class ClauseOutcome(Model):
    """How the check of one clause came out, and whether its failure is a known defect."""

    clause: Text
    outcome: Outcome
    message: str | None
    expected: Value
    got: Value
    known: bool


class ClauseRunResult(Document):
    """What `mdmeta run --clause --json` prints: a few clauses of one cell, and no verdict about the cell.

    ``users_servers`` says by variable which servers of the user's own the checks had, without credentials.
    """

    schema_name: ClassVar[str] = "clause-run"

    format: Literal[1] = 1
    cell: Text
    exit: ExitCode
    users_servers: dict[str, str]
    reasons: tuple[str, ...]
    clauses: tuple[ClauseOutcome, ...]
