"""How verdicts, the states of a clause and the classes of a promise are written and drawn: one table for all renderers.

The page gets its marks, words and colours from here too: its data and its style are made of these tables.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from market_data_meta.results.capabilities import StateName
from market_data_meta.results.history import State
from market_data_meta.results.parts import Verdict


@dataclass(frozen=True)
class ThemedColour:
    """A colour on the page, in its light and in its dark theme."""

    light: str
    dark: str


@dataclass(frozen=True)
class PageColours:
    """A verdict on the page: the text stands on the fill, with enough contrast to be read in both themes."""

    fill: ThemedColour
    text: ThemedColour


@dataclass(frozen=True)
class VerdictSign:
    """A verdict's marks and words: one letter for text, one for Markdown, rich's style, and colours, never alone.

    ``words`` complete a sentence about a combination, ``answer`` says whether it may go out. ``colour`` is for
    pictures, which are shown on any background; ``page`` and ``page_pale`` are for the page, pale where the packages'
    own requirements forbid the combination, with a hatch of ``page_hatch``. Colours are told apart by all kinds of
    colour vision, and a mark stands beside each.
    """

    mark: str
    emoji: str
    style: str
    words: str
    answer: str
    colour: str
    page: PageColours
    page_pale: PageColours | None = None
    page_hatch: ThemedColour | None = None


VERDICTS: Mapping[Verdict, VerdictSign] = {
    "compatible": VerdictSign(
        "✔",
        "✅",
        "green",
        "works",
        "Yes. They keep the contract, and their requirements allow it.",
        "#3b7dd8",
        PageColours(ThemedColour("#0b5fa5", "#5aa9ea"), ThemedColour("#ffffff", "#0a1420")),
        PageColours(ThemedColour("#d6e6f4", "#1d3347"), ThemedColour("#0a3f6e", "#b5daf9")),
        ThemedColour("#bfd7ec", "#284660"),
    ),
    "incompatible": VerdictSign(
        "✘",
        "❌",
        "red",
        "is broken",
        "No. They break the contract.",
        "#d9822b",
        PageColours(ThemedColour("#b0440a", "#f08a4b"), ThemedColour("#ffffff", "#241003")),
        PageColours(ThemedColour("#fae3d5", "#432616"), ThemedColour("#7d2f05", "#ffc9a6")),
    ),
    "uninstallable": VerdictSign(
        "⊘",
        "🚫",
        "yellow",
        "cannot be installed",
        "No. They cannot be installed together.",
        "#8a8f98",
        PageColours(ThemedColour("#ecdcee", "#41294a"), ThemedColour("#662a72", "#e7c1f0")),
    ),
    "unknown": VerdictSign(
        "?",
        "❔",
        "yellow",
        "is unknown",
        "Undecided. There is no evidence that counts.",
        "#c9ccd1",
        PageColours(ThemedColour("#e4e4e4", "#33373d"), ThemedColour("#3c4046", "#d5d9de")),
    ),
}
"""The verdicts of cells."""

GATE_VERDICTS: Mapping[str, VerdictSign] = {
    "compatible": VERDICTS["compatible"],
    "incompatible": VERDICTS["incompatible"],
    "undecided": VERDICTS["unknown"],
}
"""The verdicts of gates: a gate that could not decide every cell is undecided."""


@dataclass(frozen=True)
class StateSign:
    """A clause's state in the releases of a package: its mark, rich's style, and the end of a sentence about it."""

    mark: str
    style: str
    words: str


STATES: Mapping[State, StateSign] = {
    "passed": StateSign(VERDICTS["compatible"].mark, "green", "holds"),
    "failed": StateSign(VERDICTS["incompatible"].mark, "red", "fails"),
    "mixed": StateSign("◐", "yellow", "depends on partners"),
    "not-applicable": StateSign("\N{EN DASH}", "dim", "does not apply"),
    "error": StateSign("!", "yellow", "could not be decided"),
    "unknown": StateSign(VERDICTS["unknown"].mark, "yellow", "unknown"),
    "uninstallable": StateSign(VERDICTS["uninstallable"].mark, "dim", "cannot be installed"),
}
"""How a clause came out, release by release."""


@dataclass(frozen=True)
class CapabilitySign:
    """A capability's state in a combination: its mark, the one for Markdown, and rich's style."""

    mark: str
    emoji: str
    style: str


CAPABILITY_STATES: Mapping[StateName, CapabilitySign] = {
    "works": CapabilitySign("✔", "✅", "green"),
    "limited": CapabilitySign("◐", "🟡", "yellow"),
    "broken": CapabilitySign("✘", "❌", "red"),
    "unknown": CapabilitySign("?", "❔", "dim"),
}
"""The states of capabilities, best first."""


@dataclass(frozen=True)
class PromiseSign:
    """A class of promise: what it says of combinations, and the cells that it looks like."""

    words: str
    verdict: Verdict
    allowed: bool


PROMISES: Mapping[str, PromiseSign] = {
    "kept": PromiseSign("allowed, and they work", "compatible", allowed=True),
    "over-promised": PromiseSign("allowed, and they are broken", "incompatible", allowed=True),
    "over-restricted": PromiseSign("forbidden, and they work", "compatible", allowed=False),
    "rightly excluded": PromiseSign("forbidden, and they are broken", "incompatible", allowed=False),
    "undecided": PromiseSign("no verdict", "unknown", allowed=False),
}
"""What the packages' own requirements say of combinations, against what works."""


def with_mark(verdict: Verdict) -> str:
    """The verdict with its mark, for a terminal: ``[green]✔ compatible[/]``."""
    sign = VERDICTS[verdict]
    return f"[{sign.style}]{sign.mark} {verdict}[/]"


def with_state_mark(state: StateName, count: int | None = None) -> str:
    """The capability's state with its mark, and how often it occurs, for a terminal: ``[red]✘ 3 broken[/]``."""
    sign = CAPABILITY_STATES[state]
    number = "" if count is None else f"{count} "
    return f"[{sign.style}]{sign.mark} {number}{state}[/]"
