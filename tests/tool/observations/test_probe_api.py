"""What can be named and called is observed so that only what takes something from its users reads as a change."""

from __future__ import annotations

from pathlib import Path

import pytest
from observations.small_package import observed

OLD_SPELLING = """
from typing import Dict, List, Optional, Union
def f(a: Optional[List[int]], b: Union[str, int] = 1) -> Dict[str, int]: ...
"""
NEW_SPELLING = """
from __future__ import annotations
def f(a: list[int] | None, b: int | str = 1) -> dict[str, int]: ...
"""


def test_spelling_of_annotations(tmp_path: Path) -> None:
    """An annotation reads the same however it is spelt."""
    first = observed(tmp_path / "a", {"m": OLD_SPELLING}, "api")["small.m.f"]
    assert first == observed(tmp_path / "b", {"m": NEW_SPELLING}, "api")["small.m.f"]
    assert first["parameters"]["a"]["takes"] == {"None": {}, "list": {"0": {"int": {}}}}


def test_another_optional_parameter_is_a_member_more(tmp_path: Path) -> None:
    """An optional parameter that is appended leaves everything else as it was."""
    before = observed(tmp_path / "a", {"m": "def f(a, b=1): ...\n"}, "api")["small.m.f"]
    after = observed(tmp_path / "b", {"m": "def f(a, b=1, *, c=None): ...\n"}, "api")["small.m.f"]
    assert after["parameters"].pop("c")["optional"]
    assert after == before


def test_a_moved_class_is_where_it_was(tmp_path: Path) -> None:
    """A class that is re-exported where it was defined has lost nothing; a mere import is no offer."""
    modules = {"old": "class C:\n    def m(self): ...\n", "user": "from small.old import C\n"}
    before = observed(tmp_path / "a", modules, "api")
    assert "small.old.C" in before
    assert "small.user.C" not in before
    moved = {"new": modules["old"], "old": "from small.new import C\n__all__ = ['C']\n", "user": modules["user"]}
    after = observed(tmp_path / "b", moved, "api")
    assert after["small.old.C"] == before["small.old.C"]


@pytest.mark.parametrize(
    ("definition", "member", "expected"),
    [
        (
            "from typing import Protocol\nclass C(Protocol):\n    x: int\n    def m(self): ...\n",
            "must have",
            ["m", "x"],
        ),
        ("import abc\nclass C(abc.ABC):\n    @abc.abstractmethod\n    def m(self): ...\n", "must implement", ["m"]),
    ],
)
def test_what_others_implement_is_a_list(tmp_path: Path, definition: str, member: str, expected: list[str]) -> None:
    """What an implementation must have is a list, so that a demand more is a change."""
    assert observed(tmp_path, {"m": definition}, "api")["small.m.C"][member] == expected


def test_a_module_that_cannot_be_imported(tmp_path: Path) -> None:
    """A module that raises is observed with the classes of its error."""
    assert observed(tmp_path, {"m": "raise KeyError('X')\n"}, "api")["small.m"]["raises"][0] == "KeyError"


def test_a_cached_function_is_a_function(tmp_path: Path) -> None:
    """A function that is cached from now on can be called as before."""
    before = observed(tmp_path / "a", {"m": "def f(a: int) -> int: ...\n"}, "api")
    after = observed(tmp_path / "b", {"m": "import functools\n@functools.cache\ndef f(a: int) -> int: ...\n"}, "api")
    assert after == before
