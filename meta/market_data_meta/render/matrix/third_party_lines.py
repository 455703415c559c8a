"""Where the matrix differs with other versions of the third-party libraries, in sentences."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from market_data_meta.results.matrix import MatrixResult
from market_data_meta.results.third_party import ThirdPartyDifference, ThirdPartyResult

MOST, LETTERS = 20, 200
"""Differences that are listed, and characters of what each says of its cause: matrix.json has all of them."""
CHOICES = {"lowest": "the lowest versions of the libraries", "today": "the newest libraries of this day"}
_OUTCOMES = {
    "passed": "holds",
    "failed": "fails",
    "error": "could not be checked",
    "not-applicable": "does not apply",
    "undecided": "was not decided",
}


def third_party_summary(matrix: MatrixResult, libraries: ThirdPartyResult) -> str:
    """One sentence: with which libraries, and in how many of the cells anything came out otherwise."""
    other = {cell for row in libraries.differences for cell in row.cells}
    unknown = {cell for row in libraries.without_record for cell in row.cells}
    counts = f"{len(other):,} of {len(matrix.cells):,} cells differ in {_clauses(libraries)}"
    without = f", and of {len(unknown):,} nothing is known" if unknown else ""
    return f"With {CHOICES[libraries.choice]} (as of {libraries.as_of}) {counts}{without}."


def third_party_lines(matrix: MatrixResult, libraries: ThirdPartyResult) -> Iterator[str]:
    """A sentence for each difference, the widest first, and for each reason why nothing is known of cells."""
    widest_first = sorted(libraries.differences, key=lambda row: (row.outcome == "error", -len(row.cells)))
    for row in widest_first[:MOST]:
        yield f"{row.clause} {how_it_differs(matrix, row)}"
    if len(widest_first) > MOST:
        yield f"and {len(widest_first) - MOST:,} more differences, which are in matrix.json"
    for reason in libraries.without_record:
        yield f"not decided in {_combinations(matrix, reason.cells)}: {reason.reason}"


def how_it_differs(matrix: MatrixResult, row: ThirdPartyDifference) -> str:
    """How a clause comes out with these libraries and with the usual ones, in how many combinations, and why."""
    if row.usual == row.outcome == "failed":
        how = "fails in another way than with the usual libraries"
    else:
        how = f"{_OUTCOMES[row.outcome]}, and {_OUTCOMES[row.usual]} with the usual libraries"
    how += f", in {_combinations(matrix, row.cells)}"
    why = " ".join(row.why.split())
    return f"{how}: {why if len(why) <= LETTERS else f'{why[: LETTERS - 1]}…'}" if why else how


def _clauses(libraries: ThirdPartyResult) -> str:
    number = len({row.clause for row in libraries.differences})
    return f"{number} clause" if number == 1 else f"{number} clauses"


def _combinations(matrix: MatrixResult, cells: Iterable[int]) -> str:
    rows = [matrix.cells[position] for position in cells]
    number = sum(cell.stands_for for cell in rows)
    newest = ", ".join(f"{package} {version}" for package, version in rows[-1].combination.items())
    return f"{number:,} published combinations (such as {newest})"
