"""The complete matrix as a picture: a small SVG heat map over distinct codes, for READMEs and step summaries."""

from __future__ import annotations

from html import escape

from market_data_meta.render.text import printable
from market_data_meta.render.verdict_signs import VERDICTS
from market_data_meta.results.matrix import MatrixCell, MatrixResult

SIDE, GAP, LEFT, TOP, ROW = 13, 8, 112, 78, 16
_LEGEND = "blue: compatible · orange ✘: incompatible · pale: ruled out by the packages' own requirements"
STYLE = """
text{font:11px system-ui,sans-serif;fill:#24292f}.t{font-weight:600;font-size:14px}.m{fill:#57606a}
.s{font-size:11px;fill:#fff;text-anchor:middle}@media(prefers-color-scheme:dark){text{fill:#e6edf3}.m{fill:#9ba7b4}}
"""


def heatmap(matrix: MatrixResult) -> str:
    """The picture of ``matrix.json``: rows are the first package, columns the last within each of those between."""
    (first, rows), middle, last = matrix.packages.items()
    columns = {(m, x): _x(m, x, len(last[1])) for m in range(len(middle[1])) for x in range(len(last[1]))}
    width = max(columns.values()) + SIDE + 12
    height = TOP + len(rows) * ROW + 34
    parts = [_text(8, 20, _title(matrix), "t")]
    for number, code in enumerate(middle[1]):
        parts.append(_text(_x(number, 0, len(last[1])), 42, code.label, ""))
    parts.append(_text(8, 42, middle[0], "m"))
    parts.append(_text(8, 58, last[0], "m"))
    parts.append(_text(LEFT, 58, f"a column each: {', '.join(content.label for content in last[1])}", "m"))
    parts.append(_text(8, TOP - 6, first, "m"))
    for number, code in enumerate(reversed(rows)):
        parts.append(_text(8, TOP + number * ROW + 11, code.label, ""))
    for cell in matrix.cells:
        codes = cell.codes
        x = columns[codes[middle[0]], codes[last[0]]]
        y = TOP + (len(rows) - 1 - codes[first]) * ROW
        parts.append(_cell(x, y, cell))
    parts.append(_text(8, height - 10, _LEGEND, "m"))
    body = "\n".join(parts)
    box = f'viewBox="0 0 {width} {height}" width="{width}" height="{height}"'
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" {box} role="img" aria-label="{escape(_title(matrix))}">'
        f"<style>{STYLE}</style>\n{body}\n</svg>\n"
    )


def _x(middle: int, last: int, columns: int) -> int:
    return LEFT + middle * (columns * SIDE + GAP) + last * SIDE


def _title(matrix: MatrixResult) -> str:
    counts = matrix.published
    whole = f"{counts.total():,} published combinations, {len(matrix.cells)} of distinct code"
    return f"{whole}: {counts['compatible']:,} compatible"


def _text(x: int, y: int, text: str, kind: str) -> str:
    return f'<text x="{x}" y="{y}" class="{kind}">{escape(printable(text), quote=False)}</text>'


def _cell(x: int, y: int, cell: MatrixCell) -> str:
    name = " ".join(f"{package}=={version}" for package, version in cell.combination.items())
    title = escape(printable(f"{name}: {cell.verdict}"), quote=False)
    pale = "" if cell.allowed else ' opacity="0.45"'
    sign = VERDICTS[cell.verdict]
    box = f'<rect x="{x}" y="{y}" width="{SIDE - 2}" height="{ROW - 3}" rx="2" fill="{sign.colour}"{pale}/>'
    # What is compatible needs no mark: a grid of ticks would hide the rest.
    mark = f'<text x="{x + (SIDE - 2) // 2}" y="{y + 10}" class="s">{sign.mark}</text>'
    return f"<g><title>{title}</title>{box}{mark if cell.verdict != 'compatible' else ''}</g>"
