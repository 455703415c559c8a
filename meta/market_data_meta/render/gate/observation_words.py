"""What a gate says of its observations, in words: what differs from the release before, and what could not be compared.

Nothing here is escaped: each renderer makes it safe for the place where it is shown.
"""

from __future__ import annotations

from market_data_meta.render.text import number
from market_data_meta.results.gate import GateResult
from market_data_meta.results.observations import GateObservations, ObservationFinding, ObservedSign

SHOWN = 3
"""Signs of a finding that are shown; how many more there are is said."""
NOTHING = "nothing"
TITLE = "What differs from the release before"


def findings(gate: GateResult, *, accepted: bool = False) -> list[ObservationFinding]:
    """The findings that nobody has accepted, or those that the pull request accepts."""
    rows = gate.observations.findings if gate.observations else ()
    return [finding for finding in rows if (finding.accepted is not None) is accepted]


def fails(gate: GateResult, finding: ObservationFinding) -> bool:
    """Whether a finding breaks the gate, or is only reported."""
    return gate.observations is not None and finding in gate.observations.failing(strict=gate.strict)


def title(finding: ObservationFinding) -> str:
    """``changed http:GET /health (must)``."""
    return f"{finding.kind} {finding.symbol} ({finding.level})"


def place(finding: ObservationFinding) -> str | None:
    """Where the change is that it follows from: file, line, and the class or function; None where that is not known."""
    if finding.file is None:
        return None
    where = finding.file if finding.line is None else f"{finding.file}:{finding.line}"
    return f"{where} ({finding.definition})" if finding.definition else where


def facts(gate: GateResult, finding: ObservationFinding) -> list[tuple[str, str]]:
    """Names and values of what a reader must know of a finding."""
    rows = []
    for sign in finding.signs[:SHOWN]:
        rows += [
            ("seen in", _seen_in(sign)),
            ("expected", NOTHING if sign.was is None else sign.was),
            ("got", NOTHING if sign.now is None else sign.now),
        ]
    if more := len(finding.signs[SHOWN:]) + finding.further:
        rows.append(("and in", number(more, "more place")))
    if where := place(finding):
        rows.append(("follows from", where))
    rows += [("CHANGELOG", line) for line in finding.changelog]
    if finding.accepted:
        rows.append(("accepted", finding.accepted))
    elif fails(gate, finding):
        rows.append(
            ("if it is meant", f"add a line to the pull request's text: Changes: {finding.symbol} and the reason")
        )
    return rows


def _seen_in(sign: ObservedSign) -> str:
    where = f", at {' / '.join(sign.path)}" if sign.path else ""
    return f"{sign.id}{where}"


def notes(gate: GateResult) -> list[tuple[str, str]]:
    """What else there is to say of the observations, by names."""
    observations = gate.observations
    if observations is None:
        return []
    return [
        *([("not compared", observations.fault)] if observations.fault else []),
        *(
            ("accepts nothing", f"Changes: {line} (it needs a name that is shown here, and a reason)")
            for line in observations.accepts_nothing
        ),
    ]


def lists(observations: GateObservations) -> list[tuple[str, tuple[str, ...]]]:
    """The names that are only counted elsewhere."""
    return [
        ("added", observations.added),
        ("unstable", observations.unstable),
        ("unobserved", observations.unobserved),
    ]
