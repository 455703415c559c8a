"""Run the checks in processes forked from one that has the packages loaded.

The packages under test keep global state (a bus singleton, the default metrics registry, cached settings), and a
release may crash, hang or exit. A forked child gives a check a fresh copy of the loaded process and takes only itself
down. Checks that wait overlap, because several children run at once.

Several checks may share a child, as a fork costs more than most of them. What a check leaves behind must not count
against another: a check that fails in a process that others have used, or with which that process dies, is run again in
a fresh one, unless its failure is a known one. So are the checks that were to follow it, each alone: where a check
fails or waits in vain, its neighbours often do as well.
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
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass, field
from typing import NoReturn

import pytest
from _pytest.runner import runtestprotocol

from mdm_plan import Limits
from mdm_tree import asleep, below, cpu_seconds, overtime, signal_name

Reports = list[pytest.TestReport]
OnDecided = Callable[[pytest.Item, Reports | str, float], None]
CountsAfterOthers = Callable[[pytest.Item, Reports], bool]
# As they are now: a package that is loaded later may put others in their place.
_write, _exit, _dumps = os.write, os._exit, json.dumps
_SHARED = 0.25
"""The part of its time that a check may take behind others: one that hangs there has not used up that of its run."""
_ASLEEP = 1.5
"""How many times its limit of CPU time a check may be asleep: more than the minute that a check itself waits for what
does not come, after which it fails. On a busy machine it is asleep no longer."""
_DOZE, _BESIDE = 2.0, 6
"""Seconds asleep after which another check begins beside one, and how many may sleep so at a time."""
_LOOK = 0.2
"""Seconds between two looks at a child, and at the pipes of all: most checks have ended before the first."""


@dataclass
class _Child:
    """A process that runs checks one after the other: its pipe, and what has been read from that and not yet handled.

    ``fresh`` until a check has ended in it. The check that runs began at ``started``, when the process had used
    ``cpu_before`` seconds of CPU time. It was ``asleep`` for so many seconds until it was last ``looked`` at.
    """

    items: list[pytest.Item]
    pid: int
    pipe: int
    started: float = 0.0
    received: bytearray = field(default_factory=bytearray)
    status: int | None = None
    fresh: bool = True
    cpu_before: float = 0.0
    asleep: float = 0.0
    looked: float = 0.0

    def read(self) -> None:
        """Take in what the checks have written."""
        with contextlib.suppress(BlockingIOError):
            self.received += os.read(self.pipe, 1 << 16)

    def begin(self) -> None:
        """Note that its next check begins."""
        self.started = self.looked = time.monotonic()
        self.asleep, self.cpu_before = 0.0, cpu_seconds([self.pid])

    def look(self) -> None:
        """Count how long its check has been asleep, now and then: each look goes through its processes' threads."""
        now = time.monotonic()
        if now - self.looked < _LOOK:
            return
        if asleep(below(self.pid) | {self.pid}):
            # Whoever looks seldom, as the machine is busy, does not know what was between.
            self.asleep += min(now - self.looked, 1.0)
        self.looked = now

    def has_died(self) -> bool:
        """Whether it has died. The pipe's end is no sign: what it left behind may hold it open."""
        pid, status = os.waitpid(self.pid, os.WNOHANG)
        if pid:
            self.status = status
            self.read()
        return bool(pid)

    def messages(self) -> Iterator[bytes]:
        """The messages of checks that have ended, each once."""
        while self.items and b"\n" in self.received:
            message, _, rest = bytes(self.received).partition(b"\n")
            self.received[:] = rest
            yield message


def run_checks(
    items: list[pytest.Item],
    limits: Limits,
    *,
    needs_fresh_process: Callable[[pytest.Item], bool],
    counts_after_others: CountsAfterOthers,
    on_decided: OnDecided,
) -> None:
    """Run ``items`` in forked children, each check within the CPU time of its limits.

    A check that does not compute is stopped when it has slept for half as much again, and one that neither sleeps nor
    computes when it has taken a multiple of that of wall time (see mdm_tree). A check that ``needs_fresh_process`` (it
    is misled by what another has left) is the first in its child. ``counts_after_others`` says whether the reports of a
    check that ran after others are its answer. ``on_decided`` is called in this process for each check with its
    reports, or with a sentence where its process brought none (it crashed, exited, or was killed at the limit), and its
    duration in seconds.
    """
    waiting = _batches(items, limits.checks_per_process, needs_fresh_process)
    map_modules()
    # What is loaded by now is shared with every child as long as none of them writes to it, as a collection would.
    gc.collect()
    gc.freeze()
    with selectors.DefaultSelector() as selector:
        running: dict[int, _Child] = {}
        try:
            while waiting or running:
                while waiting and _has_room(running.values(), limits.jobs):
                    child = _fork(waiting.pop(0), counts_after_others)
                    running[child.pipe] = child
                    selector.register(child.pipe, selectors.EVENT_READ)
                for key, _ in selector.select(timeout=_LOOK):
                    running[key.fd].read()
                for child in list(running.values()):
                    if _attend(child, limits.check_seconds, counts_after_others, on_decided):
                        selector.unregister(child.pipe)
                        del running[child.pipe]
                        _end(child)
                        waiting[:0] = [[item] for item in child.items]
        finally:
            for child in running.values():
                _end(child)


