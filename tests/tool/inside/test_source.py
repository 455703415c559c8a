"""What differs in the source of two releases: faults, places, and the names that came and went."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from market_data_meta import suite
from market_data_meta.inside.mdm_source import DefinedName, SourceChanges, SourceFault, source_changes

EVENT = """
class Event(Base):
    size: int = 0
    level = 1

    def publish(self, event, *, twice=False):
        self.published = event
"""


@pytest.fixture
def folders(tmp_path: Path) -> tuple[Path, Path]:
    return tmp_path / "before", tmp_path / "after"


def changes(
    folders: tuple[Path, Path], before: str | None, after: str | None, file: str = "pkg/event.py"
) -> SourceChanges:
    """The changes of one file; None where there is none."""
    for folder, text in zip(folders, (before, after), strict=True):
        (folder / file).parent.mkdir(parents=True, exist_ok=True)
        if text is not None:
            (folder / file).write_text(text)
    return source_changes(*folders)


def test_files_that_are_the_same_are_not_looked_at(folders: tuple[Path, Path]) -> None:
    assert changes(folders, "if broken", "if broken") == SourceChanges()


def test_a_file_that_is_not_python_any_more_is_told_with_line_and_text(folders: tuple[Path, Path]) -> None:
    after = EVENT.replace("twice=False):", "twice=False)")
    fault = SourceFault("pkg/event.py", 6, "expected ':'", "def publish(self, event, *, twice=False)")
    assert changes(folders, EVENT, after).faults == (fault,)


@pytest.mark.parametrize("text", ["return 1", "x = 1\0", "(" * 500, "def f():\npass", "# coding: none\n"])
def test_whatever_python_does_not_take_is_a_fault(folders: tuple[Path, Path], text: str) -> None:
    assert [fault.file for fault in changes(folders, EVENT, text).faults] == ["pkg/event.py"]


def test_a_fault_that_was_there_before_is_none_of_the_changes(folders: tuple[Path, Path]) -> None:
    assert changes(folders, "if broken", "if broken\nmore").faults == ()


def test_a_fault_in_a_new_file_is_told(folders: tuple[Path, Path]) -> None:
    assert [fault.line for fault in changes(folders, None, "if broken").faults] == [1]


@pytest.mark.parametrize(
    ("before", "after", "gone", "new", "line"),
    [
        ("size: int", "length: int", [("Event", "size")], [("Event", "length")], 3),
        ("level = 1", "", [("Event", "level")], [], 4),
        ("event, *", "*", [("Event.publish", "event")], [], 6),
        ("twice=False", "twice=False, again", [], [("Event.publish", "again")], 6),
        ("self.published", "self.sent", [("Event", "published")], [("Event", "sent")], 7),
    ],
)
def test_the_names_of_a_place_are_those_that_came_and_went(
    folders: tuple[Path, Path],
    before: str,
    after: str,
    gone: list[tuple[str, str]],
    new: list[tuple[str, str]],
    line: int,
) -> None:
    (place,) = changes(folders, EVENT, EVENT.replace(before, after)).places
    assert place.line == line
    assert place.gone == tuple(DefinedName(*name) for name in gone)
    assert place.new == tuple(DefinedName(*name) for name in new)


def test_what_a_renamed_class_holds_goes_with_its_line(folders: tuple[Path, Path]) -> None:
    (place,) = changes(folders, EVENT, EVENT.replace("class Event", "class Notice")).places
    assert (place.line, place.before, place.after) == (2, ("class Event(Base):",), ("class Notice(Base):",))
    assert {DefinedName("", "Event"), DefinedName("Event", "size")} <= {*place.gone}


def test_a_value_that_changed_is_a_place_without_names(folders: tuple[Path, Path]) -> None:
    (place,) = changes(folders, EVENT, EVENT.replace("level = 1", "level = 2")).places
    assert (place.gone, place.new) == ((), ())


def test_a_file_that_is_gone_has_no_line(folders: tuple[Path, Path]) -> None:
    (place,) = changes(folders, EVENT, None).places
    assert (place.file, place.line) == ("pkg/event.py", None)


def test_nothing_of_the_files_is_executed(folders: tuple[Path, Path], tmp_path: Path) -> None:
    witness = tmp_path / "witness"
    changes(folders, EVENT, f"open({str(witness)!r}, 'w')\n")
    command = [sys.executable, "-I", "-S", str(suite.INSIDE / "mdm_source.py"), *map(str, folders)]
    subprocess.run([*command, str(tmp_path / "answer.json")], check=True)
    assert not witness.exists()
    assert '"faults": []' in (tmp_path / "answer.json").read_text()
