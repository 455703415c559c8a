"""A gate for people at a terminal, or in a log: the verdict first, then what got worse, then what that rests on.

A job's log is read by a machine too: GitHub's runner obeys lines that begin with ``::``, and ``##[`` anywhere.
So what a package says stands behind a bar, and the second sign is parted.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from rich.console import Console
from rich.text import Text

from market_data_meta.render.gate import cause_words, observation_words, words
from market_data_meta.render.markdown_text import short
from market_data_meta.render.signs import GATE_VERDICTS
from market_data_meta.render.text import number, printable
from market_data_meta.results.gate import GateCause, GateDifference, GateResult, KnownFailure

Rows = Iterable[tuple[str, str]]

LINES, LETTERS = 6, 400
"""How much of a value is shown without --verbose."""
ROWS = 5
"""Rows of a list that are shown without --verbose, so that the common cases fit a screen."""
SEE_ALL = "--verbose shows"


def show_gate(gate: GateResult, console: Console, *, verbose: bool) -> None:
    """Print the gate: what fits a screen where it can. With ``verbose`` all of it, each difference in full."""
    sign = GATE_VERDICTS[words.verdict(gate)]
    console.print(
        Text.assemble(
            (f"{sign.mark} {words.verdict(gate)}", f"bold {sign.style}"), "  ", (_one_line(words.subject(gate)), "bold")
        )
    )
    follow = cause_words.summary(gate)
    console.print(Text(f"  {_one_line(words.outcome_text(gate))}{f'; {follow}' if follow else ''}"))
    _barred(console, "", "dim", _about(gate), verbose=verbose)
    for cause in gate.causes[: None if verbose else ROWS]:
        _cause(console, cause, gate, verbose=verbose)
    if not verbose and len(gate.causes) > ROWS:
        left = number(len(gate.causes) - ROWS, "more cause")
        console.print(Text(f"\n{left} ({SEE_ALL} them)", style="bold red"))
    if changes := words.capabilities(gate):
        rows = _shortened(console, [("", change) for change in changes], verbose=verbose)
        _barred(console, "what users can do", "yellow", rows, verbose=verbose)
    for kind in (words.REGRESSION, words.UNDECIDED):
        _differences(console, gate, gate.alone(kind), verbose=verbose)
    for why, blamed, cells in words.undecided(gate):
        rows = [("cause", why), ("because of", blamed), ("where", words.places(cells))]
        _barred(console, f"undecided {number(len(cells), 'cell')}", "yellow", rows, verbose=verbose)
    for before, colour in ((False, "red"), (True, "dim")):
        for why, cells in words.uninstallable(gate, before=before):
            beside = ", as before" if before else ", which could be before"
            title = f"cannot be installed: {number(len(cells), 'cell')}{beside}"
            _barred(console, title, colour, [("cause", why), ("where", words.places(cells))], verbose=verbose)
    _observations(console, gate, verbose=verbose)
    _short_lists(console, gate, verbose=verbose)
    console.print(Text(f"\n{_one_line(words.evidence_text(gate))}", style="dim"))


def _about(gate: GateResult) -> list[tuple[str, str]]:
    """The candidates, and how far the gate reaches."""
    rows = []
    for candidate in gate.candidates:
        rows.append(("candidate", words.candidate_text(candidate)))
        if same := words.same_code(candidate):
            rows.append(("", same))
        if taken := words.taken_version(candidate):
            rows.append(("warning", taken))
        if skipped := words.not_looked_at(candidate):
            rows.append(("not looked at", skipped))
    rows += [("brings along", library) for library in words.brings_along(gate)]
    rows.append(("met", words.reach(gate)))
    if narrowed := words.narrowed(gate):
        rows.append(("narrower", narrowed))
    return rows


def _cause(console: Console, cause: GateCause, gate: GateResult, *, verbose: bool) -> None:
    """A cause, and with ``verbose`` everything that follows from it."""
    style = "red" if cause_words.fails(gate, cause) else "yellow"
    _barred(console, cause_words.title(cause), style, cause_words.facts(gate, cause), verbose=verbose)
    if verbose:
        _differences(console, gate, gate.following(cause), verbose=True)


def _differences(console: Console, gate: GateResult, differences: list[GateDifference], *, verbose: bool) -> None:
    """The first of them in full, as long as there is no cause to begin with; the others in a line each."""
    in_full = len(differences) if verbose else int(not gate.causes)
    for difference in differences[:in_full]:
        style = "red" if difference.kind == words.REGRESSION and gate.fails(difference) else "yellow"
        title = f"{difference.kind} {difference.clause}  ({difference.level})"
        _barred(console, title, style, words.facts(gate, difference), verbose=verbose)
    if others := differences[in_full:]:
        style = "red" if any(gate.fails(difference) for difference in others) else "yellow"
        more = f"{'more ' if in_full else ''}{others[0].kind}"
        kind = more if others[0].kind == words.REGRESSION else f"{more} clause"
        title = f"{number(len(others), kind)} ({SEE_ALL} each in full)"
        rows = _shortened(console, [_row("also" if in_full else "", other) for other in others], verbose=verbose)
        _barred(console, title, style, rows, verbose=verbose)


def _observations(console: Console, gate: GateResult, *, verbose: bool) -> None:
    """What was seen otherwise than of the release before; with ``verbose`` all of it, and what is only counted."""
    findings = observation_words.findings(gate)
    for finding in findings[: None if verbose else ROWS]:
        style = "red" if observation_words.fails(gate, finding) else "yellow"
        rows = observation_words.facts(gate, finding)
        _barred(console, observation_words.title(finding), style, rows, verbose=verbose)
    if not verbose and len(findings) > ROWS:
        rows = [("also", observation_words.title(finding)) for finding in findings[ROWS:]]
        title = f"{number(len(rows), 'more observed difference')} ({SEE_ALL} each in full)"
        _barred(console, title, "yellow", _shortened(console, rows, verbose=verbose), verbose=verbose)
    if meant := observation_words.findings(gate, accepted=True):
        rows = [("meant", f"{observation_words.title(finding)}: {finding.accepted}") for finding in meant]
        title = number(len(meant), "observed difference that is meant")
        _barred(console, title, "green", _shortened(console, rows, verbose=verbose), verbose=verbose)
    rows = observation_words.notes(gate)
    if gate.observations and verbose:
        rows += [(name, key) for name, keys in observation_words.lists(gate.observations) for key in keys]
    if rows:
        _barred(
            console, "", "yellow" if gate.observations and gate.observations.fault else "dim", rows, verbose=verbose
        )


def _short_lists(console: Console, gate: GateResult, *, verbose: bool) -> None:
    """What does not break the gate: what did not repeat, repairs, and failures that were there before."""
    if spurious := [("spurious", f"{clause}: run again {how}") for clause, how in words.spurious(gate)]:
        _barred(console, "seen once, and not when it was run again", "yellow", spurious, verbose=verbose)
    repairs = [_row("repaired", difference) for difference in gate.of_kind(words.REPAIR)]
    if repairs:
        rows = _shortened(console, repairs, verbose=verbose)
        _barred(console, number(len(repairs), "repair"), "green", rows, verbose=verbose)
    known = [_row("known", difference) for difference in gate.known]
    title = number(len(known), "known failure")
    if known and verbose:
        _barred(console, f"{title}, as before", "dim", known, verbose=verbose)
    elif known:
        console.print(Text(f"\n{title}, as before (--verbose lists them)", style="dim"))


def _row(name: str, row: GateDifference | KnownFailure) -> tuple[str, str]:
    return name, f"{row.clause} in {number(len(row.cells), 'cell')}: {row.rule}"


def _shortened(console: Console, rows: list[tuple[str, str]], *, verbose: bool) -> list[tuple[str, str]]:
    """The first rows of a list, a line each, and how many more there are; all with ``verbose``."""
    if verbose:
        return rows
    width = max(console.width - 4 - max((len(name) for name, _ in rows), default=0), 60)
    more = [("", f"and {len(rows) - ROWS:,} more")] if len(rows) > ROWS else []
    return [*((name, short(_one_line(value), width)) for name, value in rows[:ROWS]), *more]


def _barred(console: Console, title: str, style: str, rows: Rows, *, verbose: bool) -> None:
    """A title, and rows of which every line stands behind a bar."""
    console.print(Text(f"\n{_one_line(title)}" if title else "", style=f"bold {style}"))
    rows = list(rows)
    width = max((len(name) for name, _ in rows), default=0)
    for name, value in rows:
        if name == words.RUN_IT:
            # In one line, so that it can be copied.
            lines = [Text(_safe(" ".join(value.split())))]
        else:
            text = Text(_safe(value if verbose else _cut(value)))
            lines = [*text.wrap(console, max(console.width - width - 4, 10), overflow="fold")]
        for label, text_line in zip([name, *[""] * len(lines)], lines, strict=False):
            text_line.rstrip()
            console.print(Text.assemble(("│ ", style), (label.ljust(width + 2), "dim"), text_line), soft_wrap=True)


def _cut(text: str) -> str:
    """The beginning of a text, and how to see the rest."""
    lines = text.split("\n")
    start = short("\n".join(lines[:LINES]), LETTERS)
    return start if start == text else f"{start}\n(cut: --verbose shows all of it)"


def _safe(text: str) -> str:
    return printable(text).replace("##[", "# #[")


def _one_line(text: str) -> str:
    """The text in one line, no wrapped part of which is a command to a runner."""
    return re.sub(":(?=:)", ": ", _safe(" ".join(text.split())))
