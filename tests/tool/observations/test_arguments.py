"""What calls are handed: models, files, and what a double answers."""

from __future__ import annotations

from pathlib import Path

from observations.small_package import observed


def test_a_model_of_any_kind_has_values_that_json_does_not_know(tmp_path: Path) -> None:
    """What takes any model is handed one with a time of its own, a choice, and others that JSON has no form for."""
    module = """
import pydantic

def kinds(model: pydantic.BaseModel) -> list[str]:
    return sorted({type(value).__name__ for _, value in model})
"""
    found = observed(tmp_path, {"parts": module}, "functions")
    rich = found["small.parts.kinds[model=a rich model]"]["returns"]
    assert {"Decimal", "_Side", "bytes", "datetime", "set"} <= set(rich)


def test_who_asks_again_gets_what_is_later(tmp_path: Path) -> None:
    """What a double answers has its place in a series: times move on, and not always forwards."""
    module = """
import abc
import datetime as dt

class Event:
    def __init__(self, symbol: str, ts: dt.datetime) -> None:
        self.symbol, self.ts = symbol, ts.isoformat()

class Bus(abc.ABC):
    @abc.abstractmethod
    async def read(self) -> list[Event]: ...

async def times(bus: Bus) -> list[str]:
    return [event.ts for _ in range(4) for event in await bus.read()]
"""
    found = observed(tmp_path, {"parts": module}, "functions")["small.parts.times[]"]["returns"]
    assert len(set(found)) > 4
    assert found != sorted(found)


def test_a_line_ends_only_where_json_says(tmp_path: Path) -> None:
    """A text in a file of lines has what Unicode takes for the end of a line."""
    module = """
import json
import pathlib

def rows(path: str) -> list[object]:
    return [json.loads(line) for line in pathlib.Path(path).read_text(encoding="utf-8").SPLIT if line]
"""
    file = "small.parts.rows[path=lines.ndjson]"
    seen = {}
    for name, split in {"right": "split('\\n')", "wrong": "splitlines()"}.items():
        folder = tmp_path / name
        folder.mkdir()
        seen[name] = observed(folder, {"parts": module.replace("SPLIT", split)}, "functions")[file]
    assert "returns" in seen["right"]
    assert "returns" not in seen["wrong"]
