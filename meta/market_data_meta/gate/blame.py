"""Blame: the smallest set of candidates that explains what went wrong, found by swapping the others back."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from market_data_meta.gate.candidates import Candidate
from market_data_meta.gate.partners import GateCell
from market_data_meta.judging.comparison import SAME, UNDECIDED, compare_checks
from market_data_meta.releases.contents import ContentCombination
from market_data_meta.running.cells import CellRecords

Chosen = tuple[Candidate, ...]


@dataclass(frozen=True)
class Symptom:
    """What went wrong in a cell: a clause, or (without one) the cell itself came to nothing."""

    cell: str
    clause: str = ""


def guilty(
    candidates: Chosen,
    symptoms: Iterable[Symptom],
    shown: Callable[[Chosen, Sequence[Symptom]], Iterable[Symptom]],
) -> dict[Symptom, tuple[str, ...]]:
    """For each symptom the packages of the smallest set of candidates with which it shows.

    ``shown`` tells which of some symptoms show with a set of candidates, the others swapped back to their predecessors.
    Where no smaller set shows a symptom, it takes all of them together.
    """
    left = list(symptoms)
    found: dict[Symptom, tuple[str, ...]] = {}
    for chosen in _smaller_sets(candidates):
        if not left:
            break
        found |= dict.fromkeys(shown(chosen, left), tuple(one.package for one in chosen))
        left = [symptom for symptom in left if symptom not in found]
    return found | dict.fromkeys(left, tuple(one.package for one in candidates))


def _smaller_sets(candidates: Chosen) -> Iterator[Chosen]:
    """Every set but the whole one, small ones first; a candidate without a predecessor is in all of them."""
    for size in range(1, len(candidates)):
        for chosen in itertools.combinations(candidates, size):
            if all(one.predecessor for one in candidates if one not in chosen):
                yield chosen


def swapped_back(meeting: GateCell, chosen: Iterable[Candidate]) -> GateCell:
    """The cell with only the chosen candidates in it, the others swapped back to their predecessors."""
    keep = {one.package for one in chosen}
    before = meeting.before.contents if meeting.before else meeting.now.contents
    return replace(
        meeting,
        now=ContentCombination(
            tuple(n if n.package in keep else b for n, b in zip(meeting.now.contents, before, strict=True))
        ),
    )


def symptom_now(
    symptom: Symptom, meeting: GateCell, now: CellRecords, before: CellRecords, versions: Iterable[tuple[str, str]]
) -> str:
    """What a cell says of a symptom: the kind of its clause; without a clause, undecided if it came to nothing."""
    record = now.records.get(meeting.now)
    if record is None:
        return UNDECIDED
    if not symptom.clause:
        return SAME
    was = before.records.get(meeting.before) if meeting.before else None
    checks = was.checks.get(symptom.clause) if was else None, record.checks.get(symptom.clause)
    return compare_checks(*checks, versions, first_release=meeting.before is None)
