"""A Redis at the edge: Core's real Redis bus, with a client that remembers what it was asked for and never connects."""

from __future__ import annotations

import importlib
import json
import sys
from types import ModuleType
from typing import Any

import pytest


class RecordingRedis:
    """A double at the server's edge: the part of a Redis client that publishing and subscribing take."""

    def __init__(self) -> None:
        self.urls: list[str] = []
        self.keys: list[str] = []
        self.tracks: list[str] = []

    async def connect(self, url: str, **_options: Any) -> RecordingRedis:
        """What the library's from_url does, but for the connection."""
        self.urls.append(url)
        return self

    async def xadd(self, name: str, fields: dict[str, Any], **_options: Any) -> str:
        self.keys.append(name)
        self.tracks.append(json.loads(fields["data"])["meta"]["track"])
        return "1-0"

    async def xgroup_create(self, name: str, **_options: Any) -> None:
        self.keys.append(name)

    async def xreadgroup(self, **_options: Any) -> list[Any]:
        raise ConnectionError("there is no server")


def library(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have the redis client library, or its names: Core's bus connects only when it is used."""
    try:
        import redis.asyncio  # noqa: F401 - whether it is there is the question
    except ImportError:
        package, client, errors = (ModuleType(name) for name in ("redis", "redis.asyncio", "redis.exceptions"))
        vars(client).update({"Redis": type("Redis", (), {}), "from_url": None})
        vars(errors)["ResponseError"] = type("ResponseError", (Exception,), {})
        vars(package).update({"__path__": [], "asyncio": client, "exceptions": errors})
        for module in (package, client, errors):
            monkeypatch.setitem(sys.modules, module.__name__, module)


def recording(monkeypatch: pytest.MonkeyPatch) -> RecordingRedis:
    """Let Core's factory find the library, and every bus of its reach the double that is returned."""
    library(monkeypatch)
    double = RecordingRedis()
    monkeypatch.setattr(sys.modules["redis.asyncio"], "from_url", double.connect)
    # Core looks for the library when these are imported, which may have been before.
    for name in ("market_data_core.events.adapters", "market_data_core.events.factory"):
        importlib.reload(importlib.import_module(name))
    return double
