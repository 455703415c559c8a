"""The types of texts and numbers in our files. They need no import of pydantic, which takes the limits from them.

Where a document holds a frozen dataclass with fields of these types, pydantic validates the fields, and the schema of
the document has their limits.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any


class Constraint:
    """The constraint on a value, by pydantic's names: ``Annotated[str, Constraint(min_length=1)]``."""

    def __init__(self, **limits: object) -> None:
        self.limits = limits

    def __get_pydantic_core_schema__(self, source: Any, handler: Callable[[Any], Any]) -> Any:
        """The schema of the annotated type, with the limits."""
        return handler(source) | self.limits


NonEmptyText = Annotated[str, Constraint(min_length=1)]
"""A text that is not empty."""
Sentence = Annotated[str, Constraint(pattern=r"^[^\n]+\.$")]
"""One sentence on one line."""
Sha256 = Annotated[str, Constraint(pattern="^[0-9a-f]{64}$")]
Fingerprint = Annotated[str, Constraint(pattern="^[0-9a-f]{12}$")]
"""The first digits of the digest of a failure."""
Timestamp = Annotated[str, Constraint(pattern="^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z$")]
"""A time in UTC, to the second."""
Specifier = Annotated[str, Constraint(pattern="^[<>=!~]")]
"""A range of versions, as ``>=1.2``."""
Repository = Annotated[str, Constraint(pattern="^[A-Za-z0-9][A-Za-z0-9-]*/[A-Za-z0-9._-]+$")]
"""A repository's ``owner/name`` on GitHub."""
WheelPath = Annotated[str, Constraint(pattern=r"^[^/\\*?\[]+(/[^/\\*?\[]+)*$")]
"""The path of a file inside of a wheel."""
