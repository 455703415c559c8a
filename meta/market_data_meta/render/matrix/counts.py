"""The cells of the matrix, counted as a reader counts: by the published combinations that they stand for."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any


def published(data: Mapping[str, Any]) -> Counter[str]:
    """How many published combinations have each verdict, of ``data`` in the shape of ``matrix.json``."""
    counts: Counter[str] = Counter()
    for cell in data["cells"]:
        counts[cell["verdict"]] += cell["stands_for"]
    return counts
