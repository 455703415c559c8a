"""Ports of the loopback: a free one, one that refuses, one that accepts and says nothing, and who listens on one."""

from __future__ import annotations

import contextlib
import secrets
import socket
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Self

LOOPBACK = "127.0.0.1"
_LISTENING = "0A"
"""The state of a listening socket in /proc/net/tcp (proc_pid_net(5))."""
_PAGE, _LONGEST_LINE = 4096, 256
"""Bytes: how much of a table the kernel writes at a time, in whole lines, and more than it takes for a line."""
_FIRST, _BEYOND = 10_240, 32_768
"""Below the ports that Linux gives to those who ask for any: what another check asks for does not take ours."""


def free_port() -> int:
    """A port on which nobody listens now. Somebody else may until it is used, which its user has to notice."""
    while True:
        port = _FIRST + secrets.randbelow(_BEYOND - _FIRST)
        with socket.socket() as attempt, contextlib.suppress(OSError):
            attempt.bind((LOOPBACK, port))
            return port


@contextlib.contextmanager
def refusing_port() -> Iterator[int]:
    """A port of this machine that refuses connections: bound, so that nobody else takes it, and not listening."""
    with socket.socket() as bound:
        bound.bind((LOOPBACK, 0))
        yield int(bound.getsockname()[1])


class SilentServer:
    """Accepts connections and what it is sent, and never answers, as what hangs behind a port that still works.

    Nothing has to run for it: the kernel accepts for whoever listens. ``with SilentServer() as server: server.port``.
    """

    def __init__(self) -> None:
        self._listener = socket.create_server((LOOPBACK, 0), backlog=128)
        self._listener.setblocking(False)
        self._clients: list[socket.socket] = []
        self.port = int(self._listener.getsockname()[1])

    @property
    def connections(self) -> int:
        """How many have connected so far."""
        with contextlib.suppress(BlockingIOError):
            while True:
                self._clients.append(self._listener.accept()[0])
        return len(self._clients)

    def close(self) -> None:
        """Hang up on everybody, and refuse connections from now on."""
        for client in (self._listener, *self._clients):
            client.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def listens(processes: Callable[[], Iterable[int]], port: int) -> bool:
    """Whether one of the ``processes`` listens on the port. Where nothing tells who does, whether anybody does."""
    # The kernel takes milliseconds to write its tables: they are read once somebody accepts connections.
    with socket.socket() as client:
        if client.connect_ex((LOOPBACK, port)) != 0:
            return False
    tables = [path for path in (Path("/proc/net/tcp"), Path("/proc/net/tcp6")) if path.exists()]
    if not tables:
        return True
    opened = {link for pid in processes() for link in _open_files(pid) if link.startswith("socket:")}
    return any(not opened.isdisjoint(_listening(table, port)) for table in tables)


def _listening(table: Path, port: int) -> Iterator[str]:
    """The sockets that listen on the port.

    A table begins with those that listen. What follows is not read: for that the kernel goes through all connections
    that it has room for, which takes milliseconds.
    """
    text = ""
    with table.open("rb", buffering=0) as file:
        while part := (file.read(_PAGE) or b"").decode():
            text += part
            if len(part) < _PAGE - _LONGEST_LINE or not _is_listening(text.splitlines()[-1].split()):
                break
    for fields in map(str.split, text.splitlines()[1:]):
        if _is_listening(fields) and int(fields[1].rpartition(":")[2], 16) == port:
            yield f"socket:[{fields[9]}]"


def _is_listening(fields: list[str]) -> bool:
    return fields[3] == _LISTENING


def _open_files(pid: int) -> Iterator[str]:
    with contextlib.suppress(OSError):
        for descriptor in Path(f"/proc/{pid}/fd").iterdir():
            with contextlib.suppress(OSError):
                yield str(descriptor.readlink())
