"""The METADATA of a wheel, read in one way for releases and candidates."""

from __future__ import annotations

import re
import zlib
from dataclasses import dataclass
from pathlib import Path
from zipfile import BadZipFile, ZipFile

from packaging.metadata import InvalidMetadata, Metadata, parse_email
from packaging.utils import InvalidWheelFilename, canonicalize_name, parse_wheel_filename

from market_data_meta.errors import ErrorCode, MetaError
from market_data_meta.releases.requirements import requirement_fault
from market_data_meta.releases.wheel_layout import check_layout

MAX_METADATA = 1 << 20
"""Bytes that METADATA, or any other file beside it, may have: the packages' own have less than 40 KiB."""
MAX_VERSION = 64
"""Characters of a version; a date, a commit and a build number fit in it."""

DAMAGED = (BadZipFile, EOFError, LookupError, NotImplementedError, OSError, RuntimeError, ValueError, zlib.error)
"""What reading an archive raises where its bytes are damaged, or packed in a way that cannot be read."""

_FIELDS = {"name", "version", "requires-dist", "requires-python"}


@dataclass(frozen=True)
class WheelMetadata:
    """What a wheel says of itself: its distribution (normalised), version (normalised), requirements and Pythons.

    All of them are valid, and the wheel's file name has the same name and version.
    """

    distribution: str
    version: str
    requires: tuple[str, ...]
    requires_python: str


def read_metadata(wheel: Path, filename: str | None = None) -> WheelMetadata:
    """Read the METADATA of a wheel. Raises MetaError that names the wheel where that is missing or invalid.

    So does a wheel that is not laid out as one.

    ``filename`` is the name of the wheel where ``wheel`` is a file of another name.
    """
    filename = filename or wheel.name
    short = short_name(filename)
    try:
        expected_name, expected_version, _, _ = parse_wheel_filename(filename)
        raw, unparsed = parse_email(_unfolded(_metadata(wheel, short)))
        metadata = Metadata.from_raw(raw, validate=False)
        if unreadable := _FIELDS & unparsed.keys():
            raise MetaError(
                ErrorCode.BAD_WHEEL, f"{short} has a METADATA that cannot be read", ", ".join(sorted(unreadable))
            )
        # packaging validates a field when it is read. Other fields of METADATA are not checked.
        version_text = raw.get("version", "")
        if len(version_text) > MAX_VERSION:
            why = f"its METADATA has a version of {len(version_text)} characters: {version_text[:60]}"
            raise MetaError(ErrorCode.BAD_WHEEL, f"{short} is not what its name says", why)
        name, version = canonicalize_name(metadata.name), metadata.version
        _ = metadata.requires_dist, metadata.requires_python
    except (InvalidMetadata, InvalidWheelFilename, *DAMAGED) as error:
        raise MetaError(ErrorCode.BAD_WHEEL, f"{short} is not a whole wheel", str(error)[:300]) from None
    if (name, version) != (expected_name, expected_version):
        why = f"its METADATA says {name[:60]} {version_text[:60]}"
        raise MetaError(ErrorCode.BAD_WHEEL, f"{short} is not what its name says", why)
    try:
        with ZipFile(wheel) as archive:
            check_layout(archive, short, name, version_text)
    except DAMAGED as error:
        raise MetaError(ErrorCode.BAD_WHEEL, f"{short} is not a whole wheel", str(error)[:300]) from None
    requires = tuple(raw.get("requires_dist", ()))
    if fault := next(filter(None, map(requirement_fault, requires)), ""):
        raise MetaError(ErrorCode.BAD_WHEEL, f"{short} has a requirement that cannot be read", fault)
    # One version may be written in several ways: 1.0-1 is 1.0.post1.
    return WheelMetadata(name, str(version), requires, raw.get("requires_python", ""))


def _unfolded(metadata: bytes) -> bytes:
    """METADATA with each field on one line: a line that begins with a space continues the one before it."""
    head, end, body = re.sub(rb"\r\n?", b"\n", metadata).partition(b"\n\n")
    return re.sub(rb"\n[ \t]+", b" ", head) + end + body


def _metadata(wheel: Path, short: str) -> bytes:
    """The bytes of a wheel's METADATA. Raises MetaError where it has none or two, or a file beside it is too large."""
    with ZipFile(wheel) as archive:
        for info in archive.infolist():
            if ".dist-info/" in info.filename and info.file_size > MAX_METADATA:
                file = info.filename[-200:].rpartition("/")[2]
                raise MetaError(ErrorCode.BAD_WHEEL, f"{short} has more than {MAX_METADATA >> 10} KiB of {file}")
        infos = [i for i in archive.infolist() if re.fullmatch(r"[^/]+\.dist-info/METADATA", i.filename)]
        if len(infos) != 1:
            raise MetaError(
                ErrorCode.BAD_WHEEL, f"{short} is not a whole wheel", f"it has {len(infos)} files METADATA, not one"
            )
        return archive.read(infos[0])


def short_name(filename: str) -> str:
    """The name of a file, shortened if it is longer than a line."""
    return filename if len(filename) <= 120 else filename[:119] + "…"
