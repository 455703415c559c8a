"""A wheel under another version number: its dist-info is changed, and nothing that runs."""

from __future__ import annotations

import base64
import hashlib
import os
import re
import shutil
from pathlib import Path
from zipfile import ZIP_DEFLATED, ZipFile


def renumber(site: Path, version: str, folder: Path) -> Path:
    """Copy the release to ``folder`` under another version number: only its dist-info is changed."""
    shutil.copytree(site, folder, symlinks=True, copy_function=os.link)
    (original,) = folder.glob("*.dist-info")
    info = folder / f"{original.name.split('-')[0]}-{version}.dist-info"
    original.rename(info)
    record, metadata = info / "RECORD", info / "METADATA"
    _replace_text(record, record.read_text(encoding="utf-8").replace(f"{original.name}/", f"{info.name}/"))
    text = re.sub(r"(?m)^Version: .*$", f"Version: {version}", metadata.read_text(encoding="utf-8"), count=1)
    _replace_text(metadata, text)
    update_record(folder, {f"{info.name}/METADATA": text})
    return folder


def pack_wheel(site: Path, folder: Path, tags: str = "py3-none-any") -> Path:
    """Pack the unpacked wheel into a wheel file in ``folder``, for the interpreters and machines of the ``tags``."""
    (info,) = site.glob("*.dist-info")
    wheel = folder / f"{info.name.removesuffix('.dist-info')}-{tags}.whl"
    with ZipFile(wheel, "w", ZIP_DEFLATED) as archive:
        for file in sorted(site.rglob("*")):
            if file.is_file() and "__pycache__" not in file.parts:
                archive.write(file, file.relative_to(site).as_posix())
    return wheel


def update_record(folder: Path, texts: dict[str, str]) -> None:
    """Name the changed and new files in the wheel's RECORD, the list of files of an installed distribution."""
    (record,) = folder.glob("*.dist-info/RECORD")
    _replace_text(record, wheel_record_text(record.read_text(encoding="utf-8"), texts))


def _replace_text(file: Path, text: str) -> None:
    """Write the text to a new file in its place: the file there is a hard link, and other copies keep its text."""
    file.unlink()
    file.write_text(text, encoding="utf-8")


def wheel_record_text(record: str, texts: dict[str, str]) -> str:
    """The text of a wheel's RECORD with the changed and new files in it, as a build would have written it."""
    rows = [row for row in record.splitlines() if row.rsplit(",", 2)[0] not in texts]
    for name, text in texts.items():
        digest = base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).rstrip(b"=").decode()
        rows.append(f"{name},sha256={digest},{len(text.encode())}")
    return "\n".join(rows) + "\n"
