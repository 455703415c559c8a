"""Known defects of published releases, as they are listed and shown."""

from __future__ import annotations

from typing import ClassVar, Literal

from market_data_meta.models import Document, Model
from market_data_meta.results.parts import Fingerprint, MendedDefectResult, StaleDefectResult, Text


class DefectClause(Model):
    """A clause that shows a defect, the versions in which it does, and the capability that the clause decides.

    ``essential`` says whether that capability is broken by it, and not only limited.
    """

    clause: Text
    fingerprints: tuple[Fingerprint, ...]
    versions: dict[str, Text]
    third_party: tuple[Text, ...]
    capability: Text
    essential: bool


class DefectDescription(Model):
    """A known defect: what it means for a user, whose code has it since when, and which clauses show it.

    ``versions`` are specifiers by package. ``mended_in`` is the version of the package whose code it is in which it is
    mended, if one is. ``reproducer`` is the text of a script that ends with 1 while the defect is there.
    """

    id: Text
    means: Text
    package: Text
    versions: dict[str, Text]
    mended_in: str | None
    cause: Text
    workaround: str | None
    reported: str | None
    shown_by: tuple[DefectClause, ...]
    reproducer: str | None

    @property
    def broken(self) -> tuple[str, ...]:
        """The capabilities that it breaks."""
        return tuple(dict.fromkeys(shown.capability for shown in self.shown_by if shown.essential))

    @property
    def limited(self) -> tuple[str, ...]:
        """The capabilities that it limits without breaking them."""
        capabilities = dict.fromkeys(shown.capability for shown in self.shown_by)
        return tuple(name for name in capabilities if name not in self.broken)


class DefectList(Document):
    """What `mdmeta defects --json` prints, and `mdmeta explain DEFECT --json` with one of them.

    ``mended`` and ``stale`` are how the runs that are known differ from the list.
    """

    schema_name: ClassVar[str] = "defect-list"

    format: Literal[1] = 1
    defects: tuple[DefectDescription, ...]
    mended: tuple[MendedDefectResult, ...]
    stale: tuple[StaleDefectResult, ...]
