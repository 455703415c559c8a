"""What candidates meet: a cell for each distinct content of the packages that are not given. Pure functions; no I/O."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from market_data_meta.contract import Contract
from market_data_meta.gate.candidates import Candidate
from market_data_meta.releases.combinations import Combination
from market_data_meta.releases.contents import Content, ContentCombination, distinct_contents
from market_data_meta.releases.ledger import Ledger, Release
from market_data_meta.releases.pins import allowed_combinations
from market_data_meta.releases.requirements import PYTHON, AllowedCombinations, Requirements, broken_promises
from market_data_meta.releases.unmet import unmet_promises

ALLOWED, ALL, QUICK, PINNED = "allowed", "all", "quick", "pinned"
"""How far a gate reaches: partners that all requirements allow, all, the newest and the deployed, or those named."""


@dataclass(frozen=True)
class GateCell:
    """One cell of a gate: candidates with partners, the same with their predecessors, and what it stands for."""

    now: ContentCombination
    before: ContentCombination | None
    stands_for: int
    forbidden: tuple[str, ...] = ()


@dataclass(frozen=True)
class ShutOut:
    """Candidates that may be installed with no published partner, by their own requirements, and why.

    ``combination`` is with the newest partners that their predecessors could be installed with, ``baseline`` those
    predecessors there, and ``stands_for`` how many published combinations they could be installed in.
    """

    combination: Combination
    baseline: Combination | None
    stands_for: int
    why: str


def with_candidates(ledger: Ledger, candidates: Iterable[Candidate]) -> Ledger:
    """The ledger as it would be with the candidates published."""
    for one in candidates:
        if one.wheel:
            ledger = ledger.with_candidate(one.package, one.release, one.wheel)
    return ledger


def gate_cells(
    contract: Contract,
    ledger: Ledger,
    candidates: tuple[Candidate, ...],
    reach: str,
    pinned: Mapping[str, str] | None = None,
    python: str = PYTHON,
) -> tuple[GateCell, ...]:
    """The cells to gate, the newest partners first.

    Each stands for the published combinations of the same code that ``reach`` takes in, and is run with the newest of
    them. ``pinned`` names partners by version.
    """
    new = with_candidates(ledger, candidates)
    rows = {name: tuple(r for r in releases if not r.yanked) for name, releases in ledger.releases.items()}
    rows |= {name: (ledger.release(name, version),) for name, version in (pinned or {}).items()}
    rows |= {one.package: (one.release,) for one in candidates}
    codes, own = distinct_contents(contract, ledger), distinct_contents(contract, new)
    code_now = {(name, r.version): code for name, column in own.items() for code in column for r in code.releases}
    code_before = {(name, r.version): code for name, column in codes.items() for code in column for r in code.releases}
    newest_first = {name: tuple(reversed(releases)) for name, releases in rows.items()}
    combinations = AllowedCombinations(Requirements(contract.packages, python), newest_first)
    if reach == QUICK:
        groups = _quick(combinations, ledger, code_now)
    else:
        groups = _by_content(combinations, code_now, forbidden_too=reach in (ALL, PINNED))
    previous = {one.package: one.predecessor for one in candidates}
    found = []
    for key, (newest, number) in groups.items():
        now = ContentCombination(tuple(replace(code, releases=(r,)) for code, r in zip(key, newest, strict=True)))
        old = tuple(previous.get(name, release) for name, release in zip(rows, newest, strict=True))
        before = tuple(code_before[name, r.version] for name, r in zip(rows, old, strict=True) if r)
        forbidden = tuple(broken_promises(now.combination, contract.packages, new, python)) if reach != ALLOWED else ()
        found.append(GateCell(now, ContentCombination(before) if len(before) == len(rows) else None, number, forbidden))
    return tuple(found)


Groups = Mapping[tuple[Content, ...], tuple[tuple[Release, ...], int]]
"""The combinations within reach by their content: the newest, and how many there are."""
Contents = Mapping[tuple[str, str], Content]
"""The content of each release, which a package and a version name."""


def _by_content(combinations: AllowedCombinations, content_of: Contents, *, forbidden_too: bool) -> Groups:
    """All combinations, or those that the requirements allow, the newest first."""
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


def _quick(combinations: AllowedCombinations, ledger: Ledger, content_of: Contents) -> Groups:
    """The newest allowed combination (of all, where none is allowed) and the deployed one."""
    columns = combinations.columns
    newest = combinations.first() or tuple(releases[0] for releases in columns.values())
    deployed = tuple(
        next((r for r in releases if r.version == ledger.deployed.pins[name]), releases[0])
        for name, releases in columns.items()
    )
    groups: dict[tuple[Content, ...], tuple[tuple[Release, ...], int]] = {}
    for releases in dict.fromkeys((newest, deployed)):
        contents = tuple(content_of[name, r.version] for name, r in zip(columns, releases, strict=True))
        first, number = groups.get(contents, (releases, 0))
        groups[contents] = first, number + 1
    return groups


def allowed_number(contract: Contract, ledger: Ledger, releases: Mapping[str, Release], python: str = PYTHON) -> int:
    """How many published combinations the requirements allow around some releases."""
    return allowed_combinations(contract, ledger, releases, python).count()


def shut_out(
    contract: Contract, ledger: Ledger, candidates: tuple[Candidate, ...], python: str = PYTHON
) -> ShutOut | None:
    """What candidates have lost that forbid every published partner, or None where that is not their doing.

    It is not where their predecessors could be installed with nothing either, and not where the partners' requirements
    forbid it as well: those who ask for less than a next major version mean to be left alone by it.
    """
    new = with_candidates(ledger, candidates)
    releases = {candidate.package: candidate.release for candidate in candidates}
    if allowed_combinations(contract, new, releases, python).first():
        return None
    asking_nothing = {name: replace(release, requires=()) for name, release in releases.items()}
    if allowed_combinations(contract, new, asking_nothing, python).first() is None:
        return None
    before = {candidate.package: candidate.predecessor for candidate in candidates if candidate.predecessor}
    requirements = Requirements(contract.packages, python)
    unmet = [why for name, release in releases.items() for why in unmet_promises(name, release, requirements, new)]
    if len(before) == len(candidates):
        partners = allowed_combinations(contract, ledger, before, python).first()
        if partners is None:
            return None
    elif unmet:
        partners = tuple(before.get(name) or ledger.newest(name) for name in contract.packages)
    else:
        return None
    versions = {name: release.version for name, release in zip(contract.packages, partners, strict=True)}
    with_them = versions | {name: release.version for name, release in releases.items()}
    combination = Combination(tuple(with_them.items()))
    all_have_one = len(before) == len(candidates)
    return ShutOut(
        combination,
        Combination(tuple(versions.items())) if all_have_one else None,
        allowed_number(contract, ledger, before, python) if all_have_one else 1,
        "; ".join(unmet or requirements.broken_promises(combination, new)),
    )
