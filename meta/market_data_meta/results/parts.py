"""What several results are made of: kinds of values, and small parts that they share."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AfterValidator, Field, JsonValue

from market_data_meta.models import Model


def _not_empty(text: str) -> str:
    if not text:
        raise ValueError("it is empty")
    return text


# Not by Field(min_length=1), which refuses what a package may say: half of a surrogate pair.
Text = Annotated[str, AfterValidator(_not_empty), Field(json_schema_extra={"minLength": 1})]
Digest = Annotated[str, Field(pattern="^[0-9a-f]{64}$")]
"""A sha256 in hexadecimal digits: of a suite, a content, a wheel."""
Fingerprint = Annotated[str, Field(pattern="^[0-9a-f]{12}$")]
"""What tells one failure of a clause from another."""
Count = Annotated[int, Field(ge=0)]
Seconds = Annotated[float, Field(ge=0)]
Level = Literal["must", "should"]
Outcome = Literal["passed", "failed", "error", "not-applicable"]
Verdict = Literal["conforms", "defective", "violates", "uninstallable", "unknown"]
"""Of a combination: every must clause holds; some fail, as is known; one fails that is not known; and no evidence."""
ExitCode = Literal[0, 1, 3]
"""Exit codes that a result can stand for: nothing violated, violated, undecided."""
Versions = Annotated[dict[Text, Text], Field(min_length=1)]
"""Package to version."""
Value = JsonValue
"""What a check expected or got: any JSON value."""


class InstalledPackage(Model):
    """One package as it was really installed, read inside the environment."""

    version: Text
    content: Digest
    direct_url: str | None


class BroughtLibrary(Model):
    """A library that no published release runs with, and the index or file that it comes from."""

    name: Text
    version: str
    origin: str


class MendedDefectResult(Model):
    """A known defect that a clause no longer shows, since a version of a package."""

    defect: Text
    clause: Text
    package: Text
    version: Text


class StaleDefectResult(Model):
    """What contracts/defects.toml says of a defect and a clause, and what was seen instead."""

    defect: Text
    clause: Text
    how: Text
