"""The file of the waivers, ``contracts/waivers.toml``, and how it is read."""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar

from packaging.version import Version

from market_data_meta.files import read_toml
from market_data_meta.judging.waivers import Waiver, WaiverTable
from market_data_meta.models import InputFile, read_input
from market_data_meta.releases.ledger import Ledger


class WaiversFile(InputFile):
    """contracts/waivers.toml: known failures that are accepted for now."""

    schema_name: ClassVar[str] = "waivers"

    waiver: tuple[WaiverTable, ...] = ()


def load_waivers(root: Path, ledger: Ledger) -> tuple[Waiver, ...]:
    """Read ``contracts/waivers.toml``. Raises MetaError for a waiver with a field missing, unknown or open-ended."""
    file = root / "contracts" / "waivers.toml"
    tables = read_input(WaiversFile, read_toml(file), file).waiver
    return tuple(Waiver(**vars(table), contents=_contents(table, ledger)) for table in tables)


def _contents(table: WaiverTable, ledger: Ledger) -> dict[str, frozenset[str]]:
    """The contents of the releases in the waiver's ranges, by package."""
    return {
        package: frozenset(
            release.content
            for release in ledger.releases.get(package, ())
            if Version(low) <= Version(release.version) <= Version(high)
        )
        for package, (low, high) in table.versions.items()
    }
