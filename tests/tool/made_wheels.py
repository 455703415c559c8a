"""Wheels that the tests make from a few lines, and changed ones from a release's own wheel."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping
from pathlib import Path
from zipfile import ZIP_DEFLATED, ZipFile

from market_data_meta.releases.index_client import IndexClient
from market_data_meta.releases.ledger import Ledger

TAG = "py3-none-any"


def made_wheel(
    folder: Path, distribution: str, version: str, files: Mapping[str, str | bytes], metadata: str = ""
) -> Path:
    """A wheel with these files; ``metadata`` are more lines of its METADATA."""
    name = f"{distribution.replace('-', '_')}-{version}"
    info = f"{name}.dist-info"
    text = f"Metadata-Version: 2.1\nName: {distribution}\nVersion: {version}\n{metadata}\n"
    wheel = "Wheel-Version: 1.0\nGenerator: tests\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
    return packed(folder / f"{name}-{TAG}.whl", {**files, f"{info}/METADATA": text, f"{info}/WHEEL": wheel})


def packed(file: Path, files: Mapping[str, str | bytes]) -> Path:
    """The files as a wheel with its RECORD."""
    file.parent.mkdir(parents=True, exist_ok=True)
    info = next(name.split("/")[0] for name in files if ".dist-info/" in name)
    rows = []
    with ZipFile(file, "w", ZIP_DEFLATED) as archive:
        for name, text in files.items():
            data = text.encode() if isinstance(text, str) else text
            digest = base64.urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b"=").decode()
            rows.append(f"{name},sha256={digest},{len(data)}")
            archive.writestr(name, data)
        archive.writestr(f"{info}/RECORD", "\n".join([*rows, f"{info}/RECORD,,"]) + "\n")
    return file


def changed_wheel(
    ledger: Ledger, package: str, distribution: str, version: str, folder: Path, changes: Mapping[str, tuple[str, str]]
) -> Path:
    """The newest release of a package as it would be under another version with some texts changed, each found once."""
    release = ledger.newest(package)
    wheel = folder / release.filename
    if not wheel.exists():
        with IndexClient() as client:
            published = client.files(distribution) or ()
            next(file for file in published if file.filename == release.filename).download(wheel)
    stem = f"{distribution.replace('-', '_')}-"
    files: dict[str, bytes] = {}
    written = set()
    with ZipFile(wheel) as archive:
        for info in archive.infolist():
            if info.is_dir() or info.filename.endswith(".dist-info/RECORD"):
                continue
            data = archive.read(info)
            written.add(info.filename)
            if info.filename in changes:
                before, after = (text.encode() for text in changes[info.filename])
                assert data.count(before) == 1, info.filename
                data = data.replace(before, after)
            if info.filename.endswith(".dist-info/METADATA"):
                data = data.replace(f"\nVersion: {release.version}".encode(), f"\nVersion: {version}".encode(), 1)
            files[info.filename.replace(f"{stem}{release.version}.dist-info", f"{stem}{version}.dist-info")] = data
    assert changes.keys() <= written
    return packed(folder / "changed" / f"{stem}{version}-{TAG}.whl", files)
