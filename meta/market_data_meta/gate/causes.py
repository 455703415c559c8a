"""Causes: which differences follow from one thing in a candidate's source. Pure functions; no I/O.

Only what is known to follow is put together: a failure that tells of the very syntax error, one that misses by name
what the candidate's changed lines took away or brought, and failures with one exception from one line. All others
stand for themselves.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from market_data_meta.gate.failure_names import SYNTAX_ERRORS, Statement, statements
from market_data_meta.inside.mdm_source import ChangedPlace, DefinedName, SourceChanges, SourceFault
from market_data_meta.judging.comparison import REGRESSION, UNDECIDED, CellComparison, Difference
from market_data_meta.judging.records import Check
from market_data_meta.results.gate import CauseKind

SHOWN = 4
"""Lines of the source that are shown before and after."""


@dataclass(frozen=True)
class Cause:
    """What a number of differences follow from, and where that is.

    ``differences`` are their places in the gate's list; a file that is not Python is told even where nothing follows
    from it. ``stops_import`` says that a module cannot be imported because of it.
    """

    kind: CauseKind
    package: str
    file: str
    line: int | None
    text: str
    before: tuple[str, ...]
    after: tuple[str, ...]
    stops_import: bool
    differences: tuple[int, ...]


@dataclass(frozen=True)
class _Explanation:
    """A possible cause: what in the source of which package."""

    package: str
    source: SourceFault | ChangedPlace

    def explains(self, statement: Statement, faults: Sequence[SourceFault]) -> bool:
        if isinstance(self.source, SourceFault):
            return _tells_of(statement, self.source, faults)
        return _misses(statement, self.source)


def find_causes(
    differences: Sequence[Difference],
    cells: Iterable[CellComparison],
    changes: Mapping[str, SourceChanges],
    packages_of: Mapping[str, str],
) -> tuple[Cause, ...]:
    """The causes, what keeps modules from being imported first, then what most follows from.

    ``changes`` are those of the candidates by package, ``packages_of`` has the package of each top-level import.
    """
    records = {cell.pair.cell: cell.pair.now for cell in cells}
    checks: dict[int, list[Check]] = {}
    for number, difference in enumerate(differences):
        rows = [record.checks.get(difference.clause.id) for name in difference.cells if (record := records.get(name))]
        known = [check for check in rows if check and check.outcome in ("failed", "error")]
        if difference.kind in (REGRESSION, UNDECIDED) and known and len(known) == len(difference.cells):
            checks[number] = known
    causes = list(_in_source(differences, checks, changes))
    explained = {number for cause in causes for number in cause.differences}
    left = {number: rows for number, rows in checks.items() if number not in explained}
    causes += _same_exceptions(left, packages_of)

    def rank(cause: Cause) -> tuple[bool, bool, int]:
        return cause.kind != "syntax", not cause.stops_import, -len(cause.differences)

    return tuple(sorted(causes, key=rank))


def _in_source(
    differences: Sequence[Difference], checks: Mapping[int, Sequence[Check]], changes: Mapping[str, SourceChanges]
) -> Iterator[Cause]:
    faults = [fault for change in changes.values() for fault in change.faults]
    explanations = [
        *(_Explanation(package, fault) for package, change in changes.items() for fault in change.faults),
        *(_Explanation(package, place) for package, change in changes.items() for place in change.places),
    ]
    following: dict[_Explanation, list[int]] = {explanation: [] for explanation in explanations}
    for number, rows in checks.items():
        guilty = differences[number].guilty
        sentences = [sentence for check in rows for sentence in statements(check)]
        for explanation in explanations:
            innocent = guilty and explanation.package not in guilty
            if sentences and not innocent and all(explanation.explains(sentence, faults) for sentence in sentences):
                following[explanation].append(number)
                break
    for explanation, numbers in following.items():
        source = explanation.source
        importing = any(check.raised and check.raised.importing for n in numbers for check in checks[n])
        if isinstance(source, SourceFault):
            lines = (source.source,) if source.source else ()
            yield Cause(
                "syntax", explanation.package, source.file, source.line, source.text, (), lines, True, tuple(numbers)
            )
        elif numbers:
            yield Cause(
                "definition",
                explanation.package,
                source.file,
                source.line,
                _change_text(source),
                _bearing(source.before, source.gone),
                _bearing(source.after, source.new),
                importing,
                tuple(numbers),
            )


def _tells_of(statement: Statement, fault: SourceFault, faults: Sequence[SourceFault]) -> bool:
    """Whether a failure tells of this very fault."""
    if fault.file in statement.text and fault.text in statement.text:
        return True
    if raised := statement.raised:
        return raised.kind in SYNTAX_ERRORS and (raised.file, raised.line) == (fault.file, fault.line)
    kind, text = statement.exception or ("", "")
    alike = [other for other in faults if other.text == fault.text]
    return kind in SYNTAX_ERRORS and text == fault.text and len(alike) == 1


def _misses(statement: Statement, place: ChangedPlace) -> bool:
    """Whether a failure misses by name what is gone or new in this place, and nothing else."""
    module = place.file.removesuffix(".py").removesuffix("/__init__").replace("/", ".")
    if place.line is None:
        missing = statement.missing_module
        return missing is not None and missing == module
    names = {".".join(filter(None, (module, name.owner, name.name))) for name in (*place.gone, *place.new)}
    if missing_names := statement.missing:
        return all(any(full == name or full.endswith(f".{name}") for full in names) for name in missing_names)
    return any(
        statement.speaks_of(name.owner.rpartition(".")[2] or module, name.name) for name in (*place.gone, *place.new)
    )


def _same_exceptions(checks: Mapping[int, Sequence[Check]], packages_of: Mapping[str, str]) -> Iterator[Cause]:
    """Two or more differences with the same exception from the same line of the packages."""
    groups: dict[tuple[str, str, str, int | None], list[int]] = {}
    for number, rows in checks.items():
        places = {(c.raised.kind, c.raised.text, c.raised.file, c.raised.line) if c.raised else None for c in rows}
        if len(places) == 1 and (place := places.pop()) and place[2]:
            groups.setdefault((place[0], place[1], place[2], place[3]), []).append(number)
    for (kind, text, file, line), numbers in groups.items():
        importing = all(check.raised and check.raised.importing for n in numbers for check in checks[n])
        first = next(iter(text.splitlines()), "")
        if importing and sum(group[:2] == (kind, text) for group in groups) == 1:
            # Whoever only tells of the exception, and not of the line, has met it where all others have.
            numbers += [number for number, rows in checks.items() if all(_only_tells(c, kind, first) for c in rows)]
        if len(numbers) > 1:
            package = packages_of.get(file.split("/")[0], "")
            what = f"{kind}: {first}"
            yield Cause("exception", package, file, line, what, (), (), importing, tuple(sorted(numbers)))


def _only_tells(check: Check, kind: str, text: str) -> bool:
    """Whether a check that did not end with an exception tells of this one, and of nothing else."""
    sentences = list(statements(check))
    return bool(sentences) and all(s.raised is None and s.exception == (kind, text) for s in sentences)


def _change_text(place: ChangedPlace) -> str:
    """What a place took away and brought: ``FeedbackEvent.queue_size is gone, FeedbackEvent.queue_length is new``."""
    if place.line is None:
        return "the file is gone"
    parts = [
        f"{', '.join(names)} {'is' if len(names) == 1 else 'are'} {state}"
        for state, names in (("gone", _outermost(place.gone)), ("new", _outermost(place.new)))
        if names
    ]
    return ", ".join(parts)


def _outermost(names: Sequence[DefinedName]) -> list[str]:
    """The names without those that are within another one of them."""
    full = [f"{name.owner}.{name.name}" if name.owner else name.name for name in names]
    return [name for name in full if not any(name.startswith(f"{other}.") for other in full)]


def _bearing(lines: Sequence[str], names: Sequence[DefinedName]) -> tuple[str, ...]:
    """The lines that bear one of the names."""
    return tuple(line.strip() for line in lines if any(name.name in line for name in names))[:SHOWN]
