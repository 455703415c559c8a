"""A database that accepts a connection and says nothing, as one behind a firewall that drops what it is sent."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import threading
from pathlib import Path


class SilentDatabase:
    """A double at the database's edge: it accepts a connection and says nothing, until it is told or gives up.

    It gives up when the thread that has made it, which runs the event loop, is held: it does not come round and sleeps
    whenever it is looked at. One that only waits for its turn on a busy machine does not sleep.
    """

    def __init__(self) -> None:
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.loop = asyncio.get_running_loop()
        self.loops_thread = Path(f"/proc/self/task/{threading.get_native_id()}/stat")
        self.connected, self.told = threading.Event(), threading.Event()
        self.gave_up = False
        self.thread = threading.Thread(target=self._serve, daemon=True)

    def _serve(self) -> None:
        with contextlib.suppress(OSError), self.listener:
            accepted, _ = self.listener.accept()
            with accepted:
                self.connected.set()
                self.gave_up = self._loop_is_held()

    def _loop_is_held(self, looks: int = 10) -> bool:
        """Whether the loop is held until it is looked at so many times in a row. Returns when it is told, too."""
        came_round = threading.Event()
        self.loop.call_soon_threadsafe(came_round.set)
        asleep = 0
        while asleep < looks and not self.told.wait(0.05):
            if came_round.is_set():
                self.told.wait()
            asleep = asleep + 1 if self._sleeps() else 0
        return not self.told.is_set()

    def _sleeps(self) -> bool:
        # Elsewhere than on Linux nothing tells it, and time has to do.
        with contextlib.suppress(OSError):
            return self.loops_thread.read_text().rpartition(")")[2].split()[0] == "S"
        return True
