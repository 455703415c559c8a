"""Records: the file that one run of the suite has written, read back into frozen values."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, TypeVar

from market_data_meta.errors import ErrorCode, MetaError
from market_data_meta.inside.mdm_json import from_json, to_json
from market_data_meta.inside.mdm_plan import FORMAT, RecordFooter, RecordHeader
from market_data_meta.inside.mdm_raised import Raised, fingerprint, raised_in_packages
from market_data_meta.strict_json import tolerant_json


@dataclass(frozen=True)
class Check:
    """The outcome of one check: what was looked at (``message``), expected and got, and the exception that it had."""

    clause: str
    outcome: str
    message: str | None
    expected: Any
    got: Any
    duration: float
    raised: Raised | None = None

    @cached_property
    def fingerprint(self) -> str:
        """Twelve digits that distinguish this failure from any other failure of the same clause.

        An exception of the packages is its type and the file that it arose in: how it is put may change.
        """
        return fingerprint(self.message, self.got, self.raised)

    @property
    def raised_in_packages(self) -> Raised | None:
        """The exception, if it is what was got and arose in a file of the packages."""
        return raised_in_packages(self.got, self.raised)


@dataclass(frozen=True)
class Record:
    """One run: its header, its checks by clause, and its footer, which only a complete run has.

    ``death`` is why the run ended early. A traced run has ``lines``: for each clause the lines that its check executed,
    by file of the packages. A record that is put together of several runs ``stands_for`` these releases, whichever of
    the same code were run.
    """

    cell: str
    header: RecordHeader
    checks: Mapping[str, Check]
    footer: RecordFooter | None
    death: str | None = None
    lines: Mapping[str, Mapping[str, tuple[int, ...]]] = field(default_factory=dict)
    stands_for: Mapping[str, str] = field(default_factory=dict)

    @property
    def versions(self) -> dict[str, str]:
        """Package to version, of what it speaks of."""
        return dict(self.stands_for or self.header.combination)


@dataclass(frozen=True)
class _Trace:
    clause: str
    lines: Mapping[str, tuple[int, ...]]


@dataclass(frozen=True)
class _Death:
    cause: str


_Part = TypeVar("_Part", Check, _Trace, _Death)


def read_record(file: Path) -> Record:
    """Read one record. A torn last line makes it incomplete; for any other mistake, MetaError names file and line."""
    return parse_record(file.read_text(encoding="utf-8", errors="replace").splitlines(), str(file))


def parse_record(lines: Sequence[str], name: str) -> Record:
    """The record that has these lines, as ``read_record`` reads it; ``name`` is what an error calls it."""
    parts: dict[str, Any] = {}
    checks: dict[str, Check] = {}
    executed: dict[str, Mapping[str, tuple[int, ...]]] = {}
    death = None
    for number, text in enumerate(lines, 1):
        try:
            line = tolerant_json(text)
            kind = str(line["kind"])
        except (ValueError, KeyError, TypeError, RecursionError):
            # A run that was stopped may have torn its last line, and its death is written after that.
            if text and number < len(lines) - 1:
                raise _no_line(name, number) from None
            continue
        if kind == "check":
            check = _part(Check, line, name, number)
            if check.clause in checks:
                raise MetaError(ErrorCode.BAD_RECORD, f"{name}:{number}: {check.clause} is decided twice")
            checks[check.clause] = check
        elif kind == "trace":
            trace = _part(_Trace, line, name, number)
            executed[trace.clause] = trace.lines
        elif kind == "death":
            death = _part(_Death, line, name, number).cause
        elif kind in ("header", "footer") and kind not in parts:
            parts[kind] = line
        else:
            raise _no_line(name, number)
    header = _header(name, parts.get("header"))
    footer = _footer(name, parts["footer"]) if "footer" in parts else None
    return Record(header.cell, header, checks, footer, death, executed)


def record_text(record: Record) -> str:
    """The record as it is written: header, checks, and a footer or the cause of its early end."""
    lines = [line_text(record.header)]
    lines += [json.dumps({"kind": "check", **asdict(check)}) + "\n" for check in record.checks.values()]
    if record.footer is not None:
        lines.append(line_text(record.footer))
    if record.death:
        lines.append(death_line(record.death) + "\n")
    return "".join(lines)


def line_text(line: RecordHeader | RecordFooter) -> str:
    """The first or the last line of a record."""
    return json.dumps(to_json(line)) + "\n"


def death_line(cause: str) -> str:
    """What ends the record of a run that ended early, without a line break."""
    return json.dumps({"kind": "death", "cause": cause})


def _header(name: str, line: object) -> RecordHeader:
    try:
        return from_json(RecordHeader, line)
    except ValueError as error:
        what, why = f"{name} has no header of format {FORMAT}", str(error) if line else ""
        raise MetaError(ErrorCode.BAD_RECORD, what, why, "delete the file and run it again") from None


def _footer(name: str, line: object) -> RecordFooter:
    try:
        return from_json(RecordFooter, line)
    except ValueError as error:
        what = f"{name} has a footer that cannot be read"
        raise MetaError(ErrorCode.BAD_RECORD, what, str(error), "delete the file and run it again") from None


def _part(kind: type[_Part], line: dict[str, Any], name: str, number: int) -> _Part:
    try:
        return from_json(kind, {field: value for field, value in line.items() if field != "kind"})
    except ValueError as error:
        raise _no_line(name, number, str(error)) from None


def _no_line(name: str, number: int, why: str = "") -> MetaError:
    return MetaError(ErrorCode.BAD_RECORD, f"{name}:{number} is not a line of a record", why)


def read_records(folder: Path) -> list[Record]:
    """All records of a folder, by file name. A file that cannot be read becomes an incomplete record that says why."""
    return [_read_or_incomplete(file) for file in sorted(folder.glob("*.jsonl"))]


def _read_or_incomplete(file: Path) -> Record:
    try:
        return read_record(file)
    except MetaError as error:
        # There is no header, so its place is empty.
        header = RecordHeader("", "", file.stem, {}, {}, (), None, "", ())
        return Record(file.stem, header, {}, None, f"its record cannot be read: {error.what}")
