"""The cells of a gate: candidates with each distinct content of the other packages. Pure functions; no I/O."""

from __future__ import annotations

import itertools
import math
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace

from market_data_meta.candidates.as_published import ledger_with_candidates
from market_data_meta.candidates.candidate import Candidate
from market_data_meta.contract import Contract
from market_data_meta.releases.combinations import deployed_set
from market_data_meta.releases.contents import Content, ContentCombination, contents_by_version, distinct_contents
from market_data_meta.releases.interpreters import PYTHON
from market_data_meta.releases.ledger import Ledger, Release, offered
from market_data_meta.releases.pins import allowed_combinations
from market_data_meta.releases.requirements import AllowedCombinations, Requirements, broken_promises

ALLOWED, ALL, QUICK, PINNED = "allowed", "all", "quick", "pinned"
"""A gate's partners: those that all requirements allow, all, the newest and the deployed, or those the caller names."""


@dataclass(frozen=True)
class GateCell:
    """One cell of a gate: partners with the candidates, and the same partners with the candidates' predecessors.

    ``stands_for`` counts the published combinations of the same content. ``forbidden`` says which requirements forbid
    the combination.
    """

    with_candidates: ContentCombination
    with_predecessors: ContentCombination | None
    stands_for: int
    forbidden: tuple[str, ...] = ()


def gate_cells(
    contract: Contract,
    ledger: Ledger,
    candidates: tuple[Candidate, ...],
    reach: str,
    pinned: Mapping[str, str] | None = None,
    python: str = PYTHON,
) -> tuple[GateCell, ...]:
    """The cells to gate, the newest partners first.

    Each stands for the published combinations of the same content within ``reach``, and is run with the newest of
    them. ``pinned`` names partners by version.
    """
    ledger_now = ledger_with_candidates(ledger, candidates)
    columns = {name: tuple(offered(releases, python)) for name, releases in ledger.releases.items()}
    columns |= {name: (ledger.release(name, version),) for name, version in (pinned or {}).items()}
    columns |= {candidate.package: (candidate.release,) for candidate in candidates}
    content_now = contents_by_version(distinct_contents(contract, ledger_now))
    content_before = contents_by_version(distinct_contents(contract, ledger))
    newest_first = {name: tuple(reversed(releases)) for name, releases in columns.items()}
    combinations = AllowedCombinations(Requirements(contract.packages, python), newest_first)
    if reach == QUICK:
        groups = _quick(combinations, ledger, content_now, {candidate.package for candidate in candidates})
    else:
        groups = _by_content(combinations, content_now, forbidden_too=reach in (ALL, PINNED))
    predecessors = {candidate.package: candidate.predecessor for candidate in candidates}
    cells = []
    for contents, (newest, number) in groups.items():
        with_candidates = ContentCombination(
            tuple(replace(content, releases=(release,)) for content, release in zip(contents, newest, strict=True))
        )
        baseline = tuple(predecessors.get(name, release) for name, release in zip(columns, newest, strict=True))
        before = tuple(
            content_before[name, release.version] for name, release in zip(columns, baseline, strict=True) if release
        )
        with_predecessors = ContentCombination(before) if len(before) == len(columns) else None
        forbidden: tuple[str, ...] = ()
        if reach != ALLOWED:
            combination = with_candidates.combination
            forbidden = tuple(broken_promises(combination, contract.packages, ledger_now, python))
        cells.append(GateCell(with_candidates, with_predecessors, number, forbidden))
    return tuple(cells)


Groups = Mapping[tuple[Content, ...], tuple[tuple[Release, ...], int]]
"""The combinations within reach by their content: the newest, and how many there are."""
ContentsByVersion = Mapping[tuple[str, str], Content]
"""The content of each release, which a package and a version name."""


def _by_content(combinations: AllowedCombinations, content_of: ContentsByVersion, *, forbidden_too: bool) -> Groups:
    """The combinations that the requirements allow, or all of them, grouped by content, the newest first."""
    columns: list[dict[Content, list[Release]]] = []
    for name, releases in combinations.columns.items():
        columns.append({})
        for release in releases:
            columns[-1].setdefault(content_of[name, release.version], []).append(release)
    groups: dict[tuple[Content, ...], tuple[tuple[Release, ...], int]] = {}
    for contents in itertools.product(*columns):
        members = [column[content] for column, content in zip(columns, contents, strict=True)]
        within = dict(zip(combinations.columns, members, strict=True))
        if forbidden_too:
            groups[contents] = tuple(releases[0] for releases in members), math.prod(map(len, members))
        elif newest := combinations.first(within):
            groups[contents] = newest, combinations.count(within)
    return dict(sorted(groups.items(), key=lambda group: combinations.preference_of(group[1][0])))


def _quick(
    combinations: AllowedCombinations, ledger: Ledger, content_of: ContentsByVersion, candidates: Collection[str]
) -> Groups:
    """The newest allowed combination (of all, where none is allowed), and the deployed one, where that is known."""
    columns = combinations.columns
    newest = combinations.first() or tuple(releases[0] for releases in columns.values())
    sets = [newest]
    if deployed := deployed_set([name for name in columns if name not in candidates], ledger):
        versions = deployed.as_dict()
        sets.append(
            tuple(
                ledger.release(name, versions[name]) if name in versions else releases[0]
                for name, releases in columns.items()
            )
        )
    groups: dict[tuple[Content, ...], tuple[tuple[Release, ...], int]] = {}
    for releases in dict.fromkeys(sets):
        contents = tuple(content_of[name, r.version] for name, r in zip(columns, releases, strict=True))
        first, number = groups.get(contents, (releases, 0))
        groups[contents] = first, number + 1
    return groups


def allowed_number(contract: Contract, ledger: Ledger, releases: Mapping[str, Release], python: str = PYTHON) -> int:
    """How many published combinations the requirements allow around some releases."""
    return allowed_combinations(contract, ledger, releases, python).count()
