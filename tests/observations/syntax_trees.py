"""The syntax trees of files of Python."""

from __future__ import annotations

import ast
from pathlib import Path


def tree_of(file: str) -> ast.Module | None:
    """The tree of a file; None where there is no such file, or none that can be parsed."""
    try:
        return ast.parse(Path(file).read_bytes())
    except (OSError, SyntaxError, ValueError):
        return None
