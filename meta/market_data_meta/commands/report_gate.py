"""``mdmeta report --gate``: render a gate again, from what another job wrote. The file is a stranger's."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Any

import click
from jsonschema import Draft202012Validator
from jsonschema.exceptions import best_match
from rich.console import Console

from market_data_meta.check import schema
from market_data_meta.errors import Exit, MetaError
from market_data_meta.render import gate_github
from market_data_meta.render.gate_files import write_gate
from market_data_meta.render.gate_markdown import gate_markdown
from market_data_meta.render.gate_terminal import show_gate

MAX_BYTES = 50 << 20
"""A gate of every cell with a hundred differences has less than a tenth of it."""
MAX_DEPTH = 64
"""Values within values: what a check got is a list of lists at most."""


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
    try:
        with file.open("rb") as stream:
            text = stream.read(MAX_BYTES + 1)
    except OSError as error:
        raise MetaError("unreadable", f"cannot read {file}", str(error.strerror), hint) from None
    if len(text) > MAX_BYTES:
        raise MetaError("bad-gate", f"{file} has more than {MAX_BYTES >> 20} MiB", hint=hint)
    try:
        data: dict[str, Any] = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise MetaError("not-json", f"{file} is not JSON", str(error)[:300], hint) from None
    if _deeper(data, MAX_DEPTH):
        raise MetaError("bad-gate", f"{file} is not a gate", f"it nests deeper than {MAX_DEPTH}", hint)
    if wrong := best_match(Draft202012Validator(schema(root, "gate")).iter_errors(data)):
        where = "/".join(map(str, wrong.absolute_path)) or "the whole"
        raise MetaError("bad-gate", f"{file} is not a gate", f"{where}: {wrong.message}"[:300], hint)
    verdicts = {cell["verdict"] for cell in data["cells"]}
    if data["exit"] == Exit.COMPATIBLE and ("compatible" not in verdicts or verdicts & {"incompatible", "unknown"}):
        raise MetaError("bad-gate", f"{file} contradicts itself", "it says compatible, and its cells do not", hint)
    return data


def _deeper(value: object, depth: int) -> bool:
    """Whether there are values within values to more than some depth."""
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return any(depth == 0 or _deeper(one, depth - 1) for one in inner)
