"""A machine that is busy: more processes that compute than there are cores."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

PER_CORE = 2
_SPIN = "import os, sys; parent = int(sys.argv[1])\nwhile os.getppid() == parent: pass"
"""It ends with its parent, however and whenever that ends."""


@contextmanager
def busy_cores() -> Iterator[None]:
    """Keep every core busy with ``PER_CORE`` processes as long as the block runs."""
    spinners: list[subprocess.Popen[bytes]] = []
    try:
        for _ in range(PER_CORE * (os.cpu_count() or 1)):
            spinners.append(  # noqa: PERF401 - those that have started are ended where the next one does not start
                subprocess.Popen([sys.executable, "-I", "-S", "-c", _SPIN, str(os.getpid())], stderr=subprocess.DEVNULL)
            )
        yield
    finally:
        for spinner in spinners:
            spinner.kill()
        for spinner in spinners:
            spinner.wait()
