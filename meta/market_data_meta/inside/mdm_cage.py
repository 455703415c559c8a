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
    watched = _Watch(tuple(os.path.realpath(path) for path in allowed), deeds).by_event()

    def hook(event: str, arguments: tuple[Any, ...]) -> None:
        look = watched.get(event)
        if look is not None:
            look(*arguments)

    sys.addaudithook(hook)
    return {**holds, "hook": True}


class _Watch:
    """What is looked at, by the audit events of Python's own table; each method has the arguments of its event."""

    def __init__(self, allowed: tuple[str, ...], deeds: int) -> None:
        self._allowed, self._deeds, self._told, self._leader = allowed, deeds, 0, _getpid()

    def by_event(self) -> dict[str, Callable[..., None]]:
        """The method for each event."""
        changes = self._changes
        return {
            "open": self._opens,
            "os.remove": lambda path, folder: self._writes(path, "it tried to remove", folder),
            "os.rmdir": lambda path, folder: self._writes(path, "it tried to remove", folder),
            "os.mkdir": lambda path, _mode, folder: self._writes(path, "it tried to make", folder),
            "os.rename": self._moves,
            "os.link": lambda _old, new, _from, folder: self._writes(new, "it tried to make", folder),
            "os.symlink": lambda _old, new, folder: self._writes(new, "it tried to make", folder),
            "os.truncate": lambda path, _length: changes(path),
            "os.chmod": lambda path, _mode, folder: changes(path, folder),
            "os.chown": lambda path, _user, _group, folder: changes(path, folder),
            "os.utime": lambda path, _times, _ns, folder: changes(path, folder),
            "os.setxattr": lambda path, *_: changes(path),
            "socket.connect": lambda sock, address: self._reaches(sock, address, "it tried to connect to"),
            "socket.bind": lambda sock, address: self._reaches(sock, address, "it tried to listen on"),
            "socket.sendto": lambda sock, address: self._reaches(sock, address, "it tried to send to"),
            "socket.sendmsg": lambda sock, address: self._reaches(sock, address, "it tried to send to"),
            "socket.getaddrinfo": self._asks,
            "socket.gethostbyname": self._asks,
            "socket.gethostbyaddr": self._asks,
            "os.kill": self._kills,
            "os.killpg": lambda group, number: self._kills(-group, number),
        }

    def _refuse(self, deed: str) -> None:
        self._told += 1
        if self._told <= _MOST_DEEDS:
            _write(self._deeds, f"{deed[:500]}\n".encode(errors="replace"))
        raise PermissionError(f"not in a run of the suite: {deed}")

    def _writes(self, path: Any, what: str, folder: Any = -1, *, follow: bool = False) -> None:
        if path is None or isinstance(path, int):
            return
        text = whole = os.fsdecode(_fspath(path))
        if isinstance(folder, int) and folder >= 0:
            whole = _join(_readlink(f"/proc/self/fd/{folder}"), text)
        # A link itself is where it lies, not where it leads.
        real = _realpath(whole) if follow else _join(_realpath(_dirname(whole) or "."), _basename(whole))
        if not any(real == root or real.startswith(f"{root}/") for root in self._allowed):
            self._refuse(f"{what} {text}")

    def _changes(self, path: Any, folder: Any = -1) -> None:
        self._writes(path, "it tried to change", folder, follow=True)

    def _moves(self, old: Any, new: Any, one: Any, other: Any) -> None:
        self._writes(old, "it tried to move", one)
        self._writes(new, "it tried to make", other)

    def _opens(self, path: Any, _mode: Any, flags: Any) -> None:
        if isinstance(flags, int) and flags & _WRITING:
            self._writes(path, "it tried to write", follow=True)

    def _reaches(self, sock: Any, address: Any, what: str) -> None:
        if address is None:
            return
        if sock.family == socket.AF_UNIX:
            # A socket that has a path is as good as a file; the others are Landlock's.
            if isinstance(address, str | bytes) and address[:1] not in ("", b"", "\0", b"\0"):
                self._writes(address, what, follow=True)
        elif not (sock.family in (socket.AF_INET, socket.AF_INET6) and _loopback(_host(address))):
            self._refuse(f"{what} {_spelled(address)}")

    def _asks(self, host: Any, *_: Any) -> None:
        if not _own_name(host):
            self._refuse(f"it tried to look up {_spelled(host)}")

    def _kills(self, pid: int, number: int) -> None:
        if pid in (0, _getpid()) or _within(abs(pid), self._leader):
            return
        # Signal 0 does nothing: it asks whether there is such a process.
        if number == 0:
            raise PermissionError(f"process {pid} is not of this run")
        self._refuse(f"it tried to send signal {number} to process {pid}")


def _host(address: Any) -> Any:
    return address[0] if isinstance(address, tuple) and address else address


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
