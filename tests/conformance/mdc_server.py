"""What the servers of a check have in common: a port that each keeps, a folder of its own, a beginning and an end."""

from __future__ import annotations

import shutil
import signal
import tempfile
from abc import ABC, abstractmethod
from collections.abc import Sequence
from pathlib import Path
from typing import ClassVar, Self

from mdc_ports import LOOPBACK, free_port
from mdc_process import PATIENCE, ServerError, ServerProcess
from mdc_wait import wait_until
from mdm_clause import NotApplicableError

_ATTEMPTS = 8


class Server(ABC):
    """A server on a port of the loopback. As a context manager it is started, and closed in the end."""

    host = LOOPBACK
    stop_signal: ClassVar[signal.Signals] = signal.SIGTERM
    """What it ends in good order by."""
    no_root: ClassVar[bool] = False

    def __init__(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="server-"))
        self.port = 0
        self.disturbed = False
        """Whether it was ever stopped, killed or paused: it may not be as it was for the next check."""
        self._process: ServerProcess | None = None

    @abstractmethod
    def command_line(self, port: int) -> Sequence[str]:
        """The command that runs it on a port."""

    @abstractmethod
    def answers(self) -> bool:
        """Whether it answers as one that is ready does."""

    @property
    def process(self) -> ServerProcess:
        """Its process, while it has one."""
        if self._process is None:
            raise ServerError("the server is not started")
        return self._process

    @property
    def output(self) -> str:
        """What it has written since it was started, to either stream."""
        return self.process.output

    def start(self) -> None:
        """Start it, and return when it answers: on a free port, and ever again on the same."""
        if self._process is not None:
            raise ServerError("the server is started already")
        for _ in range(_ATTEMPTS):
            port = self.port or free_port()
            self._process = self._launched(port)
            if self._process.listens_on(port):
                self.port = port
                break
            if self.port or "in use" not in self._process.output:
                break
        if not wait_until(lambda: not self.process.running or self.answers(), PATIENCE):
            raise ServerError(f"the server does not answer: {self.output[-1000:]}")
        if not self.process.running:
            raise ServerError(f"the server ended with {self.process.wait()}: {self.output[-1000:]}")

    def _launched(self, port: int) -> ServerProcess:
        output = self.folder / "output.txt"
        output.write_text("")
        return ServerProcess(self.command_line(port), output, no_root=self.no_root)

    def stop(self) -> None:
        """Have it end in good order. Its port refuses connections then."""
        self.disturbed = True
        self.process.stop(self.stop_signal)
        self._process = None

    def kill(self) -> None:
        """End it and all its processes at once, as a crash of their machine does."""
        self.disturbed = True
        self.process.kill()
        self._process = None

    def restart(self) -> None:
        """Stop it and start it again on the same port."""
        self.stop()
        self.start()

    def pause(self) -> None:
        """Have it answer nobody, on no connection; new ones are still accepted."""
        self.disturbed = True
        self.process.pause()

    def resume(self) -> None:
        """Let it answer again, also what it was asked meanwhile."""
        self.process.resume()

    def close(self) -> None:
        """End it if it runs, and remove its folder."""
        if self._process is not None:
            self.kill()
        shutil.rmtree(self.folder, ignore_errors=True)

    def __enter__(self) -> Self:
        try:
            self.start()
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


class OwnedByUser(Server):
    """A server of the user's own, which is asked and neither stopped nor started: not every check can do with it."""

    @property
    def process(self) -> ServerProcess:
        """None of ours: what a check wants of it is not applicable."""
        raise NotApplicableError("the server is the user's own, and no check stops, pauses or reads the output of it")

    def start(self) -> None:
        """Return when it answers, which it must."""
        if not wait_until(self.answers, PATIENCE):
            raise ServerError("the user's own server does not answer")
