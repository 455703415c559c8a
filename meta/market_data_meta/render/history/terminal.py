"""The history of a clause for people at a terminal: a line for each run of releases with one code."""

from __future__ import annotations

import json

from rich.console import Console
from rich.markup import escape

from market_data_meta.render.signs import STATES
from market_data_meta.render.text import printable
from market_data_meta.results.history import HistoryResult, HistorySpan

_WIDTH = 120


def show_history(history: HistoryResult, console: Console) -> None:
    """Print the clause, its state in each package's releases, and where it changed."""
    console.print(f"{history.clause}  {escape(history.rule)}", highlight=False)
    width = max(len(span.label) for spans in history.packages.values() for span in spans)
    for package, spans in history.packages.items():
        console.print(f"\n{package}", highlight=False)
        for previous, span in zip((None, *spans), spans, strict=False):
            mark = "[bold]*[/]" if span.changed else " "
            console.print(f"{mark} {span.label:{width}}  {_state(span)}{_counts(span)}", highlight=False)
            if span.changed and previous and span.since != previous.last:
                text = f"changed after {span.since}, at the latest in {span.first}"
                console.print(f"    {text}: what lies between is not known", highlight=False)
            if span.got is not None and (span.changed or previous is None or previous.got != span.got):
                text = printable(json.dumps(span.got, ensure_ascii=False))
                text = text if len(text) <= _WIDTH else text[: _WIDTH - 1] + "…"
                console.print(f"    got {escape(text)}", highlight=False)
    changes = history.changes
    console.print(f"\n{changes} {'change' if changes == 1 else 'changes'} (*)", highlight=False)


def _state(span: HistorySpan) -> str:
    """The clause's state in these releases: ``holds with all partners``."""
    sign = STATES[span.state]
    partners = " with all partners" if span.state in ("passed", "failed") else ""
    return f"[{sign.style}]{sign.words}{partners}[/]"


def _counts(span: HistorySpan) -> str:
    """With how many combinations of partners it came out how, where not all came out alike."""
    if len(span.partners) < 2:
        return ""
    return f" ({', '.join(f'{number} {outcome}' for outcome, number in sorted(span.partners.items()))})"
