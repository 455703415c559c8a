"""Changes that were written from the wheels alone: ``tests/independent``, and how they are read.

Whoever wrote them looked at no clause, check or probe. So the rate at which they are caught says something about
changes that nobody here has thought of, which ``tests/breaks`` cannot.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, ClassVar

from pydantic import Field

from market_data_meta.field_types import NonEmptyText, Sentence
from market_data_meta.files import read_toml
from market_data_meta.models import InputFile, InputTable, read_input
from market_data_meta.prove.changes import Edit
from market_data_meta.prove.independent import ChangedRelease, IndependentChange


class ChangedReleaseTable(InputTable):
    """Edits of one published release; what it is then is a candidate after that release."""

    package: NonEmptyText
    version: NonEmptyText
    edits: Annotated[tuple[Edit, ...], Field(min_length=1)]


class IndependentTable(ChangedReleaseTable):
    """A change, its kind, and what a consumer notices; with the packages that are changed together with it."""

    kind: NonEmptyText
    why: Sentence
    together: tuple[ChangedReleaseTable, ...] = ()


class IndependentFile(InputFile):
    """tests/independent/<name>.toml: changes of releases that were written without a look at the suite."""

    schema_name: ClassVar[str] = "independent"

    breaks: Annotated[tuple[IndependentTable, ...], Field(alias="break")] = ()
    harmless: tuple[IndependentTable, ...] = ()


def load_independent(root: Path) -> list[IndependentChange]:
    """Read ``tests/independent``: breaks, then harmless changes. Raises MetaError for a file of another format."""
    folder = root / "tests" / "independent"
    files = [(file, read_input(IndependentFile, read_toml(file), file)) for file in sorted(folder.glob("*.toml"))]
    breaks = [_change(table, file, harmless=False) for file, content in files for table in content.breaks]
    return breaks + [_change(table, file, harmless=True) for file, content in files for table in content.harmless]


def _change(table: IndependentTable, file: Path, *, harmless: bool) -> IndependentChange:
    parts = tuple(ChangedRelease(part.package, part.version, part.edits) for part in (table, *table.together))
    return IndependentChange(parts, table.kind, table.why, file.name, harmless=harmless)
