"""One package alone, installed by what it declares, when it is asked for Redis or HTTP."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import pytest

import mdc_transports
from mdc_release import Release
from mdm_clause import ClauseCheck
from mdm_plan import Plan

MISSING = ("install", "extra", "no module named")
"""Words by which a missing library is told from one that was found and has failed."""


@dataclass
class HangingUp:
    """A double at the server's edge: it counts the connections to its port, and hangs up on each."""

    port: int
    connections: list[Any] = field(default_factory=list)


@contextmanager
def _hanging_up() -> Iterator[HangingUp]:
    with socket.create_server(("127.0.0.1", 0)) as server:
        double = HangingUp(server.getsockname()[1])

        def serve() -> None:
            while True:
                try:
                    connection, address = server.accept()
                except OSError:
                    return
                double.connections.append(address)
                connection.close()

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        try:
            yield double
        finally:
            server.shutdown(socket.SHUT_RDWR)
            thread.join()


@dataclass(frozen=True)
class Answer:
    """What became of it: how many connections there were, what was logged and raised by stage, and what it said."""

    connections: int
    lines: dict[str, list[str]]
    said: Any

    def names(self, library: str, stages: list[str]) -> bool:
        """Whether it was said in one of the stages that the library is missing."""
        said = [line.lower() for stage in stages for line in self.lines.get(stage, [])]
        return any(library in line and any(word in line for word in MISSING) for line in said)


def _asked(plan: Plan, monkeypatch: pytest.MonkeyPatch, question: str) -> Answer:
    with _hanging_up() as server:
        monkeypatch.setenv("PULSE_ENABLED", "true")
        monkeypatch.setenv("EVENT_BUS_BACKEND", "redis")
        monkeypatch.setenv("REDIS_URL", f"redis://127.0.0.1:{server.port}/0")
        for name in ("http_proxy", "all_proxy", "HTTP_PROXY", "ALL_PROXY"):
            monkeypatch.delenv(name, raising=False)
        done = Release.of(plan).run(mdc_transports.__file__, question, str(server.port))
    if done.returncode:
        raise RuntimeError(f"{question} ended with {done.returncode}: {done.stderr[-500:]}")
    told = json.loads(done.stdout)
    return Answer(len(server.connections), told["lines"], told["said"])


def _reached_or_named(clause: ClauseCheck, answer: Answer) -> None:
    library, stages = clause.expect["library"], clause.expect["stages"]
    said = [f"{stage}: {line}" for stage, lines in answer.lines.items() for line in lines]
    holds = answer.connections > 0 or answer.names(library, stages)
    clause.that("what is said", holds, expected=f"that {library} is missing, or a connection", got=said)


def test_core_redis(clause: ClauseCheck, plan: Plan, monkeypatch: pytest.MonkeyPatch) -> None:
    """Core alone, asked for its bus on Redis, reaches the server with what it publishes, or refuses at once and names
    the missing library.
    """
    _reached_or_named(clause, _asked(plan, monkeypatch, "core-redis"))


def test_store_redis(clause: ClauseCheck, plan: Plan, monkeypatch: pytest.MonkeyPatch) -> None:
    """Store alone, with EVENT_BUS_BACKEND=redis, reaches the server with an event, or an error at that event names the
    missing library; it is not counted as sent.
    """
    answer = _asked(plan, monkeypatch, "store-redis")
    _reached_or_named(clause, answer)
    clause.equal("events that are counted as sent", answer.said, clause.expect["sent"])


def test_store_redis_told_at_start(clause: ClauseCheck, plan: Plan, monkeypatch: pytest.MonkeyPatch) -> None:
    """Store alone, with EVENT_BUS_BACKEND=redis and without the library, says at the publisher's start which one is
    missing, and does not only say that it has started.
    """
    answer = _asked(plan, monkeypatch, "store-redis")
    if answer.connections:
        clause.not_applicable("the library comes with the package")
    named = answer.names(clause.expect["library"], clause.expect["stages"])
    clause.that("warnings and errors at the start", named, expected="the missing library", got=answer.lines["start"])


def test_pipeline_redis(clause: ClauseCheck, plan: Plan, monkeypatch: pytest.MonkeyPatch) -> None:
    """Pipeline alone, with EVENT_BUS_BACKEND=redis, reaches the server with its consumer, or says at the start of its
    runtime which library is missing.
    """
    _reached_or_named(clause, _asked(plan, monkeypatch, "pipeline-redis"))


def test_store_http(clause: ClauseCheck, plan: Plan, monkeypatch: pytest.MonkeyPatch) -> None:
    """Store alone, asked for its HTTP broadcaster, reaches the endpoint with an event, or says at the start which
    library is missing; broadcast_one is not True then.
    """
    answer = _asked(plan, monkeypatch, "store-http")
    _reached_or_named(clause, answer)
    if not answer.connections:
        clause.that("what broadcast_one says", answer.said is not True, expected="not True", got=answer.said)
