"""A gate as annotations: the commands by which a step of a GitHub workflow says what is wrong, the worst first."""

# Without the __future__ import of this name, which the type checker takes for the function.
from collections.abc import Iterator

from market_data_meta.render.gate import words
from market_data_meta.render.markdown_text import short
from market_data_meta.render.text import printable

MOST = 10
"""GitHub shows ten annotations of a step, and fifty of a job."""
LETTERS = 600
"""Characters of one message; a title has a quarter of it."""


def annotations(data: words.Data) -> list[str]:
    """The lines to print: at most ten, the last of which says how many more there are."""
    all_ = sorted(_all(data), key=lambda row: ("error", "warning", "notice").index(row[0]))
    if not all_ and data["exit"]:
        # A step that ends badly says so, whatever is missing.
        all_ = [("error", f"{words.verdict(data)}: {words.gated(data)}", words.found(data))]
    if len(all_) > MOST:
        left = len(all_) - MOST + 1
        all_ = [*all_[: MOST - 1], (all_[MOST - 1][0], f"{left} more", "the summary and gate.json have all of them")]
    return [f"::{kind} title={_property(title)}::{_message(text)}" for kind, title, text in all_]


def _all(data: words.Data) -> Iterator[tuple[str, str, str]]:
    """What there is to say: how bad it is, a title, and a message. A list in its own order within."""
    for one in words.differences(data, words.REGRESSION):
        kind = "error" if words.fails(data, one) else "warning"
        yield kind, f"{one['clause']} broken by {words.guilty(data, one['guilty'])}", _told(data, one)
    for why, cells in words.uninstallable(data, before=False):
        yield "error", f"{words.number(len(cells), 'cell')} can no longer be installed", why
    for one in words.differences(data, words.UNDECIDED):
        yield "warning", f"{one['clause']} is undecided", _told(data, one)
    for why, _, cells in words.undecided(data):
        yield "warning", f"{words.number(len(cells), 'cell')} undecided", f"{why} ({words.places(cells)})"
    if narrowed := words.narrowed(data):
        yield "notice", "narrower requirements", narrowed
    for one in words.differences(data, words.REPAIR):
        yield "notice", f"{one['clause']} repaired", f"{one['rule']} In {words.number(len(one['cells']), 'cell')}."


def _told(data: words.Data, one: words.Data) -> str:
    """The rule, then what a reader needs to see why; the rest is in the summary."""
    facts = dict(words.facts(data, one))
    wanted = ("cause", "looked at", "expected", "was", "now", "got", "where")
    told = "; ".join(f"{name}: {short(facts[name], LETTERS // 6)}" for name in wanted if name in facts)
    return f"{short(facts['rule'], LETTERS // 3)} {told}"


def _message(text: str) -> str:
    # One line, so that of the three characters that a message escapes only this one is left.
    return short(printable(" ".join(text.split())), LETTERS).replace("%", "%25")


def _property(text: str) -> str:
    return _message(short(text, LETTERS // 4)).replace(":", "%3A").replace(",", "%2C")
