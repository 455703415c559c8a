"""Runs that have their turns."""

from __future__ import annotations

import socket
from collections.abc import Iterator

import pytest

from market_data_meta.running import turns
from market_data_meta.running.turns import in_turns


@pytest.fixture
def quiet() -> Iterator[socket.socket]:
    """A channel on which nothing comes."""
    ours, others = socket.socketpair()
    with ours, others:
        yield ours


@pytest.fixture
def readable() -> Iterator[socket.socket]:
    """A channel on which something has come."""
    ours, others = socket.socketpair()
    with ours, others:
        others.send(b"!")
        yield ours


def test_what_waits_holds_up_no_other_run(
    quiet: socket.socket, readable: socket.socket, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A run that waits for long has its next turn as soon as another is told something, and need not be told itself."""
    monkeypatch.setattr(turns, "TURN_SECONDS", 3600.0)

    def run(*steps: str | socket.socket) -> Iterator[str | socket.socket]:
        yield from steps

    runs = [run(quiet, "slow"), run("first", readable, readable, "last"), run()]
    assert list(in_turns(runs)) == ["first", "slow", "last"]


def test_a_run_that_is_never_told_anything_has_its_turn(quiet: socket.socket, monkeypatch: pytest.MonkeyPatch) -> None:
    """It holds what it runs to its limits then."""
    monkeypatch.setattr(turns, "TURN_SECONDS", 0.0)
    assert list(in_turns([iter([quiet, quiet, "stopped"])])) == ["stopped"]
