"""Changes to a release, as values: breaks that a clause must catch, and what is harmless and must alarm nobody."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Annotated

from market_data_meta.errors import ErrorCode, MetaError
from market_data_meta.field_types import Constraint, WheelPath


@dataclass(frozen=True)
class Edit:
    r"""A text that occurs ``count`` times in a file, all of them replaced; an empty ``before`` makes a new file.

    Line ends are ``\n``. A seeded break may name its file by a pattern that one file matches.
    """

    file: WheelPath
    before: str
    after: str
    count: Annotated[int, Constraint(ge=1)] = 1

    def applied(self, text: str | None) -> str:
        """The file's text with the edit, in the file's own line ends; ``text`` is None where there is no such file.

        Raises MetaError where the edit does not fit: what changes nothing proves nothing.
        """
        if not self.before:
            if text is not None:
                raise MetaError(ErrorCode.BAD_CHANGE, f"{self.file} is to be new, and is there already")
            return self.after
        if text is None:
            raise MetaError(ErrorCode.BAD_CHANGE, f"{self.file} is to be edited, and is not there")
        plain = text.replace("\r\n", "\n")
        if (found := plain.count(self.before)) != self.count:
            what = f"a change does not fit {self.file}: its text occurs {found} times, not {self.count}"
            raise MetaError(ErrorCode.BAD_CHANGE, what, self.before[:200])
        changed = plain.replace(self.before, self.after)
        return changed.replace("\n", "\r\n") if "\r\n" in text else changed


@dataclass(frozen=True)
class Change:
    """A change to the newest release of a package, why a maintainer might make it, and the clauses that must catch it.

    No clauses: it is harmless, and nothing may get worse.
    """

    package: str
    edits: tuple[Edit, ...]
    why: str
    clauses: tuple[str, ...] = ()

    @property
    def harmless(self) -> bool:
        """Whether nothing may alarm."""
        return not self.clauses

    @property
    def place(self) -> str:
        """Where it is written, for whoever has to mend it."""
        if self.harmless:
            return f"tests/harmless/{self.package}.toml: {self.why}"
        areas = dict.fromkeys(clause.split(".")[0] for clause in self.clauses)
        return f"{' and '.join(f'tests/breaks/{area}.toml' for area in areas)}, the break of {', '.join(self.clauses)}"


def together(changes: Iterable[Change], why: str) -> Change:
    """Harmless changes of one package as a single change: if no check fails with all of them, none fails with any."""
    several = list(changes)
    return Change(several[0].package, tuple(edit for change in several for edit in change.edits), why)
