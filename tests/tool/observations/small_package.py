"""A small distribution that a test writes, and what the probes observe of it in a process of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

from market_data_meta.judging.closer_look import CloserLook
from market_data_meta.judging.observed_runs import ObservedRun
from market_data_meta.judging.observed_units import ObservedUnit

ROOT = Path(__file__).parents[3]
PROBES = ROOT / "tests" / "observations"
METADATA = "Metadata-Version: 2.1\nName: small-sample\nVersion: 1.0\nRequires-Python: >=3.11\n"


def observed(folder: Path, modules: dict[str, str], area: str, **files: str) -> dict[str, Any]:
    """What is observed in one area of a package ``small`` with these modules, by id. ``files`` are of its dist-info."""
    lines = observed_lines(folder, modules, area, files=files).splitlines()[:-1]
    return {row["id"]: row.get("value", row.get("unobserved")) for row in map(json.loads, lines)}


def observed_lines(
    folder: Path,
    modules: dict[str, str],
    area: str,
    *,
    like: ObservedRun | None = None,
    notes_execution: bool = False,
    untouched: Iterable[ObservedUnit] = (),
    closer: CloserLook | None = None,
    files: Mapping[str, str] = MappingProxyType({}),
) -> str:
    """The lines of the run that observes it. ``files`` are of its dist-info."""
    site = folder / "site"
    for name, text in modules.items():
        file = site / "small" / f"{name}.py"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
    (site / "small").mkdir(parents=True, exist_ok=True)
    (site / "small" / "__init__.py").touch()
    info = site / "small_sample-1.0.dist-info"
    info.mkdir(parents=True, exist_ok=True)
    for name, text in {"METADATA": METADATA, **files}.items():
        (info / name).write_text(text, encoding="utf-8")
    package = {"distribution": "small-sample", "imports": ["small"], "app": None}
    plan = {
        "packages": {"small": package},
        "observed": ["small"],
        "path": [str(site)],
        "areas": [area],
        "preferred": like.names if like else [],
        "words": dict(like.words) if like else None,
        "examples": dict(like.examples) if like else None,
        "notes_execution": notes_execution,
        "untouched": [unit.key for unit in untouched],
        "closer": closer.plan() if closer else None,
    }
    (folder / "plan.json").write_text(json.dumps(plan), encoding="utf-8")
    command = [sys.executable, str(PROBES / "observe.py"), str(folder / "plan.json"), str(folder / "out.jsonl")]
    environment = os.environ | {"TMPDIR": str(folder), "TZ": "UTC"}
    done = subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, check=False, timeout=120
    )
    assert done.returncode == 0, done.stderr[-2000:]
    return (folder / "out.jsonl").read_text(encoding="utf-8")
