"""Environments of tox.ini, run by tox: each makes its own, installs a cell in it and leaves a record."""

from __future__ import annotations

import signal
import subprocess
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

from market_data_meta.judging.records import Record, read_record

_LOOK_SECONDS = 0.2


def run_in_tox(root: Path, names: Sequence[str], *, out: Path) -> Iterator[Record]:
    """Run these environments side by side, in their order, and yield the record of each as soon as it is there.

    What is without a record in the end has brought none: why stands in ``logs/tox.log``, with all that tox has said.
    """
    command = [str(root / "scripts" / "tox"), "run-parallel", "--parallel", "auto", "--parallel-no-spinner"]
    command += ["-e", ",".join(names), "--", "--out", str(out)]
    files = {out / "records" / f"{name}.jsonl" for name in names}
    for file in files:
        file.unlink(missing_ok=True)
    log = out / "logs" / "tox.log"
    log.parent.mkdir(parents=True, exist_ok=True)
    with (
        log.open("w") as output,
        subprocess.Popen(command, stdout=output, stderr=subprocess.STDOUT) as tox,
    ):
        try:
            while files:
                ended = tox.poll() is not None
                for file in sorted(file for file in files if file.is_file()):
                    files.remove(file)
                    yield read_record(file)
                if ended:
                    break
                time.sleep(_LOOK_SECONDS)
        except BaseException:
            # Interrupted it ends what it has started.
            tox.send_signal(signal.SIGINT)
            raise
