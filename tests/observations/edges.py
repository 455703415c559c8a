"""The other end of a connection: doubles of an HTTP endpoint and of Redis, which record what they are sent."""

from __future__ import annotations

import asyncio
import socket
import time
from typing import Any

from edge import EDGE
from moved_times import moved

HTTP_METHODS = (b"GET ", b"POST", b"PUT ", b"PATC", b"DELE", b"HEAD", b"OPTI")
_NOT_TOLD = {b"user-agent", b"date", b"accept-encoding", b"connection", b"host"}
"""Headers that say which library is used: they change with the library, not with the package."""


_NOTHING = b"*-1\r\n"
_sent: list[tuple[float, list[bytes]]] = []
"""The entry that was last put on a stream in this process, and when: a reader of another stream finds it there."""
_HTTP_ANSWERS = {
    "well": ("200 OK", b"{}"),
    "fails": ("500 Internal Server Error", b'{"detail": "it fails"}'),
    "conflict": ("409 Conflict", b'{"detail": "it is there"}'),
    "nonsense": ("200 OK", b"<html>"),
    "empty": ("204 No Content", b""),
}
_REDIS_ANSWERS = {
    "fails": b"-ERR it fails\r\n",
    "conflict": b"-BUSYGROUP Consumer Group name already exists\r\n",
    "nonsense": b"<html>\r\n",
    "empty": b"$-1\r\n",
}


class SocketDouble:
    """As much of a connection's socket as libraries look at."""

    own = ("127.0.0.1", 1)
    family, type, proto = socket.AF_INET, socket.SOCK_STREAM, 6

    def __init__(self, address: Any) -> None:
        self._address = address

    def getpeername(self) -> Any:
        """The address of the other end."""
        return self._address

    def getsockname(self) -> Any:
        """The address of this end."""
        return self.own

    def setsockopt(self, *_: Any) -> None:
        """Options of a connection that is none change nothing."""

    def getsockopt(self, *_: Any) -> int:
        """No option is set."""
        return 0

    def fileno(self) -> int:
        """There is no file."""
        return -1


class EdgeTransport(asyncio.Transport):
    """A connection to a double: what is written is recorded, and answered as a real server would answer."""

    def __init__(self, loop: Any, protocol: Any, address: tuple[Any, Any]) -> None:
        super().__init__({"peername": address, "sockname": SocketDouble.own, "socket": SocketDouble(address)})
        self._loop, self._protocol, self._address = loop, protocol, address
        self._buffer, self._closed, self._protocol_version = b"", False, 2
        # All connections of a run are to one server.
        self._streams: dict[bytes, list[tuple[bytes, list[bytes]]]] = vars(loop).setdefault("streams", {})

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
                EDGE.note(unknown="protocol", to=str(self._address))
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
        EDGE.note(http=first.decode(), to=str(self._address), headers=told, body=body[:length])
        mood = EDGE.answer()
        if mood == "closes":
            self.close()
        elif mood != "silent":
            status, answer = _HTTP_ANSWERS.get(mood, _HTTP_ANSWERS["well"])
            start = f"HTTP/1.1 {status}\r\ncontent-type: application/json\r\ncontent-length: {len(answer)}\r\n\r\n"
            self._answer(start.encode() + answer)
        return True

    def _redis(self) -> bool:
        command, rest = _command(self._buffer)
        if command is None:
            return False
        self._buffer = rest
        name = command[0].upper()
        if name in (b"HELLO", b"CLIENT"):
            self._answer(self._reply(name, command))
            return True
        EDGE.note(redis=list(command))
        mood = EDGE.answer()
        if mood == "closes":
            self.close()
        elif mood in _REDIS_ANSWERS:
            self._answer(_REDIS_ANSWERS[mood])
        elif mood != "silent":
            reply = self._reply(name, command)
            waits = _block(command) if reply == _NOTHING else 0.0
            # Who waits for news is told that there are none when the wait is over, as by a real server.
            self._loop.call_later(waits, self._deliver, reply) if waits else self._answer(reply)
        return True

    def _reply(self, name: bytes, command: list[bytes]) -> bytes:
        if name == b"HELLO":
            self._protocol_version = int(command[1]) if len(command) > 1 else 2
            told = [_bulk(b"server"), _bulk(b"redis"), _bulk(b"version"), _bulk(b"7.4.0"), _bulk(b"proto")]
            return self._map([*told, b":%d\r\n" % self._protocol_version])
        if name == b"CLIENT" and command[1].upper() == b"MAINT_NOTIFICATIONS":
            return b"-ERR unknown subcommand\r\n"
        if name == b"PING":
            return b"+PONG\r\n"
        if name == b"XADD":
            fields = command[command.index(b"*") + 1 :] if b"*" in command else command[3:]
            entries = self._streams.setdefault(command[1], [])
            entries.append((f"{len(entries) + 1}-0".encode(), fields))
            _sent[:] = [(time.time(), fields)]
            return _bulk(entries[-1][0])
        if name in (b"XREADGROUP", b"XREAD"):
            self._fill(command)
            waiting = [(stream, self._streams.pop(stream)) for stream in list(self._streams) if stream in command]
            found = [(_bulk(key), _array(map(_entry, rows))) for key, rows in waiting]
            if self._protocol_version == 3:
                return self._map([part for pair in found for part in pair]) if found else _NOTHING
            return _array(_array(pair) for pair in found) if found else _NOTHING
        if name in (b"XLEN", b"XACK", b"DEL", b"EXISTS", b"PUBLISH", b"XPENDING", b"SADD", b"EXPIRE"):
            return b":1\r\n"
        if name == b"GET":
            return b"$-1\r\n"
        return b"+OK\r\n"

    def _fill(self, command: list[bytes]) -> None:
        """Let a stream that nobody has written to hold an entry once, for those who read what is new."""
        upper = [part.upper() for part in command]
        rest = command[upper.index(b"STREAMS") + 1 :] if b"STREAMS" in upper else []
        half = len(rest) // 2
        filled: set[bytes] = vars(self._loop).setdefault("filled", set())
        for stream, place in zip(rest[:half], rest[half:], strict=False):
            if _sent and place in (b">", b"$") and stream not in filled | self._streams.keys():
                filled.add(stream)
                sent, fields = _sent[0]
                days = round((time.time() - sent) / 86_400)
                self._streams[stream] = [(b"1-0", [moved(field, sent, days) for field in fields])]

    def _map(self, parts: list[bytes]) -> bytes:
        """Keys and values in turn: a map in version 3 of the protocol, a plain array before."""
        return b"%%%d\r\n" % (len(parts) // 2) + b"".join(parts) if self._protocol_version == 3 else _array(parts)

    def _answer(self, data: bytes) -> None:
        self._loop.call_soon(self._deliver, data)

    def _deliver(self, data: bytes) -> None:
        if self._protocol_version == 3 and data in (_NOTHING, _REDIS_ANSWERS["empty"]):
            data = b"_\r\n"
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


def _block(command: list[bytes]) -> float:
    """The seconds that a reader wants to wait for news."""
    upper = [part.upper() for part in command]
    if b"BLOCK" not in upper:
        return 0.0
    milliseconds = command[upper.index(b"BLOCK") + 1]
    return (int(milliseconds) / 1000 or 1e9) if milliseconds.isdigit() else 0.0
