"""Variants: a release's unpacked wheel with a change in it, and the content id that it then has."""

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
from market_data_meta.inside.mdm_content import content_id, counted_path
from market_data_meta.prove.changes import Change


@dataclass(frozen=True)
class Variant:
    """A changed release: the change, the folder that it is imported from, and its content id."""

    change: Change
    site: Path
    content: str


def counted(site: Path) -> dict[str, str]:
    """The counted files of an unpacked wheel with their sha256."""
    return {
        name: hashlib.sha256(file.read_bytes()).hexdigest()
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


def made(change: Change, site: Path, contents: dict[str, str], folder: Path) -> Variant:
    """The variant in ``folder``: hard links to what stays as it is. Raises MetaError where the change does not fit.

    ``contents`` are those of ``site``, so that only what is changed has to be read.
    """
    texts = texts_of(change, site)
    shutil.copytree(site, folder, symlinks=True, copy_function=os.link)
    for name, text in texts.items():
        file = folder / name
        file.unlink(missing_ok=True)
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(text.encode("utf-8"))
    _record(folder, texts)
    digests = contents | {name: hashlib.sha256(text.encode()).hexdigest() for name, text in texts.items()}
    return Variant(change, folder, content_id((n, d) for n, d in digests.items() if counted_path(n)))


def renumbered(site: Path, version: str, folder: Path) -> Path:
    """The same code under another version number, in ``folder``: nothing but its dist-info is changed."""
    shutil.copytree(site, folder, symlinks=True, copy_function=os.link)
    (old,) = folder.glob("*.dist-info")
    new = folder / f"{old.name.split('-')[0]}-{version}.dist-info"
    old.rename(new)
    record = new / "RECORD"
    rows = record.read_text(encoding="utf-8").replace(f"{old.name}/", f"{new.name}/")
    record.unlink()
    record.write_text(rows, encoding="utf-8")
    text = re.sub(r"(?m)^Version: .*$", f"Version: {version}", (new / "METADATA").read_text(encoding="utf-8"), count=1)
    (new / "METADATA").unlink()
    (new / "METADATA").write_text(text, encoding="utf-8")
    _record(folder, {f"{new.name}/METADATA": text})
    return folder


def packed(site: Path, folder: Path) -> Path:
    """The unpacked wheel as a wheel file again, in ``folder``."""
    (info,) = site.glob("*.dist-info")
    wheel = folder / f"{info.name.removesuffix('.dist-info')}-py3-none-any.whl"
    with ZipFile(wheel, "w", ZIP_DEFLATED) as archive:
        for file in sorted(site.rglob("*")):
            if file.is_file() and "__pycache__" not in file.parts:
                archive.write(file, file.relative_to(site).as_posix())
    return wheel


def _record(folder: Path, texts: dict[str, str]) -> None:
    """Name the changed and new files in the wheel's RECORD, from which an installed distribution tells its files."""
    (record,) = folder.glob("*.dist-info/RECORD")
    text = recorded(record.read_text(encoding="utf-8"), texts)
    record.unlink()
    record.write_text(text, encoding="utf-8")


def recorded(record: str, texts: dict[str, str]) -> str:
    """The text of a RECORD with the changed and new files in it, as a build would have written it."""
    rows = [row for row in record.splitlines() if row.rsplit(",", 2)[0] not in texts]
    for name, text in texts.items():
        digest = base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).rstrip(b"=").decode()
        rows.append(f"{name},sha256={digest},{len(text.encode())}")
    return "\n".join(rows) + "\n"
