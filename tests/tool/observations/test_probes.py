"""What the probes see of a small package, and what they see of it when it has changed."""

from __future__ import annotations

import json
import subprocess
import sys
import textwrap
from pathlib import Path
from typing import Any

import pytest
from examples import PATIENCE

from market_data_meta.suite import INSIDE

OBSERVE = Path(__file__).parents[2] / "observations" / "observe.py"
PACKAGE = """
    import dataclasses, enum, hashlib
    from pydantic import BaseModel, ConfigDict, Field

    class Level(str, enum.Enum):
        LOW = "low"
        HIGH = "high"

    class Bar(BaseModel):
        model_config = ConfigDict(frozen=True)
        symbol: str
        size: int
        api_key: str = ""
        level: Level = Level.LOW

    @dataclasses.dataclass
    class Tick:
        symbol: str
        size: int = 1
        def __eq__(self, other): return (self.symbol, self.size) == (other.symbol, other.size)

    class BarCodec:
        def encode(self, bar: Bar) -> bytes: return bar.model_dump_json().encode()
        def decode(self, data: bytes) -> Bar: return Bar.model_validate_json(data)

    class DigestCodec:
        def encode(self, payload: BaseModel) -> str:
            return hashlib.sha256(payload.model_dump_json().encode()).hexdigest()
"""


def observed(folder: Path, source: str, areas: tuple[str, ...]) -> dict[str, Any]:
    """The observations of a package of one module, by area and id."""
    site = folder / "site"
    (site / "pkg").mkdir(parents=True)
    (site / "pkg" / "__init__.py").write_text(textwrap.dedent(source))
    plan = {
        "packages": {"pkg": {"distribution": "pkg", "imports": ["pkg"], "app": None}},
        "observed": ["pkg"],
        "path": [str(site)],
        "areas": list(areas),
    }
    (folder / "plan.json").write_text(json.dumps(plan))
    command = [sys.executable, str(OBSERVE), str(folder / "plan.json"), str(folder / "out.jsonl")]
    subprocess.run(command, check=True, timeout=PATIENCE, env={"PYTHONPATH": str(INSIDE)}, cwd=folder)
    lines = [json.loads(line) for line in (folder / "out.jsonl").read_text().splitlines()]
    assert lines[-1]["end"] == len(lines) - 1
    assert not [line for line in lines if "unobserved" in line]
    return {f"{line['area']}:{line['id']}": line["value"] for line in lines[:-1]}


@pytest.fixture(scope="module")
def before(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    return observed(tmp_path_factory.mktemp("before"), PACKAGE, ("models", "wire"))


@pytest.mark.parametrize(
    ("old", "new", "seen"),
    [
        ("size: int\n        api_key", "size: float\n        api_key", "models:pkg.Bar[schema size]"),
        (
            "(self.symbol, self.size) == (other.symbol, other.size)",
            "self.symbol == other.symbol",
            "models:pkg.Tick[change size]",
        ),
        ("frozen=True", "frozen=False", "models:pkg.Bar[change symbol]"),
        ("frozen=True", "frozen=True, extra='forbid'", "models:pkg.Bar[surplus]"),
        ('LOW = "low"', 'LOW = "Low"', "models:pkg.Level[LOW]"),
        ("str, enum.Enum", "enum.Enum", "models:pkg.Level[LOW]"),
        ("model_dump_json()", "model_dump_json(exclude_defaults=True)", "wire:pkg.BarCodec.encode[Bar plain]"),
        ("model_validate_json(data)", "model_validate_json(data.strip())", "wire:pkg.BarCodec.decode[none]"),
        ("sha256", "sha3_256", "wire:pkg.DigestCodec.encode[a model]"),
        ("(data)", "(data, strict=True)", "wire:pkg.BarCodec.decode[numeric text size]"),
        ('api_key: str = ""', "api_key: str = Field('', repr=False)", "models:pkg.Bar[shows api_key]"),
    ],
)
def test_what_a_consumer_notices_is_seen(tmp_path: Path, before: dict[str, Any], old: str, new: str, seen: str) -> None:
    """A change of a model, an enum or a codec that somebody may notice changes the observation of just that."""
    source = PACKAGE.replace(old, new)
    assert source != PACKAGE
    after = observed(tmp_path, source, ("models", "wire"))
    assert before[seen] != after[seen]


def test_an_optional_field_changes_nothing_else(tmp_path: Path, before: dict[str, Any]) -> None:
    """A new optional field adds members to what is seen, and takes none away."""
    source = PACKAGE.replace("level: Level = Level.LOW", "level: Level = Level.LOW\n        note: str | None = None")
    after = observed(tmp_path, source, ("models", "wire"))
    assert not [key for key in before if key not in after or not _holds(after[key], before[key])]


def _holds(after: Any, before: Any) -> bool:
    """Whether a value has all that it had."""
    if isinstance(before, dict) and isinstance(after, dict):
        return all(name in after and _holds(after[name], part) for name, part in before.items())
    return bool(after == before)


def test_a_secret_in_a_text_is_told(before: dict[str, Any]) -> None:
    """A field that is called a secret is looked for in the texts of an instance."""
    assert before["models:pkg.Bar[shows api_key]"]["secret is shown"] == {"returns": True}


def test_odd_values_are_told_by_what_becomes_of_them(before: dict[str, Any]) -> None:
    """Of an odd value it is told whether it is kept, converted or refused."""
    taken = before["models:pkg.Bar[accepts size]"]
    assert taken["'5'"] == {"returns": 5}
    assert taken["2.5"] == {"raises": ["ValidationError"], "errors": ["int_from_float"]}
    assert taken["-1"] == {"returns": "as given"}
