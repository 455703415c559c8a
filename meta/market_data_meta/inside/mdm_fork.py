"""Run every check in a process forked from one that has the packages loaded.

The packages under test keep global state (a bus singleton, the default metrics registry, cached settings), and a
release may crash, hang or exit. A forked child gives each check a fresh copy of the loaded process and takes only
itself down. Checks that wait overlap, because several children run at once.

A module marked ``pytest.mark.together`` holds checks that change nothing which another of them could see: they share
one child, and what is slow to load for them is loaded there. If it dies, the check at hand is in error and the rest go
on in another child.
"""

from __future__ import annotations

import contextlib
import gc
import inspect
import json
import os
import selectors
import signal
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import NoReturn

import pytest
from _pytest.runner import runtestprotocol

Reports = list[pytest.TestReport]
# As they are now: a package that is loaded later may put others in their place.
_write, _exit, _dumps = os.write, os._exit, json.dumps


@dataclass
class _Child:
    """A process that runs checks one after the other: its pipe, and what it has said and not yet been heard."""

    items: list[pytest.Item]
    pid: int
    pipe: int
    started: float
    heard: bytearray = field(default_factory=bytearray)
    status: int | None = None

    def listen(self) -> None:
        """Take in what the checks have said."""
        with contextlib.suppress(BlockingIOError):
            self.heard += os.read(self.pipe, 1 << 16)

    def gone(self) -> bool:
        """Whether it has died. The pipe's end is no sign: what it left behind may hold it open."""
        pid, status = os.waitpid(self.pid, os.WNOHANG)
        if pid:
            self.status = status
            self.listen()
        return bool(pid)

    def finished(self) -> Iterator[tuple[pytest.Item, Reports | str, float]]:
        """The checks that have ended since the last call, with their reports and durations."""
        while b"\n" in self.heard:
            said, _, rest = bytes(self.heard).partition(b"\n")
            self.heard[:] = rest
            item, now = self.items.pop(0), time.monotonic()
            yield item, _reports(item, said), now - self.started
            self.started = now


def run_all(
    items: list[pytest.Item], *, jobs: int, timeout: float, done: Callable[[pytest.Item, Reports | str, float], None]
) -> None:
    """Run ``items`` in forked children, ``jobs`` at a time, each check for at most ``timeout`` seconds.

    ``done`` is called in this process for each, as it finishes, with its reports, or with a sentence where its process
    brought none (it crashed, exited, or was killed at the limit), and its duration in seconds.
    """
    waiting = _batches(items)
    map_modules()
    # What is loaded by now is shared with every child as long as none of them writes to it, as a collection would.
    gc.collect()
    gc.freeze()
    with selectors.DefaultSelector() as selector:
        running: dict[int, _Child] = {}
        try:
            while waiting or running:
                while waiting and len(running) < jobs:
                    child = _fork(waiting.pop(0))
                    running[child.pipe] = child
                    selector.register(child.pipe, selectors.EVENT_READ)
                for key, _ in selector.select(timeout=0.2):
                    running[key.fd].listen()
                for child in list(running.values()):
                    cause = _attend(child, timeout, done)
                    if cause is None:
                        continue
                    selector.unregister(child.pipe)
                    del running[child.pipe]
                    _end(child)
                    if child.items:
                        done(child.items[0], cause, time.monotonic() - child.started)
                        waiting[:0] = [child.items[1:]] if child.items[1:] else []
        finally:
            for child in running.values():
                _end(child)


def map_modules() -> None:
    """Make the map of files to modules, which pytest wants for a traceback, here once and not after every failure."""
    inspect.getmodule(sys._getframe())  # noqa: SLF001 - documented as the way to the current frame


def _batches(items: list[pytest.Item]) -> list[list[pytest.Item]]:
    """Each check alone, but those of a module marked ``together`` in one batch; these first, as they take longest."""
    shared: dict[object, list[pytest.Item]] = {}
    alone = []
    for item in items:
        if item.get_closest_marker("together"):
            shared.setdefault(item.path, []).append(item)
        else:
            alone.append([item])
    return [*shared.values(), *alone]


def _attend(child: _Child, timeout: float, done: Callable[[pytest.Item, Reports | str, float], None]) -> str | None:
    """Hand on what the child has said; why it is over, if it is: all said, died, or out of time."""
    gone = child.gone()
    for item, result, seconds in child.finished():
        done(item, result, seconds)
    if not child.items:
        return "all said"
    if gone:
        return _death(child)
    if time.monotonic() - child.started > timeout:
        return f"did not finish within {timeout:g} s and was stopped"
    return None


def _fork(items: list[pytest.Item]) -> _Child:
    read, write = os.pipe()
    sys.stdout.flush()
    sys.stderr.flush()
    pid = os.fork()
    if pid == 0:
        os.close(read)
        _in_child(items, write)
    os.close(write)
    os.set_blocking(read, False)
    return _Child(list(items), pid, read, time.monotonic())


def _in_child(items: list[pytest.Item], write: int) -> NoReturn:
    """Run the checks and leave, whatever happens: a child must never return into the parent's loop."""
    status = 1
    try:
        os.setpgid(0, 0)
        for number, item in enumerate(items):
            following = items[number + 1] if number + 1 < len(items) else None
            with tempfile.TemporaryDirectory(prefix="check-") as folder:
                os.chdir(folder)
                reports = runtestprotocol(item, log=False, nextitem=following)
                hook = item.config.hook
                said = [hook.pytest_report_to_serializable(config=item.config, report=report) for report in reports]
                os.chdir("/")
            # JSON has no bare line break, so the one at the end says that the message is whole.
            _say(write, _dumps(said).encode() + b"\n")
        status = 0
    finally:
        # No interpreter shutdown: atexit handlers and threads of the packages must not run in every child.
        _exit(status)


def _say(pipe: int, data: bytes) -> None:
    while data:
        data = data[_write(pipe, data) :]


def _reports(item: pytest.Item, said: bytes) -> Reports | str:
    try:
        rows = json.loads(said)
    except ValueError:
        return "the check's process brought a result that cannot be read"
    hook = item.config.hook
    return [hook.pytest_report_from_serializable(config=item.config, data=data) for data in rows]


def _death(child: _Child) -> str:
    status = child.status or 0
    if os.WIFSIGNALED(status):
        return f"the check's process was killed by {signal.Signals(os.WTERMSIG(status)).name}"
    return f"the check's process ended with status {os.waitstatus_to_exitcode(status)} and brought no result"


def _end(child: _Child) -> None:
    """End the child and whatever it left behind in its process group."""
    os.close(child.pipe)
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(child.pid, signal.SIGKILL)
    if child.status is None:
        os.waitpid(child.pid, 0)
