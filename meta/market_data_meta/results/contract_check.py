"""Whether the contract is valid, and agrees with its checks, its breaks, the ledger and tox.ini."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from market_data_meta.models import Document
from market_data_meta.results.parts import Count, Text


class ContractCheckResult(Document):
    """What `mdmeta check --json` prints."""

    schema_name: ClassVar[str] = "check"

    format: Literal[2] = 2
    clauses: Count
    fixed: Annotated[tuple[Text, ...], Field(description="With --fix: the clauses whose checks got another docstring.")]
    problems: tuple[Text, ...]
    not_looked_at: Annotated[tuple[Text, ...], Field(description="What could not be looked at, and why.")]
