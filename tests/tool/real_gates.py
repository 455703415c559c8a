"""Gates that are really run, on a part of the suite: what they cost is mostly what their checks cost."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from click.testing import CliRunner
from jsonschema import Draft202012Validator

from market_data_meta.cli import cli
from market_data_meta.contract import Contract
from market_data_meta.judging.records import read_records
from market_data_meta.schemas import schema

Gate = Callable[..., dict[str, Any]]
Build = Callable[..., str]

PART = {
    "chain": (
        "hard-pauses",
        "hard-refills-nothing",
        "hard-withholds-burst",
        "pause-earns-nothing",
        "providers-independent",
        "reaches-pipeline",
        "soft-halves-slow-rate",
        "waiter-profits-from-recovery",
    ),
    "enums": ("fields", "members", "pipeline-uses-core-level", "store-uses-core-level"),
    # Those that import no release.
    "packaging": (
        "data-files",
        "extras-resolvable",
        "imports-declared",
        "installs-own-packages",
        "metadata-valid",
        "pins-satisfiable",
        "record-matches",
        "requires-python",
        "shares-no-file",
    ),
    "policy": ("default-scales", "partial-fails-safe"),
    "queue": ("crossings", "event-fields"),
}
"""The clauses that the candidates of these tests break, mend or leave as they are, and others about the same code."""


def gate_on(contract: Contract, folder: Path) -> Gate:
    """Run ``mdmeta gate --json`` with these arguments; the result, which is valid by the published schema."""
    validator = Draft202012Validator(schema(contract.root, "gate"))

    def run(*words: str) -> dict[str, Any]:
        arguments = ["--root", str(contract.root), "gate", *words, "--out", str(folder), "--json"]
        result = CliRunner().invoke(cli, arguments)
        data: dict[str, Any] = json.loads(result.stdout)
        validator.validate(data)
        assert data["exit"] == result.exit_code
        assert json.loads((folder / "gate.json").read_text()) == data
        assert all(record.death is None for record in read_records(folder / "gate-records"))
        decided = {cell["cell"] for cell in data["cells"] if cell["verdict"] in ("held", "regressed")}
        # A record is named after its cell; its header says which run of the same code it rests on.
        assert decided <= {file.stem for file in (folder / "gate-records").glob("*.jsonl")}
        return data

    return run
