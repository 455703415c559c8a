"""What candidates meet: a cell for each distinct content of the packages that are not given. Pure functions; no I/O."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace

from market_data_meta.contract import Contract
from market_data_meta.gate.candidates import Candidate
from market_data_meta.releases.combinations import Combination, broken_promises
from market_data_meta.releases.contents import Content, ContentCombination, distinct_contents
from market_data_meta.releases.ledger import Ledger, Release
from market_data_meta.releases.pins import allowed
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
) -> tuple[GateCell, ...]:
    """The cells to gate, the newest partners first.

    Each stands for the published combinations of the same code that ``reach`` takes in, and is run with the newest of
    them. ``pinned`` names partners by version.
    """
    new = with_candidates(ledger, candidates)
    rows = {name: tuple(r for r in releases if not r.yanked) for name, releases in ledger.releases.items()}
    rows |= {name: (ledger.release(name, version),) for name, version in (pinned or {}).items()}
    rows |= {one.package: (one.release,) for one in candidates}
    chosen = _chosen(contract, replace(new, releases=rows), reach)
    codes, own = distinct_contents(contract, ledger), distinct_contents(contract, new)
    code_now = {(name, r.version): code for name, column in own.items() for code in column for r in code.releases}
    code_before = {(name, r.version): code for name, column in codes.items() for code in column for r in code.releases}
    groups: dict[tuple[Content, ...], list[tuple[Release, ...]]] = {}
    for releases in chosen:
        key = tuple(code_now[name, r.version] for name, r in zip(rows, releases, strict=True))
        groups.setdefault(key, []).append(releases)
    previous = {one.package: one.predecessor for one in candidates}
    found = []
    for key, members in groups.items():
        newest = members[0]
        now = ContentCombination(tuple(replace(code, releases=(r,)) for code, r in zip(key, newest, strict=True)))
        old = tuple(previous.get(name, release) for name, release in zip(rows, newest, strict=True))
        before = tuple(code_before[name, r.version] for name, r in zip(rows, old, strict=True) if r)
        forbidden = tuple(broken_promises(now.combination, contract.packages, new)) if reach != ALLOWED else ()
        found.append(
            GateCell(now, ContentCombination(before) if len(before) == len(rows) else None, len(members), forbidden)
        )
    return tuple(found)


def _chosen(contract: Contract, ledger: Ledger, reach: str) -> Iterator[tuple[Release, ...]]:
    """The combinations within reach, the newest first."""
    newest_first = [tuple(reversed(releases)) for releases in ledger.releases.values()]
    if reach in (ALL, PINNED):
        yield from itertools.product(*newest_first)
    elif reach == QUICK:
        newest = next(allowed(contract, ledger), tuple(row[0] for row in newest_first))
        deployed = tuple(
            next((r for r in row if r.version == ledger.deployed["pins"][name]), row[0])
            for name, row in zip(ledger.releases, newest_first, strict=True)
        )
        yield from dict.fromkeys((newest, deployed))
    else:
        yield from allowed(contract, ledger)


def allowed_number(contract: Contract, ledger: Ledger, releases: Mapping[str, Release]) -> int:
    """How many published combinations the requirements allow around some releases."""
    return sum(1 for _ in allowed(contract, _around(ledger, releases)))


def shut_out(contract: Contract, ledger: Ledger, candidates: tuple[Candidate, ...]) -> ShutOut | None:
    """What candidates have lost that forbid every published partner, or None where that is not their doing.

    It is not where their predecessors could be installed with nothing either, and not where the partners' requirements
    forbid it as well: those who ask for less than a next major version mean to be left alone by it.
    """
    new = with_candidates(ledger, candidates)
    if next(allowed(contract, _around(new, {one.package: one.release for one in candidates})), None):
        return None
    asking_nothing = {one.package: replace(one.release, requires=()) for one in candidates}
    if next(allowed(contract, _around(new, asking_nothing)), None) is None:
        return None
    before = {one.package: one.predecessor for one in candidates if one.predecessor}
    unmet = [why for one in candidates for why in unmet_promises(one.package, one.release, contract.packages, new)]
    if len(before) == len(candidates):
        partners = next(allowed(contract, _around(ledger, before)), None)
        if partners is None:
            return None
    elif unmet:
        partners = tuple(before.get(name) or ledger.newest(name) for name in contract.packages)
    else:
        return None
    own = {one.package: one.release for one in candidates}
    versions = {name: r.version for name, r in zip(contract.packages, partners, strict=True)}
    combination = Combination(tuple((name, own[name].version if name in own else v) for name, v in versions.items()))
    whole = len(before) == len(candidates)
    return ShutOut(
        combination,
        Combination(tuple(versions.items())) if whole else None,
        allowed_number(contract, ledger, before) if whole else 1,
        "; ".join(unmet or broken_promises(combination, contract.packages, new)),
    )


def _around(ledger: Ledger, releases: Mapping[str, Release]) -> Ledger:
    """The ledger with only some releases of their packages."""
    return replace(
        ledger, releases={n: (releases[n],) if n in releases else rows for n, rows in ledger.releases.items()}
    )
