"""The backtest for people at a terminal: the releases that were bad, how long that lasted, and day by day."""

from __future__ import annotations

from rich.console import Console
from rich.markup import escape

from market_data_meta.render.backtest.words import (
    GATE_WORDS,
    day_mark,
    day_sentence,
    mending_in_words,
    release_sentence,
    summary_sentences,
)
from market_data_meta.render.observed_words import changes_lines, observed_lines
from market_data_meta.render.set_words import versions_in_words
from market_data_meta.render.text import printable
from market_data_meta.results.backtest import BacktestRelease, BacktestResult

SHORT_HOURS = 1.0
"""Troubles that were over within so many hours are counted, and shown only where all is asked for."""
CHANGES = 5
"""Findings of what was observed of a release that are shown where not all is asked for."""
_MARKS = {"stopped": "[red]✘[/]", "passed": "[green]✔[/]", "unknown": "[yellow]?[/]"}


def show_backtest(result: BacktestResult, console: Console, *, verbose: bool = False) -> None:
    """Print how many releases were bad, which these are, and the days; with ``verbose`` every release."""
    for sentence in summary_sentences(result):
        _line(console, sentence)
    shown = result.releases if verbose else [one for one in result.bad if not _was_short(one)]
    if shown:
        console.print()
    for release in shown:
        _show_release(release, console, verbose=verbose)
    short = [one for one in result.bad if _was_short(one)]
    if short and not verbose:
        _line(console, f"and {len(short)} whose trouble was over within the hour; --verbose shows them, and all others")
    if changes := list(observed_lines(result)):
        console.print("\nWhat changed, by observation", highlight=False)
    for name, sentence in changes:
        _line(console, f"{name}: {sentence}")
    if result.days:
        console.print("\nDay by day", highlight=False)
    for day in result.days:
        console.print(
            f"{day_mark(day)} {day.day}  {len(day.releases):>2} released; {_text(day_sentence(day))}", highlight=False
        )


def show_release(release: BacktestRelease, console: Console, *, verbose: bool = False) -> None:
    """Print what is known of one release; of what was observed of it all with ``verbose``, else what counts most."""
    _show_release(release, console, verbose=True)
    before = f", after {release.predecessor}" if release.predecessor else ", the first"
    _line(console, f"published {release.uploaded}{before}", 2)
    if release.partners:
        _line(console, f"compared in {versions_in_words(release.partners)}", 2)
    for sentence in (*release.not_installable[1:], *release.lost):
        _line(console, sentence, 2)
    for clause in release.worse:
        _line(console, f"{clause.clause} ({clause.level}, {clause.how}): {clause.sentence}", 2)
        _line(console, mending_in_words(clause.mended, "mended after"), 4)
    for name in release.mended:
        _line(console, f"mended: {name}", 2)
    heading, *changes = [*changes_lines(release, None if verbose else CHANGES)] or [""]
    if heading:
        _line(console, heading, 2)
    for change in changes:
        _line(console, change, 4)
    _line(console, GATE_WORDS[release.gate], 2)
    for why in (*release.why, *release.undecided):
        _line(console, why, 4)


def _show_release(release: BacktestRelease, console: Console, *, verbose: bool) -> None:
    when = f"{release.uploaded[:16].replace('T', ' ')}"
    console.print(f"{_MARKS[release.gate]} {_text(release.name)}  {when}", highlight=False)
    if release.is_bad or not verbose or not release.same_code:
        _line(console, release_sentence(release), 4)


def _was_short(release: BacktestRelease) -> bool:
    hours = release.hours_to_mend
    return hours is not None and hours < SHORT_HOURS


def _line(console: Console, text: str, indent: int = 0) -> None:
    console.print(" " * indent + _text(text), highlight=False)


def _text(text: str) -> str:
    return escape(printable(" ".join(text.split())))
