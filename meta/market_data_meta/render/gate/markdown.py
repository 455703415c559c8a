"""A gate as Markdown, for a step summary: what differs from the baseline is open, everything else is folded."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from market_data_meta.render.gate import cause_words, observation_words, words
from market_data_meta.render.markdown_text import code, html, line
from market_data_meta.render.signs import GATE_CELLS, GATE_VERDICTS
from market_data_meta.render.text import number
from market_data_meta.results.gate import (
    GateCandidate,
    GateCause,
    GateCellResult,
    GateDifference,
    GateResult,
    KnownFailure,
)
from market_data_meta.results.observations import ObservationFinding

LIMIT = 900_000
"""Bytes: GitHub drops a step's summary of more than 1 MiB, and the step may have more to say."""
LETTERS = 1000
"""Characters of one value."""
CONSEQUENCE = 200
"""Characters of the value of what follows from a cause: gate.json has all of it."""
_AS_CODE = ("expected", "got", words.RUN_IT)
_ROOM_FOR_ENDS = 2000


def gate_markdown(gate: GateResult) -> str:
    """The Markdown, no longer than GitHub shows: where a list is cut, a note says by how much."""
    text = "\n".join(_head(gate)) + "\n"
    for title, opened, blocks in _sections(gate):
        text += _section(title, blocks, LIMIT - len(text.encode()), opened=opened)
    return f"{text}\n{line(words.evidence_text(gate), LETTERS)}\n"


def _head(gate: GateResult) -> Iterator[str]:
    yield f"# {GATE_VERDICTS[words.verdict(gate)].emoji} {words.verdict(gate)}: {line(words.subject(gate), LETTERS)}"
    yield ""
    follow = cause_words.summary(gate)
    yield f"{line(words.outcome_text(gate)).capitalize()}{f'; {follow}' if follow else ''}."
    yield ""
    yield from (f"- {line(_candidate(candidate), LETTERS)}" for candidate in gate.candidates[:10])
    yield from (f"- **warning**: {line(taken)}" for c in gate.candidates[:10] if (taken := words.taken_version(c)))
    yield from (f"- brings along: {line(library, LETTERS)}" for library in words.brings_along(gate)[:20])
    yield f"- met {line(words.reach(gate))}"
    if narrowed := words.narrowed(gate):
        yield f"- **narrower**: {line(narrowed)}"
    yield from (f"- **{name}**: {line(note, LETTERS)}" for name, note in observation_words.notes(gate)[:20])
    yield from (f"- **{line(change)}**" for change in words.capabilities(gate))


def _candidate(candidate: GateCandidate) -> str:
    same = words.same_code(candidate)
    skipped = words.not_looked_at(candidate)
    text = words.candidate_text(candidate) + (f"; it {same}" if same else "")
    return text + (f"; not looked at: {skipped}" if skipped else "")


def _sections(gate: GateResult) -> Iterator[tuple[str, bool, list[str]]]:
    """Titles, whether they are open, and what stands under them: the worst first."""
    regressions = [_difference(gate, difference) for difference in gate.alone(words.REGRESSION)]
    yield "Causes", True, [_cause(gate, cause) for cause in gate.causes]
    yield "Regressions", True, regressions[: words.IN_FULL]
    yield "More regressions", False, regressions[words.IN_FULL :]
    findings = [_finding(gate, finding) for finding in observation_words.findings(gate)]
    yield observation_words.TITLE, True, findings[: words.IN_FULL]
    yield "More of what differs", False, findings[words.IN_FULL :]
    yield "No longer installable", True, [_uninstallable(*row) for row in words.uninstallable(gate, before=False)]
    yield (
        "Undecided",
        True,
        [
            *(_difference(gate, difference) for difference in gate.alone(words.UNDECIDED)),
            *(
                f"- {line(why, LETTERS)}{_because_of(blamed)}: {_where(cells)}"
                for why, blamed, cells in words.undecided(gate)
            ),
        ],
    )
    yield (
        "Spurious: seen once, and not when it was run again",
        True,
        [f"- {code(clause, LETTERS)}: run again {line(how)}" for clause, how in words.spurious(gate)],
    )
    meant = observation_words.findings(gate, accepted=True)
    yield "Differences that are meant", False, [_finding(gate, finding) for finding in meant]
    added = gate.observations.added if gate.observations else ()
    yield "Added", False, [f"- {code(name, LETTERS)}" for name in added]
    yield "Repairs", False, [_short(difference) for difference in gate.of_kind(words.REPAIR)]
    yield "Known failures, as before", False, [_short(failure) for failure in gate.known]
    before = words.uninstallable(gate, before=True)
    yield "Not installable, as before", False, [_uninstallable(*row) for row in before]
    yield "Cells", False, [_cell(cell) for cell in gate.cells]


