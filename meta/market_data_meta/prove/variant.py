"""Variants: a copy of a release's unpacked wheel with a change in it, and the content id that the copy has."""

from __future__ import annotations

import hashlib
import os
import shutil
from dataclasses import dataclass, replace
from pathlib import Path

from market_data_meta.candidates.renumbering import update_record
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
    update_record(folder, texts)
    digests = digests | {name: hashlib.sha256(text.encode()).hexdigest() for name, text in texts.items()}
    content = content_id((name, digest) for name, digest in digests.items() if counted_path(name))
    return Variant(change, folder, content)
