"""A gate for people at a terminal, or in a log: the verdict first, then what got worse, then what that rests on.

A job's log is read by a machine too: GitHub's runner obeys lines that begin with ``::``, and ``##[`` anywhere.
So what a package says stands behind a bar, and the second sign is parted.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from rich.console import Console
from rich.text import Text

from market_data_meta.render.gate import words
from market_data_meta.render.markdown_text import short
from market_data_meta.render.text import printable

Rows = Iterable[tuple[str, str]]

_SIGNS = {"compatible": ("✔", "bold green"), "incompatible": ("✘", "bold red"), "undecided": ("?", "bold yellow")}
LINES, LETTERS = 12, 1200
"""How much of one value is shown unless all is asked for."""


def show_gate(data: words.Data, console: Console, *, verbose: bool) -> None:
    """Print the gate; with ``verbose`` values in full, and failures that were there before one by one."""
    sign, style = _SIGNS[words.verdict(data)]
    console.print(Text.assemble((f"{sign} {words.verdict(data)}", style), "  ", (_one(words.gated(data)), "bold")))
    console.print(Text(f"  {_one(words.found(data))}"))
    _barred(console, "", "dim", _about(data), verbose=verbose)
    regressions = words.differences(data, words.REGRESSION)
    in_full = len(regressions) if verbose else words.IN_FULL
    for one in regressions[:in_full]:
        _difference(console, one, "red" if words.fails(data, one) else "yellow", data, verbose=verbose)
    if also := [_row("also", one) for one in regressions[in_full:]]:
        title = f"{words.number(len(also), 'more regression')} (--verbose shows each in full)"
        _barred(console, title, "red", also, verbose=verbose)
    for one in words.differences(data, words.UNDECIDED):
        _difference(console, one, "yellow", data, verbose=verbose)
    for why, who, cells in words.undecided(data):
        rows = [("cause", why), ("because of", who), ("where", words.places(cells))]
        _barred(console, f"undecided {words.number(len(cells), 'cell')}", "yellow", rows, verbose=verbose)
    for before, colour in ((False, "red"), (True, "dim")):
        for why, cells in words.uninstallable(data, before=before):
            beside = ", as before" if before else ", which could be before"
            title = f"cannot be installed: {words.number(len(cells), 'cell')}{beside}"
            _barred(console, title, colour, [("cause", why), ("where", words.places(cells))], verbose=verbose)
    _short_lists(console, data, verbose=verbose)
    console.print(Text(f"\n{_one(words.evidence(data))}", style="dim"))


def _about(data: words.Data) -> list[tuple[str, str]]:
    """The candidates, and how far the gate reaches."""
    rows = []
    for one in data["candidates"]:
        rows.append(("candidate", words.candidate(one)))
        if same := words.same_code(one):
            rows.append(("", same))
    rows.append(("met", words.reach(data)))
    if narrowed := words.narrowed(data):
        rows.append(("narrower", narrowed))
    return rows


def _difference(console: Console, one: words.Data, style: str, data: words.Data, *, verbose: bool) -> None:
    title = f"{one['kind']} {one['clause']}  ({one['level']})"
    _barred(console, title, style, words.facts(data, one), verbose=verbose)


def _short_lists(console: Console, data: words.Data, *, verbose: bool) -> None:
    """What is no reason to stop anybody: repairs in a line each, and failures that were there before."""
    repairs = [_row("repaired", one) for one in words.differences(data, words.REPAIR)]
    if repairs:
        _barred(console, words.number(len(repairs), "repair"), "green", repairs, verbose=verbose)
    known = [_row("known", one) for one in data["known"]]
    title = words.number(len(known), "known failure")
    if known and verbose:
        _barred(console, f"{title}, as before", "dim", known, verbose=verbose)
    elif known:
        console.print(Text(f"\n{title}, as before (--verbose lists them)", style="dim"))


def _row(name: str, one: words.Data) -> tuple[str, str]:
    return name, f"{one['clause']} in {words.number(len(one['cells']), 'cell')}: {one['rule']}"


def _barred(console: Console, title: str, style: str, rows: Rows, *, verbose: bool) -> None:
    """A title, and rows of which every line stands behind a bar."""
    console.print(Text(f"\n{_one(title)}" if title else "", style=f"bold {style}"))
    rows = list(rows)
    width = max((len(name) for name, _ in rows), default=0)
    for name, value in rows:
        if name == words.RUN_IT:
            # In one line, so that it can be copied.
            lines = [Text(_safe(" ".join(value.split())))]
        else:
            text = Text(_safe(value if verbose else _cut(value)))
            lines = [*text.wrap(console, max(console.width - width - 4, 10), overflow="fold")]
        for label, one in zip([name, *[""] * len(lines)], lines, strict=False):
            one.rstrip()
            console.print(Text.assemble(("│ ", style), (label.ljust(width + 2), "dim"), one), soft_wrap=True)


def _cut(text: str) -> str:
    """The beginning of a text, and how to see the rest."""
    lines = text.split("\n")
    kept = short("\n".join(lines[:LINES]), LETTERS)
    return kept if kept == text else f"{kept}\n(cut: --verbose shows all of it)"


def _safe(text: str) -> str:
    return printable(text).replace("##[", "# #[")


def _one(text: str) -> str:
    """The text in one line, no wrapped part of which is a command to a runner."""
    return re.sub(":(?=:)", ": ", _safe(" ".join(text.split())))
