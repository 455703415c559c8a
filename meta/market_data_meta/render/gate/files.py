"""The files of a gate: as JSON for programs, Markdown for a summary, JUnit and SARIF for the systems that take them."""

from __future__ import annotations

import shutil
from collections.abc import Iterable
from pathlib import Path

from market_data_meta.files import write_whole
from market_data_meta.judging.records import Record, record_text
from market_data_meta.models import json_text
from market_data_meta.render.gate.junit import gate_junit
from market_data_meta.render.gate.markdown import gate_markdown
from market_data_meta.render.gate.sarif import gate_sarif
from market_data_meta.results.gate import GateResult

NAMES = ("gate.json", "gate.md", "gate.junit.xml", "gate.sarif")
RECORDS = "gate-records"
"""The folder of the records that a gate rests on, one for each cell."""


def forget_gate(folder: Path) -> None:
    """Take an earlier gate away: one that ends without an answer must not leave the last one's."""
    for name in NAMES:
        (folder / name).unlink(missing_ok=True)
    shutil.rmtree(folder / RECORDS, ignore_errors=True)


def write_gate(folder: Path, gate: GateResult, records: Iterable[Record] = ()) -> None:
    """Write all of them to ``folder``, each as a whole or not at all."""
    for record in records:
        write_whole(folder / RECORDS / f"{record.cell}.jsonl", record_text(record))
    texts = (json_text(gate), gate_markdown(gate), gate_junit(gate), gate_sarif(gate))
    for name, text in zip(NAMES, texts, strict=True):
        write_whole(folder / name, text)
