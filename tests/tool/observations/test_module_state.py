"""No observation of a call sees what a module remembers of an earlier one."""

from __future__ import annotations

from pathlib import Path

import pytest
from observations.small_package import observed

COLLECTION = """
_SEEN: list[str] = []
def remember(name: str) -> int:
    _SEEN.append(name)
    return len(_SEEN)
"""
INSTANCE = """
class Registry:
    def __init__(self) -> None:
        self.names: dict[str, int] = {}
        self.count = 0

registry = Registry()

def remember(name: str) -> int:
    registry.names[name] = len(registry.names)
    registry.count += 1
    return len(registry.names) * registry.count
"""
VARIABLE = """
_first = None
def remember(name: str) -> int:
    global _first
    if _first is not None:
        return 2
    _first = name
    return 1
"""


@pytest.mark.parametrize("module", [COLLECTION, INSTANCE, VARIABLE], ids=["a collection", "an instance", "a variable"])
def test_each_call_finds_its_module_as_it_was_imported(module: str, tmp_path: Path) -> None:
    seen = observed(tmp_path, {"m": module}, "functions")
    calls = [value for name, value in seen.items() if name.startswith("small.m.remember[")]
    assert len(calls) > 2
    assert all(call == {"returns": 1} for call in calls)
