"""A proof as a picture: what is caught of what should be, as bars with their figures, for the README."""

from __future__ import annotations

import time
from collections.abc import Iterator
from xml.sax.saxutils import escape, quoteattr

from market_data_meta.render.text import printable
from market_data_meta.results.proof import ProofResult

LEFT, WIDTH, TOP, ROW, BAR = 250, 260, 58, 26, 14
# Can be told apart without colour vision too: what is not right is paler, and the figures stand beside the bar.
RIGHT, WRONG = "#3b7dd8", "#d9822b"
STYLE = """
text{font:12px system-ui,sans-serif;fill:#24292f}.t{font-weight:600;font-size:14px}.m{fill:#57606a}
@media(prefers-color-scheme:dark){text{fill:#e6edf3}.m{fill:#9ba7b4}}
"""


def proof_picture(proof: ProofResult) -> str:
    """The picture of ``proof.json``: a bar for each kind of change."""
    rows = list(_rows(proof))
    height = TOP + len(rows) * ROW + 8
    title = "What the suite detects, and what it leaves alone"
    parts = [_text(8, 20, title, "t"), _text(8, 40, _about(proof), "m")]
    for number, (name, right, of) in enumerate(rows):
        y = TOP + number * ROW
        parts.append(_text(8, y + BAR - 2, name, ""))
        share = right / of if of else 0.0
        parts.append(f'<rect x="{LEFT}" y="{y}" width="{WIDTH}" height="{BAR}" rx="2" fill="{WRONG}" opacity="0.45"/>')
        parts.append(f'<rect x="{LEFT}" y="{y}" width="{WIDTH * share:.1f}" height="{BAR}" rx="2" fill="{RIGHT}"/>')
        parts.append(_text(LEFT + WIDTH + 10, y + BAR - 2, f"{right:,} of {of:,}, {_percent(right, of)}", ""))
    body = "\n".join(parts)
    width = LEFT + WIDTH + 160
    box = f'viewBox="0 0 {width} {height}" width="{width}" height="{height}"'
    label = "; ".join(f"{name}: {right} of {of}" for name, right, of in rows)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" {box} role="img" aria-label={quoteattr(label)}>'
        f"<style>{STYLE}</style>\n{body}\n</svg>\n"
    )


def _rows(proof: ProofResult) -> Iterator[tuple[str, int, int]]:
    yield "seeded breaks caught", proof.breaks.right, proof.breaks.of
    yield "harmless changes left alone", proof.harmless.right, proof.harmless.of
    mutants = proof.mutants
    if mutants.of:
        yield "mutants of the chain caught", mutants.caught, mutants.of
        yield "… or explained", mutants.caught + mutants.explained, mutants.of


def _percent(right: int, of: int) -> str:
    """Rounded down: what is not complete is never shown as 100 %."""
    return f"{100 * right // of} %" if of else "none"


def _about(proof: ProofResult) -> str:
    when = time.strftime("%Y-%m-%d", time.gmtime(proof.start))
    names = ", ".join(f"{package} {version}" for package, version in proof.combination.items())
    return f"{names}; {when}; suite {proof.suite[:12]}"


def _text(x: int, y: int, text: str, kind: str) -> str:
    return f'<text x="{x}" y="{y}" class="{kind}">{escape(printable(text))}</text>'
