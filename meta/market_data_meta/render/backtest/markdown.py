"""The backtest as Markdown, for step summaries and for reading in the repository."""

from __future__ import annotations

from market_data_meta.render.backtest.words import day_sentence, release_sentence, summary_sentences
from market_data_meta.render.markdown_text import line
from market_data_meta.render.observed_words import observed_lines
from market_data_meta.results.backtest import BacktestResult

_EMOJI = {"stopped": "❌ stopped", "passed": "✅ passed", "unknown": "❔ unknown"}


def backtest_markdown(result: BacktestResult) -> str:
    """How many releases were bad, a line for each of these, what changed, and a line for each day."""
    lines = ["# Would the gate have stopped it?", ""]
    lines += [f"{line(sentence)}\n" for sentence in summary_sentences(result)]
    if result.bad:
        lines += ["| release | published | gate | what it did |", "|---|---|---|---|"]
    for one in result.bad:
        when, what = one.uploaded[:16].replace("T", " "), line(release_sentence(one))
        lines.append(f"| {line(one.name)} | {when} | {_EMOJI[one.gate]} | {what} |")
    if changes := list(observed_lines(result)):
        lines += ["", "## What changed, by observation", "", "| release | what was seen otherwise |", "|---|---|"]
    lines += [f"| {line(name)} | {line(sentence)} |" for name, sentence in changes]
    if result.days:
        lines += ["", "## Day by day", "", "| day | releases | the newest set |", "|---|---:|---|"]
    lines += [f"| {day.day} | {len(day.releases)} | {line(day_sentence(day))} |" for day in result.days]
    return "\n".join(lines) + "\n"
