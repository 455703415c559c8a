"""The lines of a candidate's CHANGELOG that are quoted: those of what is not out yet, and nothing that is linked."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from market_data_meta.candidates.changelogs import changelog_lines
from market_data_meta.releases.ledger import Ledger

TEXT = """# Changelog

## Unreleased
- `parse` refuses an empty text.
- Faster.

## 1.4.61
- `parse` is new.
"""


def test_only_what_stands_above_the_predecessor_is_read(tmp_path: Path, ledger: Ledger) -> None:
    (tmp_path / "CHANGELOG.md").write_text(TEXT)
    predecessor = replace(ledger.newest("core"), version="1.4.61")
    assert changelog_lines(tmp_path, predecessor) == ("`parse` refuses an empty text.", "Faster.")
    assert len(changelog_lines(tmp_path, None)) == 3


def test_a_tree_without_one_and_a_link_say_nothing(tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("parse")
    tree = tmp_path / "tree"
    tree.mkdir()
    assert changelog_lines(tree, None) == ()
    (tree / "CHANGELOG.md").symlink_to(secret)
    assert changelog_lines(tree, None) == ()
