"""The complete matrix as Markdown, for step summaries and for reading in the repository."""

from __future__ import annotations

from collections.abc import Iterator

from market_data_meta.render.capability_lines import sentences
from market_data_meta.render.defect_lines import mended_lines, stale_lines
from market_data_meta.render.markdown_text import line
from market_data_meta.render.matrix.spurious_lines import spurious_lines
from market_data_meta.render.matrix.third_party_lines import CHOICES, third_party_lines, third_party_summary
from market_data_meta.render.set_words import versions_in_words
from market_data_meta.render.signs import CAPABILITY_STATES, VERDICTS
from market_data_meta.results.capabilities import StateName
from market_data_meta.results.matrix import MatrixCapability, MatrixResult
from market_data_meta.results.parts import Verdict


def matrix_markdown(matrix: MatrixResult) -> str:
    """What works in the sets that people ask about, where each capability works, and what is not known yet."""
    lines = ["# What works with what", "", f"As of {matrix.as_of}; suite `{matrix.suite[:12]}`.", ""]
    lines += _sets(matrix)
    lines += _newest(matrix)
    lines += _promises(matrix)
    lines += ["", "## Verdicts, in published combinations", "", "| verdict | allowed | forbidden |", "|---|---:|---:|"]
    lines += [
        f"| {VERDICTS[name].emoji} {name} | {_allowed(matrix, name):,} | {number - _allowed(matrix, name):,} |"
        for name, number in matrix.published.most_common()
    ]
    lines += [f"\n{line(text)}" for text in (*mended_lines(matrix.mended), *stale_lines(matrix.stale_defects))]
    violations = [finding for finding in matrix.findings if finding.defect is None]
    if violations:
        lines += ["", "## Failures that are not known", ""]
        lines += ["| clause | level | cells | got | run it |", "|---|---|---:|---|---|"]
    for finding in violations:
        got = _plain(finding.message if finding.outcome == "error" else finding.got)
        about = f"`{finding.clause}` | {finding.level} | {len(finding.cells)}"
        lines.append(f"| {about} | {got} | `{_plain(finding.reproduce)}` |")
    lines += [f"\n{line(text)}" for text in spurious_lines(matrix.spurious)]
    for libraries in matrix.third_party:
        lines += ["", f"## With {CHOICES[libraries.choice]}", "", line(third_party_summary(matrix, libraries)), ""]
        lines += [f"- {line(text)}" for text in third_party_lines(matrix, libraries)]
    lines += [f"\n**Wide**: `{name}` depends on more than it binds." for name in matrix.wide]
    return "\n".join(lines) + "\n"


def _sets(matrix: MatrixResult) -> Iterator[str]:
    """A line for each capability: its state in the newest, the deployed and the oldest set, and the best set for it."""
    heads = [f"{one.name}: {_versions(one.combination)}" for one in matrix.sets]
    yield f"| capability | {' | '.join(heads)} | best allowed set |"
    yield f"|---|{'---|' * len(heads)}---|"
    best = {one.capability: one for one in matrix.best}
    for capability in matrix.capabilities:
        states = [next(c.state for c in one.capabilities if c.name == capability.name) for one in matrix.sets]
        choice = best[capability.name]
        where = f": {_versions(choice.combination)}" if choice.combination else ""
        cells = [*map(_state, states), _state(choice.state) + where]
        yield f"| {line(capability.title)} | {' | '.join(cells)} |"
    yield ""
    yield (
        "Limited: it works, and something in it fails. Broken: what it cannot do without fails. "
        "What is about one release alone is decided for these sets only, and unknown elsewhere."
    )


def _newest(matrix: MatrixResult) -> Iterator[str]:
    newest = matrix.set_named("newest")
    if newest is None:
        return
    yield from ("", f"## What does not work in the newest set ({_versions(newest.combination)})", "")
    for capability in newest.capabilities:
        if capability.state in ("broken", "limited"):
            yield f"- **{line(capability.title)}** is {capability.state}"
            yield from (f"  - {line(sentence)}" for sentence in sentences(capability))
        elif capability.state == "unknown":
            yield f"- **{line(capability.title)}** is unknown: {line(capability.reason)}"


def _promises(matrix: MatrixResult) -> Iterator[str]:
    """What the requirements allow and rule out, against what works, and the versions with which it can be used."""
    yield from ("", "## Promise against practice, in published combinations", "")
    heads = [
        f"{word}, {CAPABILITY_STATES[state].emoji} {state}" for word in ("allowed", "forbidden") for state in _STATES
    ]
    yield f"| capability | {' | '.join(heads)} |"
    yield f"|---|{'---:|' * len(heads)}"
    for capability in matrix.capabilities:
        counts = matrix.promises[capability.name]
        numbers = [f"{side.get(state, 0):,}" for side in (counts.allowed, counts.forbidden) for state in _STATES]
        yield f"| {line(capability.title)} | {' | '.join(numbers)} |"
    place = matrix.set_named("newest")
    newest = place.combination if place else {name: column[-1].releases[-1] for name, column in matrix.packages.items()}
    yield from ("", "## What the newest releases ask for, and with what each capability can be used", "")
    pairs = [row for row in matrix.supported if row.version == newest[row.package] and row.asks is not None]
    heads = [line(f"{row.package} {row.version} asks for {row.other} {row.asks or 'of any version'}") for row in pairs]
    yield f"| capability | {' | '.join(heads)} |"
    yield f"|---|{'---|' * len(heads)}"
    for capability in matrix.capabilities:
        yield f"| {line(capability.title)} | {' | '.join(_usable(row.usable, capability) for row in pairs)} |"


def _allowed(matrix: MatrixResult, verdict: Verdict) -> int:
    """How many of the published combinations with a verdict the packages' own requirements allow."""
    return sum(cell.allowed for cell in matrix.cells if cell.verdict == verdict)


def _usable(usable: dict[str, str], capability: MatrixCapability) -> str:
    return line(usable.get(capability.name, "unknown"))


_STATES: tuple[StateName, ...] = ("works", "limited", "broken", "unknown")


def _state(state: StateName) -> str:
    return f"{CAPABILITY_STATES[state].emoji} {state}"


def _versions(combination: dict[str, str]) -> str:
    return line(versions_in_words(combination))


def _plain(value: object) -> str:
    """A value in one table cell: what a package says must not become Markdown or HTML."""
    return line(str(value), 160)
