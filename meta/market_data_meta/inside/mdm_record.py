"""The record of a run as it is written: sealed line by line, attested before anything of the packages runs."""

from __future__ import annotations

import json
import subprocess
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

from mdm_attest import attested
from mdm_json import from_json, to_json
from mdm_plan import Attestation, Plan, RecordFooter, RecordHeader
from mdm_raised import Raised
from mdm_seal import Seal
from mdm_trace import Lines


@dataclass(frozen=True)
class CheckResult:
    """How a check came out; for a failure what was looked at (``message``), what was expected, and what it got.

    ``raised`` is the exception that made it fail, where one did.
    """

    outcome: str
    message: str | None = None
    expected: Any = None
    got: Any = None
    raised: Raised | None = None


@dataclass(frozen=True)
class _CheckLine:
    kind: str = field(default="check", init=False)
    clause: str
    message: str | None
    expected: Any
    got: Any
    outcome: str
    duration: float
    raised: Raised | None = None


class RecordWriter:
    """Writes a record: a header, a line per check, a footer only if all went through. Without a file, nothing.

    ``file`` is a path, or the descriptor of a file that is open. ``header`` is called when the file is open and before
    anything of the packages runs; it restricts the process and looks at what is installed.
    """

    def __init__(
        self, file: str | int | None = None, secret: str = "", header: Callable[[], RecordHeader] | None = None
    ) -> None:
        # Only ever added to: what a line says is not taken back.
        self._file = open(file, "a", encoding="utf-8") if file is not None else None  # noqa: SIM115, PTH123 - see __exit__
        self._header, self._seal = header, Seal(secret)
        self._counts: dict[str, int] = {}

    def __enter__(self) -> Self:
        if self._header:
            self._write(to_json(self._header()))
        return self

    def check(self, clause: str, result: CheckResult, seconds: float) -> None:
        """Write a check's line at once: a run that dies keeps what it had."""
        self._counts[result.outcome] = self._counts.get(result.outcome, 0) + 1
        about = (result.message, result.expected, result.got, result.outcome)
        line = _CheckLine(clause, *about, round(seconds, 4), result.raised)
        self._write(to_json(line))

    def trace(self, clause: str, lines: Lines) -> None:
        """Write which lines of the packages a check executed."""
        self._write({"kind": "trace", "clause": clause, "lines": lines})

    def __exit__(self, kind: object, *rest: object) -> None:
        if self._file:
            with self._file:
                if kind is None:
                    self._write(to_json(RecordFooter(self._counts, time.time())))

    def _write(self, line: Mapping[str, Any]) -> None:
        if self._file:
            self._file.write(self._seal.sealed(line) + "\n")
            self._file.flush()


def attested_plan(plan: Plan, plan_file: str) -> Attestation:
    """The attestation: of this environment, or in release scope of the clean one that the checks look into."""
    if not plan.release:
        return attested(plan.packages)
    # -S: what a release puts beside its files to be run at every start is not run.
    command = [plan.release.python, "-I", "-S", str(Path(__file__).with_name("mdm_attest.py")), plan_file]
    # How long that may take is for the limits of the whole run to say.
    process = subprocess.run(command, capture_output=True, text=True, check=True)
    return from_json(Attestation, json.loads(process.stdout))
