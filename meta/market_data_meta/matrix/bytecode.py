"""Byte code of third-party libraries: compiled once for all environments that hold the same file."""

from __future__ import annotations

import contextlib
import subprocess
from collections.abc import Iterable
from importlib.util import source_from_cache
from pathlib import Path


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
    # Without site, as a library's own .pth file is code. What cannot be compiled is nothing that is ever imported.
    command = [str(interpreter), "-IS", "-m", "compileall", "-q", "-j", "0", "-x", "/tests?/", "lib"]
    subprocess.run(command, cwd=environment, capture_output=True, check=False)
