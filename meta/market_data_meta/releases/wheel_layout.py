"""The layout of a wheel: what an installer refuses is refused here too, with the name of the wheel.

A wheel that a run takes and an installer does not would be judged by code that nobody can install.
"""

from __future__ import annotations

import base64
import csv
import hashlib
import re
from email.parser import BytesParser
from pathlib import PurePosixPath
from zipfile import ZipFile

from packaging.utils import canonicalize_name, canonicalize_version

from market_data_meta.errors import ErrorCode, MetaError
from market_data_meta.inside.mdm_content import SCHEMES, installed_path

_SIGNATURES = {"RECORD", "RECORD.jws", "RECORD.p7s"}
"""Files that RECORD need not name, as they are made from it."""


def check_layout(archive: ZipFile, wheel: str, name: str, version: str) -> None:
    """Raise MetaError for a wheel that is not laid out as the packaging standards say. ``wheel`` is what to call it.

    Refused are a ``dist-info`` or ``.data`` folder of another distribution, two of them, a scheme of ``.data`` that
    installers do not know, two files that would be installed as one, another major version of the format, and a RECORD
    that is missing, does not name the files that are there, or has other hashes.
    """
    files = [info.filename for info in archive.infolist() if not info.is_dir()]
    folders = {PurePosixPath(file).parts[0] for file in files if "/" in file}
    if why := _foreign_folder(folders, name, version) or _misplaced_file(files) or _other_format(archive, files):
        raise MetaError(ErrorCode.BAD_WHEEL, f"{wheel} is not laid out as a wheel", why)
    if why := _other_than_recorded(archive, files):
        raise MetaError(ErrorCode.BAD_WHEEL, f"{wheel} does not hold what its RECORD names", why)


def _foreign_folder(folders: set[str], name: str, version: str) -> str:
    infos = sorted(folder for folder in folders if folder.endswith(".dist-info"))
    if len(infos) != 1:
        return f"it has {len(infos)} folders dist-info, not one: {', '.join(infos)[:200]}"
    stem = infos[0].removesuffix(".dist-info")
    named, _, numbered = stem.partition("-")
    if (canonicalize_name(named), canonicalize_version(numbered)) != (name, canonicalize_version(version)):
        return f"its {infos[0][:200]} is that of another distribution"
    foreign = sorted(folder for folder in folders if folder.endswith(".data") and folder != f"{stem}.data")
    return f"its {foreign[0][:200]} is that of another distribution" if foreign else ""


def _misplaced_file(files: list[str]) -> str:
    installed: dict[str, str] = {}
    for file in files:
        parts = PurePosixPath(file).parts
        if parts[0].endswith(".data") and (len(parts) < 3 or parts[1] not in SCHEMES):
            return f"{file[:200]!r} is in none of {', '.join(SCHEMES)}"
        place = installed_path(file)
        if place in installed:
            return f"{installed[place][:200]!r} and {file[:200]!r} would be installed as one file"
        installed[place] = file
    return ""


def _other_format(archive: ZipFile, files: list[str]) -> str:
    info = next((file for file in files if re.fullmatch(r"[^/]+\.dist-info/WHEEL", file)), None)
    if info is None:
        return "it has no file WHEEL"
    version = str(BytesParser().parsebytes(archive.read(info)).get("Wheel-Version", ""))
    if version.strip().partition(".")[0] != "1":
        return f"it has version {version[:60] or 'nothing'} of the format, installers know version 1"
    return ""


def _other_than_recorded(archive: ZipFile, files: list[str]) -> str:
    record = next((file for file in files if re.fullmatch(r"[^/]+\.dist-info/RECORD", file)), None)
    if record is None:
        return "it has no RECORD"
    try:
        rows = [row for row in csv.reader(archive.read(record).decode("utf-8").splitlines()) if row]
    except (UnicodeDecodeError, csv.Error) as error:
        return f"its RECORD cannot be read: {str(error)[:200]}"
    recorded = {row[0]: row[1] if len(row) > 1 else "" for row in rows}
    folder = record.removesuffix("RECORD")
    held = set(files) - {f"{folder}{name}" for name in _SIGNATURES}
    if missing := sorted(held - recorded.keys()):
        return f"RECORD does not name {missing[0][:200]!r}"
    if gone := sorted(recorded.keys() - set(files) - {f"{folder}{name}" for name in _SIGNATURES}):
        return f"there is no {gone[0][:200]!r}"
    for file in sorted(held):
        if recorded[file] and _recorded_hash(archive, file, recorded[file].partition("=")[0]) != recorded[file]:
            return f"{file[:200]!r} has another hash"
    return ""


def _recorded_hash(archive: ZipFile, file: str, algorithm: str) -> str:
    """The hash of a file as RECORD has it; nothing for an algorithm that is not known."""
    if algorithm not in hashlib.algorithms_guaranteed or algorithm.startswith("shake"):
        return ""
    with archive.open(file) as member:
        digest = hashlib.file_digest(member, algorithm).digest()  # type: ignore[arg-type] # it has what is needed
    return f"{algorithm}={base64.urlsafe_b64encode(digest).rstrip(b'=').decode()}"
