"""Harmless changes: what a release may do without any clause failing, by which false alarms are counted."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from market_data_meta.contract import read_toml
from market_data_meta.errors import MetaError


@dataclass(frozen=True)
class Edit:
    """A text that occurs ``count`` times in a file, all of them replaced; an empty ``before`` makes a new file."""

    file: str
    before: str
    after: str
    count: int = 1

    def applied(self, text: str | None) -> str:
        """The file's text with the edit, in the file's own line ends; ``text`` is None where there is no such file.

        Raises MetaError where the edit does not fit.
        """
        if not self.before:
            if text is not None:
                raise MetaError("bad-harmless", f"{self.file} is to be new, and is there already")
            return self.after
        if text is None:
            raise MetaError("bad-harmless", f"{self.file} is to be edited, and is not there")
        plain = text.replace("\r\n", "\n")
        if (found := plain.count(self.before)) != self.count:
            raise MetaError("bad-harmless", f"an edit does not fit {self.file}", f"its text occurs {found} times")
        changed = plain.replace(self.before, self.after)
        return changed.replace("\n", "\r\n") if "\r\n" in text else changed


@dataclass(frozen=True)
class Harmless:
    """A change to the newest release of a package that no consumer can notice or that the contract allows, and why."""

    package: str
    why: str
    edits: tuple[Edit, ...]


def load_harmless(root: Path) -> list[Harmless]:
    """Read ``tests/harmless``; one file for each package. Raises MetaError for a table that is not one."""
    files = sorted((root / "tests" / "harmless").glob("*.toml"))
    try:
        return [
            Harmless(table["package"], table["why"], tuple(Edit(**edit) for edit in table["edits"]))
            for file in files
            for table in read_toml(file)["harmless"]
        ]
    except (KeyError, TypeError) as error:
        raise MetaError("bad-harmless", "a table in tests/harmless has missing or unknown fields", str(error)) from None


def edited(site: Path, changes: Iterable[Harmless]) -> Mapping[str, bytes]:
    """The files that change, by their path in ``site``, when ``changes`` are made one after the other.

    Raises MetaError naming the change that does not fit.
    """
    texts: dict[str, str] = {}
    for change in changes:
        for edit in change.edits:
            if edit.file not in texts and (site / edit.file).is_file():
                texts[edit.file] = (site / edit.file).read_bytes().decode("utf-8")
            try:
                texts[edit.file] = edit.applied(texts.get(edit.file))
            except MetaError as error:
                raise MetaError(error.code, error.what, error.why, f"tests/harmless: {change.why}") from None
    return {name: text.encode("utf-8") for name, text in texts.items()}
