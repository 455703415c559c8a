"""The complete matrix as Markdown, for step summaries and for reading in the repository."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from market_data_meta.render.markdown_text import line
from market_data_meta.render.matrix.counts import published

SIGNS = {"compatible": "✅", "incompatible": "❌", "uninstallable": "🚫", "unknown": "❔"}


def matrix_markdown(data: Mapping[str, Any]) -> str:
    """Verdicts and promises in numbers, what is broken where, and the ranges that the evidence supports."""
    lines = ["# Compatibility matrix", "", "| verdict | published combinations |", "|---|---:|"]
    lines += [f"| {SIGNS[name]} {name} | {number:,} |" for name, number in published(data).most_common()]
    lines += ["", "| promise | combinations |", "|---|---:|"]
    lines += [f"| {name} | {number:,} |" for name, number in data["promise"].items()]
    open_ = [finding for finding in data["findings"] if finding["waived"] is None]
    if open_:
        lines += ["", "## Violations", "", "| clause | level | cells | got | run it |", "|---|---|---:|---|---|"]
    for row in open_:
        got = _plain(row["message"] if row["outcome"] == "error" else row["got"])
        lines.append(
            f"| `{row['clause']}` | {row['level']} | {len(row['cells'])} | {got} | `{_plain(row['reproduce'])}` |"
        )
    lines += ["", "## What works with what", "", "| release | of | asks for | works with |", "|---|---|---|---|"]
    newest = {name: codes[-1]["releases"][-1] for name, codes in data["packages"].items()}
    for row in data["supported"]:
        if row["version"] == newest[row["package"]]:
            asks = "nothing" if row["asks"] is None else row["asks"] or "any version"
            lines.append(f"| {row['package']} {row['version']} | {row['other']} | {asks} | {row['works']} |")
    lines += [f"\n**Wide**: `{name}` depends on more than it binds." for name in data["wide"]]
    return "\n".join(lines) + "\n"


def _plain(value: object) -> str:
    """A value in one table cell: what a package says must not become Markdown or HTML."""
    return line(str(value), 160)
