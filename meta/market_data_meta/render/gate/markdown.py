"""A gate as Markdown, for a step summary: what differs from the baseline is open, everything else is folded."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from market_data_meta.render.gate import words
from market_data_meta.render.markdown_text import code, html, line

LIMIT = 900_000
"""Bytes: GitHub drops a step's summary of more than 1 MiB, and the step may have more to say."""
LETTERS = 1000
"""Characters of one value."""
SIGNS = {"compatible": "✅", "incompatible": "❌", "undecided": "❔"}
_CELLS = {"compatible": "✅", "incompatible": "❌", "uninstallable": "🚫", "unknown": "❔"}
_AS_CODE = ("expected", "got", words.RUN_IT)
_ROOM_FOR_ENDS = 2000


def gate_markdown(data: words.Data) -> str:
    """The Markdown, no longer than GitHub shows: where a list is cut, a note says by how much."""
    text = "\n".join(_head(data)) + "\n"
    for title, opened, blocks in _sections(data):
        text += _section(title, blocks, LIMIT - len(text.encode()), opened=opened)
    return f"{text}\n{line(words.evidence(data), LETTERS)}\n"


def _head(data: words.Data) -> Iterator[str]:
    yield f"# {SIGNS[words.verdict(data)]} {words.verdict(data)}: {line(words.gated(data), LETTERS)}"
    yield ""
    yield f"{line(words.found(data)).capitalize()}."
    yield ""
    yield from (f"- {line(_candidate(one), LETTERS)}" for one in data["candidates"][:10])
    yield f"- met {line(words.reach(data))}"
    if narrowed := words.narrowed(data):
        yield f"- **narrower**: {line(narrowed)}"


def _candidate(one: words.Data) -> str:
    same = words.same_code(one)
    return words.candidate(one) + (f"; it {same}" if same else "")


def _sections(data: words.Data) -> Iterator[tuple[str, bool, list[str]]]:
    """Titles, whether they are open, and what stands under them: the worst first."""
    regressions = [_difference(data, one) for one in words.differences(data, words.REGRESSION)]
    yield "Regressions", True, regressions[: words.IN_FULL]
    yield "More regressions", False, regressions[words.IN_FULL :]
    yield "No longer installable", True, [_uninstallable(*row) for row in words.uninstallable(data, before=False)]
    yield (
        "Undecided",
        True,
        [
            *(_difference(data, one) for one in words.differences(data, words.UNDECIDED)),
            *(f"- {line(why, LETTERS)}{_by(who)}: {_where(cells)}" for why, who, cells in words.undecided(data)),
        ],
    )
    yield "Repairs", False, [_short(one) for one in words.differences(data, words.REPAIR)]
    yield "Known failures, as before", False, [_short(one) for one in data["known"]]
    before = words.uninstallable(data, before=True)
    yield "Not installable, as before", False, [_uninstallable(*row) for row in before]
    yield "Cells", False, [_cell(cell) for cell in data["cells"]]


def _section(title: str, blocks: list[str], room: int, *, opened: bool) -> str:
    """A section with as many of its blocks as fit; nothing where there are none."""
    if not blocks:
        return ""
    head = f"\n## {title}\n\n" if opened else f"\n<details><summary>{title}: {len(blocks):,}</summary>\n\n"
    kept = [*_fitting(blocks, room - _ROOM_FOR_ENDS)]
    left = len(blocks) - len(kept)
    note = f"\n{left:,} more are left out here: gate.json has them all.\n" if left else ""
    return head + "".join(kept) + note + ("" if opened else "\n</details>\n")


def _fitting(blocks: Iterable[str], room: int) -> Iterator[str]:
    for block in blocks:
        room -= len(block.encode()) + 1
        if room < 0:
            return
        yield f"{block}\n"


def _difference(data: words.Data, one: words.Data) -> str:
    about = f"({html(one['level'])}) in {words.number(len(one['cells']), 'cell')}"
    who = html(words.guilty(data, one["guilty"]), LETTERS)
    summary = f"<code>{html(one['clause'], LETTERS)}</code> {about}, because of <code>{who}</code>"
    rows = [_fact(name, value) for name, value in words.facts(data, one) if name != "because of"]
    return "\n".join([f"<details open><summary>{summary}</summary>", "", *rows, "", "</details>", ""])


def _fact(name: str, value: str) -> str:
    if name not in _AS_CODE:
        return f"- {name}: {line(value, LETTERS)}"
    parts = value.split("\n") if name != words.RUN_IT else [value]
    if len(parts) == 1:
        return f"- {name}: {code(value, LETTERS)}"
    more = [f"  - and {len(parts) - 10} more"] if len(parts) > 10 else []
    return "\n".join([f"- {name}:", *(f"  - {code(part, LETTERS)}" for part in parts[:10]), *more])


def _short(one: words.Data) -> str:
    cells = words.number(len(one["cells"]), "cell")
    return f"- {code(one['clause'], LETTERS)} in {cells}: {line(one['rule'], LETTERS)}"


def _uninstallable(why: str, cells: list[str]) -> str:
    return f"- {line(why, LETTERS)}: {_where(cells)}"


def _where(cells: list[str]) -> str:
    return f"{words.number(len(cells), 'cell')}, {line(words.places(cells), LETTERS)}"


def _by(who: str) -> str:
    return "" if who == words.NOBODY else f" (because of {line(who, LETTERS)})"


def _cell(cell: words.Data) -> str:
    why = f": {line(cell['reasons'][0], LETTERS)}" if cell["reasons"] else ""
    return f"- {_CELLS[cell['verdict']]} {code(cell['cell'], LETTERS)} {cell['verdict']}{why}"
