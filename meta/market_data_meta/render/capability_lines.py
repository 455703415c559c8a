"""What works and what does not, one line for each capability: its state by sign, word and colour."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from market_data_meta.render.signs import CAPABILITY_STATES, with_state_mark
from market_data_meta.render.text import printable
from market_data_meta.results.capabilities import CapabilityState

MOST_SENTENCES = 3
"""Sentences about one capability; the JSON has all."""


def show_states(states: Collection[CapabilityState], console: Console) -> None:
    """Print a line for each capability of one combination; below them, once each, why no clause was looked at."""
    table = _table()
    for state in states:
        failures = len(state.failures)
        table.add_row(with_state_mark(state.state), escape(state.title), f"{failures} failing" if failures else "")
    console.print(table)
    for word, reason in dict.fromkeys((state.state, state.reason) for state in states if state.reason):
        console.print(f"[dim]{word} because {escape(printable(reason))}[/]", soft_wrap=True)


def count_table(counts: Mapping[str, Mapping[str, int]]) -> Table:
    """A line for each capability, by title, with the number of combinations that are in each state."""
    table = _table()
    for title, numbers in counts.items():
        cells = ", ".join(with_state_mark(state, numbers[state]) for state in CAPABILITY_STATES if numbers.get(state))
        table.add_row(cells, escape(title), "")
    return table


def why_in_short(state: CapabilityState) -> str:
    """What there is to say of the state on the same line: how many clauses fail, or why none was looked at."""
    if state.reason:
        return state.reason
    failures = len(state.failures)
    return f"{failures} {'clause fails' if failures == 1 else 'clauses fail'}" if failures else ""


def sentences(state: CapabilityState) -> Iterator[str]:
    """What fails, each sentence once: of a broken capability what breaks it, of a limited one the first few."""
    if state.reason and not state.failures:
        yield printable(" ".join(state.reason.split()))
    every = list(dict.fromkeys(failure.sentence for failure in state.failures))
    essential = list(dict.fromkeys(failure.sentence for failure in state.failures if failure.essential))
    shown = (essential or every)[:MOST_SENTENCES]
    yield from (printable(" ".join(sentence.split())) for sentence in shown)
    if more := len(every) - len(shown):
        yield f"and {more} more"


def _table() -> Table:
    table = Table(box=None, pad_edge=False, show_header=False)
    table.add_column(no_wrap=True)
    table.add_column(overflow="fold")
    table.add_column(no_wrap=True, style="dim")
    return table
