"""A double at the dashboard's edge: an HTTP endpoint on the loopback that remembers what it is sent."""

from __future__ import annotations

import asyncio
import contextlib
import json
import re
import socket
import struct
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import Any

HANGS_UP = 0
HOLDS = "holds"
"""It takes the request and never answers."""
BREAKS_OFF = "breaks off"
"""It says 200 and that there is more, and the connection is reset before that comes."""
NO_HTTP = "no HTTP"
"""What it answers is no HTTP at all."""


class RecordingEndpoint:
    """Answers each POST with the next of ``answers`` (the last one stays), and keeps what arrives and when.

    An answer is a status, or one of the names above. Times are seconds of the monotonic clock.
    """

    def __init__(self, answers: tuple[int | str, ...], location: str = "") -> None:
        self.answers, self.location = answers, location
        self.bodies: list[Any] = []
        self.raw: list[bytes] = []
        self.heads: list[str] = []
        self.times: list[float] = []
        self.url = ""
        self.connections = 0

    def header(self, name: str) -> list[str]:
        """The values of a header, one for each request; empty where it has none."""
        found = (re.search(rf"(?im)^{name}: *(.*?)\r?$", head) for head in self.heads)
        return [match[1] if match else "" for match in found]

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Read one request, remember it, answer it, and close."""
        self.connections += 1
        try:
            await self._exchange(reader, writer)
        except asyncio.IncompleteReadError:
            pass  # It was connected, and sent nothing.
        finally:
            self.connections -= 1
            writer.close()

    async def _exchange(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
        length = re.search(r"(?i)^content-length: *(\d+)", head, re.MULTILINE)
        raw = await reader.readexactly(int(length[1]) if length else 0)
        self.heads.append(head)
        self.raw.append(raw)
        self.bodies.append(json.loads(raw))
        self.times.append(time.monotonic())
        answer = self.answers[min(len(self.bodies), len(self.answers)) - 1]
        if answer == HOLDS:
            await reader.read()
        elif answer == NO_HTTP:
            writer.write(b"HELO\r\n\r\n")
        elif answer == BREAKS_OFF:
            writer.write(b"HTTP/1.1 200 as told\r\ncontent-length: 1000\r\n\r\nhalf")
            await writer.drain()
            # With no time to linger the kernel resets the connection when it is closed.
            connection = writer.get_extra_info("socket")
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        elif answer:
            location = f"location: {self.location}\r\n" if self.location else ""
            head = f"HTTP/1.1 {answer} as told\r\n{location}content-length: 0\r\nconnection: close\r\n\r\n"
            writer.write(head.encode())
        with contextlib.suppress(ConnectionError):
            await writer.drain()


@contextmanager
def closed_port() -> Iterator[socket.socket]:
    """A port of the loopback that nobody else gets and that refuses connections until an endpoint is served there."""
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        yield bound


def url_of(bound: socket.socket) -> str:
    """The URL of an endpoint there."""
    return f"http://127.0.0.1:{bound.getsockname()[1]}/feedback"


@asynccontextmanager
async def http_endpoint(
    *answers: int | str, location: str = "", at: socket.socket | None = None
) -> AsyncIterator[RecordingEndpoint]:
    """Serve a RecordingEndpoint at its ``url`` as long as the block runs, on a closed port if one is given."""
    endpoint = RecordingEndpoint(answers, location)
    where: dict[str, Any] = {"sock": at} if at else {"host": "127.0.0.1", "port": 0}
    server = await asyncio.start_server(endpoint.serve, **where)
    endpoint.url = url_of(server.sockets[0])
    try:
        yield endpoint
    finally:
        server.close()
