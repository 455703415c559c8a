"""What a run has brought, before it is believed: is it this run's own record, whole, and did the run behave?"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from market_data_meta.inside.mdm_seal import Seal, control

MUST_FAIL = "controls.must-fail"


def evidence(text: str, deeds: str, header: Mapping[str, Any], secret: str, cause: str) -> tuple[list[str], str]:
    """The lines of the record that the run itself wrote, without their seals, and why they are no evidence, or nothing.

    ``deeds`` are the sentences about what was tried in the run and refused, ``header`` is what its record was to begin
    with, ``cause`` is why the run ended early, if it did.
    """
    seal = Seal(secret)
    lines: list[str] = []
    alien = False
    for line in text.splitlines():
        opened = seal.opened(line)
        if opened is None:
            alien = bool(line)
            break
        lines.append(opened)
    if first := deeds.partition("\n")[0].strip():
        # Refused it was; that it was tried is what a reader must know, whatever else became of the run.
        return lines, f"{first}; {cause}" if cause else first
    return lines, cause or _objection(lines, header, secret, alien=alien)


def _objection(lines: list[str], header: Mapping[str, Any], secret: str, *, alien: bool) -> str:
    if alien:
        return "its record holds a line that the run did not write"
    said = [json.loads(line) for line in lines]
    if not said or said[0]["kind"] != "header":
        return "the run brought no record"
    if differing := [name for name, value in header.items() if said[0].get(name) != value]:
        return f"its record is not the one that was asked for: it has another {differing[0]}"
    for line in said:
        if line["kind"] == "check" and line["clause"] == MUST_FAIL and line["expected"] != control(secret):
            return "the run's control does not know its secret"
    names = [line["clause"] for line in said if line["kind"] == "check"]
    if len(names) != len(set(names)):
        return "its record decides a clause twice"
    if said[-1]["kind"] != "footer":
        return "the run ended before it was through"
    return ""


def text_or_empty(file: Path) -> str:
    """What is in a file of the run's, or nothing."""
    try:
        return file.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""
