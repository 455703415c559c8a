"""What a gate says of its causes, in words: where each is, what it is, and what follows from it."""

from __future__ import annotations

from market_data_meta.render.gate import words
from market_data_meta.render.text import number
from market_data_meta.results.gate import GateCause, GateResult

NAMED = 3
"""Clauses of a cause that are named; how many more there are is said."""


def place(cause: GateCause) -> str:
    """File and line, as compilers and editors write it."""
    return cause.file if cause.line is None else f"{cause.file}:{cause.line}"


def title(cause: GateCause) -> str:
    """``market_data_store/coordinator/queue.py:34: expected ':'``."""
    return f"{place(cause)}: {cause.text}"


def fails(gate: GateResult, cause: GateCause) -> bool:
    """Whether something that follows from it breaks the gate."""
    return any(row.kind == words.REGRESSION and gate.fails(row) for row in gate.following(cause))


def facts(gate: GateResult, cause: GateCause) -> list[tuple[str, str]]:
    """Names and values of what a reader must know of a cause."""
    rows = [("was", line) for line in cause.before] + [("now", line) for line in cause.after]
    following = gate.following(cause)
    blamed = {row.guilty for row in following}
    if len(blamed) == 1:
        rows.append(("because of", words.guilty(gate, blamed.pop())))
    rows.append(("follows", _what_follows(gate, cause)))
    if following:
        rows.append((words.RUN_IT, following[0].reproduce))
    return rows


def _what_follows(gate: GateResult, cause: GateCause) -> str:
    following = gate.following(cause)
    if not following:
        return "nothing that is looked at needs it"
    clauses = list(dict.fromkeys(row.clause for row in following))
    count = number(len(clauses), "clause")
    # A name that is gone may stop one module only: the other checks were made, and failed.
    if cause.stops_import and cause.kind != "definition":
        return f"{count} could not be looked at because of it"
    more = f" and {len(clauses) - NAMED:,} more" if len(clauses) > NAMED else ""
    return f"{count} fail{'s' if len(clauses) == 1 else ''} because of it: {', '.join(clauses[:NAMED])}{more}"


def summary(gate: GateResult) -> str | None:
    """How many of the differences follow from how many causes, or None where each stands for itself."""
    following = sum(row.cause is not None for row in gate.differences)
    if not following:
        return None
    causes = [cause for cause in gate.causes if gate.following(cause)]
    return f"{following:,} of these follow from {number(len(causes), 'cause')}"
