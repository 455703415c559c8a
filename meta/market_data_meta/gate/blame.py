"""Blame: the smallest set of candidates that explains what went wrong, found by swapping the others back."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

from market_data_meta.gate.candidates import Candidate

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
