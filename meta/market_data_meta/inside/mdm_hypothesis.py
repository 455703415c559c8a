"""What hypothesis keeps on the disk: tables that a template makes once for all its cells, and each cell's own folder.

Where hypothesis is not installed, or is an older one, nothing is done: it then makes what it needs itself.
"""

from __future__ import annotations

import contextlib
from pathlib import Path


def make_tables() -> None:
    """Have hypothesis make its tables of characters in this process."""
    with contextlib.suppress(ImportError, AttributeError):
        from hypothesis.internal.charmap import charmap, intervals_from_codec

        charmap()
        intervals_from_codec("utf-8")


def keep_in(home: str) -> None:
    """Have hypothesis write below ``home`` from now on."""
    with contextlib.suppress(ImportError, AttributeError):
        from hypothesis.configuration import set_hypothesis_home_dir

        set_hypothesis_home_dir(Path(home) / ".hypothesis")
