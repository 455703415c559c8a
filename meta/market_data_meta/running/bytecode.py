"""Byte code, which no cell may write: compiled beforehand, and once for all environments that hold the same file."""

from __future__ import annotations

import contextlib
import os
import tempfile
from collections.abc import Iterable
from importlib.util import source_from_cache
from pathlib import Path

from market_data_meta.running.sandbox import run_sandboxed

SECONDS = 600.0
"""Wall time that compiling may take: the largest environment takes 20 s on two cores."""


def complete(environment: Path, interpreter: Path, others: Iterable[Path]) -> None:
    """Give each module in ``environment`` its byte code: that of ``others`` where they hold the very file, or new.

    A cell may not write any, so that each would compile anew what its template has not loaded. Python takes byte code
    for a module's own where time and size of the source agree, as they do by chance in two versions of a library.
    """
    for other in others:
        for compiled in other.glob("lib/**/__pycache__/*.pyc"):
            place = environment / compiled.relative_to(other)
            with contextlib.suppress(OSError):
                if Path(source_from_cache(compiled)).samefile(source_from_cache(place)):
                    place.parent.mkdir(exist_ok=True)
                    place.hardlink_to(compiled)
    compile_all(str(interpreter), [environment / "lib"], "-x", "/site-packages/(.*/)?tests?/")


def compile_all(python: str, folders: Iterable[Path], *options: str) -> None:
    """Write the byte code of what is in the folders, where it is not there yet.

    A file that does not compile is passed over: what it breaks is told by whatever imports it. It is done in a cage, as
    what is compiled may be a stranger's.
    """
    places = list(folders)
    # Without site, as a library's own .pth file is code.
    command = [python, "-IS", "-m", "compileall", "-q", "-q", "-j", "0", *options, *map(str, places)]
    with tempfile.TemporaryDirectory(prefix="mdmeta-", ignore_cleanup_errors=True) as home:
        variables = {name: os.environ[name] for name in ("PATH", "LD_LIBRARY_PATH") if name in os.environ}
        # Several processes hold their locks in shared memory.
        writable = [*places, Path("/dev/shm")]  # noqa: S108 - it is not written to by name
        log = Path(home) / "log"
        run_sandboxed(command, log, home=home, variables=variables, writable=writable, seconds=SECONDS)
