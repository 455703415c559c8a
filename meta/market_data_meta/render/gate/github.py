"""A gate as annotations: the commands by which a step of a GitHub workflow says what is wrong, the worst first."""

# Without the __future__ import of this name, which the type checker takes for the function.
from collections.abc import Iterator

from market_data_meta.render.gate import words
from market_data_meta.render.markdown_text import short
from market_data_meta.render.text import printable
from market_data_meta.results.gate import GateDifference, GateResult

MOST = 10
"""GitHub shows ten annotations of a step, and fifty of a job."""
LETTERS = 600
"""Characters of one message; a title has a quarter of it."""


def annotations(gate: GateResult) -> list[str]:
    """The lines to print: at most ten, the last of which says how many more there are."""
    rows = sorted(_rows(gate), key=lambda row: ("error", "warning", "notice").index(row[0]))
    if not rows and gate.exit:
        # A step that ends badly says so, whatever is missing.
        rows = [("error", f"{words.verdict(gate)}: {words.subject(gate)}", words.outcome_text(gate))]
    if len(rows) > MOST:
        left = len(rows) - MOST + 1
        rows = [*rows[: MOST - 1], (rows[MOST - 1][0], f"{left} more", "the summary and gate.json have all of them")]
    return [f"::{kind} title={_property(title)}::{_message(text)}" for kind, title, text in rows]


def _rows(gate: GateResult) -> Iterator[tuple[str, str, str]]:
    """All annotations, each with its kind (error, warning or notice), a title and a message."""
    for difference in gate.of_kind(words.REGRESSION):
        kind = "error" if gate.fails(difference) else "warning"
        yield (
            kind,
            f"{difference.clause} broken by {words.guilty(gate, difference.guilty)}",
            _message_text(gate, difference),
        )
    for why, cells in words.uninstallable(gate, before=False):
        yield "error", f"{words.number(len(cells), 'cell')} can no longer be installed", why
    for difference in gate.of_kind(words.UNDECIDED):
        yield "warning", f"{difference.clause} is undecided", _message_text(gate, difference)
    for why, _, cells in words.undecided(gate):
        yield "warning", f"{words.number(len(cells), 'cell')} undecided", f"{why} ({words.places(cells)})"
    for clause, how in words.spurious(gate):
        yield "notice", f"{clause} is spurious", f"It came out otherwise once, and not when it was run again {how}."
    if narrowed := words.narrowed(gate):
        yield "notice", "narrower requirements", narrowed
    for difference in gate.of_kind(words.REPAIR):
        yield (
            "notice",
            f"{difference.clause} repaired",
            f"{difference.rule} In {words.number(len(difference.cells), 'cell')}.",
        )


def _message_text(gate: GateResult, difference: GateDifference) -> str:
    """The rule, then what a reader needs to see why; the rest is in the summary."""
    facts = dict(words.facts(gate, difference))
    names = ("cause", "looked at", "expected", "was", "now", "got", "where")
    details = "; ".join(f"{name}: {short(facts[name], LETTERS // 6)}" for name in names if name in facts)
    return f"{short(facts['rule'], LETTERS // 3)} {details}"


def _message(text: str) -> str:
    # One line, so that of the three characters that a message escapes only this one is left.
    return short(printable(" ".join(text.split())), LETTERS).replace("%", "%25")


def _property(text: str) -> str:
    return _message(short(text, LETTERS // 4)).replace(":", "%3A").replace(",", "%2C")
