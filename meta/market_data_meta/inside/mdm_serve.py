"""The template of the warm lane: pytest and the third-party modules are loaded, and each cell is forked from it.

The tool talks to it over a socket, one JSON object a line: a ``TemplateRequest`` one way, a ``TemplateAnswer`` the
other. The template itself never has a package under test on its path. It is the keeper of its cells' orphans, and ends
them when their cell has ended.
"""

from __future__ import annotations

import contextlib
import gc
import importlib
import json
import os
import resource
import selectors
import signal
import socket
import sys
import tempfile
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import NamedTuple, NoReturn

import mdm_cage
from mdm_clause import described
from mdm_fork import map_modules, uncollected
from mdm_json import from_json, to_json
from mdm_keep import CAGE
from mdm_parent import die_with_parent, keep_orphans
from mdm_plan import Cage, CellRequest, ForkedProcess, LoadRequest, SurveyRequest, TemplateAnswer, TemplateRequest
from mdm_tree import below, end

_KINDS = {"load": LoadRequest, "survey": SurveyRequest, "run": CellRequest}
_WAKE_SECONDS = 0.5
_exit = os._exit


class Descriptors(NamedTuple):
    """The files that come with a request for a process: its output, what it is to write, its refused attempts."""

    log: int
    result: int
    refused_attempts: int


class TemplateServer:
    """A process that forks cells on request, and reports when each has ended.

    ``run`` is what a cell does with its request, in its own process.
    """

    def __init__(self, descriptor: int, run: Callable[[CellRequest, Descriptors], None]) -> None:
        self._channel = socket.socket(fileno=descriptor)
        self._run = run
        self._requests: dict[int, int] = {}
        """The id of the request for each process that runs."""
        self._descriptors: list[int] = []

    def serve(self) -> None:
        """Answer requests until the tool closes the channel; cells that still run are ended with it."""
        keep_orphans()
        read, write = socket.socketpair()
        read.setblocking(False)
        write.setblocking(False)
        # A child's end wakes the selector; nothing is to be done in the handler itself.
        signal.signal(signal.SIGCHLD, lambda *_: None)
        signal.set_wakeup_fd(write.fileno(), warn_on_full_buffer=False)
        received = b""
        with selectors.DefaultSelector() as selector:
            selector.register(self._channel, selectors.EVENT_READ)
            selector.register(read, selectors.EVENT_READ)
            while True:
                ready = {key.fileobj for key, _ in selector.select(_WAKE_SECONDS)}
                if read in ready:
                    with contextlib.suppress(BlockingIOError):
                        read.recv(1 << 12)
                self._reap()
                if self._channel in ready:
                    data, descriptors, _, _ = socket.recv_fds(self._channel, 1 << 16, 16, socket.MSG_CMSG_CLOEXEC)
                    self._descriptors += descriptors
                    if not data:
                        break
                    *lines, received = (received + data).split(b"\n")
                    for line in lines:
                        self._handle(_request(line))

    def _answer(self, answer: TemplateAnswer) -> None:
        self._channel.sendall(json.dumps(to_json(answer)).encode() + b"\n")

    def _handle(self, request: TemplateRequest) -> None:
        if isinstance(request, LoadRequest):
            with uncollected():
                for name in request.modules:
                    _load(name)
            map_modules()
            gc.collect()
            # What is loaded by now is shared with every cell as long as none of them writes to it.
            gc.freeze()
            self._answer(TemplateAnswer(request.id, loaded=len(sys.modules)))
            return
        # They come in the order of the requests, each no later than the first byte of its own.
        number = len(Descriptors._fields)
        files, self._descriptors = Descriptors(*self._descriptors[:number]), self._descriptors[number:]
        sys.stdout.flush()
        sys.stderr.flush()
        template = os.getpid()
        pid = os.fork()
        if pid == 0:
            die_with_parent(template)
            # Those of a process that is to come are not for this one.
            _close(self._descriptors)
            self._in_child(request, files)
        _close(files)
        self._requests[pid] = request.id
        self._answer(TemplateAnswer(request.id, pid=pid))

    def _reap(self) -> None:
        while self._requests:
            try:
                pid, status = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                return
            if not pid:
                return
            if pid in self._requests:
                request_id = self._requests.pop(pid)
                # What it leaves behind is our child now, and no other cell's.
                end(self._orphans)
                self._answer(TemplateAnswer(request_id, status=status))

    def _orphans(self) -> set[int]:
        """What comes from this process and from none of its cells."""
        return below(os.getpid()).difference(self._requests, *map(below, self._requests))

    def _in_child(self, request: SurveyRequest | CellRequest, files: Descriptors) -> NoReturn:
        """Do what is requested and never return into the template's loop."""
        status = 1
        try:
            os.setsid()
            keep_orphans()
            self._channel.close()
            signal.set_wakeup_fd(-1)
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            if isinstance(request, SurveyRequest):
                _enter(request.process, request.path, files)
                _survey(request, files)
            else:
                _enter(request.process, request.run.path, files)
                self._run(request, files)
            status = 0
        except BaseException as error:  # noqa: BLE001 - whatever it is, it ends this process, and its log says so
            os.write(2, f"the cell ended early: {described(error)}\n".encode(errors="replace"))
        finally:
            # A package may have put something else in its place.
            with contextlib.suppress(BaseException):
                sys.stdout.flush()
            _exit(status)


