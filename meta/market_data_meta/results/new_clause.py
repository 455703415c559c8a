"""A new clause, and where its table and its check were written."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from market_data_meta.models import Document
from market_data_meta.results.parts import Text


class NewClauseResult(Document):
    """What `mdmeta clause new --json` prints; ``has_capability``: whether a capability names the clause or its area."""

    schema_name: ClassVar[str] = "new-clause"

    format: Literal[1] = 1
    clause: Text
    files: Annotated[tuple[Text, ...], Field(min_length=2, max_length=2)]
    check: Annotated[str, Field(pattern=r"^tests/conformance/test_[a-z0-9_]+\.py::test_[a-z0-9_]+$")]
    has_capability: bool
