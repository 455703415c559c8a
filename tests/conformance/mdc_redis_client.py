"""A small Redis client over the wire (redis.io, "Redis serialization protocol specification", RESP2).

What looks at a wire is not what has written to it, and a service's environment need not have a client library.
"""

from __future__ import annotations

import socket
from typing import Any, Self
from urllib.parse import unquote, urlsplit

TIMEOUT = 60.0


class RedisError(Exception):
    """An error that the server has answered with."""


class RedisConnection:
    """A connection to the server of a ``redis://`` URL, with its password, if any, and its database selected."""

    def __init__(self, url: str, timeout: float = TIMEOUT) -> None:
        parts = urlsplit(url)
        if parts.scheme != "redis":
            raise ValueError(f"{parts.scheme}:// is not spoken here, only redis://")
        self._socket = socket.create_connection((parts.hostname or "127.0.0.1", parts.port or 6379), timeout)
        self._stream = self._socket.makefile("rb")
        try:
            if parts.password:
                names = [unquote(parts.username)] if parts.username else []
                self.command("AUTH", *names, unquote(parts.password))
            if parts.path.strip("/"):
                self.command("SELECT", parts.path.strip("/"))
        except BaseException:
            self.close()
            raise

    def command(self, *arguments: str | bytes | float) -> Any:
        """The reply to one command: bytes, int, None, or a list of them. An error is raised as RedisError."""
        self.send(*arguments)
        return self.read()

    def send(self, *arguments: str | bytes | float) -> None:
        """Send a command and do not wait for its reply."""
        encoded = [argument if isinstance(argument, bytes) else str(argument).encode() for argument in arguments]
        parts = [b"*%d\r\n" % len(encoded), *(b"$%d\r\n%b\r\n" % (len(data), data) for data in encoded)]
        self._socket.sendall(b"".join(parts))

    def read(self) -> Any:
        """The next reply, or message that was pushed; TimeoutError if none comes."""
        reply = self._read()
        if isinstance(reply, RedisError):
            raise reply
        return reply

    def _read(self) -> Any:
        line = self._stream.readline()
        if not line.endswith(b"\r\n"):
            raise ConnectionError("the server hung up")
        kind, value = line[:1], line[1:-2]
        match kind:
            case b"+":
                return value
            case b"-":
                return RedisError(value.decode(errors="replace"))
            case b":":
                return int(value)
            case b"$" | b"*" if value == b"-1":
                return None
            case b"$":
                data = self._stream.read(int(value) + 2)
                if len(data) != int(value) + 2:
                    raise ConnectionError("the server hung up")
                return data[:-2]
            case b"*":
                # An error within a list is the reply of one command of a transaction, and a value like others.
                return [self._read() for _ in range(int(value))]
        raise ValueError(f"not a reply of RESP2: {line[:100]!r}")

    def close(self) -> None:
        """Hang up."""
        self._stream.close()
        self._socket.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
