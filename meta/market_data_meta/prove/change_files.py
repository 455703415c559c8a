"""The files of changes, ``tests/breaks`` and ``tests/harmless``, and how they are read."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, ClassVar, TypeVar

from pydantic import Field

from market_data_meta.field_types import Constraint, NonEmptyText, Sentence
from market_data_meta.files import read_toml
from market_data_meta.models import InputFile, InputTable, read_input
from market_data_meta.prove.changes import Change, Edit


class BreakTable(InputTable):
    r"""A small change to the newest release, which its clause must catch.

    ``file`` is a path inside of the wheel, or a pattern that one file matches; ``before``, with ``\n`` line ends,
    occurs in it once. ``why`` is what its author may have thought.
    """

    clause: Annotated[str, Constraint(pattern=r"^[a-z0-9_]+\.[a-z0-9]+(-[a-z0-9]+)*$")]
    package: NonEmptyText
    file: NonEmptyText
    before: NonEmptyText
    after: str
    why: Sentence


class BreaksFile(InputFile):
    """tests/breaks/<area>.toml: small changes to the newest release, each of which its clause must catch."""

    schema_name: ClassVar[str] = "breaks"

    breaks: Annotated[tuple[BreakTable, ...], Field(min_length=1, alias="break")]


class HarmlessTable(InputTable):
    """A change to the newest release that no clause may call a break."""

    package: NonEmptyText
    why: Sentence
    edits: Annotated[tuple[Edit, ...], Field(min_length=1)]


class HarmlessFile(InputFile):
    """tests/harmless/<package>.toml: changes to the newest release that no clause may call a break."""

    schema_name: ClassVar[str] = "harmless"

    harmless: Annotated[tuple[HarmlessTable, ...], Field(min_length=1)]


def load_breaks(root: Path) -> list[Change]:
    """Read ``tests/breaks``, one file for each area. Raises MetaError for a file that is not of its format."""
    return [
        Change(table.package, (Edit(table.file, table.before, table.after),), table.why, (table.clause,))
        for file in _read(BreaksFile, root / "tests" / "breaks")
        for table in file.breaks
    ]


def load_harmless(root: Path) -> list[Change]:
    """Read ``tests/harmless``, one file for each package. Raises MetaError for a file that is not of its format."""
    return [
        Change(table.package, table.edits, table.why)
        for file in _read(HarmlessFile, root / "tests" / "harmless")
        for table in file.harmless
    ]


_ChangeFile = TypeVar("_ChangeFile", bound=InputFile)


def _read(model: type[_ChangeFile], folder: Path) -> Iterator[_ChangeFile]:
    for file in sorted(folder.glob("*.toml")):
        yield read_input(model, read_toml(file), file)
