"""The cage: what a run of packages may do to this machine, and that what it tries beyond is told.

Landlock (see ``mdm_landlock``) keeps files and signals, whatever code asks; an audit hook of Python's keeps the network
but for the loopback and, for Python code, writes each attempt down. One attempt makes the run a fault: the deed is told
even where the package that did it swallowed the exception. The hook is no wall: code that is not Python's passes it.
"""

from __future__ import annotations

import ipaddress
import os
import socket
import sys
from collections.abc import Callable, Iterable
from typing import Any

from mdm_landlock import readable, restrict, writable

_WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND
_MOST_DEEDS = 20
# What the hook itself needs must not be looked up in modules that a package may have changed.
_write, _getpid, _fspath, _readlink = os.write, os.getpid, os.fspath, os.readlink
_realpath, _join, _dirname, _basename = os.path.realpath, os.path.join, os.path.dirname, os.path.basename


def enter(*, read: Iterable[str], write: Iterable[str], deeds: int, restricted: dict[str, object] | None) -> Any:
    """Restrict this process and all that comes from it; what holds is returned. There is no way back.

    Each attempt at more is written to the descriptor ``deeds`` as a sentence. ``restricted`` says what holds already
    where somebody else has called on Landlock. Raises OSError where Landlock is there and refuses.
    """
    allowed = writable(write)
    holds = restricted if restricted is not None else restrict(read=readable(read), write=allowed)
    sys.addaudithook(_hook(tuple(os.path.realpath(path) for path in allowed), deeds))
    return {**holds, "hook": True}


def _hook(allowed: tuple[str, ...], deeds: int) -> Callable[[str, tuple[Any, ...]], None]:
    told = [0]
    leader = _getpid()

    def refuse(deed: str) -> None:
        told[0] += 1
        if told[0] <= _MOST_DEEDS:
            _write(deeds, f"{deed}\n".encode(errors="replace")[:500])
        raise PermissionError(f"not in a run of the suite: {deed}")

    def writes(path: Any, what: str, folder: Any = -1, *, follow: bool = False) -> None:
        if path is None or isinstance(path, int):
            return
        text = os.fsdecode(_fspath(path))
        whole = text
        if isinstance(folder, int) and folder >= 0:
            whole = _join(_readlink(f"/proc/self/fd/{folder}"), text)
        # A link itself is where it lies, not where it leads.
        real = _realpath(whole) if follow else _join(_realpath(_dirname(whole) or "."), _basename(whole))
        if not any(real == root or real.startswith(f"{root}/") for root in allowed):
            refuse(f"{what} {text}")

    def opens(path: Any, mode: Any, flags: Any) -> None:
        if isinstance(flags, int) and flags & _WRITING:
            writes(path, "it tried to write", follow=True)

    def reaches(what: str) -> Callable[..., None]:
        def look(sock: Any, address: Any = None, *_: Any) -> None:
            if address is not None and not _here(sock.family, address):
                refuse(f"{what} {_spelled(address)}")

        return look

    def connects(sock: Any, address: Any) -> None:
        # A socket that has a path is as good as a file.
        if sock.family == socket.AF_UNIX and isinstance(address, str | bytes) and address[:1] not in ("\0", b"\0", ""):
            writes(address, "it tried to connect to", follow=True)
        elif not _here(sock.family, address):
            refuse(f"it tried to connect to {_spelled(address)}")

    def asks(host: Any, *_: Any) -> None:
        if not _own_name(host):
            refuse(f"it tried to look up {_spelled(host)}")

    def kills(pid: int, number: int) -> None:
        if pid in (0, _getpid()) or _within(abs(pid), leader):
            return
        # Signal 0 does nothing: it asks whether there is such a process.
        if number == 0:
            raise PermissionError(f"process {pid} is not of this run")
        refuse(f"it tried to send signal {number} to process {pid}")

    def kills_group(group: int, number: int) -> None:
        kills(-group, number) if group else None

    moved = "it tried to move"
    changed = "it tried to change"
    removed = "it tried to remove"
    made = "it tried to make"
    watched: dict[str, Callable[..., None]] = {
        "open": opens,
        "os.remove": lambda path, folder: writes(path, removed, folder),
        "os.rmdir": lambda path, folder: writes(path, removed, folder),
        "os.mkdir": lambda path, _, folder: writes(path, made, folder),
        "os.rename": lambda old, new, one, other: (writes(old, moved, one), writes(new, made, other)),
        "os.link": lambda old, new, one, other: writes(new, made, other),
        "os.symlink": lambda old, new, folder: writes(new, made, folder),
        "os.truncate": lambda path, _: writes(path, changed, follow=True),
        "os.chmod": lambda path, _, folder: writes(path, changed, folder, follow=True),
        "os.chown": lambda path, _, __, folder: writes(path, changed, folder, follow=True),
        "os.utime": lambda path, _, __, folder: writes(path, changed, folder, follow=True),
        "os.setxattr": lambda path, *_: writes(path, changed, follow=True),
        "socket.connect": connects,
        "socket.bind": reaches("it tried to listen on"),
        "socket.sendto": reaches("it tried to send to"),
        "socket.sendmsg": reaches("it tried to send to"),
        "socket.getaddrinfo": asks,
        "socket.gethostbyname": asks,
        "socket.gethostbyaddr": asks,
        "os.kill": kills,
        "os.killpg": kills_group,
    }

    def hook(event: str, arguments: tuple[Any, ...]) -> None:
        look = watched.get(event)
        if look is not None:
            look(*arguments)

    return hook


def _here(family: int, address: Any) -> bool:
    """Whether an address stays on this machine."""
    if family not in (socket.AF_INET, socket.AF_INET6):
        return family == socket.AF_UNIX
    host = address[0] if isinstance(address, tuple) and address else address
    return _loopback(host)


def _loopback(host: Any) -> bool:
    text = host.decode(errors="replace") if isinstance(host, bytes) else str(host)
    if text == "localhost":
        return True
    try:
        found = ipaddress.ip_address(text.partition("%")[0])
    except ValueError:
        return False
    mapped = getattr(found, "ipv4_mapped", None)
    return (mapped or found).is_loopback


def _own_name(host: Any) -> bool:
    """Whether looking a name up asks nobody: this machine's, or an address."""
    text = host.decode(errors="replace") if isinstance(host, bytes) else str(host or "localhost")
    if text in ("localhost", socket.gethostname()):
        return True
    try:
        ipaddress.ip_address(text.partition("%")[0])
    except ValueError:
        return False
    return True


def _spelled(address: Any) -> str:
    if isinstance(address, tuple) and len(address) >= 2:
        return f"{address[0]}:{address[1]}"
    return address.decode(errors="replace") if isinstance(address, bytes) else str(address)


def _within(pid: int, leader: int) -> bool:
    """Whether a process comes from ``leader``. Of a group, its leader counts; one that is gone takes no harm."""
    while pid > 1:
        if pid == leader:
            return True
        try:
            with open(f"/proc/{pid}/stat", "rb") as file:  # noqa: PTH123 - Path may have been changed by a package
                pid = int(file.read().rpartition(b")")[2].split()[1])
        except (OSError, ValueError, IndexError):
            return True
    return False
