"""A command of a stranger's making, run within limits, with nothing of the caller's, and gone entirely when it ends.

It runs below a keeper (``inside/mdm_keep.py``), which the kernel makes the parent of whatever tries to get away. The
keeper ends all of it when the command ends, when it is told to, and when this tool is no more.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Container, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from market_data_meta import suite
from market_data_meta.errors import ErrorCode, undecided
from market_data_meta.inside.mdm_landlock import readable as always_readable
from market_data_meta.inside.mdm_landlock import writable as always_writable
from market_data_meta.inside.mdm_tree import overtime
from market_data_meta.running.limits import Bounds, excess, filled, stop

LIMITS = {"RLIMIT_CORE": 0, "RLIMIT_FSIZE": 1 << 30, "RLIMIT_AS": 16 << 30}
"""What each process may take: no core dumps, files of 1 GiB, 16 GiB of address space (pyarrow maps much and
uses little)."""
BOUNDS = Bounds(memory=4 << 30, processes=256, written=2 << 30)
"""What a command and all that comes from it may use together: ten times what the suite does."""
NOT_STARTED = 127
"""The keeper's status where the command could not be started, as shells have it."""
_LOOK_SECONDS = 1.0


@contextmanager
def keeper_process(
    command: Sequence[str],
    *,
    home: str,
    variables: Mapping[str, str],
    output: IO[str],
    limits: Mapping[str, int],
    cage: Mapping[str, Sequence[str] | bool] | None = None,
    pass_fds: Sequence[int] = (),
) -> Iterator[subprocess.Popen[bytes]]:
    """Run the command below a keeper in ``home``; all of it is ended with the block. ``cage`` says what it may
    ``read`` and ``write``, and whether it has a ``network``; without it, all.
    """
    theirs, ours = os.pipe()
    settings = json.dumps({"stop": theirs, "limits": dict(limits), **(cage or {})})
    process = None
    try:
        try:
            process = subprocess.Popen(
                [sys.executable, "-I", "-S", str(suite.INSIDE / "mdm_keep.py"), settings, *command],
                cwd=home,
                env=dict(variables),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                pass_fds=[theirs, *pass_fds],
                start_new_session=True,
            )
        finally:
            os.close(theirs)
        yield process
    finally:
        # Nobody else holds this end, so the keeper hears of it even where this process is killed.
        os.close(ours)
        if process is not None:
            try:
                process.wait(10.0)
            except subprocess.TimeoutExpired:
                stop(process.pid)
                process.wait()


def environments_of(python: str) -> list[str]:
    """The folder of an interpreter's environment, and that of the environment from which it was made."""
    return [str(Path(place).parent.parent) for place in (python, os.path.realpath(python))]


def run_sandboxed(
    command: Sequence[str],
    log: Path,
    *,
    home: str,
    variables: Mapping[str, str],
    writable: Sequence[Path],
    seconds: float,
    readable: Sequence[Path] = (),
    network: bool = True,
    bounds: Bounds = BOUNDS,
    name: str = "it",
    fine: Container[int] = (0,),
) -> str:
    """Run the command in ``home`` with its output in ``log``; why it did not end well, or nothing.

    It may use ``seconds`` of CPU time, and a multiple of that of wall time (see mdm_tree).
    It may change what is in ``home`` and in ``writable`` and read that, the system, its own interpreter's environment,
    and ``readable``. Without ``network`` it has no TCP, where the kernel can keep it from that. ``name`` is what the
    sentence calls it; it ends well with a status that is ``fine``. Raises MetaError where it cannot be started.
    """
    write = always_writable([home, *map(str, writable)])
    read = always_readable([*environments_of(command[0]), *write, *map(str, readable)])
    started = time.monotonic()
    with (
        log.open("w") as output,
        keeper_process(
            command,
            home=home,
            variables=variables,
            output=output,
            limits=LIMITS,
            cage={"read": read, "write": write, "network": network},
        ) as process,
    ):
        while True:
            try:
                status = process.wait(_LOOK_SECONDS)
            except subprocess.TimeoutExpired:
                if late := overtime(process.pid, started, seconds):
                    return f"{name} {late}"
                if cause := excess(process.pid, Path(home), log, bounds):
                    return cause
            else:
                break
    if cause := filled(Path(home), log, bounds):
        return cause
    if status == NOT_STARTED:
        raise undecided(
            ErrorCode.NOT_STARTED, f"{command[0]} could not be started", log.read_text(errors="replace")[-300:]
        )
    if status < 0:
        return f"{name} was killed by {signal.Signals(-status).name}"
    return "" if status in fine else f"{name} ended with status {status}"
