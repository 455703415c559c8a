"""A real Redis (or Valkey) for one check, empty at first, which the check may stop, start again, kill and pause."""

from __future__ import annotations

import contextlib
from typing import Any
from urllib.parse import quote

from mdc_redis_client import RedisConnection, RedisError
from mdc_server import OwnedByUser, Server


class RedisServer(Server):
    """A server of ``binary``. It has nothing on disk, so that what it has is lost with its process.

    ``options`` are those of its configuration: ``RedisServer(binary, requirepass="x", maxmemory="2mb",
    maxmemory_policy="noeviction")``.
    """

    def __init__(self, binary: str, **options: str) -> None:
        super().__init__()
        self._binary, self._options = binary, options

    @property
    def url(self) -> str:
        """Where it is, with the password that it requires."""
        password = self._options.get("requirepass")
        who = f":{quote(password, safe='')}@" if password else ""
        return f"redis://{who}{self.host}:{self.port}/0"

    def command_line(self, port: int) -> list[str]:
        settings = {"bind": self.host, "port": str(port), "save": "", "appendonly": "no", "dir": str(self.folder)}
        settings |= {name.replace("_", "-"): value for name, value in self._options.items()}
        return [self._binary, *(text for name, value in settings.items() for text in (f"--{name}", value))]

    def answers(self) -> bool:
        with contextlib.suppress(OSError, RedisError):
            return bool(self.command("PING") == b"PONG")
        return False

    def connect(self) -> RedisConnection:
        """A connection of one's own, for more than one command."""
        return RedisConnection(self.url)

    def command(self, *arguments: str | bytes | float) -> Any:
        """The reply to one command: bytes, int, None, or a list of them; RedisError for an error."""
        with self.connect() as connection:
            return connection.command(*arguments)


class UsersRedisServer(OwnedByUser, RedisServer):
    """The user's own server at a URL, with whatever is in it."""

    def __init__(self, url: str) -> None:
        super().__init__("")
        self._url = url

    @property
    def url(self) -> str:
        """Where it is."""
        return self._url
