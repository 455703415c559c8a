"""A double at the dashboard's edge: an HTTP endpoint on the loopback that remembers what it is sent."""

from __future__ import annotations

import asyncio
import json
import re
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any


class RecordingEndpoint:
    """Answers each POST with the next of ``statuses`` (the last one stays) and keeps the bodies and times of arrival.

    Times are seconds of the monotonic clock. Status 0 is no answer: it hangs up.
    """

    def __init__(self, statuses: tuple[int, ...]) -> None:
        self.statuses = statuses
        self.bodies: list[Any] = []
        self.times: list[float] = []
        self.url = ""

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Read one request, remember it, answer it, and close."""
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
        length = re.search(r"(?i)^content-length: *(\d+)", head, re.MULTILINE)
        self.bodies.append(json.loads(await reader.readexactly(int(length[1]) if length else 0)))
        self.times.append(time.monotonic())
        status = self.statuses[min(len(self.bodies), len(self.statuses)) - 1]
        if status:
            writer.write(f"HTTP/1.1 {status} as told\r\ncontent-length: 0\r\nconnection: close\r\n\r\n".encode())
        await writer.drain()
        writer.close()


@asynccontextmanager
async def http_endpoint(*statuses: int) -> AsyncIterator[RecordingEndpoint]:
    """Serve a RecordingEndpoint at its ``url`` as long as the block runs."""
    endpoint = RecordingEndpoint(statuses)
    server = await asyncio.start_server(endpoint.serve, "127.0.0.1", 0)
    endpoint.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/feedback"
    try:
        yield endpoint
    finally:
        server.close()
