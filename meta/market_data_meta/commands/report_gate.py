"""``mdmeta report --gate``: render a gate again, from what another job wrote. The file is a stranger's."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Any

import click
from rich.console import Console

from market_data_meta.errors import Exit, MetaError
from market_data_meta.render.gate import github as gate_github
from market_data_meta.render.gate.files import write_gate
from market_data_meta.render.gate.markdown import gate_markdown
from market_data_meta.render.gate.terminal import show_gate
from market_data_meta.schemas import read_given


def report_gate(root: Path, file: Path, out: Path | None, *, github: bool, as_json: bool, verbose: bool) -> None:
    """Show a gate and end with its exit code; ``github`` appends to the step's summary and prints annotations."""
    data = read_gate(root, file)
    if out:
        write_gate(out, data)
    if as_json:
        click.echo(json.dumps(data, indent=1))
    elif github:
        if summary := os.environ.get("GITHUB_STEP_SUMMARY"):
            with Path(summary).open("a", encoding="utf-8") as stream:
                stream.write(gate_markdown(data))
        for line in gate_github.annotations(data):
            click.echo(line)
    else:
        show_gate(data, Console(), verbose=verbose)
    sys.exit(int(data["exit"]))


def read_gate(root: Path, file: Path) -> dict[str, Any]:
    """The gate in ``file``. Raises MetaError that names the file where it is not one."""
    hint = "mdmeta gate --json writes it, and gate.json"
    data = read_given(root, file, "gate", hint)
    verdicts = {cell["verdict"] for cell in data["cells"]}
    if data["exit"] == Exit.COMPATIBLE and ("compatible" not in verdicts or verdicts & {"incompatible", "unknown"}):
        raise MetaError("bad-gate", f"{file} contradicts itself", "it says compatible, and its cells do not", hint)
    return data
