"""The files of the ledger, ``contracts/releases``, how they are read and written, and the ledger as it is printed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Annotated, ClassVar, Literal, Self, TypeVar

from packaging.version import Version
from pydantic import Field, model_validator

from market_data_meta.errors import ErrorCode, MetaError
from market_data_meta.field_types import NonEmptyText, Sha256, Timestamp
from market_data_meta.files import read_json
from market_data_meta.models import Document, InputFile, Model, json_text, read_input
from market_data_meta.releases.ledger import DeployedSet, Ledger, Release, UploadTime
from market_data_meta.releases.requirements import release_fault

FORMAT: Literal[1] = 1


class ReleasesFile(InputFile):
    """contracts/releases/<package>.json: the releases of a package, oldest first."""

    schema_name: ClassVar[str] = "releases"

    format: Literal[1]
    package: NonEmptyText
    releases: Annotated[tuple[Release, ...], Field(min_length=1)]

    @model_validator(mode="after")
    def _has_valid_releases(self) -> Self:
        """Each version once, and nothing in a release that no installer could read: commands rely on it."""
        versions: set[Version] = set()
        for release in self.releases:
            if fault := release_fault(release):
                raise ValueError(f"{release.version}: {fault}")
            if Version(release.version) in versions:
                raise ValueError(f"{release.version} is there twice")
            versions.add(Version(release.version))
        return self


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
    requires_python: str
    yanked: bool
    withdrawn: bool


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


def ledger_texts(root: Path, ledger: Ledger) -> dict[Path, str]:
    """The files of ``contracts/releases`` and their texts, all of which are made before one is written."""
    folder = root / "contracts" / "releases"
    texts = {
        folder / f"{package}.json": json_text(ReleasesFile(format=FORMAT, package=package, releases=releases))
        for package, releases in ledger.releases.items()
    }
    snapshot = SnapshotFile(format=FORMAT, as_of=ledger.as_of, deployed=ledger.deployed)
    return texts | {folder / "snapshot.json": json_text(snapshot)}


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
