"""Encryption at the edge: who asks for it is noted, and what is sent stays legible for the double at the other end."""

from __future__ import annotations

from typing import Any

from edge import EDGE


async def _wrap(transport_stream: Any, *, hostname: str | None = None, **_: Any) -> Any:
    EDGE.note(encrypted=True, name=hostname)
    return transport_stream


def install(module: Any) -> None:
    """Let a stream that is to be encrypted stay as it is."""
    module.TLSStream.wrap = staticmethod(_wrap)
