"""How verdicts, states of capabilities and clauses, and promises are written and drawn: one table for all renderers.

The page gets its marks, words and colours from here too: its data and its style are made of these tables.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

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
    """A sign on the page: the text stands on the fill, with enough contrast to be read in both themes."""

    fill: ThemedColour
    text: ThemedColour


@dataclass(frozen=True)
class SignColours:
    """The colours of a sign, which never stand alone: its mark or its word is beside them.

    ``picture`` is for pictures, which are shown on any background; ``page`` and ``pale`` are for the page, pale where
    the packages' own requirements forbid what is shown, with a hatch of ``hatch``. They are told apart by all kinds of
    colour vision.
    """

    picture: str
    page: PageColours
    pale: PageColours
    hatch: ThemedColour


BLUE = SignColours(
    "#3b7dd8",
    PageColours(ThemedColour("#0b5fa5", "#5aa9ea"), ThemedColour("#ffffff", "#0a1420")),
    PageColours(ThemedColour("#dce9f5", "#1d3347"), ThemedColour("#0a3f6e", "#b5daf9")),
    ThemedColour("#c6dbee", "#284660"),
)
AMBER = SignColours(
    "#a87400",
    PageColours(ThemedColour("#f3c552", "#d9a520"), ThemedColour("#2b1d00", "#1f1500")),
    PageColours(ThemedColour("#fbf1d6", "#3a2f12"), ThemedColour("#5c4300", "#f3d58a")),
    ThemedColour("#f3e0ac", "#54441a"),
)
ORANGE_RED = SignColours(
    "#d1551f",
    PageColours(ThemedColour("#b0340a", "#c7401a"), ThemedColour("#ffffff", "#ffffff")),
    PageColours(ThemedColour("#fae3d9", "#432016"), ThemedColour("#7d2605", "#ffc4ad")),
    ThemedColour("#f2cdbd", "#5e2d1f"),
)
PURPLE = SignColours(
    "#8f6a9a",
    PageColours(ThemedColour("#ecdcee", "#41294a"), ThemedColour("#662a72", "#e7c1f0")),
    PageColours(ThemedColour("#ecdcee", "#41294a"), ThemedColour("#662a72", "#e7c1f0")),
    ThemedColour("#ddc4e0", "#523660"),
)
GREY = SignColours(
    "#8a8f98",
    PageColours(ThemedColour("#e4e4e4", "#33373d"), ThemedColour("#3c4046", "#d5d9de")),
    PageColours(ThemedColour("#e4e4e4", "#33373d"), ThemedColour("#3c4046", "#d5d9de")),
    ThemedColour("#d2d2d2", "#454a52"),
)


@dataclass(frozen=True)
class Sign:
    """The marks and words of a result: one letter for text, one for Markdown, rich's style, and words.

    ``words`` complete a sentence about what the sign stands for: "the newest set *has known defects*".
    """

    mark: str
    emoji: str
    style: str
    words: str


@dataclass(frozen=True)
class VerdictSign(Sign):
    """A verdict's marks, words and colours; ``answer`` says whether the combination may go out."""

    answer: str
    colours: SignColours


VERDICTS: Mapping[Verdict, VerdictSign] = {
    "conforms": VerdictSign("✔", "✅", "green", "fails no must clause", "No must clause fails.", BLUE),
    "defective": VerdictSign("◐", "🟡", "yellow", "has known defects", "What fails is known.", AMBER),
    "violates": VerdictSign(
        "✘",
        "❌",
        "red",
        "breaks the contract in a way that is not known",
        "Something fails in a way that is not known.",
        ORANGE_RED,
    ),
    "uninstallable": VerdictSign(
        "⊘", "🚫", "yellow", "cannot be installed", "No. They cannot be installed together.", PURPLE
    ),
    "unknown": VerdictSign("?", "❔", "yellow", "is unknown", "There is no evidence that counts.", GREY),
}
"""The verdicts of cells."""

GATE_VERDICTS: Mapping[str, Sign] = {
    "passed": Sign("✔", "✅", "green", "nothing that held before is broken"),
    "failed": Sign("✘", "❌", "red", "something that held before is broken"),
    "undecided": Sign("?", "❔", "yellow", "not every cell could be decided"),
}
"""The verdicts of gates: a gate that could not decide every cell is undecided."""

GATE_CELLS: Mapping[str, Sign] = {
    "held": GATE_VERDICTS["passed"],
    "regressed": GATE_VERDICTS["failed"],
    "uninstallable": VERDICTS["uninstallable"],
    "unknown": VERDICTS["unknown"],
}
"""How the cells of a gate came out."""


@dataclass(frozen=True)
class StateSign:
    """A clause's state in the releases of a package: its mark, rich's style, and the end of a sentence about it."""

    mark: str
    style: str
    words: str


STATES: Mapping[State, StateSign] = {
    "passed": StateSign("✔", "green", "holds"),
    "failed": StateSign("✘", "red", "fails"),
    "mixed": StateSign("◐", "yellow", "depends on partners"),
    "not-applicable": StateSign("\N{EN DASH}", "dim", "does not apply"),
    "error": StateSign("!", "yellow", "could not be decided"),
    "unknown": StateSign("?", "yellow", "unknown"),
    "uninstallable": StateSign("⊘", "dim", "cannot be installed"),
}
"""How a clause came out, release by release."""


@dataclass(frozen=True)
class CapabilitySign(Sign):
    """A capability's state in a combination. ``plural`` says it of several capabilities: "6 *are limited*"."""

    plural: str
    colours: SignColours


CAPABILITY_STATES: Mapping[StateName, CapabilitySign] = {
    "works": CapabilitySign("✔", "✅", "green", "works", "work", BLUE),
    "limited": CapabilitySign("◐", "🟡", "yellow", "is limited", "are limited", AMBER),
    "broken": CapabilitySign("✘", "❌", "red", "is broken", "are broken", ORANGE_RED),
    "unknown": CapabilitySign("?", "❔", "dim", "is unknown", "are unknown", GREY),
}
"""The states of capabilities, best first."""


@dataclass(frozen=True)
class PromiseSign:
    """What the packages' own requirements say of combinations in which a capability has a state, in words."""

    requirements: Literal["allowed", "forbidden"]
    state: StateName
    words: str


PROMISES: tuple[PromiseSign, ...] = (
    PromiseSign("allowed", "works", "allowed, and it works"),
    PromiseSign("allowed", "limited", "allowed, and it is limited"),
    PromiseSign("allowed", "broken", "allowed, and it is broken"),
    PromiseSign("allowed", "unknown", "allowed, and nobody knows"),
    PromiseSign("forbidden", "works", "forbidden, though it works"),
    PromiseSign("forbidden", "limited", "forbidden, though it is limited and not broken"),
    PromiseSign("forbidden", "broken", "forbidden, and it is broken"),
    PromiseSign("forbidden", "unknown", "forbidden, and nobody knows"),
)
"""What the packages' own requirements say of combinations, against what was measured."""


def with_mark(verdict: Verdict) -> str:
    """The verdict with its mark, for a terminal: ``[green]✔ conforms[/]``."""
    sign = VERDICTS[verdict]
    return f"[{sign.style}]{sign.mark} {verdict}[/]"


def with_state_mark(state: StateName, count: int | None = None) -> str:
    """The capability's state with its mark, and how often it occurs, for a terminal: ``[red]✘ 3 broken[/]``."""
    sign = CAPABILITY_STATES[state]
    number = "" if count is None else f"{count} "
    return f"[{sign.style}]{sign.mark} {number}{state}[/]"
