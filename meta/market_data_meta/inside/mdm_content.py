"""Content ids: what a release installs, as one digest.

Two releases with the same content id run the same code. The id covers every installed file but the ``dist-info``
folder (which differs for each version) and counts ``entry_points.txt``, because console scripts are behaviour. A file
counts under the name that it is installed as, wherever the wheel holds it: ``thing-1.0.data/purelib/thing/a.py`` is
``thing/a.py``, and what is installed beside the packages is below ``<prefix>``.
"""

from __future__ import annotations

import hashlib
import itertools
import re
import zipfile
from collections.abc import Callable, Collection, Iterable
from importlib.metadata import Distribution
from pathlib import Path, PurePosixPath
from typing import IO

SCHEMES = ("purelib", "platlib", "scripts", "data", "headers")
"""The folders of a wheel's ``.data`` that the packaging standards know."""
PREFIX = "<prefix>"
"""The folder of an environment, in the name of a file that counts."""
_PLACES = {"scripts": ("bin",), "headers": ("include",)}
# As wheels have it, as installers write it, and as they write it where the path is too long for one line.
_PYTHON_LINE = re.compile(rb"\A#!(?:/bin/sh\n'''exec' [^\n]*\n' '''|[^\n]*python[^\n]*)\n")


def content_id(digests: Iterable[tuple[str, str]]) -> str:
    """Digest of ``(path, sha256 of the file)`` pairs, whatever their order; 64 hexadecimal digits."""
    digest = hashlib.sha256()
    for path, file_digest in sorted(digests):
        digest.update(f"{path}\0{file_digest}\n".encode())
    return digest.hexdigest()


def installed_path(path: str) -> str:
    """Where the run puts a file of a wheel, relative to the folder of installed packages.

    What an installer spreads into that folder is put there. What it puts elsewhere (scripts, data, headers) stays where
    the wheel has it: nothing may be written outside of that folder.
    """
    parts = PurePosixPath(path).parts
    if len(parts) > 2 and parts[0].endswith(".data") and parts[1] in ("purelib", "platlib"):
        return "/".join(parts[2:])
    return path


def counted_path(path: str, generated: Collection[str] = ()) -> str | None:
    """The name under which a file counts, or None for one that does not (dist-info, byte code, console scripts).

    ``path`` is the file's in a wheel, or relative to where it is installed; both give the same name. ``generated`` are
    the scripts that an installer made.
    """
    parts = PurePosixPath(installed_path(path)).parts
    if parts[0].endswith(".dist-info"):
        return "entry_points.txt" if parts[1:] == ("entry_points.txt",) else None
    if "__pycache__" in parts:
        return None
    if parts[0].endswith(".data") and len(parts) > 2:
        return "/".join([PREFIX, *_PLACES.get(parts[1], ()), *parts[2:]])
    if parts[0] != "..":
        return "/".join(parts)
    below = list(itertools.dropwhile("..".__eq__, parts))
    if below[:1] == ["bin"] and "/".join(below[1:]) in generated:
        return None
    # An installer puts headers into include/site/python3.11/<distribution>.
    return "/".join([PREFIX, *(["include", *below[4:]] if below[:2] == ["include", "site"] else below)])


def digest_of_member(archive: zipfile.ZipFile, info: zipfile.ZipInfo, name: str) -> str:
    """The sha256 of a wheel's file that counts under ``name``."""
    with archive.open(info) as member:
        return _digest_of(name, member)


def content_of_wheel(
    wheel: Path, digest: Callable[[zipfile.ZipFile, zipfile.ZipInfo, str], str] = digest_of_member
) -> str:
    """Content id of a wheel file, or with another ``digest`` of its files the id that this makes of them.

    Raises ``zipfile.BadZipFile`` for a damaged one.
    """
    with zipfile.ZipFile(wheel) as archive:
        return content_id(
            (name, digest(archive, info, name))
            for info in archive.infolist()
            if not info.is_dir() and (name := counted_path(info.filename)) is not None
        )


def digest_of_file(name: str, file: Path) -> str:
    """The sha256 of a file that counts under ``name``, as the wheel has it."""
    with file.open("rb") as stream:
        return _digest_of(name, stream)


def _digest_of(name: str, stream: IO[bytes]) -> str:
    digest = hashlib.sha256()
    if name.startswith(f"{PREFIX}/bin/"):
        # An installer puts its own interpreter into the first line.
        digest.update(_PYTHON_LINE.sub(b"#!python\n", stream.read(1 << 12)))
    # Piece by piece: whoever made it decides how much it holds.
    while piece := stream.read(1 << 16):
        digest.update(piece)
    return digest.hexdigest()


def content_of_installed(distribution: Distribution) -> str:
    """Content id of an installed distribution, from the bytes on disk and not from its RECORD.

    A file that RECORD names and that is gone counts as ``missing``, so the id then matches no release.
    """
    scripts = {e.name for e in distribution.entry_points if e.group in ("console_scripts", "gui_scripts")}
    digests = []
    for file in distribution.files or ():
        name = counted_path(file.as_posix(), scripts)
        if name is None:
            continue
        path = Path(str(distribution.locate_file(file)))
        digests.append((name, digest_of_file(name, path) if path.is_file() else "missing"))
    return content_id(digests)
