"""An end for calls that hang: by the time of the clock on the wall, or by the time of the processor."""

from __future__ import annotations

import contextlib
import signal
from collections.abc import Iterator
from typing import Any

WALL_SECONDS = 4.0
PROCESSOR_SECONDS = 1.0
"""Far more than any call takes that ends, and far less than what ends a unit."""


class Hangs(BaseException):
    """The call has been ended."""


@contextlib.contextmanager
def ended_if_it_hangs(hung: list[bool]) -> Iterator[None]:
    """End what goes on for too long, and note that in the list."""

    def end(*_: Any) -> None:
        hung.append(True)
        raise Hangs

    before = {number: signal.signal(number, end) for number in (signal.SIGALRM, signal.SIGVTALRM)}
    signal.setitimer(signal.ITIMER_REAL, WALL_SECONDS)
    signal.setitimer(signal.ITIMER_VIRTUAL, PROCESSOR_SECONDS)
    try:
        yield
    except Hangs:
        pass
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        for number, handler in before.items():
            signal.signal(number, handler)
