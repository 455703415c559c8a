"""Landlock: what a process and all that it starts may read and write, kept by the kernel and never given back.

The kernel offers versions of it (kernel.org, "Landlock: unprivileged access control"); what a version cannot do is
left out, and the answer says what is in force. Files that are open already stay usable as they were opened. Beyond its
reach: owners, modes and times of files, and sockets that have a path.
"""

from __future__ import annotations

import ctypes
import os
import stat
import struct
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

_DEVICES = ("/dev/null", "/dev/zero", "/dev/full", "/dev/tty")
_SYSTEM = ("/usr", "/lib", "/lib64", "/bin", "/sbin", "/etc", "/opt", "/proc", "/sys", "/dev", "/nix", "/run/systemd")

# The numbers are the same on every architecture.
_CREATE, _ADD, _RESTRICT = 444, 445, 446
_NO_NEW_PRIVILEGES = 38
_CAPABILITIES = 0x20080522
_ABSENT = 0

# linux/landlock.h: the rights by the version that brought them.
_EXECUTE, _WRITE_FILE, _READ_FILE, _READ_DIR = 1 << 0, 1 << 1, 1 << 2, 1 << 3
_REFER, _TRUNCATE, _IOCTL = 1 << 13, 1 << 14, 1 << 15
_FIRST = (1 << 13) - 1
_READ = _EXECUTE | _READ_FILE | _READ_DIR
_OF_FILES = _EXECUTE | _WRITE_FILE | _READ_FILE | _TRUNCATE | _IOCTL
_PORTS = 0b11
"""TCP ports: to listen on one, and to connect to one; of addresses Landlock knows nothing."""
_SCOPES = 0b11
"""Abstract sockets and signals: only to processes that are restricted by the same call, or within it."""


@dataclass(frozen=True)
class Restriction:
    """What restricts a process: the version of Landlock (0 for none), and whether its signals stay within."""

    landlock: int
    signals: bool


def version() -> int:
    """The version of Landlock that the kernel has; 0 for none."""
    if not sys.platform.startswith("linux"):
        return _ABSENT
    return max(_ABSENT, _call(_CREATE, None, 0, 1))


def readable(folders: Iterable[str]) -> list[str]:
    """What every run must read: the system's libraries, this interpreter, and ``folders``. No home of the user."""
    interpreter = {sys.prefix, sys.exec_prefix, sys.base_prefix, sys.base_exec_prefix, str(Path(os.__file__).parent)}
    return [*_SYSTEM, *sorted(interpreter | {os.path.realpath(path) for path in interpreter}), *folders]


def writable(folders: Iterable[str]) -> list[str]:
    """What a run may change: ``folders`` and the devices that keep nothing."""
    return [*folders, *_DEVICES]


def restrict(*, read: Iterable[str], write: Iterable[str], network: bool = True) -> Restriction:
    """Let this process read and execute only below ``read`` and change only what is below ``write``.

    Without ``network`` it neither opens nor takes TCP connections, where the kernel can keep it from that. A path that
    does not exist is passed over. Call it while there is one thread: others would stay free. Raises OSError
    where the kernel has Landlock and refuses all the same.
    """
    _renounce()
    landlock = version()
    if not landlock:
        return Restriction(0, signals=False)
    handled = _FIRST | (_REFER if landlock >= 2 else 0) | (_TRUNCATE if landlock >= 3 else 0)
    handled |= _IOCTL if landlock >= 5 else 0
    scopes = _SCOPES if landlock >= 6 else 0
    ports = _PORTS if landlock >= 4 and not network else 0
    # An older kernel takes the longer structure as long as what it does not know is zero.
    attributes = struct.pack("=QQQ", handled, ports, scopes)
    ruleset = _sure(_call(_CREATE, attributes, len(attributes), 0))
    try:
        for path in read:
            _allow(ruleset, path, _READ & handled)
        for path in write:
            _allow(ruleset, path, handled)
        _sure(_call(_RESTRICT, ruleset, 0))
    finally:
        os.close(ruleset)
    return Restriction(landlock, signals=bool(scopes))


def _renounce() -> None:
    """Give up what root may do beyond others, here and in all that is started: some of it passes by Landlock."""
    if not sys.platform.startswith("linux"):
        return
    library = ctypes.CDLL(None, use_errno=True)
    _sure(library.prctl(_NO_NEW_PRIVILEGES, 1, 0, 0, 0))
    _sure(library.capset(struct.pack("=Ii", _CAPABILITIES, 0), bytes(24)))


def _allow(ruleset: int, path: str, rights: int) -> None:
    try:
        descriptor = os.open(path, os.O_PATH | os.O_CLOEXEC)
    except OSError:
        return
    try:
        if not stat.S_ISDIR(os.fstat(descriptor).st_mode):
            rights &= _OF_FILES
        _sure(_call(_ADD, ruleset, 1, struct.pack("=Qi", rights, descriptor), 0))
    finally:
        os.close(descriptor)


def _call(number: int, *arguments: int | bytes | None) -> int:
    library = ctypes.CDLL(None, use_errno=True)
    values = [ctypes.c_long(a) if isinstance(a, int) else a for a in arguments]
    return int(library.syscall(ctypes.c_long(number), *values))


def _sure(result: int) -> int:
    if result < 0:
        error = ctypes.get_errno()
        raise OSError(error, os.strerror(error))
    return result
