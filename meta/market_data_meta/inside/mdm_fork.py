"""Run every check in a process of its own, forked from one that has the packages loaded.

The packages under test keep global state (a bus singleton, the default metrics registry, cached settings), and a
release may crash, hang or exit. A forked child gives each check a fresh copy of the loaded process and takes only
itself down. Checks that wait overlap, because several children run at once.
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


@dataclass
class _Child:
    """One running check: its process, the read end of its pipe, and what it has said so far."""

    item: pytest.Item
    pid: int
    pipe: int
    started: float
    heard: bytearray = field(default_factory=bytearray)
    status: int | None = None

    def listen(self) -> None:
        """Take in what the check has said."""
        with contextlib.suppress(BlockingIOError):
            self.heard += os.read(self.pipe, 1 << 16)

    def over(self) -> bool:
        """Whether it has said all, or has died. The pipe's end is no sign: what it left behind may hold it open."""
        if self.heard.endswith(b"\n"):
            return True
        pid, status = os.waitpid(self.pid, os.WNOHANG)
        if pid:
            self.status = status
            self.listen()
        return bool(pid)


def run_all(
    items: list[pytest.Item], *, jobs: int, timeout: float, done: Callable[[pytest.Item, Reports | str, float], None]
) -> None:
    """Run ``items`` in forked children, ``jobs`` at a time, each for at most ``timeout`` seconds.

    ``done`` is called in this process for each, as it finishes, with its reports, or with a sentence where the child
    brought none (it crashed, exited, or was killed at the limit), and its duration in seconds.
    """
    waiting = list(reversed(items))
    # What is loaded by now is shared with every child as long as none of them writes to it, as a collection would.
    # The map of files to modules, which pytest wants for a traceback, is made here once and not after every failure.
    inspect.getmodule(sys._getframe())  # noqa: SLF001 - documented as the way to the current frame
    gc.collect()
    gc.freeze()
    with selectors.DefaultSelector() as selector:
        running: dict[int, _Child] = {}
        try:
            while waiting or running:
                while waiting and len(running) < jobs:
                    child = _fork(waiting.pop())
                    running[child.pipe] = child
                    selector.register(child.pipe, selectors.EVENT_READ)
                for key, _ in selector.select(timeout=0.2):
                    running[key.fd].listen()
                for child in [child for child in running.values() if child.over()]:
                    _forget(selector, running, child)
                    done(child.item, _verdict(child, _reap(child)), time.monotonic() - child.started)
                for child in _overdue(running, timeout):
                    _forget(selector, running, child)
                    _reap(child, kill=True)
                    done(child.item, f"did not finish within {timeout:g} s and was stopped", timeout)
        finally:
            for child in running.values():
                _reap(child, kill=True)


def _fork(item: pytest.Item) -> _Child:
    read, write = os.pipe()
    sys.stdout.flush()
    sys.stderr.flush()
    pid = os.fork()
    if pid == 0:
        os.close(read)
        _in_child(item, write)
    os.close(write)
    os.set_blocking(read, False)
    return _Child(item, pid, read, time.monotonic())


def _in_child(item: pytest.Item, write: int) -> NoReturn:
    """Run the one check and leave, whatever happens: a child must never return into the parent's loop."""
    status = 1
    try:
        os.setpgid(0, 0)
        with tempfile.TemporaryDirectory(prefix="check-") as folder:
            os.chdir(folder)
            reports = runtestprotocol(item, log=False, nextitem=None)
            said = json.dumps(
                [item.config.hook.pytest_report_to_serializable(config=item.config, report=r) for r in reports]
            )
        os.chdir("/")
        with os.fdopen(write, "wb") as pipe:
            # JSON has no bare line break, so the one at the end says that the message is whole.
            pipe.write(said.encode() + b"\n")
        status = 0
    finally:
        # No interpreter shutdown: atexit handlers and threads of the packages must not run in every child.
        os._exit(status)


def _verdict(child: _Child, status: int) -> Reports | str:
    if os.WIFSIGNALED(status):
        return f"the check's process was killed by {signal.Signals(os.WTERMSIG(status)).name}"
    try:
        said = json.loads(bytes(child.heard))
    except ValueError:
        return f"the check's process ended with status {os.waitstatus_to_exitcode(status)} and brought no result"
    hook = child.item.config.hook
    return [hook.pytest_report_from_serializable(config=child.item.config, data=data) for data in said]


def _overdue(running: dict[int, _Child], timeout: float) -> Iterator[_Child]:
    now = time.monotonic()
    yield from [child for child in running.values() if now - child.started > timeout]


def _forget(selector: selectors.BaseSelector, running: dict[int, _Child], child: _Child) -> None:
    selector.unregister(child.pipe)
    del running[child.pipe]


def _reap(child: _Child, *, kill: bool = False) -> int:
    """Wait for the child and end whatever it left behind in its process group; its wait status."""
    os.close(child.pipe)
    if kill:
        _kill_group(child.pid)
    status = child.status if child.status is not None else os.waitpid(child.pid, 0)[1]
    _kill_group(child.pid)
    return status


def _kill_group(pid: int) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(pid, signal.SIGKILL)
