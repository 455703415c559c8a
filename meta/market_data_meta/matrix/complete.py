"""Decides the complete matrix: every combination of published contents.

A clause is run once for the same code of the packages that it binds. Two things that this takes for granted are put to
the test by cells that run clauses themselves: that nothing else decides its outcome (the corners of the matrix), and
that contents of one code id run alike (the clauses that bind its package in a cell of each of these contents; those of
services, which start real servers, in the corners alone).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace

from market_data_meta.contract import Contract
from market_data_meta.judging.defects import KnownDefects
from market_data_meta.judging.records import Check, Record
from market_data_meta.judging.repeated_checks import outcomes, repeats, unexpected_checks, unsteady
from market_data_meta.releases.contents import (
    ContentCombination,
    cells_of_shared_code,
    content_combinations,
    distinct_contents,
    oldest_and_newest_combinations,
)
from market_data_meta.releases.ledger import Ledger
from market_data_meta.results.matrix import SpuriousCheck
from market_data_meta.running.cache import discard_runs
from market_data_meta.running.cell_records import CellRecords
from market_data_meta.running.cells import RunOptions, decide
from market_data_meta.running.decisions import repeated_checks
from market_data_meta.running.isolated import REPETITIONS
from market_data_meta.running.warm_runner import ProgressStep, RunRequest

ATTEMPTS = 3
"""How often the matrix is decided because something did not repeat, before that is an error."""
OnProgress = Callable[[ProgressStep], None]


def decide_matrix(contract: Contract, ledger: Ledger, options: RunOptions, on_progress: OnProgress) -> CellRecords:
    """Decide every cell of the matrix. ``on_progress`` is called with each step."""
    contents = distinct_contents(contract, ledger)
    cells = content_combinations(contents)
    exhaustive = {cell.combination: frozenset({package}) for cell, package in cells_of_shared_code(contents).items()}
    corners = (cell.combination for cell in oldest_and_newest_combinations(contents))
    exhaustive |= dict.fromkeys(corners, frozenset(contract.packages))
    return decide(contract, ledger, contents, RunRequest(tuple(cells), exhaustive), options, on_progress)


def decide_repeated_matrix(
    contract: Contract, ledger: Ledger, known: KnownDefects, options: RunOptions, on_progress: OnProgress
) -> tuple[CellRecords, tuple[SpuriousCheck, ...]]:
    """Decide every cell of the matrix, and run again what came out otherwise than is known; what did not repeat.

    So no defect is called new or mended, and no clause wide, because of one run. What does not repeat is no evidence:
    the run that showed it is made anew, and where that does not help, the record has an error in place of the check.
    """
    spurious: dict[tuple[str, str], SpuriousCheck] = {}
    run_count = 0
    for _ in range(ATTEMPTS):
        records = decide_matrix(contract, ledger, options, on_progress)
        run_count += records.run_count
        errors: dict[int, Check] = {}
        doubtful = [*_doubtful_checks(contract, known, records)]
        if not doubtful:
            break
        repeated = _repeat(contract, ledger, doubtful, options, on_progress)
        run_count += repeated.run_count
        for cell, check in doubtful:
            checks = repeated_checks(repeated.runs.get(cell, ()), check.clause, REPETITIONS)
            if repeats(check, checks):
                continue
            name, how = cell.combination.label, outcomes((check, *checks))
            spurious[name, check.clause] = SpuriousCheck(cell=name, clause=check.clause, outcomes=how)
            errors[id(check)] = unsteady(check, checks)
            discard_runs(
                [*records.cache_folders, *repeated.cache_folders], check.clause, [check, *filter(None, checks)]
            )
        if not errors:
            break
    return replace(_with_errors(records, errors), run_count=run_count), tuple(spurious.values())


def _with_errors(records: CellRecords, errors: Mapping[int, Check]) -> CellRecords:
    """The records with these errors in place of checks (by identity), of which none makes a clause wide."""
    if not errors:
        return records
    in_doubt = {first.clause for first, second in records.conflicts if {id(first), id(second)} & errors.keys()}

    def without(record: Record) -> Record:
        return replace(record, checks={name: errors.get(id(check), check) for name, check in record.checks.items()})

    with_errors = {cell: without(record) for cell, record in records.records.items()}
    services = {cell: without(record) for cell, record in records.services.items()}
    return replace(records, records=with_errors, services=services, wide_clauses=records.wide_clauses - in_doubt)


def _doubtful_checks(
    contract: Contract, known: KnownDefects, records: CellRecords
) -> Iterator[tuple[ContentCombination, Check]]:
    """The checks that say something new, each once, with the cell that has run it.

    A check decides its clause in many cells: it is the same value in the records of all of them.
    """
    doubtful = [check for pair in records.conflicts for check in pair]
    for record in records.records.values():
        doubtful += unexpected_checks(contract, record, known)
    cell_of = {id(check): cell for cell, runs in records.runs.items() for run in runs for check in run.checks.values()}
    for check in {id(check): check for check in doubtful}.values():
        if id(check) in cell_of:
            yield cell_of[id(check)], check


def _repeat(
    contract: Contract,
    ledger: Ledger,
    doubtful: Iterable[tuple[ContentCombination, Check]],
    options: RunOptions,
    on_progress: OnProgress,
) -> CellRecords:
    clauses: dict[ContentCombination, set[str]] = {}
    for cell, check in doubtful:
        clauses.setdefault(cell, set()).add(check.clause)
    repeat = {cell: frozenset(names) for cell, names in clauses.items()}
    return decide(contract, ledger, {}, RunRequest(tuple(repeat), repeat=repeat), options, on_progress)
