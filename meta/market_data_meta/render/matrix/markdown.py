"""The complete matrix as Markdown, for step summaries and for reading in the repository."""

from __future__ import annotations

from market_data_meta.render.markdown_text import line
from market_data_meta.render.signs import VERDICTS
from market_data_meta.results.matrix import MatrixResult


def matrix_markdown(matrix: MatrixResult) -> str:
    """Verdicts and promises in numbers, what is broken where, and the ranges that the evidence supports."""
    lines = ["# Compatibility matrix", "", "| verdict | published combinations |", "|---|---:|"]
    lines += [f"| {VERDICTS[name].emoji} {name} | {number:,} |" for name, number in matrix.published.most_common()]
    lines += ["", "| promise | combinations |", "|---|---:|"]
    lines += [f"| {name} | {number:,} |" for name, number in matrix.promise.model_dump(by_alias=True).items()]
    violations = [finding for finding in matrix.findings if finding.waived is None]
    if violations:
        lines += ["", "## Violations", "", "| clause | level | cells | got | run it |", "|---|---|---:|---|---|"]
    for finding in violations:
        got = _plain(finding.message if finding.outcome == "error" else finding.got)
        about = f"`{finding.clause}` | {finding.level} | {len(finding.cells)}"
        lines.append(f"| {about} | {got} | `{_plain(finding.reproduce)}` |")
    lines += ["", "## What works with what", "", "| release | of | asks for | works with |", "|---|---|---|---|"]
    newest = {name: contents[-1].releases[-1] for name, contents in matrix.packages.items()}
    for row in matrix.supported:
        if row.version == newest[row.package]:
            asks = "nothing" if row.asks is None else row.asks or "any version"
            lines.append(f"| {row.package} {row.version} | {row.other} | {asks} | {row.works} |")
    lines += [f"\n**Wide**: `{name}` depends on more than it binds." for name in matrix.wide]
    return "\n".join(lines) + "\n"


def _plain(value: object) -> str:
    """A value in one table cell: what a package says must not become Markdown or HTML."""
    return line(str(value), 160)
