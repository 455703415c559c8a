"""Runs that go on at the same time, in templates of their own: whoever has something to do has its turn at once."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from multiprocessing.connection import wait
from socket import socket
from typing import TypeVar

TURN_SECONDS = 0.2
"""When each has its turn again though nothing has come: what runs is held to its limits then."""
Result = TypeVar("Result")


def in_turns(runs: Iterable[Iterator[Result | socket]]) -> Iterator[Result]:
    """What the runs bring, as it comes. A run that can do nothing now yields the socket on which it will be told."""
    going_on = list(runs)
    while going_on:
        channels: list[socket] = []
        for run in tuple(going_on):
            for step in run:
                if isinstance(step, socket):
                    channels.append(step)
                    break
                yield step
            else:
                going_on.remove(run)
        if channels:
            wait(channels, TURN_SECONDS)
