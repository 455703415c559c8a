"""Time that passes only when somebody waits: an hour takes no time, and a wait for nothing is told at once."""

from __future__ import annotations

import asyncio
import math
import selectors
import socket
import threading
import time
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

from describing import NOON_FRACTION
from edge import EDGE
from edges import EdgeTransport

_real_sleep, _real_monotonic = time.sleep, time.monotonic


class WaitsForever(BaseException):
    """Nothing that is under way can ever end the wait."""


class GoesOn(BaseException):
    """What is under way has not ended after more time, or more steps, than anything that is documented takes."""


class Clock:
    """Seconds that have been waited for since the start of the run, and until when it may be waited at all."""

    def __init__(self) -> None:
        self.waited = 0.0
        self.until = math.inf

    def advance(self, seconds: float) -> None:
        """Let time pass, in whole ticks. Raises GoesOn when it is over."""
        self.waited = math.ceil((self.waited + max(seconds, 0.0)) * _TICKS - _NOISE) / _TICKS
        if self.waited > self.until:
            # Whoever catches it and goes on is told again.
            self.until = self.waited + 30.0
            raise GoesOn

    def begin(self, seconds: float) -> float:
        """Bound what may be waited for from now on, which is the next noon: the seconds waited for until then.

        Whatever was done before, and whenever it is run, a thing that asks for the time of day is told the same.
        """
        self.waited = math.ceil(self.waited / _DAY) * _DAY
        self.until = self.waited + seconds
        return self.waited

    def install(self) -> None:
        """Put this clock in the place of the process's own: before anything of the packages is imported."""

        def sleep(seconds: float) -> None:
            if threading.current_thread() is threading.main_thread():
                self.advance(seconds)
            else:
                # A thread that waits in a loop would spin, and this clock is not for it alone.
                _real_sleep(min(seconds, 0.005))

        time.sleep = sleep  # type: ignore[assignment]
        # The time that is spent working does not pass: what took how long is the same in each run.
        time.time = lambda: _NOON + self.waited
        time.time_ns = lambda: int(time.time() * 1e9)
        time.monotonic = time.perf_counter = lambda: _START + self.waited
        time.monotonic_ns = time.perf_counter_ns = lambda: int(time.monotonic() * 1e9)
        of_its_own = time.get_clock_info

        def clock_info(name: Any) -> Any:
            # One tick: what is due but for a rounding error is run now, and not waited for without end.
            return SimpleNamespace(**vars(of_its_own(name)) | {"resolution": 1 / _TICKS})

        time.get_clock_info = clock_info


_START, _NOON, _DAY = 1000.0, 1_844_596_800.0 + NOON_FRACTION, 86_400.0
"""Seconds: what a clock that counts from anywhere begins with; a noon in June 2028, when a run begins, so that no real
moment is taken for a virtual one; and a day."""
_TICKS, _NOISE = 1 << 17, 0.004
"""Ticks of a second, so many that sums are exact for years, each observation being a day: how long was waited before
changes nothing of what comes later. What is no more than the noise of a sum beyond a tick is no time: a number of
milliseconds that is no whole number of ticks is 0.008 beyond one, or more."""
SPINNING = 200
"""Steps without a pause after which a loop is taken to spin."""
STEPS = 6_000
"""Steps of a loop after which nothing is expected of it any more: no documented work takes as many."""
CLOCK = Clock()


class _Selector(selectors.DefaultSelector):
    """Lets the clock pass instead of waiting, unless a thread is at work whose end is to be awaited."""

    loop: VirtualLoop

    def select(self, timeout: float | None = None) -> Any:
        self.loop.steps += 1
        if self.loop.steps > STEPS:
            self.loop.steps = 0
            raise GoesOn
        events = super().select(0)
        if timeout == 0:
            self.loop.pass_time_while_busy()
            return events
        self.loop.busy = 0
        if events:
            return events
        while self.loop.threads_at_work:
            if events := super().select(0.02):
                return events
        if events := super().select(0):
            return events
        if timeout is None:
            raise WaitsForever
        CLOCK.advance(timeout)
        return []


class VirtualLoop(asyncio.SelectorEventLoop):
    """An event loop on the virtual clock; its connections go to doubles at the edge, which record what is sent."""

    def __init__(self) -> None:
        selector = _Selector()
        selector.loop = self
        self.threads_at_work = 0
        self.steps = self.busy = 0
        super().__init__(selector)

    def pass_time_while_busy(self) -> None:
        """Let the next timer be due where something spins: it takes time of its own, which this clock does not see."""
        self.busy += 1
        scheduled = getattr(self, "_scheduled", ())
        if self.busy > SPINNING and scheduled:
            CLOCK.advance(scheduled[0].when() - self.time())
            self.busy = SPINNING - 20

    def time(self) -> float:
        """Seconds on the virtual clock."""
        return _START + CLOCK.waited

    def run_in_executor(self, executor: Any, function: Callable[..., Any], *args: Any) -> Any:  # type: ignore[override]
        """Run it in a thread, and let no time pass until it has ended."""
        self.threads_at_work += 1

        def ended(*_: object) -> None:
            self.threads_at_work -= 1

        future = super().run_in_executor(executor, function, *args)
        future.add_done_callback(ended)
        return future

    async def getaddrinfo(self, host: Any, port: Any, **_: Any) -> Any:
        """Every name is the loopback's: nothing is asked of the network."""
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", int(port or 0)))]

    async def create_connection(self, protocol_factory: Any, host: Any = None, port: Any = None, **options: Any) -> Any:
        """Connect to a double at the edge that answers HTTP and Redis and refuses everything else."""
        if options.get("ssl"):
            EDGE.note(encrypted=True, name=options.get("server_hostname") or host)
        if EDGE.mood == "refuses":
            raise ConnectionRefusedError(111, "Connect call failed")
        protocol = protocol_factory()
        transport = EdgeTransport(self, protocol, (host, port))
        protocol.connection_made(transport)
        return transport, protocol
