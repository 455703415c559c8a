"""The stream of feedback in a real Redis, seen from outside: what is put on it, and what its consumers do with it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from mdc_redis_client import RedisError
from mdc_redis_server import RedisServer


@dataclass(frozen=True)
class DeadLetter:
    """A message that a consumer has put aside."""

    original_id: str
    reason: str
    data: bytes


@dataclass(frozen=True)
class FeedbackStream:
    """The stream with the documented ``key``; Store's place is taken by whoever adds to it."""

    server: RedisServer
    key: str

    def add(self, *messages: bytes) -> list[str]:
        """Put messages on it, each in the field that the wire documents; return their ids."""
        return [self.add_fields(b"data", data) for data in messages]

    def add_fields(self, *fields: bytes) -> str:
        """Put a message of one's own form on it: names and values in turn."""
        identifier: bytes = self.server.command("XADD", self.key, "*", *fields)
        return identifier.decode()

    def deliver_again(self) -> None:
        """Have all groups be given again what is on it, as soon as the next message is added."""
        for group in self.groups():
            self.server.command("XGROUP", "SETID", self.key, group, 0)

    def groups(self) -> list[str]:
        """The groups of consumers that read it."""
        return [group["name"].decode() for group in self._groups()]

    def pending(self) -> list[str]:
        """The ids that were delivered and not acknowledged, of all groups."""
        rows = [row for name in self.groups() for row in self.server.command("XPENDING", self.key, name, "-", "+", 999)]
        return sorted(row[0].decode() for row in rows)

    def dead_letters(self) -> list[DeadLetter]:
        """What its consumers have put aside, in that order."""
        entries = [_by_name(fields) for _, fields in self.server.command("XRANGE", f"{self.key}.dlq", "-", "+")]
        return [
            DeadLetter(
                entry.get("original_id", b"").decode(),
                entry.get("reason", b"").decode(errors="replace"),
                entry.get("data", b""),
            )
            for entry in entries
        ]

    def waits(self, consumers: int = 1) -> bool:
        """Whether all that was added is delivered, and so many consumers wait for more.

        Where nobody reads this stream, nothing of it will be delivered: that counts as delivered as well.
        """
        added = self.server.command("XREVRANGE", self.key, "+", "-", "COUNT", 1)
        # In this order: who was given the last message and then waits has dealt with it.
        delivered = all(not added or group["last-delivered-id"] == added[0][0] for group in self._groups())
        return delivered and self.blocked() >= consumers

    def blocked(self) -> int:
        """The number of clients that wait for a message, on any stream."""
        return self._clients("blocked_clients")

    def clients(self) -> int:
        """The number of clients beside this one."""
        return self._clients("connected_clients") - 1

    def _clients(self, figure: str) -> int:
        lines = self.server.command("INFO", "clients").decode().split()
        return next(int(line.partition(":")[2]) for line in lines if line.startswith(f"{figure}:"))

    def _groups(self) -> list[dict[str, Any]]:
        try:
            return [_by_name(row) for row in self.server.command("XINFO", "GROUPS", self.key)]
        except RedisError:
            return []  # There is no such stream.


def _by_name(row: Sequence[Any]) -> dict[str, Any]:
    return {name.decode(): value for name, value in zip(row[::2], row[1::2], strict=True)}
