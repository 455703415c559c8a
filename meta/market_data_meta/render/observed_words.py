"""What was observed of a release and differs from its predecessor, in words. Nothing here is escaped."""

from __future__ import annotations

from collections.abc import Iterator

from market_data_meta.render.text import number
from market_data_meta.results.backtest import BacktestRelease, BacktestResult
from market_data_meta.results.observations import ObservationFinding, ObservedChanges

LETTERS = 60
"""How much of a value is shown in a sentence."""
IN_A_SENTENCE = 2
"""Findings that a sentence names."""
_WORDS = {"removed": "is gone", "narrowed": "is narrowed", "changed": "is changed", "added": "is new"}


def finding_words(finding: ObservationFinding) -> str:
    """A finding by its first sign: ``http:GET /health[plain] is changed (must): at service: "a" before, "b" now``."""
    sign = finding.signs[0]
    words = f"{sign.id} {_WORDS[finding.kind]} ({finding.level})"
    if finding.kind == "removed":
        return words
    where = f" at {' / '.join(sign.path)}:" if sign.path else ""
    return f"{words}:{where} {_value(sign.was)} before, {_value(sign.now)} now"


def _value(text: str | None) -> str:
    if text is None:
        return "nothing"
    return text if len(text) <= LETTERS else f"{text[: LETTERS - 1]}…"


def changes_sentence(release: BacktestRelease) -> str:
    """What was seen otherwise than with the predecessor, in one sentence; empty where there is nothing to say."""
    observed = release.observed
    if observed is None:
        return ""
    if observed.fault:
        return f"What changed in it is not known: {observed.fault.rstrip('.')}."
    shown = [finding_words(finding) for finding in observed.findings[:IN_A_SENTENCE]]
    rest = observed.findings[IN_A_SENTENCE:]
    words = [*shown, *([_folded(rest)] if rest else [])]
    seen = f"Seen otherwise than with {release.predecessor}: {'; '.join(words)}." if words else _nothing(release)
    return f"{seen} {_added(observed)}".rstrip()


def changes_lines(release: BacktestRelease, shown: int | None) -> Iterator[str]:
    """The same in lines: a heading, so many findings, of which those come first that count most, and the rest."""
    observed = release.observed
    if observed is None or observed.fault or not observed.findings:
        yield from filter(None, [changes_sentence(release)])
        return
    count = number(len(observed.findings), "difference")
    yield f"seen otherwise than with {release.predecessor}: {count}, of {observed.compared:,} observations"
    yield from (finding_words(finding) for finding in observed.findings[:shown])
    if shown is not None and (rest := observed.findings[shown:]):
        yield _folded(rest)
    if added := _added(observed):
        yield added


def observed_lines(result: BacktestResult) -> Iterator[tuple[str, str]]:
    """The releases of other code by name, each with what changed in it; those of which it is not known in one line."""
    unknown = [one for one in result.releases if one.observed and one.observed.fault]
    for release in result.releases:
        if release.observed and not release.observed.fault:
            yield release.name, changes_sentence(release)
    if unknown and unknown[0].observed:
        names = unknown[0].name if len(unknown) == 1 else f"{len(unknown)} releases"
        example = "" if len(unknown) == 1 else f", {unknown[0].name} for one"
        yield names, f"What changed is not known{example}: {unknown[0].observed.fault}."


def _nothing(release: BacktestRelease) -> str:
    compared = release.observed.compared if release.observed else 0
    return f"Nothing is seen otherwise than with {release.predecessor}, of {compared:,} observations."


def _folded(findings: tuple[ObservationFinding, ...]) -> str:
    must = sum(finding.level == "must" for finding in findings)
    return f"and {len(findings):,} more{f', {must:,} of them must' if must else ''}"


def _added(observed: ObservedChanges) -> str:
    return f"New: {number(len(observed.added), 'name')}." if observed.added else ""
