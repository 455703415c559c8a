"""Records: what one run of the suite said, read back into frozen values."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from market_data_meta.errors import MetaError

FORMAT = 1
OUTCOMES = ("passed", "failed", "error", "not-applicable")

# What differs from run to run, or between versions with the same defect, does not make another failure.
_VOLATILE = (
    (re.compile(r"0x[0-9a-fA-F]+"), "0x…"),
    (re.compile(r"(?<![\w.])(/[\w.+@-]+){2,}"), "…"),
    (re.compile(r"\d+\.\d+\.\d+"), "#"),
)


@dataclass(frozen=True)
class Check:
    """The outcome of one check: what was looked at (``message``), expected and got."""

    clause: str
    outcome: str
    message: str | None
    expected: Any
    got: Any
    duration: float

    @property
    def fingerprint(self) -> str:
        """Twelve digits that tell this failure from another one of the same clause."""
        text = json.dumps([self.message, self.got], sort_keys=True, ensure_ascii=False)
        for pattern, instead in _VOLATILE:
            text = pattern.sub(instead, text)
        return hashlib.sha256(text.encode()).hexdigest()[:12]


@dataclass(frozen=True)
class Record:
    """One run: its header, its checks by clause, and its footer, which only a complete run has."""

    cell: str
    header: Mapping[str, Any]
    checks: Mapping[str, Check]
    footer: Mapping[str, Any] | None
    death: str | None = None

    @property
    def versions(self) -> dict[str, str]:
        """Package to version, as the label says."""
        return dict(self.header["combination"])


def read_record(file: Path) -> Record:
    """Read one record. A torn last line is an incomplete record; anything else odd raises MetaError naming the file."""
    header: dict[str, Any] | None = None
    checks: dict[str, Check] = {}
    footer, death = None, None
    lines = file.read_text(encoding="utf-8", errors="replace").splitlines()
    for number, text in enumerate(lines, 1):
        if not text:
            continue
        try:
            line = json.loads(text)
            kind = line.pop("kind")
        except (ValueError, KeyError, AttributeError, TypeError):
            if number >= len(lines) - 2:
                continue
            raise MetaError("bad-record", f"{file}:{number} is not a line of a record") from None
        if kind == "header":
            header = line
        elif kind == "check":
            check = Check(**line)
            checks[check.clause] = check
        elif kind == "footer":
            footer = line
        elif kind == "death":
            death = line["cause"]
    if header is None or header.get("format") != FORMAT:
        raise MetaError(
            "bad-record", f"{file} has no header of format {FORMAT}", hint="delete the file and run it again"
        )
    return Record(header["cell"], header, checks, footer, death)


def read_records(folder: Path) -> list[Record]:
    """All records of a folder, by name of their cell."""
    return [read_record(file) for file in sorted(folder.glob("*.jsonl"))]