def _section(title: str, blocks: list[str], room: int, *, opened: bool) -> str:
    """A section with as many of its blocks as fit; nothing where there are none."""
    if not blocks:
        return ""
    head = f"\n## {title}\n\n" if opened else f"\n<details><summary>{title}: {len(blocks):,}</summary>\n\n"
    shown = [*_fitting(blocks, room - _ROOM_FOR_ENDS)]
    left = len(blocks) - len(shown)
    note = f"\n{left:,} more are left out here: gate.json has them all.\n" if left else ""
    return head + "".join(shown) + note + ("" if opened else "\n</details>\n")


def _fitting(blocks: Iterable[str], room: int) -> Iterator[str]:
    for block in blocks:
        room -= len(block.encode()) + 1
        if room < 0:
            return
        yield f"{block}\n"


def _cause(gate: GateResult, cause: GateCause) -> str:
    """The place and the text of a cause, and folded under it what follows from it."""
    rows = [_fact(name, value) for name, value in cause_words.facts(gate, cause)]
    block = [f"### {line(cause_words.title(cause), LETTERS)}", "", *rows, ""]
    if following := gate.following(cause):
        summary = f"<details><summary>what follows from it: {len(following):,}</summary>"
        block += [summary, "", *(_consequence(difference) for difference in following), "", "</details>", ""]
    return "\n".join(block)


def _consequence(difference: GateDifference) -> str:
    got = f"; {code(words.value(difference.now.got), CONSEQUENCE)}" if difference.now else ""
    return f"- {html(difference.kind)} {code(difference.clause, LETTERS)} ({html(difference.level)}){got}"


def _difference(gate: GateResult, difference: GateDifference) -> str:
    about = f"({html(difference.level)}) in {number(len(difference.cells), 'cell')}"
    blamed = html(words.guilty(gate, difference.guilty), LETTERS)
    summary = f"<code>{html(difference.clause, LETTERS)}</code> {about}, because of <code>{blamed}</code>"
    rows = [_fact(name, value) for name, value in words.facts(gate, difference) if name != "because of"]
    return "\n".join([f"<details open><summary>{summary}</summary>", "", *rows, "", "</details>", ""])


def _finding(gate: GateResult, finding: ObservationFinding) -> str:
    """A finding of the observations: what it is of, what was there and what is, each cut to what can be read."""
    summary = f"{html(finding.kind)} <code>{html(finding.symbol, LETTERS)}</code> ({html(finding.level)})"
    rows = [_fact(name, value) for name, value in observation_words.facts(gate, finding)]
    return "\n".join([f"<details open><summary>{summary}</summary>", "", *rows, "", "</details>", ""])


def _fact(name: str, value: str) -> str:
    if name not in _AS_CODE:
        return f"- {name}: {line(value, LETTERS)}"
    parts = value.split("\n") if name != words.RUN_IT else [value]
    if len(parts) == 1:
        return f"- {name}: {code(value, LETTERS)}"
    more = [f"  - and {len(parts) - 10} more"] if len(parts) > 10 else []
    return "\n".join([f"- {name}:", *(f"  - {code(part, LETTERS)}" for part in parts[:10]), *more])


def _short(row: GateDifference | KnownFailure) -> str:
    cells = number(len(row.cells), "cell")
    return f"- {code(row.clause, LETTERS)} in {cells}: {line(row.rule, LETTERS)}"


def _uninstallable(why: str, cells: list[str]) -> str:
    return f"- {line(why, LETTERS)}: {_where(cells)}"


def _where(cells: list[str]) -> str:
    return f"{number(len(cells), 'cell')}, {line(words.places(cells), LETTERS)}"


def _because_of(blamed: str) -> str:
    return "" if blamed == words.NOBODY else f" (because of {line(blamed, LETTERS)})"


def _cell(cell: GateCellResult) -> str:
    why = f": {line(cell.reasons[0], LETTERS)}" if cell.reasons else ""
    return f"- {GATE_CELLS[cell.verdict].emoji} {code(cell.cell, LETTERS)} {cell.verdict}{why}"
