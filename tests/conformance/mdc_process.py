"""A real server as a process: it listens on a port of the loopback and does not outlive the check that has started it.

A check for which a server cannot be started could not look at anything: ``ServerError`` makes it an error and says
nothing of the packages.
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path

import mdc_launch
import mdm_tree
from mdc_ports import listens
from mdc_wait import wait_until
from mdm_tree import alive, below, end

PATIENCE = 60.0
"""Seconds after which a server is taken to hang: none takes so long on the busiest machine."""
_INSIDE, _SUITE = (os.path.realpath(Path(module.__file__ or "").parent) for module in (mdm_tree, mdc_launch))


class ServerError(Exception):
    """A server cannot be started, or does not do what it is there for."""


class ServerProcess:
    """A process that the kernel kills when this one ends, and the output that it writes to a file.

    With ``python`` the command is what follows ``python`` on a command line, and is run by the environment's own
    interpreter with this process's path, but for the folders of the suite. ``no_root`` is for a program that refuses to
    run as root.
    """

    def __init__(
        self,
        command: Sequence[str],
        output: Path,
        *,
        environment: Mapping[str, str] | None = None,
        python: bool = False,
        no_root: bool = False,
    ) -> None:
        if threading.current_thread() is not threading.main_thread():
            # The kernel ends it with the thread that has started it.
            raise ServerError("a server is started by the main thread, as it ends with the thread that has started it")
        kind = ["python", "\n".join(packages_path())] if python else ["no-root" if no_root else "program"]
        self._output = output
        with output.open("ab") as file:
            self._process = subprocess.Popen(
                [*_interpreter(), mdc_launch.__file__, _INSIDE, str(os.getpid()), *kind, *command],
                stdin=subprocess.DEVNULL,
                stdout=file,
                stderr=subprocess.STDOUT,
                env=plain_environment() | dict(environment or {}),
                cwd=output.parent,
            )
        self.pid = self._process.pid
        self._paused: set[int] = set()

    @property
    def running(self) -> bool:
        """Whether it has not ended."""
        return self._process.poll() is None

    @property
    def output(self) -> str:
        """What it has written so far, to either stream."""
        return self._output.read_text(errors="replace")

    def tree(self) -> set[int]:
        """The living processes: itself and all that come from it."""
        return below(self.pid) | alive(self.pid)

    def listens_on(self, port: int) -> bool:
        """Wait until it listens on the port; False if it ends before."""
        if not wait_until(lambda: not self.running or listens(self.tree, port), PATIENCE):
            raise ServerError(f"the server did not listen within {PATIENCE:g} s: {self.output[-1000:]}")
        return self.running

    def send(self, number: signal.Signals) -> None:
        """Send it a signal."""
        self._process.send_signal(number)

    def wait(self, seconds: float = PATIENCE) -> int | None:
        """Its exit code, negative for a signal, when it has ended; None if it does not within far too many seconds."""
        with contextlib.suppress(subprocess.TimeoutExpired):
            return self._process.wait(seconds)
        return None

    def stop(self, number: signal.Signals) -> None:
        """Have it end in good order by a signal, which it must."""
        self.resume()
        self.send(number)
        if self.wait() is None:
            raise ServerError(f"the server did not end within {PATIENCE:g} s: {self.output[-1000:]}")

    def kill(self) -> None:
        """End it and all that come from it at once, as a crash of their machine does."""
        end(self.tree)
        self._process.wait()

    def pause(self) -> None:
        """Stop it in its tracks: the kernel still accepts connections for it, and nobody answers."""
        while fresh := self.tree() - self._paused:
            for pid in fresh:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGSTOP)
            self._paused |= fresh
            wait_until(lambda: all(map(_is_stopped, self._paused)), PATIENCE)

    def resume(self) -> None:
        """Let it go on where it was paused."""
        while self._paused:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self._paused.pop(), signal.SIGCONT)


def packages_path() -> list[str]:
    """This process's path as the packages need it: without the suite's folders, which no service has."""
    return [folder for folder in sys.path if folder and os.path.realpath(folder) not in (_INSIDE, _SUITE)]


def plain_environment() -> dict[str, str]:
    """The variables of a process on its own: those that every run has, its home, and none that configures a package."""
    names = ("PATH", "LD_LIBRARY_PATH", "HOME", "TMPDIR", "TZ", "LANG", "PYTHONHASHSEED", "PYTHONPYCACHEPREFIX")
    return {name: os.environ[name] for name in names if name in os.environ}


def _interpreter() -> list[str]:
    # Byte code is written where this process may write it, or nowhere.
    return [sys.executable, "-S", "-P", *(["-B"] if sys.dont_write_bytecode else [])]


def _is_stopped(pid: int) -> bool:
    """Whether a process is stopped, or gone, or nothing tells."""
    with contextlib.suppress(OSError, IndexError):
        return Path(f"/proc/{pid}/stat").read_text(errors="replace").rpartition(")")[2].split()[0] in "TtZX"
    return True
