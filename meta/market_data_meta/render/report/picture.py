"""The report as a picture (SVG): a row for each combination, a bar for its evidence. Heads the README."""

from __future__ import annotations

from html import escape

from market_data_meta.render.signs import VERDICTS
from market_data_meta.render.text import counts_in_words, printable
from market_data_meta.results.report import ReportCell, ReportResult

# Okabe and Ito's colours: told apart by all kinds of colour vision, on white and on black.
COLOURS = {
    "passed": "#0072b2",
    "known": "#e69f00",
    "failed": "#d55e00",
    "error": "#cc79a7",
    "not-applicable": "#999999",
}
LEGEND = {"known": "failed, as known", "not-applicable": "not applicable"}
ROW, LABEL, BAR, WIDTH = 18, 400, 300, 800
STYLE = """text{font:12px ui-monospace,monospace;fill:#1f2328}
@media (prefers-color-scheme:dark){text{fill:#e6edf3}}"""


def report_picture(report: ReportResult) -> str:
    """The SVG text. A bar is as wide as its share of the cell's checks; the counts stand beside it and in its title."""
    height = ROW * (len(report.cells) + 2)
    rows = [_row(cell, ROW * (number + 2)) for number, cell in enumerate(report.cells)]
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" role="img">',
            f"<title>{escape(_summary(report))}</title>",
            f"<style>{STYLE}</style>",
            *_legend(),
            *rows,
            "</svg>",
            "",
        ]
    )


def _summary(report: ReportResult) -> str:
    counts = report.verdict_counts
    return ", ".join(f"{counts[verdict]} {verdict}" for verdict in VERDICTS if verdict in counts)


def _legend() -> list[str]:
    parts = []
    for number, (name, colour) in enumerate(COLOURS.items()):
        x = 8 + number * 130
        parts.append(f'<rect x="{x}" y="5" width="10" height="10" fill="{colour}"/>')
        parts.append(f'<text x="{x + 15}" y="14">{escape(LEGEND.get(name, name))}</text>')
    return parts


def _row(cell: ReportCell, y: int) -> str:
    counts = cell.counts
    total, x = sum(counts.values()) or 1, float(LABEL)
    parts = [f'<text x="8" y="{y}">{VERDICTS[cell.verdict].mark} {escape(printable(cell.cell))}</text>']
    for name, colour in COLOURS.items():
        width = BAR * counts.get(name, 0) / total
        if width:
            parts.append(f'<rect x="{x:.1f}" y="{y - 10}" width="{width:.1f}" height="12" fill="{colour}"/>')
            x += width
    label = f"{counts.get('passed', 0)} / {total}" if cell.counts else "no evidence"
    parts.append(f'<text x="{LABEL + BAR + 10}" y="{y}">{label}</text>')
    return f"<g><title>{escape(f'{cell.cell}: {cell.verdict}, {counts_in_words(counts)}')}</title>{''.join(parts)}</g>"
