"""The complete matrix as a picture: a small SVG heat map of content combinations, for READMEs and step summaries."""

from __future__ import annotations

import itertools
from html import escape

from market_data_meta.render.signs import VERDICTS
from market_data_meta.render.text import printable
from market_data_meta.results.matrix import MatrixCell, MatrixResult

SIDE, GAP, LEFT, TOP, ROW = 13, 8, 112, 78, 16
_LEGEND = (
    f"blue: compatible · orange {VERDICTS['incompatible'].mark}: incompatible · "
    "pale: ruled out by the packages' own requirements"
)
STYLE = """
text{font:11px system-ui,sans-serif;fill:#24292f}.t{font-weight:600;font-size:14px}.m{fill:#57606a}
.s{font-size:11px;fill:#fff;text-anchor:middle}@media(prefers-color-scheme:dark){text{fill:#e6edf3}.m{fill:#9ba7b4}}
"""


def heatmap(matrix: MatrixResult) -> str:
    """The picture of ``matrix.json``: rows are the first package, columns the last within each of those between."""
    packages = matrix.packages
    first, *between, last = packages
    rows, width_of_group = packages[first], len(packages[last])
    groups = list(itertools.product(*(range(len(packages[name])) for name in between)))
    left_of = {group: _x(number, 0, width_of_group) for number, group in enumerate(groups)}
    # A line of labels for each package between, and one that says what the columns are.
    top = TOP + ROW * (len(between) - 1)
    width = _x(len(groups) - 1, width_of_group - 1, width_of_group) + SIDE + 12
    height = top + len(rows) * ROW + 34
    parts = [_text(8, 20, _title(matrix), "t")]
    for line, name in enumerate(between):
        # A content's label stands above the first of the groups that hold it and share the contents to its left.
        firsts = {group[: line + 1]: group for group in reversed(groups)}
        parts += [
            _text(left_of[group], 42 + line * ROW, packages[name][group[line]].label, "") for group in firsts.values()
        ]
    parts += [_text(8, 42 + line * ROW, name, "m") for line, name in enumerate([*between, last])]
    labels = ", ".join(content.label for content in packages[last])
    parts.append(_text(LEFT, top - 20, f"a column each: {labels}", "m"))
    parts.append(_text(8, top - 6, first, "m"))
    for number, content in enumerate(reversed(rows)):
        parts.append(_text(8, top + number * ROW + 11, content.label, ""))
    for cell in matrix.cells:
        position = cell.codes
        x = left_of[tuple(position[name] for name in between)] + position[last] * SIDE
        y = top + (len(rows) - 1 - position[first]) * ROW
        parts.append(_cell(x, y, cell))
    parts.append(_text(8, height - 10, _LEGEND, "m"))
    body = "\n".join(parts)
    box = f'viewBox="0 0 {width} {height}" width="{width}" height="{height}"'
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" {box} role="img" aria-label="{escape(_title(matrix))}">'
        f"<style>{STYLE}</style>\n{body}\n</svg>\n"
    )


def _x(group: int, column: int, columns: int) -> int:
    return LEFT + group * (columns * SIDE + GAP) + column * SIDE


def _title(matrix: MatrixResult) -> str:
    counts = matrix.published
    sizes = f"{counts.total():,} published combinations, {len(matrix.cells)} of distinct code"
    return f"{sizes}: {counts['compatible']:,} compatible"


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
