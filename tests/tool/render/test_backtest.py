"""The backtest in words: what each release did, how long it lasted, and what is not known."""

from __future__ import annotations

import io

import pytest
from example_backtest import made_release, result_of, shown
from rich.console import Console

from market_data_meta.render.backtest.markdown import backtest_markdown
from market_data_meta.render.backtest.terminal import show_release
from market_data_meta.render.backtest.words import day_sentence, hours_in_words, release_sentence, summary_sentences
from market_data_meta.results.backtest import (
    BacktestCapability,
    BacktestClause,
    BacktestDay,
    BacktestMending,
    BacktestRelease,
    How,
)


def worse(how: How = "broke", hours: float | None = None, sentence: str = "Jobs end early.") -> BacktestClause:
    mended = None if hours is None else BacktestMending(release="core 1.2", hours=hours)
    return BacktestClause(clause="jobs.end", level="must", how=how, sentence=sentence, mended=mended)


ASKS = "core 1.1 requires x>=2; the newest published is 1"
UNMET = made_release(
    not_installable=(ASKS,),
    made_installable=BacktestMending(release="x 2", hours=0.5),
    gate="stopped",
)
BROKE = made_release("1.2", worse=(worse(), worse()), gate="stopped", why=("jobs.end is worse",))
NOTHING = made_release("1.3", same_code=True)
UNKNOWN = made_release("1.4", gate="unknown", undecided=("there is no record",))
DAY = BacktestDay(
    day="2026-01-01",
    releases=("core 1.1",),
    newest={"core": "1.1"},
    forbidden=(),
    hours_not_installable=0,
    installed={"core": "1.1"},
    states={"works": 2, "broken": 1},
)


@pytest.mark.parametrize(
    ("release", "sentence"),
    [
        (
            UNMET,
            f"It could not be installed with anything that was out: {ASKS}. That lasted 30 minutes, until x 2.",
        ),
        (BROKE, "It broke: Jobs end early. Mended: never."),
        (
            made_release(worse=(worse("changed", 30.0), worse("broke", 30.0, "Another."))),
            "Failing in another way than before: Jobs end early (and 1 more). Mended after 30.0 hours, until core 1.2.",
        ),
        (
            made_release(
                mended=("a.a", "b.b", "c.c", "d.d"),
                capabilities=(BacktestCapability(name="jobs", before="broken", after="works"),),
            ),
            "jobs: broken before, works now. It mended a.a, b.b, c.c and 1 more.",
        ),
        (NOTHING, "It installs the code of 1.0."),
        (UNKNOWN, "Nothing is known: there is no record."),
        (made_release(), "Its code is new, and no check came out otherwise than with 1.0."),
        (made_release(lost=("core 1.1 refuses x 3, which 1.0 takes",)), "core 1.1 refuses x 3, which 1.0 takes."),
    ],
)
def test_a_release_in_one_sentence(release: BacktestRelease, sentence: str) -> None:
    assert release_sentence(release) == sentence


def test_the_summary_counts_what_was_bad_by_its_worst_and_says_what_is_not_known() -> None:
    first, unknown, libraries = summary_sentences(result_of(UNMET, BROKE, NOTHING, UNKNOWN))
    assert first == (
        "Of 4 published releases 1 could not be installed with anything that was out and 1 broke what had held. "
        "A required gate would have stopped all of them."
    )
    assert unknown.startswith("Of 1 releases it is not known")
    assert "with the libraries of 2026-01-09 and not with those of then" in libraries
    passed = BROKE.model_copy(update={"gate": "passed"})
    assert "would have stopped 1 of them." in next(iter(summary_sentences(result_of(UNMET, passed))))
    assert "would have stopped it." in next(iter(summary_sentences(result_of(BROKE))))
    assert next(iter(summary_sentences(result_of(NOTHING)))).startswith("None of 1 published releases")


def test_what_was_over_within_the_hour_is_only_counted() -> None:
    result = result_of(UNMET, BROKE, NOTHING, days=(DAY,))
    short = shown(result)
    assert "core 1.2" in short
    assert "✘ core 1.1" not in short
    assert "and 1 whose trouble was over within the hour" in short
    assert "2026-01-01   1 released; the newest set could be installed all day; 2 of 3 capabilities work" in short
    full = shown(result, verbose=True)
    assert ("✘ core 1.1" in full, "core 1.3" in full, "whose trouble" in full) == (True, True, False)


def test_of_one_release_all_is_shown() -> None:
    console = Console(file=io.StringIO(), width=300)
    show_release(BROKE, console)
    assert isinstance(console.file, io.StringIO)
    text = console.file.getvalue()
    assert "jobs.end (must, broke): Jobs end early." in text
    assert "a required gate would have stopped it\n    jobs.end is worse" in text


def test_markdown_has_a_row_for_each_bad_release_and_each_day() -> None:
    text = backtest_markdown(result_of(UNMET, BROKE, NOTHING, days=(DAY,)))
    assert "| core 1.2 | 2026-01-01 02:00 | ❌ stopped | It broke: Jobs end early. Mended: never. |" in text
    assert "core 1.3" not in text
    assert "| 2026-01-01 | 1 | the newest set could be installed all day;" in text


@pytest.mark.parametrize(
    ("hours", "words"), [(0.001, "1 minute"), (0.5, "30 minutes"), (18.97, "19.0 hours"), (240.0, "10 days")]
)
def test_hours_are_told_in_what_a_person_counts_in(hours: float, words: str) -> None:
    assert hours_in_words(hours) == words


def test_a_day_says_for_how_long_the_newest_set_was_ruled_out() -> None:
    while_closed = DAY.model_copy(update={"hours_not_installable": 19.0})
    assert day_sentence(while_closed).startswith("for 19.0 hours the newest set could not be installed; 2 of 3")
    at_its_end = while_closed.model_copy(update={"forbidden": ("x requires y",)})
    assert day_sentence(at_its_end).startswith(
        "at its end the newest set could not be installed (x requires y), for 19.0 hours in all; 2 of 3"
    )
