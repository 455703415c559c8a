"""What subscribers of Core's in-memory event bus are given."""

from __future__ import annotations

from typing import Any

from mdc_wait import settled


async def next_on(bus: Any, stream: str) -> Any:
    """The next envelope on ``stream``, or None if there is none."""
    envelopes = aiter(bus.subscribe(stream, group="conformance", consumer="worker-1"))
    arrived = await settled(anext(envelopes))
    return None if arrived.cancelled() else arrived.result()
