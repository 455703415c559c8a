"""What works as a picture, for READMEs: capabilities down, the sets that people ask about across."""

from __future__ import annotations

from html import escape

from market_data_meta.render.set_words import newest_sentence, why_in_one_line
from market_data_meta.render.signs import CAPABILITY_STATES
from market_data_meta.render.text import printable
from market_data_meta.results.capabilities import StateName
from market_data_meta.results.matrix import MatrixResult, MatrixSet

WIDTH, LEFT, COLUMN, TOP, ROW = 990, 286, 86, 112, 24
# So many characters of a title and of a sentence have room.
TITLE, SENTENCE = 41, 54
COLUMNS = {"newest": "Newest set", "deployed": "Deployed", "oldest": "Oldest"}
STYLE = """
text{font:12px system-ui,sans-serif;fill:#24292f}.t{font-weight:600;font-size:15px}.h{font-weight:600}
.m{fill:#57606a;font-size:11px}.s{fill:#fff;font-weight:600;font-size:13px;text-anchor:middle}line{stroke:#d0d7de}
@media(prefers-color-scheme:dark){text{fill:#e6edf3}.m{fill:#9ba7b4}.s{fill:#fff}line{stroke:#3d444d}}
"""


def matrix_picture(matrix: MatrixResult) -> str:
    """The picture of ``matrix.json``: states by mark, word and colour, and in one line what fails."""
    sets = [found for name in COLUMNS if (found := matrix.set_named(name))]
    best = {row.capability: row.state for row in matrix.best}
    height = TOP + len(matrix.capabilities) * ROW + 32
    sentence_x = LEFT + (len(sets) + 1) * COLUMN
    parts = [
        _text(8, 22, f"What works in the newest set, as of {matrix.as_of[:10]}", "t"),
        _text(8, 42, newest_sentence(matrix), ""),
        _text(8, 70, "Capability", "h"),
        _text(8, 84, ", ".join(matrix.packages), "m"),
        _text(sentence_x - COLUMN, 70, "Best set", "h"),
        _text(sentence_x - COLUMN, 84, "newest allowed", "m"),
        _text(sentence_x, 70, "What is broken or limited in the newest set", "h"),
    ]
    for column, found in enumerate(sets):
        x = LEFT + column * COLUMN
        parts.append(_text(x, 70, COLUMNS[found.name], "h"))
        versions = ", ".join(found.combination.values())
        parts += [_text(x, 84 + line * 13, part, "m") for line, part in enumerate(_folded(versions))]
    for row, capability in enumerate(matrix.capabilities):
        y = TOP + row * ROW
        parts.append(f'<line x1="8" x2="{WIDTH - 8}" y1="{y - 1}" y2="{y - 1}"/>')
        parts.append(_text(8, y + 15, _short(capability.title, TITLE), ""))
        for column, found in enumerate(sets):
            parts.append(_state(LEFT + column * COLUMN, y, _state_in(found, capability.name)))
        parts.append(_state(sentence_x - COLUMN, y, best.get(capability.name, "unknown")))
        parts.append(_text(sentence_x, y + 15, _short(_why(sets, capability.name), SENTENCE), "m"))
    parts.append(
        _text(
            8,
            height - 10,
            "Limited: it works, and something in it fails. Best: of all sets that the packages' requirements allow.",
            "m",
        )
    )
    body = "\n".join(parts)
    box = f'viewBox="0 0 {WIDTH} {height}" width="{WIDTH}" height="{height}"'
    label = escape(printable(f"What works in the newest set. {newest_sentence(matrix)}"))
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" {box} role="img" aria-label="{label}">'
        f"<style>{STYLE}</style>\n{body}\n</svg>\n"
    )


def _state_in(of: MatrixSet, capability: str) -> StateName:
    return next((state.state for state in of.capabilities if state.name == capability), "unknown")


def _why(sets: list[MatrixSet], capability: str) -> str:
    """What fails of the capability in the newest set, and nothing where there is no newest set."""
    newest = [state for found in sets if found.name == "newest" for state in found.capabilities]
    return next((why_in_one_line(state) for state in newest if state.name == capability), "")


def _state(x: int, y: int, state: StateName) -> str:
    sign = CAPABILITY_STATES[state]
    box = f'<rect x="{x}" y="{y + 2}" width="18" height="18" rx="4" fill="{sign.colours.picture}"/>'
    return f"{box}{_text(x + 9, y + 16, sign.mark, 's')}{_text(x + 24, y + 15, state, '')}"


def _folded(versions: str) -> list[str]:
    """The versions in two lines."""
    first, *rest = versions.split(", ")
    return [first + ("," if rest else ""), ", ".join(rest)] if rest else [first]


def _short(text: str, length: int) -> str:
    line = " ".join(printable(text).split())
    return line if len(line) <= length else f"{line[: length - 1].rstrip()}…"


def _text(x: int, y: int, text: str, kind: str) -> str:
    return f'<text x="{x}" y="{y}" class="{kind}">{escape(printable(text), quote=False)}</text>'
