"""The template of the warm lane: pytest and the third-party modules are loaded, and each cell is forked from it.

The tool talks to it over a socket, one JSON object a line. ``scout`` names the modules that a cell loads, ``load``
loads modules into the template, ``run`` forks a cell. The template itself never has a package under test on its path.
It is the keeper of its cells' orphans, and ends them when their cell has ended.
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
from typing import Any, NoReturn

import mdm_cage
from mdm_clause import described
from mdm_fork import map_modules
from mdm_keep import CAGE
from mdm_tree import below, die_with_parent, end, keep_orphans

Request = dict[str, Any]
_WAKE_SECONDS = 0.5
_exit = os._exit


class Template:
    """A process that forks cells on request, and tells when each has ended.

    ``run`` is what a cell does with its request, in its own process.
    """

    def __init__(self, descriptor: int, run: Callable[[Request], None]) -> None:
        self._channel = socket.socket(fileno=descriptor)
        self._run = run
        self._cells: dict[int, Any] = {}
        self._files: list[int] = []

    def serve(self) -> None:
        """Answer requests until the tool closes the channel; cells that still run are ended with it."""
        keep_orphans()
        read, write = socket.socketpair()
        read.setblocking(False)
        write.setblocking(False)
        # A child's end wakes the selector; nothing is to be done in the handler itself.
        signal.signal(signal.SIGCHLD, lambda *_: None)
        signal.set_wakeup_fd(write.fileno(), warn_on_full_buffer=False)
        heard = b""
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
                    data, files, _, _ = socket.recv_fds(self._channel, 1 << 16, 16, socket.MSG_CMSG_CLOEXEC)
                    self._files += files
                    if not data:
                        break
                    *lines, heard = (heard + data).split(b"\n")
                    for line in lines:
                        self._answer(json.loads(line))

    def _say(self, **answer: Any) -> None:
        self._channel.sendall(json.dumps(answer).encode() + b"\n")

    def _answer(self, request: Request) -> None:
        kind = request["kind"]
        if kind == "load":
            for name in request["modules"]:
                _load(name)
            map_modules()
            gc.collect()
            # What is loaded by now is shared with every cell as long as none of them writes to it.
            gc.freeze()
            self._say(id=request["id"], loaded=len(sys.modules))
            return
        # They come in the order of the requests, each no later than the first byte of its own.
        files, self._files = self._files[: len(request["files"])], self._files[len(request["files"]) :]
        request |= dict(zip(request["files"], files, strict=True))
        sys.stdout.flush()
        sys.stderr.flush()
        us = os.getpid()
        pid = os.fork()
        if pid == 0:
            die_with_parent(us)
            # Those of a cell that is to come are not for this one.
            _close(self._files)
            self._in_cell(request, _scout if kind == "scout" else self._run)
        _close(files)
        self._cells[pid] = request["id"]
        self._say(id=request["id"], pid=pid)

    def _reap(self) -> None:
        while self._cells:
            try:
                pid, status = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                return
            if not pid:
                return
            if pid in self._cells:
                number = self._cells.pop(pid)
                # What it leaves behind is our child now, and no other cell's.
                end(self._strays)
                self._say(id=number, status=status)

    def _strays(self) -> set[int]:
        """What comes from this process and from none of its cells."""
        return below(os.getpid()).difference(self._cells, *map(below, self._cells))

    def _in_cell(self, request: Request, action: Callable[[Request], None]) -> NoReturn:
        """Become the cell and never return into the template's loop."""
        status = 1
        try:
            os.setsid()
            keep_orphans()
            self._channel.close()
            signal.set_wakeup_fd(-1)
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            _enter(request)
            action(request)
            status = 0
        except BaseException as error:  # noqa: BLE001 - whatever it is, it ends this process and is told in its log
            os.write(2, f"the cell ended early: {described(error)}\n".encode(errors="replace"))
        finally:
            # A package may have put something else in its place.
            with contextlib.suppress(BaseException):
                sys.stdout.flush()
            _exit(status)


def _enter(request: Request) -> None:
    """Make the process the cell's own: output, limits, home, and its releases in front of everything else."""
    os.dup2(request["log"], 1)
    os.dup2(request["log"], 2)
    for name, amount in request["limits"].items():
        kind = getattr(resource, name)
        # What the template has already mapped is not the release's doing.
        wanted = amount + (_data_bytes() if name == "RLIMIT_DATA" else 0)
        hard = resource.getrlimit(kind)[1]
        allowed = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
        resource.setrlimit(kind, (allowed, allowed))
    os.environ.update(HOME=request["home"], TMPDIR=request["home"])
    tempfile.tempdir = None
    os.chdir(request["home"])
    sys.path[:0] = request["path"]
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


def _scout(request: Request) -> None:
    """Write down which modules the cell's preload brings in, other than those of its own releases."""
    caged(request)
    before = set(sys.modules)
    for name in request["preload"]:
        _load(name)
    own = tuple(request["path"])
    found = [
        name
        for name, module in list(sys.modules.items())
        if name not in before and not str(getattr(module, "__file__", None) or own[0]).startswith(own)
    ]
    with os.fdopen(request["found"], "w") as stream:
        json.dump(found, stream)


def caged(request: Request) -> Any:
    """Put the process into its cage, within the template's; what holds of it. What it writes to is open already."""
    read = [*request["read"], *request["path"], request["home"]]
    held = mdm_cage.enter(read=read, write=[request["home"]], deeds=request["deeds"], restricted=None)
    return held | {"loopback_only": json.loads(os.environ[CAGE])["loopback_only"]}
