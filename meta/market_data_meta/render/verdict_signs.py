"""How each verdict is written and drawn, in one table for all renderers; the page gets it with its data."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class VerdictSign:
    """A verdict's marks: one letter for text, one for Markdown, rich's style, and a colour that is never alone.

    Colours are told apart by all kinds of colour vision, and a mark stands beside each.
    """

    mark: str
    emoji: str
    style: str
    colour: str


VERDICTS = {
    "compatible": VerdictSign("✔", "✅", "green", "#3b7dd8"),
    "incompatible": VerdictSign("✘", "❌", "red", "#d9822b"),
    "uninstallable": VerdictSign("⊘", "🚫", "yellow", "#8a8f98"),
    "unknown": VerdictSign("?", "❔", "yellow", "#c9ccd1"),
    "undecided": VerdictSign("?", "❔", "yellow", "#c9ccd1"),
}
"""The verdicts of cells, and ``undecided``, the verdict of a gate that could not tell."""


def marked(verdict: str) -> str:
    """The verdict with its mark, for a terminal: ``[green]✔ compatible[/]``."""
    sign = VERDICTS[verdict]
    return f"[{sign.style}]{sign.mark} {verdict}[/]"
