"""The matrix as a badge: the endpoint JSON that badge services read. Counts are exact, so nothing is rounded up."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def badge(data: Mapping[str, Any]) -> dict[str, Any]:
    """How many of the combinations that the packages allow were seen to work; grey where one is undecided."""
    promise = data["promise"]
    # What is undecided may be allowed or not: the cells know.
    allowed = sum(cell["allowed"] for cell in data["cells"])
    unknown = sum(cell["allowed"] for cell in data["cells"] if cell["verdict"] == "unknown")
    colour = "red" if promise["over-promised"] else "lightgrey" if unknown or not allowed else "brightgreen"
    message = f"{promise['kept']:,} of {allowed:,} work"
    return {"schemaVersion": 1, "label": "allowed combinations", "message": message, "color": colour}
