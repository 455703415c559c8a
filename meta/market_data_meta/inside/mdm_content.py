"""Content ids: what a release installs, as one digest.

Two releases with the same content id run the same code. The id covers every installed file but the ``dist-info``
folder (which differs for each version) and counts ``entry_points.txt``, because console scripts are behaviour.
"""

from __future__ import annotations

import hashlib
import zipfile
from collections.abc import Iterable
from importlib.metadata import Distribution
from pathlib import Path, PurePosixPath


def content_id(digests: Iterable[tuple[str, str]]) -> str:
    """Digest of ``(path, sha256 of the file)`` pairs, whatever their order; 64 hexadecimal digits."""
    digest = hashlib.sha256()
    for path, file_digest in sorted(digests):
        digest.update(f"{path}\0{file_digest}\n".encode())
    return digest.hexdigest()


def counted_path(path: str) -> str | None:
    """The name under which a file counts, or None for one that does not (dist-info, byte code, console scripts)."""
    parts = PurePosixPath(path).parts
    if parts[0].endswith(".dist-info"):
        return "entry_points.txt" if parts[1:] == ("entry_points.txt",) else None
    if parts[0] == ".." or "__pycache__" in parts:
        return None
    return path


def content_of_wheel(wheel: Path) -> str:
    """Content id of a wheel file. Raises ``zipfile.BadZipFile`` for a damaged one."""
    with zipfile.ZipFile(wheel) as archive:
        return content_id(
            (name, _digest(archive, info))
            for info in archive.infolist()
            if not info.is_dir() and (name := counted_path(info.filename)) is not None
        )


def _digest(archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> str:
    digest = hashlib.sha256()
    with archive.open(info) as member:
        # Piece by piece: whoever made it decides how much it holds.
        while piece := member.read(1 << 16):
            digest.update(piece)
    return digest.hexdigest()


def content_of_installed(distribution: Distribution) -> str:
    """Content id of an installed distribution, from the bytes on disk and not from its RECORD.

    A file that RECORD names and that is gone counts as ``missing``, so the id then matches no release.
    """
    digests = []
    for file in distribution.files or ():
        name = counted_path(file.as_posix())
        if name is None:
            continue
        path = Path(str(distribution.locate_file(file)))
        digests.append((name, hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else "missing"))
    return content_id(digests)
