"""A service as a process forked from this one: what this one has imported is there already, and nothing else is shared.

A fresh interpreter imports for seconds before it serves. What a check wants of a service's *start* or of its output
needs one all the same (``mdc_service``): here the libraries have set up their logging before the process began.
"""

from __future__ import annotations

import gc
import os
import signal
import sys
import traceback
from collections.abc import Mapping
from pathlib import Path
from typing import NoReturn

from mdc_process import PATIENCE, ServerProcess, packages_path, plain_environment
from mdc_service import ServiceProcess
from mdc_wait import wait_until
from mdm_parent import die_with_parent
from mdm_tree import end


class ForkedProcess(ServerProcess):
    """A forked process that is uvicorn's command line with these arguments."""

    def __init__(self, arguments: list[str], output: Path, environment: Mapping[str, str]) -> None:
        self._output, self._paused, self._code = output, set(), None
        parent = os.getpid()
        self.pid = os.fork()
        if self.pid == 0:
            _serve(arguments, output, environment, parent)

    _code: int | None

    @property
    def running(self) -> bool:
        """Whether it has not ended."""
        if self._code is None:
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            if pid:
                self._code = os.waitstatus_to_exitcode(status)
        return self._code is None

    def send(self, number: signal.Signals) -> None:
        """Send it a signal."""
        if self.running:
            os.kill(self.pid, number)

    def wait(self, seconds: float = PATIENCE) -> int | None:
        """Its exit code, negative for a signal, when it has ended; None if it does not within far too many seconds."""
        wait_until(lambda: not self.running, seconds)
        return self._code

    def kill(self) -> None:
        """End it and all that come from it at once, as a crash of their machine does."""
        end(self.tree)
        self.wait()


class ForkedService(ServiceProcess):
    """``uvicorn APP --host HOST --port PORT`` in a forked process, with the environment that it is given alone."""

    def __init__(self, app: str, environment: Mapping[str, str] | None = None) -> None:
        super().__init__(app, "--host", "127.0.0.1", "--port", "{port}", environment=environment)

    def launch(self, command: list[str], output: Path) -> ServerProcess:
        return ForkedProcess(command, output, plain_environment() | dict(self._environment or {}))


def _serve(arguments: list[str], output: Path, environment: Mapping[str, str], parent: int) -> NoReturn:
    """Be uvicorn until it ends, and leave: this process must never return into the check."""
    code = 1
    try:
        die_with_parent(parent)
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, signal.SIG_DFL)
        os.chdir(output.parent)
        with output.open("ab") as file:
            os.dup2(file.fileno(), 1)
            os.dup2(file.fileno(), 2)
        sys.stdout, sys.stderr = os.fdopen(1, "w", closefd=False), os.fdopen(2, "w", closefd=False)
        os.environ.clear()
        os.environ.update(environment)
        sys.path[:] = packages_path()
        # The run sets aside what was loaded before the fork, which makes collections more frequent than in a service.
        gc.unfreeze()
        gc.enable()
        from uvicorn.main import main

        main(arguments, prog_name="uvicorn")
    except SystemExit as leaving:
        code = leaving.code if isinstance(leaving.code, int) else int(leaving.code is not None)
    except BaseException:  # noqa: BLE001 - whatever it is, this process must not return into the check
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)
