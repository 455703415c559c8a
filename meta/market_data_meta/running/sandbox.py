"""The sandbox: it runs a stranger's command within limits and without the caller's secrets, and leaves no process.

The command runs below a keeper (``inside/mdm_keep.py``), which the kernel makes the parent of whatever tries to get
away. The keeper ends all of it when the command ends, when this tool asks for it, and when this tool is no more.
"""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Container, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from market_data_meta import suite
from market_data_meta.errors import ErrorCode, undecided
from market_data_meta.inside.mdm_landlock import readable as always_readable
from market_data_meta.inside.mdm_landlock import writable as always_writable
from market_data_meta.inside.mdm_tree import below, overtime, signal_name
from market_data_meta.running.endings import Ending
from market_data_meta.running.limits import Bounds, Limits, stop

RLIMITS = {"RLIMIT_CORE": 0, "RLIMIT_FSIZE": 1 << 30, "RLIMIT_AS": 16 << 30}
"""What each process may take: no core dumps, files of 1 GiB, 16 GiB of address space (pyarrow maps much and
uses little)."""
BOUNDS = Bounds(memory=4 << 30, processes=256, written=2 << 30)
"""What a command and its descendants may use together: ten times what the suite does."""
NOT_STARTED = 127
"""The keeper's status where the command could not be started, as shells have it."""
_WATCH_SECONDS = 1.0


@contextmanager
def supervised_process(
    command: Sequence[str],
    *,
    home: str,
    variables: Mapping[str, str],
    output: IO[str],
    limits: Mapping[str, int],
    cage: Mapping[str, Sequence[str] | bool] | None = None,
    pass_fds: Sequence[int] = (),
) -> Iterator[subprocess.Popen[bytes]]:
    """Run the command below a keeper in ``home``; the command and its descendants are ended with the block.

    ``cage`` says what it may ``read`` and ``write``, and whether it has a ``network``; without a cage it may do all.
    """
    keepers_end, our_end = os.pipe()
    settings = json.dumps({"stop": keepers_end, "home": home, "limits": dict(limits), **(cage or {})})
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
                pass_fds=[keepers_end, *pass_fds],
                start_new_session=True,
            )
        finally:
            os.close(keepers_end)
        yield process
    finally:
        # Nobody else has this end open, so the keeper notices even where this process is killed, and says nothing.
        with contextlib.suppress(BrokenPipeError):
            os.write(our_end, b".")
        os.close(our_end)
        if process is not None:
            try:
                process.wait(10.0)
            except subprocess.TimeoutExpired:
                stop(process.pid)
                process.wait()


def environments_of(python: str) -> list[str]:
    """The folder of an interpreter's environment, and that of the environment from which it was made."""
    return [str(Path(interpreter).parent.parent) for interpreter in (python, os.path.realpath(python))]


def run_in_sandbox(
    command: Sequence[str],
    log: Path,
    *,
    home: str,
    variables: Mapping[str, str],
    writable: Sequence[Path],
    seconds: float,
    readable: Sequence[Path] = (),
    network: bool = True,
    own_loopback: bool = True,
    bounds: Bounds = BOUNDS,
    watch: Callable[[], None] = lambda: None,
    name: str = "it",
    good_statuses: Container[int] = (0,),
) -> Ending:
    """Run the command in ``home`` with its output in ``log``. It ends well with one of the ``good_statuses``.

    It may use ``seconds`` of CPU time, and a multiple of that of wall time (see mdm_tree).
    It may change what is in ``home`` and in ``writable`` and read that, the system, its own interpreter's environment,
    and ``readable``. Without ``network`` it has no TCP, where the kernel can keep it from that; without
    ``own_loopback`` the machine's loopback is its own. ``watch`` is called now and then while it runs. ``name`` is what
    the cause of an early end calls it. Raises MetaError where it cannot be started.
    """
    write = always_writable([home, *map(str, writable)])
    read = always_readable([*environments_of(command[0]), *write, *map(str, readable)])
    limits = Limits(name, bounds, log, [Path(home), *writable])
    started = time.monotonic()
    with (
        log.open("w") as output,
        supervised_process(
            command,
            home=home,
            variables=variables,
            output=output,
            limits=RLIMITS,
            cage={"read": read, "write": write, "network": network, "own_loopback": own_loopback},
        ) as process,
    ):
        while True:
            try:
                status = process.wait(_WATCH_SECONDS)
            except subprocess.TimeoutExpired:
                watch()
                if used_too_much := overtime(process.pid, started, seconds):
                    return Ending(f"{name} {used_too_much}")
                if cause := limits.exceeded(below(process.pid) | {process.pid}):
                    return Ending(cause)
            else:
                break
    if cause := limits.exceeded_on_disk():
        return Ending(cause)
    if status == NOT_STARTED:
        raise undecided(
            ErrorCode.NOT_STARTED, f"{command[0]} could not be started", log.read_text(errors="replace")[-300:]
        )
    if status < 0:
        return Ending(f"{name} was killed by {signal_name(-status)}")
    return Ending(None if status in good_statuses else f"{name} ended with status {status}")