def _has_room(running: Collection[_Child], jobs: int) -> bool:
    """Whether another child may begin: what waits for something that may never come holds up no other."""
    dozing = sum(child.asleep > _DOZE for child in running)
    return len(running) - min(dozing, _BESIDE) < jobs


def _batches(
    items: list[pytest.Item], size: int, needs_fresh_process: Callable[[pytest.Item], bool]
) -> list[list[pytest.Item]]:
    """The checks that share a child: neighbours; one that needs a fresh process begins another batch."""
    batches: list[list[pytest.Item]] = []
    for item in items:
        if not batches or needs_fresh_process(item) or len(batches[-1]) == size:
            batches.append([])
        batches[-1].append(item)
    return batches


@contextlib.contextmanager
def uncollected() -> Iterator[None]:
    """Look for no garbage while modules are imported: what they make stays, and is looked at again and again."""
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


def map_modules() -> None:
    """Make the map of files to modules, which pytest wants for a traceback, here once and not after every failure."""
    inspect.getmodule(sys._getframe())  # noqa: SLF001 - documented as the way to the current frame


def _attend(child: _Child, check_seconds: float, counts_after_others: CountsAfterOthers, on_decided: OnDecided) -> bool:
    """Hand on what the child has decided; whether it is over. Checks that it has left undecided go on in another."""
    dead = child.has_died()
    for message in child.messages():
        item, now = child.items[0], time.monotonic()
        result = _reports(item, message)
        if not child.fresh and (isinstance(result, str) or not counts_after_others(item, result)):
            return True
        # Several may have been read at once, so that the time since the last says nothing of each.
        seconds = now - child.started if isinstance(result, str) else sum(report.duration for report in result)
        on_decided(child.items.pop(0), result, seconds)
        child.fresh = False
        child.begin()
    if not child.items:
        return True
    limit = check_seconds if child.fresh else check_seconds * _SHARED
    cause = _death(child) if dead else _overtime(child, limit)
    if not cause:
        return False
    if child.fresh:
        on_decided(child.items.pop(0), cause, time.monotonic() - child.started)
    return True


def _overtime(child: _Child, limit: float) -> str:
    """Which of its limits the child's check has exceeded; nothing if none."""
    child.look()
    if child.asleep > limit * _ASLEEP:
        return f"waited for {limit * _ASLEEP:g} s without doing anything and was stopped"
    return overtime(child.pid, child.started, limit, child.cpu_before)


def _fork(items: list[pytest.Item], counts_after_others: CountsAfterOthers) -> _Child:
    read, write = os.pipe()
    sys.stdout.flush()
    sys.stderr.flush()
    pid = os.fork()
    if pid == 0:
        os.close(read)
        _in_child(items, write, counts_after_others)
    os.close(write)
    os.set_blocking(read, False)
    child = _Child(list(items), pid, read)
    child.begin()
    return child


def _in_child(items: list[pytest.Item], write: int, counts_after_others: CountsAfterOthers) -> NoReturn:
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
                rows = [hook.pytest_report_to_serializable(config=item.config, report=report) for report in reports]
                os.chdir("/")
            # JSON has no bare line break, so the one at the end says that the message is complete.
            _send(write, _dumps(rows).encode() + b"\n")
            if number and not counts_after_others(item, reports):
                break
        status = 0
    finally:
        # No interpreter shutdown: atexit handlers and threads of the packages must not run in every child.
        _exit(status)


def _send(pipe: int, data: bytes) -> None:
    while data:
        data = data[_write(pipe, data) :]


def _reports(item: pytest.Item, message: bytes) -> Reports | str:
    try:
        rows = json.loads(message)
    except ValueError:
        return "the check's process brought a result that cannot be read"
    hook = item.config.hook
    return [hook.pytest_report_from_serializable(config=item.config, data=data) for data in rows]


def _death(child: _Child) -> str:
    status = child.status or 0
    if os.WIFSIGNALED(status):
        return f"the check's process was killed by {signal_name(os.WTERMSIG(status))}"
    return f"the check's process ended with status {os.waitstatus_to_exitcode(status)} and brought no result"


def _end(child: _Child) -> None:
    """End the child and whatever it left behind in its process group."""
    os.close(child.pipe)
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(child.pid, signal.SIGKILL)
    if child.status is None:
        os.waitpid(child.pid, 0)
