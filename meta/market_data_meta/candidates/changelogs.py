"""The CHANGELOG of a candidate: what its source tree says of the releases that are not out yet."""

from __future__ import annotations

from pathlib import Path

from market_data_meta.releases.ledger import Release

NAMES = ("CHANGELOG.md", "CHANGELOG.rst", "CHANGELOG.txt", "CHANGELOG", "CHANGES.md", "CHANGES.rst", "CHANGES")
LETTERS, LINES, LINE = 1 << 18, 500, 300
"""Characters of a file that are read, lines that are kept, and characters of a line."""


def changelog_lines(tree: Path, predecessor: Release | None) -> tuple[str, ...]:
    """The lines of the tree's CHANGELOG above the heading of the predecessor, without headings and empty lines.

    A link is not followed: it may lead to a file that is nobody's business.
    """
    for name in NAMES:
        file = tree / name
        if file.is_file() and not file.is_symlink():
            with file.open(encoding="utf-8", errors="replace") as stream:
                return _newest(stream.read(LETTERS), predecessor)
    return ()


def _newest(text: str, predecessor: Release | None) -> tuple[str, ...]:
    lines = []
    for line in text.splitlines():
        if line.startswith("#"):
            if predecessor and predecessor.version in line:
                break
        elif line.strip(" \t-=*"):
            lines.append(line.strip().lstrip("-* ")[:LINE])
    return tuple(lines[:LINES])
