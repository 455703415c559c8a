"""Reads the package index into the ledger."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from packaging.specifiers import SpecifierSet
from packaging.version import InvalidVersion, Version

from market_data_meta.contract import Contract
from market_data_meta.errors import ErrorCode, Exit, MetaError, undecided
from market_data_meta.inside.mdm_content import content_of_wheel
from market_data_meta.releases.code_id import code_of_wheel
from market_data_meta.releases.index_client import IndexClient, IndexFile
from market_data_meta.releases.installable_wheels import installable_wheels
from market_data_meta.releases.ledger import DeployedSet, Ledger, Release, stable_or_all
from market_data_meta.releases.requirements import Requirements
from market_data_meta.releases.wheel_metadata import DAMAGED, read_metadata

Progress = Callable[[str], None]


def refreshed_ledger(contract: Contract, previous: Ledger | None, on_progress: Progress) -> Ledger:
    """The ledger as of now: the releases of the ``previous`` ledger, and those that are new on the index.

    Only new wheels are downloaded. A release that cannot be read is left out, and ``on_progress`` is told so. Raises
    MetaError where the index cannot be read at all, and where a file of a known name has another hash than in the
    ``previous`` ledger.
    """
    as_of = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    with IndexClient() as client, ThreadPoolExecutor(8) as pool:
        reader = _IndexReader(client, pool, on_progress)
        releases = {
            name: reader.releases(package.distribution, previous.releases[name] if previous else ())
            for name, package in contract.packages.items()
        }
        deployed = _deployed(reader, contract, releases)
    return Ledger(as_of, releases, deployed)


@dataclass(frozen=True)
class _IndexReader:
    """Reads the releases of a distribution, several at a time, and tells what it leaves out."""

    client: IndexClient
    pool: ThreadPoolExecutor
    on_progress: Progress

    def releases(self, distribution: str, known: Iterable[Release]) -> tuple[Release, ...]:
        """The releases on the index and the ``known`` ones, oldest first. Raises MetaError where there are none."""
        files = self.client.files(distribution)
        if files is None:
            what = f"the package index does not have {distribution}"
            raise undecided(ErrorCode.WRONG_INDEX, what, hint="check the index your uv or pip is set up to use")
        installable = installable_wheels(distribution, files)
        known_by_filename = {release.filename: release for release in known}
        new = [file for file in installable.wheels.values() if file.filename not in known_by_filename]
        self.on_progress(f"{distribution}: {len(installable.wheels)} releases, {len(new)} new")
        for sentence in installable.left_out:
            self.on_progress(f"left out: {sentence}")
        added = dict(zip((file.filename for file in new), self.pool.map(self._read, new), strict=True))
        # Another version of Python may put the same code otherwise: a content keeps the code id that it has.
        codes = {release.content: release.code for release in known_by_filename.values()}
        rows: dict[Version, Release] = {}
        for version, file in installable.wheels.items():
            if release := known_by_filename.get(file.filename):
                rows[version] = _updated_release(release, file)
            elif release := added[file.filename]:
                rows[version] = replace(release, code=codes.get(release.content) or release.code)
        for release in known_by_filename.values():
            # A version with another file than it had is there already.
            rows.setdefault(Version(release.version), replace(release, withdrawn=True))
        if not rows:
            what = f"the package index has no release of {distribution} that can be read"
            raise undecided(ErrorCode.WRONG_INDEX, what, hint="check the index your uv or pip is set up to use")
        return tuple(rows[version] for version in sorted(rows))

    def newest(self, distribution: str) -> tuple[str, Release | None]:
        """The version of the newest release of a distribution, and what can be read of it; empty where it has none."""
        wheels = installable_wheels(distribution, self.client.files(distribution) or ()).wheels
        versions = stable_or_all(str(version) for version, file in wheels.items() if not file.package.is_yanked)
        newest = max(map(Version, versions), default=None)
        return (str(newest), self._read(wheels[newest])) if newest else ("", None)

    def _read(self, file: IndexFile) -> Release | None:
        """What the ledger records of a release, or None, which is told, where its wheel cannot be read."""
        try:
            return _downloaded_release(file)
        except MetaError as error:
            if error.exit is not Exit.BAD_INPUT and error.code is not ErrorCode.GONE:
                raise
            self.on_progress(f"left out: {error.what}" + (f" ({error.why})" if error.why else ""))
            return None


def _updated_release(known: Release, file: IndexFile) -> Release:
    """The known release, yanked if it now is. Raises MetaError where its hash has changed."""
    if file.sha256 != known.sha256:
        why = f"the ledger has sha256 {known.sha256}, the index now serves {file.sha256}"
        hint = "a published file must never change: find out what happened before trusting this release"
        raise MetaError(ErrorCode.CHANGED_FILE, f"{known.filename} is not the file that it was", why, hint)
    return replace(known, yanked=file.package.is_yanked, withdrawn=False)


def _downloaded_release(file: IndexFile) -> Release:
    """Download a wheel, check its hash, and read from it what the ledger records of a release."""
    sha256 = file.sha256
    with tempfile.TemporaryDirectory(prefix="mdmeta-") as folder:
        wheel = Path(folder) / "release.whl"
        file.download(wheel)
        metadata = read_metadata(wheel, file.filename)
        try:
            content, code = content_of_wheel(wheel), code_of_wheel(wheel)
        except DAMAGED as error:
            raise MetaError(ErrorCode.BAD_WHEEL, f"{file.filename} is not a whole wheel", str(error)) from None
        size = wheel.stat().st_size
    return Release(
        version=metadata.version,
        uploaded=_in_utc(file.package.upload_time),
        filename=file.filename,
        sha256=sha256,
        size=size,
        content=content,
        requires_python=metadata.requires_python,
        requires=metadata.requires,
        yanked=file.package.is_yanked,
        code=code,
    )


def _in_utc(time: datetime | None) -> str:
    """A time as the ledger has it; empty where the index says none. The simple API gives its times in UTC."""
    if time is None:
        return ""
    return (time if time.tzinfo else time.replace(tzinfo=UTC)).astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _deployed(reader: _IndexReader, contract: Contract, releases: Mapping[str, Iterable[Release]]) -> DeployedSet:
    """The versions that the newest release of the deploying distribution pins in its metadata.

    Of a package that it does not pin to a published version it is unknown which release is deployed; that is told.
    """
    distribution = contract.deploying_distribution
    version, release = reader.newest(distribution)
    if release is None:
        reader.on_progress(f"what is deployed is unknown: there is no release of {distribution} that can be read")
        return DeployedSet(distribution, version or "unknown", {})
    requirements = Requirements(contract.packages)
    pins = {}
    for name, package in contract.packages.items():
        specifier = requirements.specifier_for(release, name)
        pinned = _pinned_version(specifier)
        published = next((r.version for r in releases[name] if Version(r.version) == pinned), None)
        if published:
            pins[name] = published
            continue
        asks = f"no {package.distribution}" if specifier is None else f"{package.distribution}{specifier}"
        why = ", which was never published" if pinned else ""
        reader.on_progress(
            f"which {name} is deployed is unknown: {distribution} {release.version} asks for {asks}{why}"
        )
    return DeployedSet(distribution, release.version, pins)


def _pinned_version(specifier: SpecifierSet | None) -> Version | None:
    """The one version that a specifier pins, or None."""
    exact = [part.version for part in specifier or () if part.operator in ("==", "===")]
    try:
        versions = {Version(text) for text in exact}
    except InvalidVersion:
        # ==1.4.* pins no version, and === may name what is none.
        return None
    pinned = versions.pop() if len(versions) == 1 else None
    return pinned if pinned and specifier and specifier.contains(pinned, prereleases=True) else None
