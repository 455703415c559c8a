"""Files and folders that are handed to a call: each is there anew, under the same name in each run."""

from __future__ import annotations

import gzip
import pathlib
import tempfile
from collections.abc import Callable, Mapping
from typing import Any

FOLDERS: list[pathlib.Path] = []
"""The folders that calls of this process were given."""
_ORIGINAL: dict[pathlib.Path, bytes] = {}
"""What was in each file when it was handed over."""
CONTENTS: Mapping[str, str | bytes] = {
    "object.json": '{"a": 1, "b": [1.5, null], "name": "abc"}',
    "mapping.yaml": "a: 1\nname: abc\nitems:\n  - symbol: AAPL\n",
    "lines.ndjson": '{"symbol": "AAPL", "price": 101.5}\n{"symbol": "MSFT", "price": 1, "note": "a\u2028b\x85c"}\n',
    "rows.csv": "symbol,ts,price\nAAPL,2024-03-01T14:30:15Z,101.5\n",
    "damaged.ndjson": '{"symbol": "AAPL", "price": 101.5}\n{"symbol": "MSFT", "pri\n',
    "packed.ndjson": gzip.compress(b'{"symbol": "AAPL", "price": 101.5}\n', mtime=0),
}
"""Files that are there, each of another form; the last one is packed, whatever its name says.

A text in one of the lines has what Unicode calls the end of a line, and JSON does not."""


def file_of(kind: Callable[[str], Any], name: str) -> Any:
    """The path of a new file with the content that is known by this name."""
    content = CONTENTS.get(name, b"")
    return file_with(kind, name, content if isinstance(content, bytes) else content.encode())


def file_with(kind: Callable[[str], Any], name: str, content: bytes) -> Any:
    """The path of a new file of this name with this content."""
    file = pathlib.Path(new_folder()) / name
    file.write_bytes(content)
    _ORIGINAL[file] = content
    return kind(str(file))


def new_folder() -> str:
    """A new folder whose name is the same in each run."""
    home = pathlib.Path(tempfile.gettempdir())
    folder = home / f"given-{sum(1 for _ in home.glob('given-*'))}"
    folder.mkdir()
    FOLDERS.append(folder)
    return str(folder)


def written(first: int) -> dict[str, str]:
    """The text of each file in the folders from this number on that is not as it was given, by the file's name."""
    found: dict[str, str] = {}
    for folder in FOLDERS[first:]:
        for file in sorted(folder.rglob("*")):
            content = file.read_bytes() if file.is_file() else b""
            if content and content != _ORIGINAL.get(file):
                found[file.name] = content.decode(errors="replace")[:2000]
    return found


def move_away(first: int) -> list[str]:
    """Give the files that were written in the folders from this number on other names; their names."""
    files = [file for folder in FOLDERS[first:] for file in sorted(folder.rglob("*")) if file.is_file()]
    own = [file for file in files if file.read_bytes() != _ORIGINAL.get(file)]
    for file in own:
        file.rename(file.with_name(f"moved-{file.name}"))
    return [file.name for file in own]
