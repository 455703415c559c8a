"""``mdmeta report --gate``: render a gate again, from what another job wrote. The file is a stranger's."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import click
from rich.console import Console

from market_data_meta.models import json_text
from market_data_meta.render.gate import github as gate_github
from market_data_meta.render.gate.files import write_gate
from market_data_meta.render.gate.markdown import gate_markdown
from market_data_meta.render.gate.terminal import show_gate
from market_data_meta.results.gate import GateResult
from market_data_meta.schemas import read_document


def report_gate(file: Path, out: Path | None, *, github: bool, as_json: bool, verbose: bool) -> None:
    """Show a gate and end with its exit code; ``github`` appends to the step's summary and prints annotations."""
    gate = read_gate(file)
    if out:
        write_gate(out, gate)
    if as_json:
        click.echo(json_text(gate), nl=False)
    elif github:
        if summary := os.environ.get("GITHUB_STEP_SUMMARY"):
            with Path(summary).open("a", encoding="utf-8") as stream:
                stream.write(gate_markdown(gate))
        for line in gate_github.annotations(gate):
            click.echo(line)
    else:
        show_gate(gate, Console(), verbose=verbose)
    sys.exit(gate.exit)


def read_gate(file: Path) -> GateResult:
    """The gate in ``file``. Raises MetaError that names the file where it is not one."""
    return read_document(file, GateResult, "mdmeta gate --json writes it, and gate.json")
