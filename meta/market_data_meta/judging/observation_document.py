"""Makes of a comparison of observations what is reported: whose each finding is, and how much it counts.

Pure functions; no I/O.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence

from market_data_meta.contract import Contract
from market_data_meta.judging.observation_findings import CODE_AREAS, ObservedFinding, ObservedGroup, group_differences
from market_data_meta.judging.observations import ObservedComparison
from market_data_meta.judging.observed_values import ADDED
from market_data_meta.judging.used_names import UsedNames
from market_data_meta.results.observations import ObservationFinding, ObservedSign
from market_data_meta.results.parts import Level

SIGNS, LETTERS, NAMES = 20, 2000, 5000
"""Signs of a finding that are listed, characters of a value, and names of each list."""
QUOTED = 3
"""Lines of a CHANGELOG that are quoted beside a finding."""


def comparison_groups(
    comparison: ObservedComparison, contract: Contract, packages: Iterable[str], used: Mapping[str, UsedNames]
) -> list[ObservedGroup]:
    """The differences of the observed packages by symbol, each with what it counts as; ``used`` are by package."""
    package_of = package_named_by(contract, packages)

    def level_of(area: str, name: str) -> Level:
        names = used.get(package_of(name))
        return "must" if area not in CODE_AREAS or names is None or names.uses(name) else "should"

    return group_differences(comparison.differences, level_of, package_of)


def package_named_by(contract: Contract, packages: Iterable[str]) -> Callable[[str], str]:
    """The package of a name: that which it names, by itself or by what it installs, or the only one observed."""
    names = {name: name for name in contract.packages}
    names |= {top: package.name for package in contract.packages.values() for top in package.imports}
    observed = tuple(packages)
    only = observed[0] if len(observed) == 1 else ""

    def package_of(name: str) -> str:
        words = (re.split("[.:]", word, maxsplit=1)[0] for word in name.split())
        return next((names[word] for word in words if word in names), only)

    return package_of


def added_symbols(groups: Iterable[ObservedGroup]) -> tuple[str, ...]:
    """What there is that was not there before."""
    return tuple(dict.fromkeys(group.symbol for group in groups if group.kind == ADDED))[:NAMES]


def finding_document(
    finding: ObservedFinding,
    source_file: Callable[[str], str] = str,
    changelog: Sequence[str] = (),
    *,
    signs: int = SIGNS,
    letters: int = LETTERS,
) -> ObservationFinding:
    """A finding as it is reported.

    ``source_file`` says where an installed file stands in the source tree. Of ``changelog`` the lines are quoted that
    name it.
    """
    first, definition = finding.groups[0], finding.definition
    rows = [(group.level, difference) for group in finding.groups for difference in group.differences]
    names = {group.name for group in finding.groups} | ({definition.name} if definition else set())
    return ObservationFinding(
        kind=first.kind,
        level=finding.level,
        package=first.package,
        symbol=first.symbol,
        signs=tuple(
            ObservedSign(
                id=difference.key,
                kind=difference.kind,
                level=level,
                path=difference.path,
                was=_short(difference.was, letters),
                now=_short(difference.now, letters),
            )
            for level, difference in rows[:signs]
        ),
        further=max(len(rows) - signs, 0),
        file=source_file(definition.file) if definition and definition.file else None,
        line=definition.line if definition else None,
        definition=definition.name or None if definition else None,
        accepted=finding.acceptance,
        changelog=quoted_lines(changelog, names),
    )


def quoted_lines(changelog: Sequence[str], names: Iterable[str]) -> tuple[str, ...]:
    """The first lines of a CHANGELOG that name one of these, by the last part of its name."""
    words = {name.rpartition(".")[2].rpartition(" ")[2] for name in names} - {""}
    patterns = [re.compile(rf"(?<!\w){re.escape(word)}(?!\w)") for word in sorted(words)]
    return tuple(line for line in changelog if any(pattern.search(line) for pattern in patterns))[:QUOTED]


def _short(text: str | None, letters: int) -> str | None:
    return text if text is None or len(text) <= letters else f"{text[: letters - 1]}…"
