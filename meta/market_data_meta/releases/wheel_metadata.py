"""What a wheel says of itself: the one reader of METADATA, for releases and candidates alike."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from zipfile import BadZipFile, ZipFile

from packaging.metadata import InvalidMetadata, Metadata, parse_email
from packaging.utils import InvalidWheelFilename, canonicalize_name, parse_wheel_filename

from market_data_meta.errors import ErrorCode, MetaError

MAX_METADATA = 1 << 20
"""Bytes that METADATA, or any other file beside it, may have: the packages' own have less than 40 KiB."""
MAX_VERSION = 64
"""Characters of a version; a date, a commit and a build number fit in it."""

_FIELDS = {"name", "version", "requires-dist", "requires-python"}


@dataclass(frozen=True)
class WheelMetadata:
    """A wheel's distribution (its normalised name), version, requirements and the Pythons that it is for, as written.

    All of it is valid, and name and version are those of the wheel's file name.
    """

    distribution: str
    version: str
    requires: tuple[str, ...]
    requires_python: str


def read_metadata(wheel: Path, filename: str | None = None) -> WheelMetadata:
    """Read the METADATA of a wheel. Raises MetaError that names the wheel where it has none that is valid.

    ``filename`` is the wheel's name where the file that holds it has another one.
    """
    filename = filename or wheel.name
    short = short_name(filename)
    try:
        expected_name, expected_version, _, _ = parse_wheel_filename(filename)
        raw, unparsed = parse_email(_metadata(wheel, short))
        metadata = Metadata.from_raw(raw, validate=False)
        if unreadable := _FIELDS & unparsed.keys():
            raise MetaError(
                ErrorCode.BAD_WHEEL, f"{short} has a METADATA that cannot be read", ", ".join(sorted(unreadable))
            )
        # Each field is validated as it is read. What else METADATA says is not ours to judge.
        written = raw.get("version", "")
        if len(written) > MAX_VERSION:
            why = f"its METADATA has a version of {len(written)} characters: {written[:60]}"
            raise MetaError(ErrorCode.BAD_WHEEL, f"{short} is not what its name says", why)
        name, version = canonicalize_name(metadata.name), metadata.version
        _ = metadata.requires_dist, metadata.requires_python
    except (BadZipFile, InvalidMetadata, InvalidWheelFilename, OSError, EOFError, NotImplementedError) as error:
        raise MetaError(ErrorCode.BAD_WHEEL, f"{short} is not a whole wheel", str(error)[:300]) from None
    if (name, version) != (expected_name, expected_version):
        why = f"its METADATA says {name[:60]} {written[:60]}"
        raise MetaError(ErrorCode.BAD_WHEEL, f"{short} is not what its name says", why)
    return WheelMetadata(name, written, tuple(raw.get("requires_dist", ())), raw.get("requires_python", ""))


def _metadata(wheel: Path, short: str) -> bytes:
    """The bytes of a wheel's one METADATA."""
    with ZipFile(wheel) as archive:
        infos = [i for i in archive.infolist() if re.fullmatch(r"[^/]+\.dist-info/METADATA", i.filename)]
        if len(infos) != 1:
            raise MetaError(
                ErrorCode.BAD_WHEEL, f"{short} is not a whole wheel", f"it has {len(infos)} files METADATA, not one"
            )
        if infos[0].file_size > MAX_METADATA:
            raise MetaError(ErrorCode.BAD_WHEEL, f"{short} has more than {MAX_METADATA >> 10} KiB of METADATA")
        return archive.read(infos[0])


def short_name(filename: str) -> str:
    """The name of a file, cut where it is longer than a line."""
    return filename if len(filename) <= 120 else filename[:119] + "…"
