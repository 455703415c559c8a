"""The history of a clause: how it came out from release to release, the partners held fixed."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from market_data_meta.models import Document, Model
from market_data_meta.results.parts import Text, Value

State = Literal["passed", "failed", "not-applicable", "error", "mixed", "unknown", "uninstallable"]


class HistorySpan(Model):
    """Releases in a row with one code: the clause's state, with how many partners it came out how, and what was got."""

    first: Annotated[Text, Field(alias="from")]
    last: Annotated[Text, Field(alias="to")]
    state: State
    partners: dict[str, Annotated[int, Field(ge=1)]]
    changed: bool
    since: Annotated[str | None, Field(description="The last release that is known to be as before.")]
    got: Value

    @property
    def label(self) -> str:
        """Its versions as a reader wants them: ``1.4.22 to 1.4.61``."""
        return self.first if self.first == self.last else f"{self.first} to {self.last}"


class HistoryResult(Document):
    """What `mdmeta history --json` prints."""

    schema_name: ClassVar[str] = "history"

    format: Literal[2] = 2
    clause: Text
    rule: Text
    packages: dict[str, tuple[HistorySpan, ...]]

    @property
    def changes(self) -> int:
        """How often the clause came out differently from one release to the next."""
        return sum(span.changed for spans in self.packages.values() for span in spans)
