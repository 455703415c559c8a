"""The record of a run as it is written: sealed line by line, attested before anything of the packages runs."""

from __future__ import annotations

import json
import math
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Self

from mdm_attest import observed
from mdm_seal import Seal

FORMAT = 1


class Record:
    """The record being written: a header, a line per check, a footer only if all went through.

    The plan has its path, or the descriptor of a file that is open.
    ``cage`` is called when the file is open and before anything of the packages runs; it says what restricts the run.
    """

    def __init__(self, plan: dict[str, Any], plan_file: str | None, cage: Callable[[], Any]) -> None:
        # Only ever added to: what a line says is not taken back.
        self._file = open(plan["record"], "a", encoding="utf-8") if plan_file else None  # noqa: SIM115, PTH123 - see __exit__
        self._plan, self._plan_file, self._cage = plan, plan_file or "", cage
        self._seal = Seal(plan.pop("secret", ""))
        self._counts: dict[str, int] = {}

    def __enter__(self) -> Self:
        held = self._cage()
        if self._file:
            seen = _observed(self._plan, self._plan_file)
            header = {"kind": "header", "format": FORMAT, **self._plan["header"], **seen, "cage": held}
            self._line(header | {"start": time.time()})
        return self

    def check(self, name: str, finding: dict[str, Any], seconds: float) -> None:
        """Write one check's line and push it to the disk's door: a run that dies keeps what it had."""
        self._counts[finding["outcome"]] = self._counts.get(finding["outcome"], 0) + 1
        line = {"kind": "check", "clause": name, "message": None, "expected": None, "got": None} | finding
        self._line(line | {"duration": round(seconds, 4)})

    def trace(self, name: str, lines: Any) -> None:
        """Write which lines of the packages a check executed."""
        self._line({"kind": "trace", "clause": name, "lines": lines})

    def __exit__(self, kind: object, *rest: object) -> None:
        if self._file:
            with self._file:
                if kind is None:
                    self._line({"kind": "footer", "counts": self._counts, "end": time.time()})

    def _line(self, data: dict[str, Any]) -> None:
        if self._file:
            self._file.write(self._seal.sealed(data) + "\n")
            self._file.flush()


def plain(value: object, depth: int = 6) -> Any:
    """``value`` as JSON can hold it, bounded in size; what JSON cannot say, NaN too, becomes its ``repr``."""
    if value is None or isinstance(value, bool | int) or (isinstance(value, float) and math.isfinite(value)):
        return value
    if depth and isinstance(value, dict):
        return {str(key)[:200]: plain(item, depth - 1) for key, item in list(value.items())[:200]}
    if depth and isinstance(value, list | tuple):
        return [plain(item, depth - 1) for item in list(value)[:200]]
    return (value if type(value) is str else repr(value))[:2000]


def _observed(plan: dict[str, Any], plan_file: str) -> dict[str, Any]:
    """The attestation: of this environment, or in release scope of the clean one that the checks look into."""
    if not plan["release"]:
        return observed(plan)
    # -S: what a release puts beside its files to be run at every start is not run.
    command = [plan["release"]["python"], "-I", "-S", str(Path(__file__).with_name("mdm_attest.py")), plan_file]
    # How long that may take is for the limits of the whole run to say.
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    said: dict[str, Any] = json.loads(done.stdout)
    return said
