"""A service as a process of its own: the environment's interpreter, a port of the loopback, and HTTP from outside."""

from __future__ import annotations

import http.client
import json
import shutil
import signal
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from mdc_ports import LOOPBACK, free_port
from mdc_process import PATIENCE, ServerProcess


@dataclass(frozen=True)
class Response:
    """What a service has answered. The names of ``headers`` are in lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def text(self) -> str:
        """The body as text."""
        return self.body.decode()

    def json(self) -> Any:
        """The body as JSON."""
        return json.loads(self.body)


class ServiceProcess:
    """A service that is started as ``python ARGUMENTS``, in which ``{port}`` stands for its port.

    ``with ServiceProcess("-m", "uvicorn", "package:app", "--port", "{port}", environment={…}) as service:``. It has
    ``environment`` and the few variables that every run has, and imports what this process does. The block begins when
    it accepts connections, or has ended, which ``running`` tells; it is killed with the block.
    """

    def __init__(self, *arguments: str, environment: Mapping[str, str] | None = None) -> None:
        self._arguments, self._environment = arguments, environment
        self._folder = Path(tempfile.mkdtemp(prefix="service-"))
        self._process: ServerProcess | None = None
        self._fixed_port: int | None = None
        self.port = 0

    @property
    def process(self) -> ServerProcess:
        """Its process."""
        if self._process is None:
            raise ValueError("the service is not started")
        return self._process

    @property
    def running(self) -> bool:
        """Whether it has not ended."""
        return self.process.running

    @property
    def output(self) -> str:
        """What it has written so far, to either stream."""
        return self.process.output

    @property
    def url(self) -> str:
        """Where it is."""
        return f"http://{LOOPBACK}:{self.port}"

    def start(self) -> None:
        """Start it, and return when it accepts connections or has ended."""
        while True:
            self.port = self._fixed_port or free_port()
            command = [text.replace("{port}", str(self.port)) for text in self._arguments]
            output = self._folder / "output.txt"
            output.write_text("")
            self._process = self.launch(command, output)
            if self._process.listens_on(self.port) or self._fixed_port or not _port_was_taken(self._process.output):
                return

    def launch(self, command: list[str], output: Path) -> ServerProcess:
        """Run the command as a process of its own."""
        return ServerProcess(command, output, environment=self._environment, python=True)

    def start_again(self) -> None:
        """Start it again after it has ended: on the port that it had, which must be free."""
        self._fixed_port = self.port
        self.start()

    def get(self, path: str, headers: Mapping[str, str] | None = None) -> Response:
        """The answer to a GET."""
        return self.request("GET", path, headers=headers)

    def request(
        self, method: str, path: str, body: bytes | None = None, headers: Mapping[str, str] | None = None
    ) -> Response:
        """The answer to a request; OSError or HTTPException where none comes."""
        connection = http.client.HTTPConnection(LOOPBACK, self.port, timeout=PATIENCE)
        try:
            connection.request(method, path, body, dict(headers or {}))
            answer = connection.getresponse()
            return Response(answer.status, {name.lower(): text for name, text in answer.getheaders()}, answer.read())
        finally:
            connection.close()

    def terminate(self) -> None:
        """Ask it to end, as whoever deploys it does (SIGTERM)."""
        self.process.send(signal.SIGTERM)

    def wait(self, seconds: float = PATIENCE) -> int | None:
        """Its exit code, negative for a signal, when it has ended; None if it does not within far too many seconds."""
        return self.process.wait(seconds)

    def close(self) -> None:
        """Kill it if it runs, and remove its output."""
        if self._process is not None:
            self._process.kill()
        shutil.rmtree(self._folder, ignore_errors=True)

    def __enter__(self) -> Self:
        try:
            self.start()
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def _port_was_taken(output: str) -> bool:
    return "address already in use" in output.lower()
