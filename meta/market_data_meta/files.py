"""Atomic files, of which a reader sees the old content or the new, never a part; and locks between processes."""

from __future__ import annotations

import contextlib
import fcntl
import os
import threading
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TextIO

from market_data_meta.errors import ErrorCode, MetaError
from market_data_meta.strict_json import strict_json, without_surrogates


def read_toml(file: Path) -> object:
    """The content of a TOML file. Raises MetaError that names the file where it cannot be read or is not TOML."""
    try:
        return tomllib.loads(read_text(file))
    except ValueError as error:
        raise MetaError(ErrorCode.NOT_TOML, f"{file} is not TOML", str(error)) from None


def read_json(file: Path, hint: str = "") -> object:
    """The content of a JSON file. Raises MetaError that names the file, and says in ``hint`` how to get a good one."""
    try:
        return strict_json(read_text(file, hint))
    except ValueError as error:
        raise MetaError(ErrorCode.NOT_JSON, f"{file} is not JSON", str(error), hint) from None


def read_text(file: Path, hint: str = "") -> str:
    """The text of a file. Raises MetaError that names the file, and says in ``hint`` how to get a good one."""
    try:
        return file.read_text(encoding="utf-8")
    except OSError as error:
        raise MetaError(ErrorCode.UNREADABLE, f"cannot read {file}", str(error.strerror), hint) from None


def write_whole(file: Path, text: str) -> None:
    """Write ``file`` so that a reader sees the old text or the new one, never a part."""
    with whole_file(file) as partial_file:
        # What a package says may hold half of a surrogate pair, which is nothing that a file can hold.
        partial_file.write_text(without_surrogates(text), encoding="utf-8")


def write_all(texts: Mapping[Path, str]) -> None:
    """Write several files, each as a whole; where a text cannot be written, as on a full disk, none is replaced."""
    partial_files: dict[Path, Path] = {}
    try:
        for file, text in texts.items():
            file.parent.mkdir(parents=True, exist_ok=True)
            partial_files[file] = file.with_name(f".{file.name}.{os.getpid()}-{threading.get_native_id()}.part")
            partial_files[file].write_text(text, encoding="utf-8")
        for file, partial_file in partial_files.items():
            partial_file.replace(file)
    finally:
        for partial_file in partial_files.values():
            partial_file.unlink(missing_ok=True)


@contextlib.contextmanager
def whole_file(file: Path) -> Iterator[Path]:
    """A path to write to, copy to or download to, which becomes ``file`` when the block ends without an error.

    Another writer into the same folder waits until the block ends. Each process and thread has a path of its own, so
    that writers do not disturb each other even on a file system that does not lock folders, such as NFS.
    """
    file.parent.mkdir(parents=True, exist_ok=True)
    partial_file = file.with_name(f".{file.name}.{os.getpid()}-{threading.get_native_id()}.part")
    # The folder itself is locked: a lock file would remain beside each file that is ever written.
    folder = os.open(file.parent, os.O_RDONLY)
    try:
        with contextlib.suppress(OSError):
            fcntl.flock(folder, fcntl.LOCK_EX)
        yield partial_file
        partial_file.replace(file)
    finally:
        partial_file.unlink(missing_ok=True)
        os.close(folder)


@contextlib.contextmanager
def exclusive_lock(folder: Path) -> Iterator[None]:
    """Lock ``folder`` for this process: a second process that locks it waits until the block ends."""
    with _lock_file(folder) as lock_file:
        fcntl.flock(lock_file, fcntl.LOCK_EX)
        yield


@contextlib.contextmanager
def free_lock(folder: Path) -> Iterator[bool]:
    """Lock ``folder`` for this process, if no other one has locked it; whether it is."""
    with _lock_file(folder) as lock_file:
        try:
            fcntl.flock(lock_file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield False
        else:
            yield True


def _lock_file(folder: Path) -> TextIO:
    folder.parent.mkdir(parents=True, exist_ok=True)
    return folder.with_name(f".{folder.name}.lock").open("w")