def _request(line: bytes) -> TemplateRequest:
    data = json.loads(line)
    request: TemplateRequest = from_json(_KINDS[data["kind"]], data)
    return request


def _enter(process: ForkedProcess, path: Iterable[str], files: Descriptors) -> None:
    """Make the process the cell's own: output, limits, home, and its releases in front of everything else."""
    os.dup2(files.log, 1)
    os.dup2(files.log, 2)
    for name, amount in process.limits.items():
        kind = getattr(resource, name)
        # What the template has already mapped is not the release's doing.
        limit = amount + (_data_bytes() if name == "RLIMIT_DATA" else 0)
        hard = resource.getrlimit(kind)[1]
        allowed = limit if hard == resource.RLIM_INFINITY else min(limit, hard)
        resource.setrlimit(kind, (allowed, allowed))
    os.environ.update(HOME=process.home, TMPDIR=process.home)
    tempfile.tempdir = None
    os.chdir(process.home)
    sys.path[:0] = path
    # Byte code is written where a release is unpacked, not by what runs there.
    sys.dont_write_bytecode = True
    importlib.invalidate_caches()


def _close(descriptors: Iterable[int]) -> None:
    for descriptor in descriptors:
        os.close(descriptor)


def _data_bytes() -> int:
    status = Path("/proc/self/status")
    if not status.exists():
        return 1 << 30
    line = next(line for line in status.read_text().splitlines() if line.startswith("VmData"))
    return int(line.split()[1]) * 1024


def _load(name: str) -> None:
    # A module that does not load here is loaded, or not, by the cell that wants it.
    with contextlib.suppress(Exception):
        importlib.import_module(name)


def _survey(request: SurveyRequest, files: Descriptors) -> None:
    """Write down which modules the preload brings in, other than those of the releases themselves."""
    enter_cage(request.process, request.path, files)
    before = set(sys.modules)
    for name in request.preload:
        _load(name)
    modules = [
        name
        for name, module in list(sys.modules.items())
        if name not in before and not str(getattr(module, "__file__", None) or request.path[0]).startswith(request.path)
    ]
    with os.fdopen(files.result, "w") as stream:
        json.dump(modules, stream)


def enter_cage(process: ForkedProcess, path: Iterable[str], files: Descriptors) -> Cage:
    """Put the process into its cage, within the template's; what restricts it. What it writes to is open already."""
    return mdm_cage.enter(
        read=[*process.readable, *path, process.home],
        write=[process.home],
        refused_attempts=files.refused_attempts,
        loopback_only=json.loads(os.environ[CAGE])["loopback_only"],
    )
