"""Reads the package index into the ledger."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from zipfile import BadZipFile

from packaging.version import Version
from pypi_simple import PYPI_SIMPLE_ENDPOINT, DistributionPackage, NoSuchProjectError, PyPISimple
from requests import RequestException

from market_data_meta.contract import Contract
from market_data_meta.errors import ErrorCode, MetaError, undecided
from market_data_meta.inside.mdm_content import content_of_wheel
from market_data_meta.releases.ledger import DeployedSet, Ledger, Release
from market_data_meta.releases.requirements import Requirements
from market_data_meta.releases.wheel_metadata import read_metadata

TIMEOUT = (10.0, 60.0)
"""Seconds to connect and to wait for bytes."""

Progress = Callable[[str], None]


def index_url() -> str:
    """The index that the user's uv or pip is configured to use, else the public index."""
    for variable in ("UV_DEFAULT_INDEX", "UV_INDEX_URL", "PIP_INDEX_URL"):
        if os.environ.get(variable):
            return os.environ[variable]
    pip_config = subprocess.run(
        [sys.executable, "-m", "pip", "config", "get", "global.index-url"], capture_output=True, text=True, check=False
    )
    return pip_config.stdout.strip() or PYPI_SIMPLE_ENDPOINT


def refreshed_ledger(contract: Contract, previous: Ledger | None, on_progress: Progress) -> Ledger:
    """The ledger as of now: the releases of the ``previous`` ledger, and those that are new on the index.

    Only new wheels are downloaded. Raises MetaError where the index cannot be reached, and where a file of a known
    name has another hash than in the ``previous`` ledger.
    """
    as_of = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    try:
        with PyPISimple(index_url()) as client, ThreadPoolExecutor(8) as pool:
            releases = {}
            for name, package in contract.packages.items():
                known = {release.filename: release for release in (previous.releases[name] if previous else ())}
                wheels = _wheels(client, package.distribution)
                new = [wheel for wheel in wheels if wheel.filename not in known]
                on_progress(f"{package.distribution}: {len(wheels)} releases, {len(new)} new")
                downloads = pool.map(lambda wheel: _downloaded_release(client, wheel), new)
                added = dict(zip((wheel.filename for wheel in new), downloads, strict=True))
                rows = [
                    _updated_release(known[w.filename], w) if w.filename in known else added[w.filename] for w in wheels
                ]
                removed_from_index = known.keys() - {wheel.filename for wheel in wheels}
                rows += [known[filename] for filename in sorted(removed_from_index)]
                releases[name] = tuple(sorted(rows, key=lambda release: Version(release.version)))
            deployed = _deployed(client, contract)
    except (RequestException, NoSuchProjectError) as error:
        hint = "check the network and the index your uv or pip is set up to use; the committed ledger still works"
        raise undecided(ErrorCode.NO_INDEX, "the package index could not be read", str(error)[:300], hint) from None
    return Ledger(as_of, releases, deployed)


def _wheels(client: PyPISimple, distribution: str) -> list[DistributionPackage]:
    page = client.get_project_page(distribution, timeout=TIMEOUT)
    return [package for package in page.packages if package.package_type == "wheel" and package.version]


def _updated_release(known: Release, wheel: DistributionPackage) -> Release:
    """The known release, yanked if it now is. Raises MetaError where its hash has changed."""
    sha256 = wheel.digests.get("sha256")
    if sha256 != known.sha256:
        why = f"the ledger has sha256 {known.sha256}, the index now serves {sha256}"
        hint = "a published file must never change: find out what happened before trusting this release"
        raise MetaError(ErrorCode.CHANGED_FILE, f"{known.filename} is not the file that it was", why, hint)
    return Release(**{**vars(known), "yanked": bool(wheel.is_yanked)})


def _downloaded_release(client: PyPISimple, wheel: DistributionPackage) -> Release:
    """Download a wheel, check its hash, and read from it what the ledger records of a release."""
    with tempfile.TemporaryDirectory(prefix="mdmeta-") as folder:
        file = Path(folder) / "release.whl"
        client.download_package(wheel, file, timeout=TIMEOUT)
        metadata = read_metadata(file, wheel.filename)
        try:
            content = content_of_wheel(file)
        except BadZipFile as error:
            raise MetaError(ErrorCode.BAD_WHEEL, f"{wheel.filename} is not a whole wheel", str(error)) from None
        size = file.stat().st_size
    return Release(
        version=metadata.version,
        uploaded=wheel.upload_time.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ") if wheel.upload_time else "",
        filename=wheel.filename,
        sha256=wheel.digests["sha256"],
        size=size,
        content=content,
        requires_python=metadata.requires_python,
        requires=metadata.requires,
        yanked=bool(wheel.is_yanked),
    )


def _deployed(client: PyPISimple, contract: Contract) -> DeployedSet:
    """The versions that the newest release of the deploying distribution pins in its metadata."""
    wheels = [
        wheel
        for wheel in _wheels(client, contract.deploying_distribution)
        if not Version(str(wheel.version)).is_prerelease and not wheel.is_yanked
    ]
    newest = max(wheels, key=lambda wheel: Version(str(wheel.version)))
    release = _downloaded_release(client, newest)
    requirements = Requirements(contract.packages)
    pins = {}
    for name, package in contract.packages.items():
        specifier = requirements.specifier_for(release, name)
        exact = [part.version for part in specifier or () if part.operator == "=="]
        if not exact:
            requirement = f"no {package.distribution}" if specifier is None else f"{package.distribution}{specifier}"
            why = f"{contract.deploying_distribution} {release.version} asks for {requirement}"
            raise MetaError(ErrorCode.NO_PIN, f"the deployed set does not pin {name} to one version", why)
        pins[name] = exact[0]
    return DeployedSet(contract.deploying_distribution, release.version, pins)
