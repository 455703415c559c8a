"""Work in a process of its own, forked from this one: what a fresh one imports for seconds is loaded already."""

from __future__ import annotations

import contextlib
import os
import signal
import sys
from collections.abc import Callable, Mapping
from typing import Self

from mdc_wait import BOUND, wait_until
from mdm_parent import die_with_parent

Tell = Callable[[str], None]


class ForkedWork:
    """A process that does ``work`` in an ``environment`` and says what happens in it, a line each time.

    As in a process that has just been started, ``afresh`` names the packages that read the environment when they are
    imported. Only a check without an event loop may start one: the process gets one of its own. It ends with the
    check's process at the latest.
    """

    def __init__(
        self, work: Callable[[Tell], None], environment: Mapping[str, str] | None = None, afresh: tuple[str, ...] = ()
    ) -> None:
        self._read, write = os.pipe()
        os.set_blocking(self._read, False)
        self._received = b""
        self._status: int | None = None
        parent = os.getpid()
        self.pid = os.fork()
        if not self.pid:
            try:
                die_with_parent(parent)
                os.environ.update(environment or {})
                _forget(afresh)
                work(lambda line: _write_all(write, line))
            except BaseException as error:  # noqa: BLE001 - whatever it is, the process must not go on as the suite
                _write_all(write, f"failed with {type(error).__name__}")
            finally:
                os._exit(0)
        os.close(write)

    @property
    def told(self) -> list[str]:
        """The lines so far."""
        with contextlib.suppress(BlockingIOError):
            while received := os.read(self._read, 1 << 16):
                self._received += received
        return self._received.decode().splitlines()

    def tells(self, line: str, *, after: int = 0, or_ends_at: str = "") -> bool:
        """Wait until it says so, ``after`` so many lines.

        False if it ends before, says ``or_ends_at``, after which nothing comes, or if far too much time passes.
        """
        wait_until(lambda: self.ended or line in self.told[after:] or or_ends_at in self.told, BOUND)
        return line in self.told[after:]

    @property
    def ended(self) -> bool:
        """Whether the process has ended."""
        if self._status is None:
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            self._status = status if pid else None
        return self._status is not None

    def terminate(self) -> None:
        """Ask it to end, as whoever deploys it does (SIGTERM)."""
        os.kill(self.pid, signal.SIGTERM)

    def kill(self) -> None:
        """End it at once, as a crash of its machine does."""
        if not self.ended:
            os.kill(self.pid, signal.SIGKILL)
            _, self._status = os.waitpid(self.pid, 0)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.kill()
        os.close(self._read)


def _forget(packages: tuple[str, ...]) -> None:
    """Have the packages and their modules imported anew where they are used next."""
    for name in list(sys.modules):
        if any(name == package or name.startswith(f"{package}.") for package in packages):
            del sys.modules[name]


def _write_all(descriptor: int, line: str) -> None:
    data = f"{line}\n".encode()
    while data:
        data = data[os.write(descriptor, data) :]
