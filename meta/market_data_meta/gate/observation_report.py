"""Makes of what a gate has observed the part of its result that says what differs from the release before."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path

from market_data_meta.candidates.candidate import Candidate
from market_data_meta.contract import Contract
from market_data_meta.gate.changed_definitions import changed_definitions
from market_data_meta.gate.meant_changes import MeantChange, accept_meant
from market_data_meta.gate.observations import GateObservation
from market_data_meta.inside.mdm_source import SourceChanges
from market_data_meta.judging.observation_findings import (
    CODE_AREAS,
    ObservedFinding,
    find_findings,
    group_differences,
)
from market_data_meta.judging.observed_values import ADDED
from market_data_meta.results.observations import GateObservations, ObservationFinding, ObservedSign
from market_data_meta.results.parts import Level

SIGNS, LETTERS, NAMES = 20, 2000, 5000
"""Signs of a finding that are listed, characters of a value, and names of each list."""
QUOTED = 3
"""Lines of a CHANGELOG that are quoted beside a finding."""


def observation_report(
    observed: GateObservation,
    contract: Contract,
    candidates: Sequence[Candidate],
    changes: Mapping[str, SourceChanges],
    meant: Sequence[MeantChange] = (),
) -> GateObservations:
    """The findings of what was observed, with what accepts them and what the candidates' CHANGELOGs say of them."""
    comparison = observed.comparison
    package_of = _package_of(contract, candidates)

    def level_of(area: str, name: str) -> Level:
        used = observed.used.get(package_of(name))
        return "must" if area not in CODE_AREAS or used is None or used.uses(name) else "should"

    groups = group_differences(comparison.differences if comparison else (), level_of, package_of)
    groups, unused = accept_meant(groups, meant)
    definitions = {
        package: changed_definitions(package, change, _reader(observed.sites.get(package)))
        for package, change in changes.items()
    }
    of_package = {candidate.package: candidate for candidate in candidates}
    return GateObservations(
        cell=observed.cell,
        baseline=observed.baseline,
        fault=observed.fault or None,
        findings=tuple(_finding(finding, of_package) for finding in find_findings(groups, definitions)),
        added=tuple(dict.fromkeys(group.symbol for group in groups if group.kind == ADDED))[:NAMES],
        compared=comparison.compared if comparison else 0,
        unstable=comparison.unstable[:NAMES] if comparison else (),
        unobserved=comparison.unobserved[:NAMES] if comparison else (),
        accepts_nothing=unused,
        ran=observed.ran,
        seconds=round(observed.seconds, 3),
    )


def _package_of(contract: Contract, candidates: Sequence[Candidate]) -> Callable[[str], str]:
    """The package of a name: that which it names, by itself or by what it installs, or the only candidate's."""
    names = {name: name for name in contract.packages}
    names |= {top: package.name for package in contract.packages.values() for top in package.imports}
    only = candidates[0].package if len(candidates) == 1 else ""

    def package_of(name: str) -> str:
        words = (re.split("[.:]", word, maxsplit=1)[0] for word in name.split())
        return next((names[word] for word in words if word in names), only)

    return package_of


def _reader(site: Path | None) -> Callable[[str], Sequence[str]]:
    def lines(file: str) -> Sequence[str]:
        try:
            return (site / file).read_text(encoding="utf-8", errors="replace").splitlines() if site else ()
        except OSError:
            return ()

    return lines


def _finding(finding: ObservedFinding, candidates: Mapping[str, Candidate]) -> ObservationFinding:
    first, definition = finding.groups[0], finding.definition
    candidate = candidates.get(first.package)
    signs = [(group.level, difference) for group in finding.groups for difference in group.differences]
    file = definition.file if definition else None
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
                was=_short(difference.was),
                now=_short(difference.now),
            )
            for level, difference in signs[:SIGNS]
        ),
        further=max(len(signs) - SIGNS, 0),
        file=candidate.source_file(file) if file and candidate else file,
        line=definition.line if definition else None,
        definition=definition.name or None if definition else None,
        accepted=finding.acceptance,
        changelog=quoted_lines(candidate.changelog, names) if candidate else (),
    )


def quoted_lines(changelog: Sequence[str], names: Iterable[str]) -> tuple[str, ...]:
    """The first lines of a CHANGELOG that name one of these, by the last part of its name."""
    words = {name.rpartition(".")[2].rpartition(" ")[2] for name in names} - {""}
    patterns = [re.compile(rf"(?<!\w){re.escape(word)}(?!\w)") for word in sorted(words)]
    return tuple(line for line in changelog if any(pattern.search(line) for pattern in patterns))[:QUOTED]


def _short(text: str | None) -> str | None:
    return text if text is None or len(text) <= LETTERS else f"{text[: LETTERS - 1]}…"
