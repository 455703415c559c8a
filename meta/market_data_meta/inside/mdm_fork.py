"""Run the checks in processes forked from one that has the packages loaded.

The packages under test keep global state (a bus singleton, the default metrics registry, cached settings), and a
release may crash, hang or exit. A forked child gives a check a fresh copy of the loaded process and takes only itself
down. Checks that wait overlap, because several children run at once.

Several checks may share a child, as a fork costs more than most of them. What one leaves behind must not count against
another: the first check of a child is as good as alone, and one that does not pass behind it, or with which the child
dies, is decided again. That one and those that were to follow it have a child each: where one check fails or waits in
vain, its neighbours often do as well.
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

from mdm_tree import cpu_seconds, overtime

Reports = list[pytest.TestReport]
# As they are now: a package that is loaded later may put others in their place.
_write, _exit, _dumps = os.write, os._exit, json.dumps
_SHARED = 0.25
"""The part of its time that a check may take behind others: one that hangs there has not used up that of its run."""


@dataclass
class _Child:
    """A process that runs checks one after the other: its pipe, and what it has said and not yet been heard.

    ``fresh`` until one has ended in it; ``started`` and ``used`` (seconds of CPU time) are of the one that runs.
    """

    items: list[pytest.Item]
    pid: int
    pipe: int
    started: float
    heard: bytearray = field(default_factory=bytearray)
    status: int | None = None
    fresh: bool = True
    used: float = 0.0

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

    def said(self) -> Iterator[bytes]:
        """The messages of checks that have ended, each once."""
        while self.items and b"\n" in self.heard:
            message, _, rest = bytes(self.heard).partition(b"\n")
            self.heard[:] = rest
            yield message


def run_all(
    items: list[pytest.Item],
    *,
    jobs: int,
    share: int,
    doubted: Callable[[pytest.Item], bool],
    believed: Callable[[pytest.Item, Reports], bool],
    timeout: float,
    done: Callable[[pytest.Item, Reports | str, float], None],
) -> None:
    """Run ``items`` in forked children, ``jobs`` at a time, each check for at most ``timeout`` seconds of CPU time.

    One that waits, and does not compute, is stopped when it has taken a multiple of that of wall time (see mdm_tree).

    Up to ``share`` neighbours have a child between them; those that are ``doubted`` (known to fail, or misled by what
    another has left) come first in theirs. ``believed`` says whether what a check has brought behind others may stand.
    ``done`` is called in this process for each, as it is decided, with its reports, or with a sentence where its
    process brought none (it crashed, exited, or was killed at the limit), and its duration in seconds.
    """
    waiting = _batches(items, share, doubted)
    map_modules()
    # What is loaded by now is shared with every child as long as none of them writes to it, as a collection would.
    gc.collect()
    gc.freeze()
    with selectors.DefaultSelector() as selector:
        running: dict[int, _Child] = {}
        try:
            while waiting or running:
                while waiting and len(running) < jobs:
                    child = _fork(waiting.pop(0), believed)
                    running[child.pipe] = child
                    selector.register(child.pipe, selectors.EVENT_READ)
                for key, _ in selector.select(timeout=0.2):
                    running[key.fd].listen()
                for child in list(running.values()):
                    if _attend(child, timeout, believed, done):
                        selector.unregister(child.pipe)
                        del running[child.pipe]
                        _end(child)
                        waiting[:0] = [[item] for item in child.items]
        finally:
            for child in running.values():
                _end(child)


def _batches(items: list[pytest.Item], share: int, doubted: Callable[[pytest.Item], bool]) -> list[list[pytest.Item]]:
    """The checks that have a child between them: neighbours, and a doubted one begins another."""
    batches: list[list[pytest.Item]] = []
    for item in items:
        if not batches or doubted(item) or len(batches[-1]) == share:
            batches.append([])
        batches[-1].append(item)
    return batches


def map_modules() -> None:
    """Make the map of files to modules, which pytest wants for a traceback, here once and not after every failure."""
    inspect.getmodule(sys._getframe())  # noqa: SLF001 - documented as the way to the current frame


def _attend(
    child: _Child,
    timeout: float,
    believed: Callable[[pytest.Item, Reports], bool],
    done: Callable[[pytest.Item, Reports | str, float], None],
) -> bool:
    """Hand on what has been decided; whether the child is over. What it has left undecided is to go on in another."""
    gone = child.gone()
    for message in child.said():
        item, now = child.items[0], time.monotonic()
        result = _reports(item, message)
        if not child.fresh and (isinstance(result, str) or not believed(item, result)):
            return True
        # Several may have been heard at once, so that the time since the last says nothing of each.
        seconds = now - child.started if isinstance(result, str) else sum(report.duration for report in result)
        done(child.items.pop(0), result, seconds)
        child.fresh, child.started, child.used = False, now, cpu_seconds([child.pid])
    if not child.items:
        return True
    limit = timeout if child.fresh else timeout * _SHARED
    cause = _death(child) if gone else overtime(child.pid, child.started, limit, child.used)
    if not cause:
        return False
    if child.fresh:
        done(child.items.pop(0), cause, time.monotonic() - child.started)
    return True


def _fork(items: list[pytest.Item], believed: Callable[[pytest.Item, Reports], bool]) -> _Child:
    read, write = os.pipe()
    sys.stdout.flush()
    sys.stderr.flush()
    pid = os.fork()
    if pid == 0:
        os.close(read)
        _in_child(items, write, believed)
    os.close(write)
    os.set_blocking(read, False)
    return _Child(list(items), pid, read, time.monotonic())


def _in_child(items: list[pytest.Item], write: int, believed: Callable[[pytest.Item, Reports], bool]) -> NoReturn:
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
            if number and not believed(item, reports):
                break
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
