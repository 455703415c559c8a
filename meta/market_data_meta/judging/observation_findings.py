"""Findings: what differs between a candidate and its predecessor, one cause one finding. Pure functions; no I/O."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from market_data_meta.judging.observations import ObservedDifference
from market_data_meta.judging.observed_runs import area_of, is_within, name_of
from market_data_meta.judging.observed_values import ADDED, CHANGED, NARROWED, REMOVED, DifferenceKind
from market_data_meta.results.parts import Level

CODE_AREAS = frozenset({"api", "functions", "lives", "sequences"})
"""Areas of single classes and functions: they count in full where somebody uses them, the others wherever they are."""
WORST_FIRST: Sequence[DifferenceKind] = (REMOVED, NARROWED, CHANGED)


@dataclass(frozen=True)
class ChangedDefinition:
    """A class, function or name whose source the candidate has changed: ``Foo.bar`` of a module, and where."""

    package: str
    module: str
    name: str
    file: str
    line: int | None


@dataclass(frozen=True)
class ObservedGroup:
    """The differences of one kind that were seen of one symbol, and how much they count.

    ``acceptance`` is the reason for which the change is meant, where the pull request gives one.
    """

    package: str
    symbol: str
    kind: DifferenceKind
    level: Level
    differences: tuple[ObservedDifference, ...]
    acceptance: str | None = None

    @property
    def name(self) -> str:
        """The symbol without its area."""
        return name_of(self.symbol)


@dataclass(frozen=True)
class ObservedFinding:
    """Groups that follow from one change, the most important first, and the definition that was changed."""

    groups: tuple[ObservedGroup, ...]
    definition: ChangedDefinition | None = None

    @property
    def level(self) -> Level:
        """What it counts as: as the group that counts most."""
        return "must" if any(group.level == "must" for group in self.groups) else "should"

    @property
    def acceptance(self) -> str | None:
        """Why it is meant, where everything in it is; else None."""
        reasons = list(dict.fromkeys(group.acceptance for group in self.groups))
        return None if None in reasons else "; ".join(filter(None, reasons))


def group_differences(
    differences: Iterable[ObservedDifference],
    level_of: Callable[[str, str], Level],
    package_of: Callable[[str], str],
) -> list[ObservedGroup]:
    """The groups of symbol and kind, without what is gone only because what it hung on is gone.

    ``level_of`` has the level of an area and a name, ``package_of`` the package of a name.
    """
    groups: dict[tuple[str, DifferenceKind], list[ObservedDifference]] = {}
    for difference in differences:
        groups.setdefault((difference.symbol, difference.kind), []).append(difference)
    levels: dict[str, Level] = {symbol: level_of(area_of(symbol), name_of(symbol)) for symbol, _ in groups}
    gone = _roots(symbol for (symbol, _), rows in groups.items() if any(map(_is_gone, rows)))
    folded: dict[str, list[str]] = {}
    for symbol, kind in list(groups):
        root = next((root for root in gone if is_within(name_of(symbol), name_of(root))), None)
        if root and symbol != root and kind in (REMOVED, NARROWED) and all(map(_is_missing, groups[symbol, kind])):
            folded.setdefault(root, []).append(symbol)
            del groups[symbol, kind]
    return [
        ObservedGroup(
            package_of(name_of(symbol)),
            symbol,
            kind,
            "must" if "must" in {levels[each] for each in (symbol, *folded.get(symbol, ()))} else "should",
            tuple(rows),
        )
        for (symbol, kind), rows in groups.items()
    ]


def _is_gone(difference: ObservedDifference) -> bool:
    """Whether a symbol as a whole is gone, or cannot be had any more."""
    return difference.is_whole and difference.kind in (REMOVED, NARROWED)


def _is_missing(difference: ObservedDifference) -> bool:
    """Whether nothing at all is there where something was."""
    return difference.kind == REMOVED and not difference.path


def _roots(symbols: Iterable[str]) -> list[str]:
    """Those of the symbols that are within no other one; of several areas of one name the first."""
    roots: list[str] = []
    for symbol in sorted(symbols, key=lambda symbol: (len(name_of(symbol)), symbol)):
        if not any(is_within(name_of(symbol), name_of(root)) for root in roots):
            roots.append(symbol)
    return roots


def find_findings(
    groups: Sequence[ObservedGroup], definitions: Mapping[str, Sequence[ChangedDefinition]]
) -> list[ObservedFinding]:
    """The findings, what counts most first. ``definitions`` are those that the candidates have changed, by package.

    Where only one definition was changed, everything follows from it; else what has the name of one of them. Metadata
    follow from no definition.
    """
    merged: dict[ChangedDefinition | str, list[ObservedGroup]] = {}
    for group in (group for group in groups if group.kind != ADDED):
        of_package = definitions.get(group.package, ())
        definition = None if area_of(group.symbol) == "metadata" else _definition_of(group.name, of_package)
        merged.setdefault(definition or f"{group.symbol} {group.kind}", []).append(group)
    findings = [
        ObservedFinding(tuple(sorted(rows, key=_rank)), cause if isinstance(cause, ChangedDefinition) else None)
        for cause, rows in merged.items()
    ]
    return sorted(findings, key=lambda finding: _rank(finding.groups[0]))


def _rank(group: ObservedGroup) -> tuple[bool, bool, int, int, str]:
    """What counts most comes first, what is accepted last."""
    accepted = group.acceptance is not None
    return accepted, group.level != "must", WORST_FIRST.index(group.kind), len(group.name), group.symbol


def _definition_of(name: str, definitions: Sequence[ChangedDefinition]) -> ChangedDefinition | None:
    if len(definitions) == 1:
        return definitions[0]
    parts = name.split(".")
    matches = [(length, d) for d in definitions if (length := _shared(parts, d.name.split(".")))]
    best = max((length for length, _ in matches), default=0)
    nearest = [definition for length, definition in matches if length == best]
    of_module = [definition for definition in nearest if is_within(name, definition.module)]
    return next(iter(of_module or nearest), None)


def _shared(symbol: Sequence[str], definition: Sequence[str]) -> int:
    """How many names of a definition a symbol has, in a row: all of them, or as many as the symbol itself ends with."""
    for length in range(len(definition), 0, -1):
        head = list(definition[:length])
        for start in range(len(symbol) - length + 1):
            whole = length == len(definition) or start + length == len(symbol)
            if whole and list(symbol[start : start + length]) == head:
                return length
    return 0
