"""Variants: a copy of a release's unpacked wheel with a change in it, and the content id that the copy has."""

from __future__ import annotations

import base64
import hashlib
import os
import re
import shutil
from dataclasses import dataclass, replace
from pathlib import Path
from zipfile import ZIP_DEFLATED, ZipFile

from market_data_meta.errors import ErrorCode, MetaError
from market_data_meta.inside.mdm_content import content_id, counted_path, digest_of_file
from market_data_meta.prove.changes import Change


@dataclass(frozen=True)
class Variant:
    """A changed release: the change, the folder that it is imported from, and its content id."""

    change: Change
    site: Path
    content: str


def file_digests(site: Path) -> dict[str, str]:
    """The sha256 of each file of an unpacked wheel that belongs to its content."""
    return {
        name: digest_of_file(name, file)
        for file in site.rglob("*")
        if file.is_file() and (name := counted_path(file.relative_to(site).as_posix()))
    }


def texts_of(change: Change, site: Path) -> dict[str, str]:
    """The files that a change makes or changes, by their path in ``site``.

    Raises MetaError, which names the file to mend, where it does not fit.
    """
    try:
        return _texts_of(change, site)
    except MetaError as error:
        raise replace(error, hint=f"mend it in {change.place}") from None


def _texts_of(change: Change, site: Path) -> dict[str, str]:
    texts: dict[str, str] = {}
    for edit in change.edits:
        names = sorted(file.relative_to(site).as_posix() for file in site.glob(edit.file)) or [edit.file]
        if len(names) != 1:
            raise MetaError(ErrorCode.BAD_CHANGE, f"a change names {edit.file}", f"{len(names)} files have that name")
        (name,) = names
        if name not in texts and (site / name).is_file():
            texts[name] = (site / name).read_bytes().decode("utf-8")
        texts[name] = edit.applied(texts.get(name))
    return texts


def make_variant(change: Change, site: Path, digests: dict[str, str], folder: Path) -> Variant:
    """Make the variant in ``folder``, with hard links to all unchanged files.

    ``digests`` are the ``file_digests`` of ``site``, so that only changed files are read. Raises MetaError where the
    change does not fit the release.
    """
    texts = texts_of(change, site)
    shutil.copytree(site, folder, symlinks=True, copy_function=os.link)
    for name, text in texts.items():
        file = folder / name
        file.unlink(missing_ok=True)
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(text.encode("utf-8"))
    _update_record(folder, texts)
    digests = digests | {name: hashlib.sha256(text.encode()).hexdigest() for name, text in texts.items()}
    content = content_id((name, digest) for name, digest in digests.items() if counted_path(name))
    return Variant(change, folder, content)


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
    _update_record(folder, {f"{info.name}/METADATA": text})
    return folder


def pack_wheel(site: Path, folder: Path) -> Path:
    """Pack the unpacked wheel into a wheel file in ``folder``."""
    (info,) = site.glob("*.dist-info")
    wheel = folder / f"{info.name.removesuffix('.dist-info')}-py3-none-any.whl"
    with ZipFile(wheel, "w", ZIP_DEFLATED) as archive:
        for file in sorted(site.rglob("*")):
            if file.is_file() and "__pycache__" not in file.parts:
                archive.write(file, file.relative_to(site).as_posix())
    return wheel


def _update_record(folder: Path, texts: dict[str, str]) -> None:
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
