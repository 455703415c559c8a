"""The files of a gate: as JSON for programs, Markdown for a summary, JUnit and SARIF for the systems that take them."""

from __future__ import annotations

import json
from pathlib import Path

from market_data_meta.ledger import write_whole
from market_data_meta.render.gate_junit import gate_junit
from market_data_meta.render.gate_markdown import gate_markdown
from market_data_meta.render.gate_sarif import gate_sarif
from market_data_meta.render.gate_words import Data

NAMES = ("gate.json", "gate.md", "gate.junit.xml", "gate.sarif")


def write_gate(folder: Path, data: Data) -> None:
    """Write all of them to ``folder``, each as a whole or not at all."""
    texts = (json.dumps(data, indent=1) + "\n", gate_markdown(data), gate_junit(data), gate_sarif(data))
    for name, text in zip(NAMES, texts, strict=True):
        write_whole(folder / name, text)
