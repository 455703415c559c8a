"""The file of the known defects, ``contracts/defects.toml``: how it is read, and how what was mended is written."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Annotated, ClassVar

import tomlkit

from market_data_meta.field_types import Constraint
from market_data_meta.files import read_text, read_toml
from market_data_meta.judging.defects import Defect, DefectTable, KnownDefects, MendedDefect, mended_specifier
from market_data_meta.models import InputFile, read_input

Slug = Annotated[str, Constraint(pattern="^[a-z0-9]+(-[a-z0-9]+)*$")]


class DefectsFile(InputFile):
    """contracts/defects.toml: known defects of published releases."""

    schema_name: ClassVar[str] = "defects"

    defects: Mapping[Slug, DefectTable] = {}


def defects_path(root: Path) -> Path:
    """Where the known defects are."""
    return root / "contracts" / "defects.toml"


def load_defects(root: Path) -> KnownDefects:
    """Read ``contracts/defects.toml``. Raises MetaError for a defect with a field missing, unknown or wrong."""
    file = defects_path(root)
    tables = read_input(DefectsFile, read_toml(file), file).defects
    return KnownDefects(tuple(Defect(id=name, **vars(table)) for name, table in tables.items()))


def reproducers(root: Path) -> dict[str, str]:
    """The text of each script in ``contracts/reproducers``, by the id of its defect."""
    folder = root / "contracts" / "reproducers"
    return {file.stem: read_text(file) for file in sorted(folder.glob("*.py"))}


def with_mended(text: str, mended: Iterable[MendedDefect]) -> str:
    """The text of the file with the versions of mended defects closed; all else, comments too, stays as it is.

    Where one clause of several no longer shows the defect, only that clause's versions are closed.
    """
    document = tomlkit.parse(text)
    by_defect: dict[str, list[MendedDefect]] = {}
    for one in mended:
        by_defect.setdefault(one.defect, []).append(one)
    for name, changes in by_defect.items():
        table = document["defects"][name]
        same = {(change.package, change.version) for change in changes}
        if len(same) == 1 and {change.clause for change in changes} >= {row["clause"] for row in table["shown_by"]}:
            _close(table["versions"], *same.pop())
            continue
        for change in changes:
            for row in table["shown_by"]:
                if row["clause"] == change.clause:
                    if "versions" not in row:
                        versions = tomlkit.inline_table()
                        versions.update(table["versions"])
                        row["versions"] = versions
                    _close(row["versions"], change.package, change.version)
    return tomlkit.dumps(document)


def _close(versions: dict[str, str], package: str, version: str) -> None:
    versions[package] = mended_specifier(versions.get(package, ""), version)
