"""Encryption at the edge: who asks for it is noted, and what is sent stays legible for the double at the other end."""

from __future__ import annotations

import ssl
from typing import Any

from edge import EDGE

_load = ssl.SSLContext.load_verify_locations
_LOADED: set[tuple[Any, ...]] = set()
"""Certificates that were loaded in this process: nobody is encrypted with any, and to load them again takes long."""


async def _wrap(transport_stream: Any, *, hostname: str | None = None, **_: Any) -> Any:
    EDGE.note(encrypted=True, name=hostname)
    return transport_stream


def _load_once(context: ssl.SSLContext, *args: Any, **named: Any) -> None:
    """Load certificates, or say why they cannot be; what has been loaded is loaded."""
    asked = (*map(str, args), *sorted((name, str(value)) for name, value in named.items()))
    if asked not in _LOADED:
        _load(context, *args, **named)
        _LOADED.add(asked)


def install(module: Any) -> None:
    """Let a stream that is to be encrypted stay as it is."""
    module.TLSStream.wrap = staticmethod(_wrap)
    ssl.SSLContext.load_verify_locations = _load_once  # type: ignore[method-assign,assignment]
