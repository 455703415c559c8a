"""A gate as annotations: the commands by which a step of a GitHub workflow says what is wrong, the worst first."""

# Without the __future__ import of this name, which the type checker takes for the function.
from collections.abc import Iterator
from typing import NamedTuple

from market_data_meta.render.gate import cause_words, observation_words, words
from market_data_meta.render.markdown_text import short
from market_data_meta.render.text import number, printable
from market_data_meta.results.gate import GateDifference, GateResult

MOST = 10
"""GitHub shows ten annotations of a step, and fifty of a job."""
LETTERS = 600
"""Characters of one message; a title has a quarter of it."""


def annotations(gate: GateResult) -> list[str]:
    """The lines to print: at most ten, the last of which says how many more there are."""
    # What does not import stands first, before what else is as bad: sorting keeps the order.
    rows = sorted([*_causes(gate), *_rows(gate)], key=lambda row: ("error", "warning", "notice").index(row.kind))
    if not rows and gate.exit:
        # A step that ends badly says so, whatever is missing.
        title = f"{words.verdict(gate)}: {words.subject(gate)}"
        rows = [_Annotation("error", title, words.outcome_text(gate))]
    if len(rows) > MOST:
        left = len(rows) - MOST + 1
        rows = [
            *rows[: MOST - 1],
            _Annotation(rows[MOST - 1].kind, f"{left} more", "the summary and gate.json have all of them"),
        ]
    return [f"::{row.kind} {_place(row)}title={_property(row.title)}::{_message(row.text)}" for row in rows]


class _Annotation(NamedTuple):
    """The kind (error, warning or notice), a title and a message, and the file and line that it belongs to."""

    kind: str
    title: str
    text: str
    file: str = ""
    line: int | None = None


def _place(row: _Annotation) -> str:
    return "".join(
        [f"file={_property(row.file)}," if row.file else "", f"line={row.line}," if row.file and row.line else ""]
    )


def _causes(gate: GateResult) -> Iterator[_Annotation]:
    for cause in gate.causes:
        kind = "error" if cause_words.fails(gate, cause) else "warning"
        facts = "; ".join(f"{name}: {short(value, LETTERS // 6)}" for name, value in cause_words.facts(gate, cause))
        yield _Annotation(kind, cause_words.title(cause), facts, cause.file, cause.line)


def _rows(gate: GateResult) -> Iterator[_Annotation]:
    """What follows from no cause, and what else there is to say."""
    for difference in gate.alone(words.REGRESSION):
        kind = "error" if gate.fails(difference) else "warning"
        yield _Annotation(
            kind,
            f"{difference.clause} broken by {words.guilty(gate, difference.guilty)}",
            _message_text(gate, difference),
        )
    for why, cells in words.uninstallable(gate, before=False):
        yield _Annotation("error", f"{number(len(cells), 'cell')} can no longer be installed", why)
    yield from _observations(gate)
    for difference in gate.alone(words.UNDECIDED):
        yield _Annotation("warning", f"{difference.clause} is undecided", _message_text(gate, difference))
    for why, _, cells in words.undecided(gate):
        yield _Annotation("warning", f"{number(len(cells), 'cell')} undecided", f"{why} ({words.places(cells)})")
    for clause, how in words.spurious(gate):
        text = f"It came out otherwise once, and not when it was run again {how}."
        yield _Annotation("notice", f"{clause} is spurious", text)
    for candidate in gate.candidates:
        if taken := words.taken_version(candidate):
            yield _Annotation("warning", f"{candidate.package} {candidate.version} is published already", taken)
    if narrowed := words.narrowed(gate):
        yield _Annotation("notice", "narrower requirements", narrowed)
    for difference in gate.of_kind(words.REPAIR):
        yield _Annotation(
            "notice",
            f"{difference.clause} repaired",
            f"{difference.rule} In {number(len(difference.cells), 'cell')}.",
        )


def _observations(gate: GateResult) -> Iterator[_Annotation]:
    """What was seen otherwise than of the release before, where the change is."""
    for finding in observation_words.findings(gate):
        facts = observation_words.facts(gate, finding)
        text = "; ".join(f"{name}: {short(value, LETTERS // 6)}" for name, value in facts)
        kind = "error" if observation_words.fails(gate, finding) else "warning"
        yield _Annotation(kind, observation_words.title(finding), text, finding.file or "", finding.line)
    if gate.observations and gate.observations.fault:
        yield _Annotation("warning", "nothing was observed", gate.observations.fault)


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
