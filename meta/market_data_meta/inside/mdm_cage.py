"""The cage: what a run of packages may do to this machine, and a report of each attempt at more.

Landlock (see ``mdm_landlock``) protects files and processes from code of any language. An audit hook of Python's keeps
Python code from the network but for the loopback, and writes each attempt at more down. One such attempt makes the run
a fault, even where the package swallowed the exception. The hook is no wall: code that is not Python's passes it.
"""

from __future__ import annotations

import ipaddress
import os
import socket
import sys
from collections.abc import Callable, Iterable
from typing import Any

from mdm_landlock import Restriction, readable, restrict, writable
from mdm_plan import Cage

_WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND
_MOST_ATTEMPTS = 20
# What the hook itself needs must not be looked up in modules that a package may have changed.
_write, _getpid, _fspath, _readlink = os.write, os.getpid, os.fspath, os.readlink
_realpath, _join, _dirname, _basename = os.path.realpath, os.path.join, os.path.dirname, os.path.basename


def enter(
    *,
    read: Iterable[str],
    write: Iterable[str],
    refused_attempts: int,
    loopback_only: bool,
    restricted: Restriction | None = None,
) -> Cage:
    """Restrict this process and all that comes from it; what restricts it is returned. There is no way back.

    Each attempt at more is written to the descriptor ``refused_attempts`` as a sentence. ``restricted`` says what
    restricts the process already where somebody else has called on Landlock; ``loopback_only`` whether the kernel has
    left it the loopback alone. Raises OSError where Landlock is there and refuses.
    """
    allowed = writable(write)
    restriction = restricted or restrict(read=readable(read), write=allowed)
    watched = _Watch(tuple(os.path.realpath(path) for path in allowed), refused_attempts).by_event()

    def hook(event: str, arguments: tuple[Any, ...]) -> None:
        examine = watched.get(event)
        if examine is not None:
            examine(*arguments)

    sys.addaudithook(hook)
    return Cage(restriction.landlock, restriction.signals, hook=True, loopback_only=loopback_only)


class _Watch:
    """What is examined, by the audit events of Python's own table; each method has the arguments of its event."""

    def __init__(self, allowed: tuple[str, ...], refused_attempts: int) -> None:
        self._allowed, self._file, self._count, self._leader = allowed, refused_attempts, 0, _getpid()

    def by_event(self) -> dict[str, Callable[..., None]]:
        """The method for each event."""
        changes = self._changes
        return {
            "open": self._opens,
            "os.remove": lambda path, folder: self._writes(path, "it tried to remove", folder),
            "os.rmdir": lambda path, folder: self._writes(path, "it tried to remove", folder),
            "os.mkdir": lambda path, _mode, folder: self._writes(path, "it tried to make", folder),
            "os.rename": self._moves,
            "os.link": lambda _source, new, _folder, folder: self._writes(new, "it tried to make", folder),
            "os.symlink": lambda _source, new, folder: self._writes(new, "it tried to make", folder),
            "os.truncate": lambda path, _length: changes(path),
            "os.chmod": lambda path, _mode, folder: changes(path, folder),
            "os.chown": lambda path, _user, _group, folder: changes(path, folder),
            "os.utime": lambda path, _times, _ns, folder: changes(path, folder),
            "os.setxattr": lambda path, *_: changes(path),
            "socket.connect": lambda sock, address: self._reaches(sock, address, "it tried to connect to"),
            "socket.bind": lambda sock, address: self._reaches(sock, address, "it tried to listen on"),
            "socket.sendto": lambda sock, address: self._reaches(sock, address, "it tried to send to"),
            "socket.sendmsg": lambda sock, address: self._reaches(sock, address, "it tried to send to"),
            "socket.getaddrinfo": self._looks_up,
            "socket.gethostbyname": self._looks_up,
            "socket.gethostbyaddr": self._looks_up,
            "os.kill": self._kills,
            "os.killpg": lambda group, number: self._kills(-group, number),
        }

    def _refuse(self, attempt: str) -> None:
        self._count += 1
        if self._count <= _MOST_ATTEMPTS:
            _write(self._file, f"{attempt[:500]}\n".encode(errors="replace"))
        raise PermissionError(f"not in a run of the suite: {attempt}")

    def _writes(self, path: Any, what: str, folder: Any = -1, *, follow: bool = False) -> None:
        if path is None or isinstance(path, int):
            return
        text = full = os.fsdecode(_fspath(path))
        if isinstance(folder, int) and folder >= 0:
            full = _join(_readlink(f"/proc/self/fd/{folder}"), text)
        # A link itself is where it lies, not where it leads.
        real = _realpath(full) if follow else _join(_realpath(_dirname(full) or "."), _basename(full))
        if not any(real == root or real.startswith(f"{root}/") for root in self._allowed):
            self._refuse(f"{what} {text}")

    def _changes(self, path: Any, folder: Any = -1) -> None:
        self._writes(path, "it tried to change", folder, follow=True)

    def _moves(self, source: Any, target: Any, source_folder: Any, target_folder: Any) -> None:
        self._writes(source, "it tried to move", source_folder)
        self._writes(target, "it tried to make", target_folder)

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

    def _looks_up(self, host: Any, *_: Any) -> None:
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
        address = ipaddress.ip_address(text.partition("%")[0])
    except ValueError:
        return False
    mapped = getattr(address, "ipv4_mapped", None)
    return (mapped or address).is_loopback


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
