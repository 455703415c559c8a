"""The files of the ledger, ``contracts/releases``, how they are read and written, and the ledger as it is printed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import ClassVar, Literal, TypeVar

from market_data_meta.errors import ErrorCode, MetaError
from market_data_meta.field_types import NonEmptyText, Sha256, Timestamp
from market_data_meta.files import read_json, write_whole
from market_data_meta.models import Document, InputFile, Model, json_text, read_input
from market_data_meta.releases.ledger import DeployedSet, Ledger, Release, UploadTime

FORMAT: Literal[1] = 1


class ReleasesFile(InputFile):
    """contracts/releases/<package>.json: the releases of a package, oldest first."""

    schema_name: ClassVar[str] = "releases"

    format: Literal[1]
    package: NonEmptyText
    releases: tuple[Release, ...]


class SnapshotFile(InputFile):
    """contracts/releases/snapshot.json: when the ledger was read, and the set that was deployed then."""

    schema_name: ClassVar[str] = "snapshot"

    format: Literal[1]
    as_of: Timestamp
    deployed: DeployedSet


class ListedRelease(Model):
    """What is printed of a release."""

    version: NonEmptyText
    uploaded: UploadTime
    sha256: Sha256
    content: Sha256
    yanked: bool


class LedgerListing(Document):
    """What mdmeta releases --json prints; with a package named, of that package alone."""

    schema_name: ClassVar[str] = "ledger"

    format: Literal[1]
    as_of: Timestamp
    deployed: DeployedSet
    releases: Mapping[str, tuple[ListedRelease, ...]]


def load_ledger(root: Path, packages: Iterable[str]) -> Ledger:
    """Read ``contracts/releases``. Raises MetaError that names a file which is damaged or not of its format."""
    folder = root / "contracts" / "releases"
    snapshot = _read(SnapshotFile, folder / "snapshot.json")
    releases = {package: _read(ReleasesFile, folder / f"{package}.json").releases for package in packages}
    return Ledger(snapshot.as_of, releases, snapshot.deployed)


def save_ledger(root: Path, ledger: Ledger) -> None:
    """Write ``contracts/releases``, each file as a whole or not at all."""
    folder = root / "contracts" / "releases"
    for package, releases in ledger.releases.items():
        file = ReleasesFile(format=FORMAT, package=package, releases=releases)
        write_whole(folder / f"{package}.json", json_text(file))
    snapshot = SnapshotFile(format=FORMAT, as_of=ledger.as_of, deployed=ledger.deployed)
    write_whole(folder / "snapshot.json", json_text(snapshot))


def listing(ledger: Ledger, packages: Iterable[str]) -> LedgerListing:
    """What mdmeta releases prints of these packages."""
    rows = {
        package: tuple(
            ListedRelease(**{name: getattr(release, name) for name in ListedRelease.model_fields})
            for release in releases
        )
        for package in packages
        for releases in [ledger.releases[package]]
    }
    return LedgerListing(format=FORMAT, as_of=ledger.as_of, deployed=ledger.deployed, releases=rows)


_LedgerFile = TypeVar("_LedgerFile", bound=InputFile)


def _read(model: type[_LedgerFile], file: Path) -> _LedgerFile:
    data = read_json(file, "git checkout the file, or mdmeta releases --refresh writes it")
    if isinstance(data, dict) and data.get("format") != FORMAT:
        raise MetaError(ErrorCode.UNKNOWN_FORMAT, f"{file} has format {data.get('format')!r}, this tool reads {FORMAT}")
    return read_input(model, data, file)
