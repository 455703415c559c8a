"""What a run has brought, before it counts: is it this run's own record, complete, and did the run behave?"""

from __future__ import annotations

import json
from dataclasses import fields
from pathlib import Path

from market_data_meta.errors import MetaError
from market_data_meta.inside.mdm_json import from_json, to_json
from market_data_meta.inside.mdm_plan import RecordHeader
from market_data_meta.inside.mdm_seal import Seal, control
from market_data_meta.judging.records import parse_record
from market_data_meta.strict_json import tolerant_json

MUST_FAIL = "controls.must-fail"


def verified_lines(
    text: str, refused_attempts: str, header: RecordHeader, secret: str, cause: str
) -> tuple[list[str], str]:
    """The lines of the record that the run itself wrote, without their seals, and why they are no evidence, or nothing.

    ``refused_attempts`` are the sentences about what the run tried and was refused, ``header`` is the label that its
    record was to begin with, ``cause`` is why the run ended early, if it did. A first line that is no header that can
    be read is replaced by the label, so that whoever reads the record learns the cause; of a record with any
    other line that cannot be read only the header is left.
    """
    seal = Seal(secret)
    lines: list[str] = []
    foreign = False
    for line in text.splitlines():
        opened = seal.opened(line)
        if opened is None:
            foreign = bool(line)
            break
        lines.append(opened)
    own_header, unreadable = header, ""
    if lines:
        try:
            own_header = from_json(RecordHeader, tolerant_json(lines[0]))
        except ValueError as error:
            # Parts of it come from the releases.
            lines = [json.dumps(to_json(header))]
            unreadable = f"its record has no header that can be read: {error}"
        try:
            parse_record(lines, "line")
        except MetaError as error:
            lines = lines[:1]
            unreadable = f"its record cannot be read: {': '.join(filter(None, (error.what, error.why)))}"
    if first := refused_attempts.partition("\n")[0].strip():
        # It was refused; that it was tried is what a reader must know, whatever else became of the run.
        return lines, f"{first}; {cause}" if cause else first
    return lines, cause or unreadable or _objection(lines, own_header, header, secret, foreign=foreign)


def _objection(lines: list[str], own_header: RecordHeader, header: RecordHeader, secret: str, *, foreign: bool) -> str:
    """Why a record that begins with ``own_header`` is not that of the run with this header and secret, or nothing."""
    if foreign:
        return "its record holds a line that the run did not write"
    if not lines:
        return "the run wrote no record"
    label = own_header.label
    for field in fields(RecordHeader):
        if getattr(label, field.name) != getattr(header, field.name):
            return f"its record is not the one that was asked for: it has another {field.name}"
    record = parse_record(lines, "line")
    if MUST_FAIL in record.checks and record.checks[MUST_FAIL].expected != control(secret):
        return "the run's control does not know its secret"
    if record.footer is None or '"kind": "footer"' not in lines[-1]:
        return "the run ended before it was complete"
    return ""


def text_or_empty(file: Path) -> str:
    """What is in a file of the run's, or nothing."""
    try:
        return file.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""
