"""The complete matrix as a picture: a small SVG heat map over distinct codes, for READMEs and step summaries."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape
from typing import Any

from market_data_meta.judging.findings import printable
from market_data_meta.render.matrix.counts import published

SIDE, GAP, LEFT, TOP, ROW = 13, 8, 112, 78, 16
# Told apart without colour vision too: blue and orange, and a sign in every cell that is not compatible.
COLOURS = {"compatible": "#3b7dd8", "incompatible": "#d9822b", "uninstallable": "#8a8f98", "unknown": "#c9ccd1"}
SIGNS = {"incompatible": "✘", "uninstallable": "⊘", "unknown": "?"}
_LEGEND = "blue: compatible · orange ✘: incompatible · pale: ruled out by the packages' own requirements"
STYLE = """
text{font:11px system-ui,sans-serif;fill:#24292f}.t{font-weight:600;font-size:14px}.m{fill:#57606a}
.s{font-size:11px;fill:#fff;text-anchor:middle}@media(prefers-color-scheme:dark){text{fill:#e6edf3}.m{fill:#9ba7b4}}
"""


def heatmap(data: Mapping[str, Any]) -> str:
    """The picture of ``matrix.json``: rows are the first package, columns the last within each of those between."""
    (first, rows), middle, last = data["packages"].items()
    columns = {(m, x): _x(m, x, len(last[1])) for m in range(len(middle[1])) for x in range(len(last[1]))}
    width = max(columns.values()) + SIDE + 12
    height = TOP + len(rows) * ROW + 34
    parts = [_text(8, 20, _title(data), "t")]
    for number, code in enumerate(middle[1]):
        parts.append(_text(_x(number, 0, len(last[1])), 42, code["label"], ""))
    parts.append(_text(8, 42, middle[0], "m"))
    parts.append(_text(8, 58, last[0], "m"))
    parts.append(_text(LEFT, 58, f"a column each: {', '.join(code['label'] for code in last[1])}", "m"))
    parts.append(_text(8, TOP - 6, first, "m"))
    for number, code in enumerate(reversed(rows)):
        parts.append(_text(8, TOP + number * ROW + 11, code["label"], ""))
    for cell in data["cells"]:
        codes = cell["codes"]
        x = columns[codes[middle[0]], codes[last[0]]]
        y = TOP + (len(rows) - 1 - codes[first]) * ROW
        parts.append(_cell(x, y, cell))
    parts.append(_text(8, height - 10, _LEGEND, "m"))
    body = "\n".join(parts)
    box = f'viewBox="0 0 {width} {height}" width="{width}" height="{height}"'
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" {box} role="img" aria-label="{escape(_title(data))}">'
        f"<style>{STYLE}</style>\n{body}\n</svg>\n"
    )


def _x(middle: int, last: int, columns: int) -> int:
    return LEFT + middle * (columns * SIDE + GAP) + last * SIDE


def _title(data: Mapping[str, Any]) -> str:
    counts = published(data)
    whole = f"{counts.total():,} published combinations, {len(data['cells'])} of distinct code"
    return f"{whole}: {counts['compatible']:,} compatible"


def _text(x: int, y: int, text: str, kind: str) -> str:
    return f'<text x="{x}" y="{y}" class="{kind}">{escape(printable(text), quote=False)}</text>'


def _cell(x: int, y: int, cell: Mapping[str, Any]) -> str:
    name = " ".join(f"{package}=={version}" for package, version in cell["combination"].items())
    title = escape(printable(f"{name}: {cell['verdict']}"), quote=False)
    pale = "" if cell["allowed"] else ' opacity="0.45"'
    box = (
        f'<rect x="{x}" y="{y}" width="{SIDE - 2}" height="{ROW - 3}" rx="2" fill="{COLOURS[cell["verdict"]]}"{pale}/>'
    )
    sign = SIGNS.get(cell["verdict"], "")
    mark = f'<text x="{x + (SIDE - 2) // 2}" y="{y + 10}" class="s">{sign}</text>' if sign else ""
    return f"<g><title>{title}</title>{box}{mark}</g>"
