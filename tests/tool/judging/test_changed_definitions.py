"""The definitions that changed lines are within, read by indentation."""

from __future__ import annotations

from pathlib import Path

import pytest

from market_data_meta.inside.mdm_source import ChangedPlace, SourceChanges, source_changes
from market_data_meta.judging.changed_definitions import changed_definitions

FILE = '''"""A module."""

from os import path

SIZE: int = 5
NAMES = [
    "a",
]


class Queue:
    """A queue."""

    limit = 3

    async def put(
        self,
        item: int,
        wait: bool = True,
    ) -> None:
        if wait:
            # Some text.
            self.items.append(item)
        elif item:
            return

    class Inner:
        def get(self):
            return 1


def parse(text):
    return text
'''


def changed(tmp_path: Path, *edits: tuple[str, str]) -> list[str]:
    """The names of the definitions that these edits of the file change."""
    text = FILE
    for before, after in edits:
        assert text.count(before) == 1
        text = text.replace(before, after)
    for name, content in (("was", FILE), ("now", text)):
        (tmp_path / name / "m").mkdir(parents=True)
        (tmp_path / name / "m" / "x.py").write_text(content)
    changes = source_changes(tmp_path / "was", tmp_path / "now")
    found = changed_definitions("core", changes, lambda file: (tmp_path / "now" / file).read_text().splitlines())
    assert {definition.module for definition in found} <= {"m.x"}
    return [definition.name for definition in found]


@pytest.mark.parametrize(
    ("before", "after", "names"),
    [
        ("            self.items.append(item)\n", "            self.items.insert(0, item)\n", ["Queue.put"]),
        ("        elif item:\n            return\n", "", ["Queue.put"]),
        ("        wait: bool = True,", "        wait: bool = False,", ["Queue.put"]),
        ("    async def put(", "    def put(", ["Queue.put"]),
        ("    limit = 3", "    limit = 4", ["Queue"]),
        ("            return 1", "            return 2", ["Queue.Inner.get"]),
        ("class Queue:", "class Queue(list):", ["Queue"]),
        ("def parse(text):\n    return text\n", "def read(text):\n    return text\n", ["read", "parse"]),
        ("SIZE: int = 5", "SIZE: int = 6", ["SIZE"]),
        # What no definition makes.
        ("from os import path", "from os import sep", []),
        ("            # Some text.", "            # Another text.", []),
    ],
)
def test_changed_lines_are_within_a_definition(tmp_path: Path, before: str, after: str, names: list[str]) -> None:
    assert changed(tmp_path, (before, after)) == names


def test_each_definition_is_named_once(tmp_path: Path) -> None:
    edits = [("item: int", "item: float"), ("append(item)", "append(1)"), ("return text", "return text.strip()")]
    assert changed(tmp_path, *edits) == ["Queue.put", "parse"]


def test_a_file_that_is_gone_is_a_definition_of_its_whole_module() -> None:
    changes = SourceChanges(places=(ChangedPlace("m/x.py", None, (), ()),))
    (definition,) = changed_definitions("core", changes, lambda _: ())
    assert (definition.module, definition.name) == ("m.x", "")
