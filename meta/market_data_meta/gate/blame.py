"""Blame: the smallest set of candidates that shows a problem, the other candidates swapped for their predecessors."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from market_data_meta.candidates.candidate import Candidate
from market_data_meta.gate.new_recordings import comparable_pair
from market_data_meta.gate.partners import GateCell
from market_data_meta.judging.comparison import SAME, UNDECIDED, CellComparison, compare_checks
from market_data_meta.judging.deployments import IS_ARCHIVED, TAKES_RECORDINGS
from market_data_meta.releases.contents import ContentCombination
from market_data_meta.running.cell_records import CellRecords

CandidateSet = tuple[Candidate, ...]


@dataclass(frozen=True)
class Problem:
    """What is wrong in a cell: a clause got worse, or, without a clause, the cell has no verdict."""

    cell: str
    clause: str = ""


def cells_to_explain(cells: Iterable[CellComparison]) -> list[str]:
    """The cells without a verdict.

    A candidate alone that was not run is not among them: what kept it from running says nothing of the candidate.
    """
    return [
        cell.pair.cell
        for cell in cells
        if not cell.kinds and (cell.pair.scope != "release" or cell.pair.now or cell.pair.uninstallable)
    ]


def packages_to_blame(
    candidates: CandidateSet,
    problems: Iterable[Problem],
    shows: Callable[[CandidateSet, Sequence[Problem]], Iterable[Problem]],
) -> dict[Problem, tuple[str, ...]]:
    """For each problem the packages of the smallest set of candidates that shows it.

    ``shows`` runs the cells with a set of candidates, the others swapped for their predecessors, and returns which of
    the problems are there again. A problem that no smaller set shows takes all candidates together.
    """
    unexplained = list(problems)
    blame: dict[Problem, tuple[str, ...]] = {}
    for candidate_set in _smaller_sets(candidates):
        if not unexplained:
            break
        packages = tuple(candidate.package for candidate in candidate_set)
        blame |= dict.fromkeys(shows(candidate_set, unexplained), packages)
        unexplained = [problem for problem in unexplained if problem not in blame]
    return blame | dict.fromkeys(unexplained, tuple(candidate.package for candidate in candidates))


def _smaller_sets(candidates: CandidateSet) -> Iterator[CandidateSet]:
    """Every set that leaves a candidate out, small ones first; who has no predecessor is never left out."""
    for size in range(1, len(candidates)):
        for candidate_set in itertools.combinations(candidates, size):
            if all(candidate.predecessor for candidate in candidates if candidate not in candidate_set):
                yield candidate_set


def swap_others_back(cell: GateCell, candidate_set: Iterable[Candidate]) -> GateCell:
    """The cell with only these candidates in it, the others swapped for their predecessors."""
    packages = {candidate.package for candidate in candidate_set}
    candidate_contents = cell.with_candidates.contents
    predecessor_contents = cell.with_predecessors.contents if cell.with_predecessors else candidate_contents
    contents = tuple(
        content if content.package in packages else predecessor_content
        for content, predecessor_content in zip(candidate_contents, predecessor_contents, strict=True)
    )
    return replace(cell, with_candidates=ContentCombination(contents))


def deciding_clauses(problems: Iterable[Problem]) -> frozenset[str] | None:
    """The clauses to run to see whether the problems are there again; None for all.

    What consumers make of a candidate's new messages is known once the candidate's own check has shown them.
    """
    clauses = {problem.clause for problem in problems}
    if "" in clauses:
        return None
    return frozenset(clauses | {IS_ARCHIVED} if TAKES_RECORDINGS in clauses else clauses)


def problem_kind(
    problem: Problem,
    cell: GateCell,
    candidate_records: CellRecords,
    predecessor_records: CellRecords,
    versions: Iterable[tuple[str, str]],
) -> str:
    """How the problem's clause compares in this cell: a kind of difference, or SAME.

    A problem without a clause is UNDECIDED where the cell again has no record, and SAME where it has one.
    """
    record = candidate_records.records.get(cell.with_candidates)
    if record is None:
        return UNDECIDED
    if not problem.clause:
        return SAME
    predecessor_record = predecessor_records.records.get(cell.with_predecessors) if cell.with_predecessors else None
    record, predecessor_record = comparable_pair(record, predecessor_record)
    predecessor_check = predecessor_record.checks.get(problem.clause) if predecessor_record else None
    return compare_checks(
        predecessor_check,
        record.checks.get(problem.clause),
        versions,
        first_release=cell.with_predecessors is None,
    )
