"""Byte code, which no cell may write: it is compiled beforehand, once for all environments that hold the same file."""

from __future__ import annotations

import contextlib
import os
import shutil
import tempfile
from collections.abc import Collection, Iterable
from importlib.util import source_from_cache
from pathlib import Path

from market_data_meta.running.sandbox import run_in_sandbox

SECONDS = 600.0
"""CPU time that compiling may take: the largest environment takes 20 s on two cores."""


def compile_environment(environment: Path, interpreter: Path, others: Iterable[Path]) -> None:
    """Give each module in ``environment`` its byte code, shared with ``others`` where they hold the very same file.

    A cell may not write any, so each cell would compile anew what its template has not loaded. Python accepts byte code
    if the time and size of the source agree, as they may by chance in two versions of a library: so files are compared.
    """
    for other in others:
        for compiled in other.glob("lib/**/__pycache__/*.pyc"):
            link = environment / compiled.relative_to(other)
            with contextlib.suppress(OSError):
                if Path(source_from_cache(compiled)).samefile(source_from_cache(link)):
                    link.parent.mkdir(exist_ok=True)
                    link.hardlink_to(compiled)
    compile_folders(str(interpreter), [environment / "lib"], "-x", "/site-packages/(.*/)?tests?/")


def copy_byte_code(environment: Path, prefix: Path, others: Collection[Path]) -> None:
    """Put byte code that ``others`` have of the very same files where Python looks for it with this ``prefix``.

    It is copied and not shared, as what runs in the environment may write there.
    """
    for library in environment.glob("lib/python*"):
        tag = f"cpython-{library.name.removeprefix('python').replace('.', '')}"
        for source in library.glob("site-packages/**/*.py"):
            for other in others:
                twin = other / source.relative_to(environment)
                compiled = twin.parent / "__pycache__" / f"{twin.stem}.{tag}.pyc"
                with contextlib.suppress(OSError):
                    if twin.samefile(source) and compiled.is_file():
                        target = prefix / source.parent.relative_to("/") / compiled.name
                        target.parent.mkdir(parents=True, exist_ok=True)
                        shutil.copyfile(compiled, target)
                        break


def compile_folders(python: str, folders: Iterable[Path], *options: str) -> None:
    """Write the byte code of the modules in the folders, where it is not there yet.

    A file that does not compile is passed over: whoever imports it gets the error. This runs in the sandbox, as the
    files may be a stranger's.
    """
    compiled_folders = list(folders)
    # Without site, as a library's own .pth file is code.
    command = [python, "-IS", "-m", "compileall", "-q", "-q", "-j", "0", *options, *map(str, compiled_folders)]
    with tempfile.TemporaryDirectory(prefix="mdmeta-", ignore_cleanup_errors=True) as home:
        variables = {name: os.environ[name] for name in ("PATH", "LD_LIBRARY_PATH") if name in os.environ}
        # Several processes hold their locks in shared memory.
        writable = [*compiled_folders, Path("/dev/shm")]  # noqa: S108 - it is not written to by name
        log = Path(home) / "log"
        run_in_sandbox(command, log, home=home, variables=variables, writable=writable, seconds=SECONDS)
