"""What candidates meet: a cell for each distinct content of the packages that are not given. Pure functions; no I/O."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace

from market_data_meta.contract import Contract
from market_data_meta.gate.candidates import Candidate
from market_data_meta.releases.combinations import broken_promises
from market_data_meta.releases.contents import Content, ContentCombination, distinct_contents
from market_data_meta.releases.ledger import Ledger, Release
from market_data_meta.releases.pins import allowed

ALLOWED, ALL, QUICK, PINNED = "allowed", "all", "quick", "pinned"
"""How far a gate reaches: partners that all requirements allow, all, the newest and the deployed, or those named."""


@dataclass(frozen=True)
class GateCell:
    """One cell of a gate: candidates with partners, the same with their predecessors, and what it stands for."""

    now: ContentCombination
    before: ContentCombination | None
    stands_for: int
    forbidden: tuple[str, ...] = ()


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
    rows = {name: (releases[name],) if name in releases else rows for name, rows in ledger.releases.items()}
    return sum(1 for _ in allowed(contract, replace(ledger, releases=rows)))
