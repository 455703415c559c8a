"""The other end of a connection: doubles of an HTTP endpoint and of Redis, which record what they are sent."""

from __future__ import annotations

import asyncio
import json
from typing import Any

HTTP_METHODS = (b"GET ", b"POST", b"PUT ", b"PATC", b"DELE", b"HEAD", b"OPTI")
_NOT_TOLD = {b"user-agent", b"date", b"accept-encoding", b"connection", b"host"}
"""Headers that say which library is used: they change with the library, not with the package."""


class EdgeTransport(asyncio.Transport):
    """A connection to a double: what is written is recorded, and answered as a real server would answer."""

    def __init__(self, loop: Any, protocol: Any, address: tuple[Any, Any], sent: list[Any]) -> None:
        super().__init__({"peername": address, "sockname": ("127.0.0.1", 1), "socket": None})
        self._loop, self._protocol, self._address, self._sent = loop, protocol, address, sent
        self._buffer, self._closed, self._streams = b"", False, {}

    def write(self, data: Any) -> None:
        """Take what is sent, and answer it as soon as it is whole."""
        self._buffer += bytes(data)
        while self._buffer and not self._closed:
            if self._buffer[:4] in HTTP_METHODS:
                if not self._http():
                    return
            elif self._buffer[:1] == b"*":
                if not self._redis():
                    return
            else:
                self._sent.append({"unknown protocol": len(self._buffer)})
                self.close()

    def _http(self) -> bool:
        head, end, body = self._buffer.partition(b"\r\n\r\n")
        if not end:
            return False
        first, *lines = head.split(b"\r\n")
        headers = {name.strip().lower(): value.strip() for name, _, value in (line.partition(b":") for line in lines)}
        length = int(headers.get(b"content-length", 0))
        if len(body) < length:
            return False
        self._buffer = body[length:]
        told = {name.decode(): value.decode() for name, value in sorted(headers.items()) if name not in _NOT_TOLD}
        self._sent.append({"http": first.decode(), "to": str(self._address), "headers": told, "body": body[:length]})
        self._answer(b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 2\r\n\r\n{}")
        return True

    def _redis(self) -> bool:
        command, rest = _command(self._buffer)
        if command is None:
            return False
        self._buffer = rest
        name = command[0].upper()
        if name not in (b"HELLO", b"CLIENT"):
            self._sent.append({"redis": list(command)})
        self._answer(self._reply(name, command))
        return True

    def _reply(self, name: bytes, command: list[bytes]) -> bytes:
        if name == b"HELLO":
            return b"-ERR unknown command\r\n"
        if name == b"PING":
            return b"+PONG\r\n"
        if name == b"XADD":
            fields = command[command.index(b"*") + 1 :] if b"*" in command else command[3:]
            entries = self._streams.setdefault(command[1], [])
            entries.append((f"{len(entries) + 1}-0".encode(), fields))
            return _bulk(entries[-1][0])
        if name in (b"XREADGROUP", b"XREAD"):
            waiting = [(stream, self._streams.pop(stream)) for stream in list(self._streams) if stream in command]
            return _array([_array([_bulk(key), _array(map(_entry, rows))]) for key, rows in waiting]) if waiting else b"*-1\r\n"
        if name in (b"XLEN", b"XACK", b"DEL", b"EXISTS", b"PUBLISH", b"XPENDING", b"SADD", b"EXPIRE"):
            return b":1\r\n"
        if name == b"GET":
            return b"$-1\r\n"
        return b"+OK\r\n"

    def _answer(self, data: bytes) -> None:
        self._loop.call_soon(self._deliver, data)

    def _deliver(self, data: bytes) -> None:
        if not self._closed:
            self._protocol.data_received(data)

    def close(self) -> None:
        """End the connection."""
        if not self._closed:
            self._closed = True
            self._loop.call_soon(self._protocol.connection_lost, None)

    def abort(self) -> None:
        """End the connection."""
        self.close()

    def is_closing(self) -> bool:
        """Whether it has ended."""
        return self._closed

    def can_write_eof(self) -> bool:
        """As TCP can."""
        return True

    def write_eof(self) -> None:
        """Nothing more is sent; the double does not mind."""

    def get_write_buffer_size(self) -> int:
        """Everything is taken at once."""
        return 0

    def set_write_buffer_limits(self, high: int | None = None, low: int | None = None) -> None:
        """There is no buffer."""

    def get_protocol(self) -> Any:
        """Who is told what arrives."""
        return self._protocol

    def set_protocol(self, protocol: Any) -> None:
        """Tell another one from now on."""
        self._protocol = protocol

    def pause_reading(self) -> None:
        """The double sends little; it is not held back."""

    def resume_reading(self) -> None:
        """See ``pause_reading``."""


def _command(data: bytes) -> tuple[list[bytes] | None, bytes]:
    """The first command of Redis's protocol in the bytes, and what follows; None if it is not whole yet."""
    line, end, rest = data.partition(b"\r\n")
    parts: list[bytes] = []
    for _ in range(int(line[1:] or 0) if end else 0):
        size, end, rest = rest.partition(b"\r\n")
        if not end or len(rest) < int(size[1:]) + 2:
            return None, data
        parts.append(rest[: int(size[1:])])
        rest = rest[int(size[1:]) + 2 :]
    return (parts, rest) if parts else (None, data)


def _bulk(value: bytes) -> bytes:
    return b"$%d\r\n%s\r\n" % (len(value), value)


def _array(items: Any) -> bytes:
    parts = list(items)
    return b"*%d\r\n" % len(parts) + b"".join(parts)


def _entry(row: tuple[bytes, list[bytes]]) -> bytes:
    return _array([_bulk(row[0]), _array(map(_bulk, row[1]))])


def printable(sent: list[Any]) -> str:
    """What was sent, on one line, for whoever looks at a run by hand."""
    return json.dumps(sent, default=repr)
