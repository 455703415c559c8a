"""Run one command and let nothing of it outlive this process: ``python -I -S mdm_keep.py SETTINGS COMMAND…``.

SETTINGS is JSON. ``stop`` is the descriptor of a pipe that says when the tool has had enough; where it ends without a
word, the tool is gone. ``home`` is the folder of the run, which is removed if the tool is gone. ``limits`` are for the
command. ``read`` and ``write`` are the paths that it may use (without them it may use all); with them it has no network
but the loopback where the kernel can keep it from more. The command, and all that it starts, is ended when it ends,
when the pipe does, and when this process is killed. This process ends as the command did.
"""

from __future__ import annotations

import json
import os
import resource
import select
import signal
import sys
from pathlib import Path
from typing import NoReturn, TypedDict

sys.path.insert(0, str(Path(__file__).parent))

from mdm_landlock import restrict
from mdm_net import cut_off
from mdm_parent import die_with_parent, keep_orphans
from mdm_tree import below, end

NOT_STARTED = 127
"""Exit status where the command could not be started, as shells have it."""
CAGE = "MDM_CAGE"
"""The variable that tells the command what it is restricted to."""


class _Limited(TypedDict):
    stop: int
    home: str
    limits: dict[str, int]


class Settings(_Limited, total=False):
    """How the command is to be run: see above."""

    read: list[str]
    write: list[str]
    network: bool
    own_loopback: bool


def main(settings: Settings, command: list[str]) -> NoReturn:
    """Run the command to its end or ours."""
    keep_orphans()
    # A descriptor that wakes the wait below when a child ends.
    woken, wake = os.pipe()
    os.set_blocking(wake, False)
    os.set_blocking(woken, False)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    signal.set_wakeup_fd(wake, warn_on_full_buffer=False)
    signal.signal(signal.SIGTERM, lambda *_: _leave(1))
    keeper = os.getpid()
    pid = os.fork()
    if pid == 0:
        signal.set_wakeup_fd(-1)
        _become(keeper, settings, command)
    stop = settings["stop"]
    status = None
    while status is None:
        ready, _, _ = select.select([stop, woken], [], [], 1.0)
        if stop in ready:
            _leave(1, "" if os.read(stop, 1) else settings["home"])
        if woken in ready:
            os.read(woken, 1 << 10)
        status = _reaped(pid)
    end(lambda: below(keeper))
    if os.WIFSIGNALED(status):
        # The one who waits for us is to see how the command ended.
        number = os.WTERMSIG(status)
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        if number != signal.SIGKILL:
            signal.signal(number, signal.SIG_DFL)
        os.kill(keeper, number)
    os._exit(os.waitstatus_to_exitcode(status) & 0xFF)


def _leave(status: int, home: str = "") -> NoReturn:
    end(lambda: below(os.getpid()))
    if home:
        # Nobody else is there to do it, and it may be in memory.
        import shutil

        shutil.rmtree(home, ignore_errors=True)
    # Waited for, so that what they used is counted to us.
    _reaped(0)
    os._exit(status)


def _reaped(command: int) -> int | None:
    """Take the ends of children, ours and orphans; the command's status if it is among them."""
    command_status = None
    while True:
        try:
            pid, status = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            return command_status
        if not pid:
            return command_status
        if pid == command:
            command_status = status


def _become(parent: int, settings: Settings, command: list[str]) -> NoReturn:
    try:
        os.close(settings["stop"])
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        die_with_parent(parent)
        for name, amount in settings["limits"].items():
            kind = getattr(resource, name)
            _, hard = resource.getrlimit(kind)
            allowed = amount if hard == resource.RLIM_INFINITY else min(amount, hard)
            resource.setrlimit(kind, (allowed, allowed))
        if "write" in settings:
            os.environ[CAGE] = json.dumps(_restricted(settings))
        os.umask(0o022)
        os.execvpe(command[0], command, os.environ)  # noqa: S606 - running a command is what this is for
    except OSError as error:
        os.write(2, f"{command[0]} could not be started: {error}\n".encode(errors="replace"))
    finally:
        os._exit(NOT_STARTED)


def _restricted(settings: Settings) -> dict[str, int | bool]:
    # First, as it takes rights that are given up then.
    loopback = settings.get("own_loopback", True) and cut_off()
    network = settings.get("network", True)
    restriction = restrict(read=settings["read"], write=settings["write"], network=network)
    return {"landlock": restriction.landlock, "signals": restriction.signals, "loopback_only": loopback}


if __name__ == "__main__":
    main(json.loads(sys.argv[1]), sys.argv[2:])
