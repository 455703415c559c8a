"""Byte code, which no cell may write: it is compiled beforehand, once for all environments that hold the same file."""

from __future__ import annotations

import contextlib
import os
import shutil
import tempfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from importlib.util import source_from_cache
from pathlib import Path

from market_data_meta.files import free_lock
from market_data_meta.running.sandbox import run_in_sandbox

SECONDS = 600.0
"""CPU time that compiling may take: the largest environment takes 20 s on two cores."""
_WORTH_A_PROCESS = 100
"""So many files take longer to compile than a process to start that does it."""


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


@dataclass(frozen=True)
class RunByteCode:
    """The byte code of a run that looks for it, and writes it, below ``prefix``: what the run before had to compile.

    ``store`` is shared by all runs, of whatever environment and interpreter. It holds byte code by what tells its
    source from every other file, and only what was compiled here: a run could write whatever it likes.
    """

    python: Path
    sources: tuple[Path, ...]
    prefix: Path
    store: Path

    def bring(self) -> None:
        """Put what is in the store where the run looks for it, and nothing else: an earlier run may have written there.

        It is copied, as this run may write there too.
        """
        with contextlib.suppress(FileNotFoundError):
            shutil.rmtree(self.prefix)
        for source in self.sources:
            target = self._target(self.prefix, source)
            with contextlib.suppress(OSError):
                kept = self._kept(source)
                if kept.is_file():
                    target.parent.mkdir(parents=True, exist_ok=True)
                    shutil.copyfile(kept, target)

    def keep(self, readable: Sequence[Path]) -> None:
        """Compile again what the run had to compile, and put it in the store. The sources are in ``readable``."""
        missing = [
            source
            for source in self.sources
            if self._target(self.prefix, source).is_file() and not self._kept(source).exists()
        ]
        if len(missing) < _WORTH_A_PROCESS:
            return
        # It saves time and decides nothing: where the store cannot be written, everything is compiled in each run. And
        # of runs that end side by side one is enough.
        with contextlib.suppress(OSError), free_lock(self.store) as is_free:
            if is_free:
                self._compile(missing, readable)

    def _compile(self, sources: Sequence[Path], readable: Sequence[Path]) -> None:
        self.store.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=self.store, prefix=".compiled-") as folder:
            names, compiled = Path(folder) / "names", Path(folder) / "compiled"
            names.write_text("".join(f"{source}\n" for source in sources), encoding="utf-8")
            compiled.mkdir()
            python = [str(self.python), "-X", f"pycache_prefix={compiled}"]
            _compile(python, ["-i", str(names)], writable=[compiled], readable=[names, *readable])
            for source in sources:
                with contextlib.suppress(OSError):
                    self._target(compiled, source).replace(self._kept(source))

    def _target(self, prefix: Path, source: Path) -> Path:
        return prefix / source.parent.relative_to("/") / f"{source.stem}.{self._tag}.pyc"

    def _kept(self, source: Path) -> Path:
        found = source.stat()
        identity = (found.st_dev, found.st_ino, found.st_mtime_ns, found.st_size)
        return self.store / f"{'-'.join(f'{number:x}' for number in identity)}.{self._tag}.pyc"

    @cached_property
    def _tag(self) -> str:
        (library,) = (self.python.parent.parent / "lib").glob("python*")
        return f"cpython-{library.name.removeprefix('python').replace('.', '')}"


def linked_sources(environment: Path) -> list[Path]:
    """The modules of an environment that others may hold as well: uv links them where it can, and copies none."""
    files = (file for library in environment.glob("lib/python*") for file in library.glob("site-packages/**/*.py"))
    return [file for file in files if file.stat().st_nlink > 1]


def compile_folders(python: str, folders: Iterable[Path], *options: str) -> None:
    """Write the byte code of the modules in the folders, where it is not there yet."""
    compiled = list(folders)
    # Several processes hold their locks in shared memory.
    writable = [*compiled, Path("/dev/shm")]  # noqa: S108 - it is not written to by name
    _compile([python], ["-j", "0", *options, *map(str, compiled)], writable=writable)


def _compile(
    python: Sequence[str], what: Sequence[str], *, writable: Sequence[Path], readable: Sequence[Path] = ()
) -> None:
    """Compile modules with compileall, in the sandbox, as the files may be a stranger's.

    A file that does not compile is passed over: whoever imports it gets the error.
    """
    # Without site, as a library's own .pth file is code.
    command = [*python, "-IS", "-m", "compileall", "-q", "-q", *what]
    with tempfile.TemporaryDirectory(prefix="mdmeta-", ignore_cleanup_errors=True) as home:
        variables = {name: os.environ[name] for name in ("PATH", "LD_LIBRARY_PATH") if name in os.environ}
        log = Path(home) / "log"
        run_in_sandbox(
            command, log, home=home, variables=variables, writable=writable, readable=readable, seconds=SECONDS
        )
