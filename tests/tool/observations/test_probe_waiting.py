"""What is seen of calls that are cancelled, of iterators that are left early or used once, and of methods that read."""

from __future__ import annotations

from pathlib import Path

from observations.small_package import observed

AS_IT_WAS = "as it was"


def test_a_call_that_is_cancelled(tmp_path: Path) -> None:
    """A call that swallows its cancellation is told from one that ends; one that never waits ends as well."""
    text = """
import asyncio
async def ends() -> str:
    await asyncio.sleep(5)
    return "done"
async def at_once() -> str:
    return "done"
async def swallows() -> str:
    try:
        return await ends()
    except (TimeoutError, asyncio.CancelledError):
        return "timed out"
class Client:
    async def check(self) -> str:
        return await swallows()
"""
    seen = observed(tmp_path, {"m": text}, "functions")
    outcomes = {name: seen[f"small.m.{name} cancelled"]["returns"] for name in ("ends", "at_once", "swallows")}
    assert outcomes == {"ends": "ends", "at_once": "ends", "swallows": {"returns": "timed out"}}
    assert seen["small.m.Client.check cancelled"]["returns"] == {"returns": "timed out"}


def test_what_was_yielded_before_an_error(tmp_path: Path) -> None:
    """Rows that come before one that cannot be read are seen, so that one who reads all of them first is told."""
    lazy = """
import json
def rows(path: str):
    with open(path) as file:
        for line in file:
            yield json.loads(line)
"""
    eager = lazy.replace("for line in file:\n            yield", "found = []\n        for line in file:\n            ")
    eager = eager.replace("json.loads(line)\n", "found.append(json.loads(line))\n    yield from found\n")
    name = "small.m.rows[path=damaged.ndjson]"
    yielded = observed(tmp_path / "lazy", {"m": lazy}, "functions")[name]["returns"]["dict"]
    assert yielded["yields"] == [{"dict": {"symbol": "AAPL", "price": {"float": "101.5"}}}]
    assert yielded["then raises"][0] == "JSONDecodeError"
    assert observed(tmp_path / "eager", {"m": eager}, "functions")[name]["raises"][0] == "JSONDecodeError"


def test_an_iterator_that_is_gone_after_one_pass(tmp_path: Path) -> None:
    """Who takes an iterable is handed an iterator too, which a second pass finds empty."""
    text = """
from typing import Iterable
def once(items: Iterable[str]) -> int:
    return len(list(items))
def twice(items: Iterable[str]) -> int:
    return len(list(items)) if any(True for _ in items) else 0
"""
    seen = observed(tmp_path, {"m": text}, "functions")
    counts = {name: seen[f"small.m.{name}[items=an iterator]"]["returns"] for name in ("once", "twice")}
    assert counts == {"once": 2, "twice": 1}


def test_a_method_that_reads_and_leaves_something(tmp_path: Path) -> None:
    """What others answer otherwise after a method that only seems to read is seen, and that they do not."""
    text = """
class Features:
    def __init__(self) -> None:
        self._of = {}
    def current(self, symbol: str) -> dict:
        return self._of.get(symbol, {})
    def symbols(self) -> list[str]:
        return sorted(self._of)
"""
    name, forgetful = "small.m.Features.current leaves", text.replace("get(symbol", "setdefault(symbol")
    assert observed(tmp_path / "reads", {"m": text}, "functions")[name]["returns"] == {"symbols": AS_IT_WAS}
    left = observed(tmp_path / "leaves", {"m": forgetful}, "functions")[name]["returns"]
    assert left == {"symbols": {"returns": ["AAPL"]}}


def test_calls_of_what_has_begun(tmp_path: Path) -> None:
    """What is refused before the beginning is called after it, in each way; what is not is seen already."""
    text = """
class Client:
    def __init__(self) -> None:
        self.rows = None
    def __enter__(self):
        self.rows = []
        return self
    def __exit__(self, *_) -> None:
        self.rows = None
    def write(self, rows: list[str], most: int = 9) -> int:
        self.rows.extend(rows[:most])
        return len(self.rows)
    def name(self, short: bool = False) -> str:
        return "c" if short else "client"
"""
    seen = observed(tmp_path, {"m": text}, "functions")
    written = {label: seen[f"small.m.Client.write[{label}] after __enter__"]["returns"] for label in ("", "most=1")}
    assert written == {"": 2, "most=1": 1}
    assert not [name for name in seen if name.startswith("small.m.Client.name[") and name.endswith("after __enter__")]
