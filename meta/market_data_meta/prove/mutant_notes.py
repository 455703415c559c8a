"""What has been looked at of mutants, ``tests/mutants.toml``: where they are made, and why some may survive."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, ClassVar, TypeVar

from pydantic import AfterValidator, Field

from market_data_meta.field_types import Constraint, NonEmptyText, Sentence
from market_data_meta.files import read_toml
from market_data_meta.models import InputFile, InputTable, read_input

Text = TypeVar("Text")


def _distinct(values: tuple[Text, ...]) -> tuple[Text, ...]:
    if len(set(values)) < len(values):
        raise ValueError("a value is there twice")
    return values


PythonFile = Annotated[str, Constraint(pattern=r"^[^/].*\.py$")]
Areas = Annotated[
    tuple[Annotated[str, Constraint(pattern="^[a-z0-9_]+$")], ...],
    Field(min_length=1, json_schema_extra={"uniqueItems": True}),
    AfterValidator(_distinct),
]


class PassedFiles(InputTable):
    """Files that the chain only passes through, and why they are none of its own."""

    files: Annotated[tuple[PythonFile, ...], Field(min_length=1)]
    reason: Sentence


class Unnoticed(InputTable):
    """A mutant that no check notices: its line, the kind of change, the text before and after, and why none could."""

    package: NonEmptyText
    file: PythonFile
    where: NonEmptyText
    kind: NonEmptyText
    before: NonEmptyText
    after: NonEmptyText
    reason: Sentence

    @property
    def identity(self) -> tuple[str, ...]:
        """What tells the mutant from all others, as of a mutant that is made."""
        return (self.package, self.file, self.where, self.kind, self.before, self.after)


class MutantNotes(InputFile):
    """tests/mutants.toml: where machine-made breaks are made, and why no consumer could notice those that survive.

    ``areas`` are those whose checks are the chain.
    """

    schema_name: ClassVar[str] = "mutants"

    areas: Areas
    passed_by: tuple[PassedFiles, ...]
    unnoticed: tuple[Unnoticed, ...]

    @property
    def passed_files(self) -> frozenset[str]:
        """The files in which no mutants are made."""
        return frozenset(file for table in self.passed_by for file in table.files)

    @property
    def reasons(self) -> dict[tuple[str, ...], str]:
        """Why no consumer could notice the survivors, by their identity."""
        return {mutant.identity: mutant.reason for mutant in self.unnoticed}


def load_mutant_notes(root: Path) -> MutantNotes:
    """Read ``tests/mutants.toml``. Raises MetaError for a file that is not of its format."""
    file = root / "tests" / "mutants.toml"
    return read_input(MutantNotes, read_toml(file), file)
