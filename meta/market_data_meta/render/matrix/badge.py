"""The matrix as a badge: the endpoint JSON that badge services read. Counts are exact, so nothing is rounded up."""

from __future__ import annotations

from market_data_meta.results.matrix import MatrixResult


def badge(matrix: MatrixResult) -> dict[str, str | int]:
    """How many of the combinations that the packages allow work; grey where one of them is undecided."""
    # Counted by cell: the promise does not say which of the undecided combinations are allowed.
    allowed = sum(cell.allowed for cell in matrix.cells)
    unknown = sum(cell.allowed for cell in matrix.cells if cell.verdict == "unknown")
    colour = "red" if matrix.promise.over_promised else "lightgrey" if unknown or not allowed else "brightgreen"
    message = f"{matrix.promise.kept:,} of {allowed:,} work"
    return {"schemaVersion": 1, "label": "allowed combinations", "message": message, "color": colour}
