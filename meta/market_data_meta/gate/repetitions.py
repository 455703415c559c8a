"""What came out otherwise with candidates is run again, with them and with their predecessors, before it is told."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from market_data_meta.candidates.as_published import ledger_with_candidates
from market_data_meta.candidates.candidate import Candidate
from market_data_meta.contract import Clause, Contract
from market_data_meta.gate.partners import GateCell
from market_data_meta.judging.comparison import (
    REGRESSION,
    REPAIR,
    SPURIOUS,
    UNDECIDED,
    CellComparison,
    Repetition,
    differences,
)
from market_data_meta.judging.records import Record
from market_data_meta.judging.repeated_checks import repeats
from market_data_meta.releases.contents import ContentCombination
from market_data_meta.releases.ledger import Ledger
from market_data_meta.running.cache import discard_runs
from market_data_meta.running.cells import RunOptions, decide
from market_data_meta.running.decisions import repeated_checks
from market_data_meta.running.isolated import REPETITIONS
from market_data_meta.running.release_runs import ReleaseAlone, release_runs_folder
from market_data_meta.running.warm_runner import ProgressStep, RunRequest

CELL_SECONDS = 90.0
"""CPU time of one run: the whole suite takes less than 16 s."""
RepetitionsByClause = Mapping[str, tuple[Repetition, ...]]


def clauses_to_repeat(
    cells: Iterable[CellComparison], clauses: Mapping[str, Clause]
) -> dict[str, dict[str, tuple[str, ...]]]:
    """For each cell the clauses to run again in it, each with all cells in which it came out in the same way.

    Of the cells in which a clause came out in the same way, the first speaks for all.
    """
    to_repeat: dict[str, dict[str, tuple[str, ...]]] = {}
    for difference in differences(cells, clauses):
        if difference.kind in (REGRESSION, REPAIR):
            to_repeat.setdefault(difference.cells[0], {})[difference.clause.id] = difference.cells
    return to_repeat


@dataclass
class GateRepetitions:
    """Runs the clauses of a gate again in its cells, and alone.

    ``run_count`` counts the runs that it took, ``folders`` are those that they are cached in.
    """

    contract: Contract
    ledger: Ledger
    options: RunOptions
    on_progress: Callable[[ProgressStep], None]
    run_count: int = 0
    folders: set[Path] = field(default_factory=set)

    def in_cells(
        self,
        candidates: Collection[Candidate],
        contents: Mapping[str, str],
        clauses: Mapping[GateCell, frozenset[str]],
    ) -> dict[GateCell, RepetitionsByClause]:
        """Repetitions of these clauses in each cell, with the candidates and with their predecessors in turn.

        ``contents`` are those of the candidates whose code is new, by package.
        """
        repeat: dict[ContentCombination, frozenset[str]] = {}
        for cell, names in clauses.items():
            for side in (cell.with_candidates, cell.with_predecessors):
                if side:
                    # One combination may stand in several cells.
                    repeat[side] = repeat.get(side, frozenset()) | names
        if not repeat:
            return {}
        request = RunRequest(
            tuple(repeat),
            survey_cells=tuple(cell.with_predecessors for cell in clauses if cell.with_predecessors),
            seconds=CELL_SECONDS,
            candidates=contents,
            repeat=repeat,
        )
        ledger = ledger_with_candidates(self.ledger, candidates)
        records = decide(self.contract, ledger, {}, request, self.options, self.on_progress)
        self.run_count += records.run_count
        self.folders.update(records.cache_folders)
        return {
            cell: _paired(
                records.runs.get(cell.with_predecessors, ()) if cell.with_predecessors else (),
                records.runs.get(cell.with_candidates, ()),
                names,
            )
            for cell, names in clauses.items()
        }

    def alone(
        self, candidate: ReleaseAlone, predecessor: ReleaseAlone | None, clauses: frozenset[str]
    ) -> RepetitionsByClause:
        """Repetitions of these clauses on a candidate alone and on its predecessor alone, in turn."""
        now: list[Record] = []
        was: list[Record] = []
        with tempfile.TemporaryDirectory(prefix="mdmeta-") as folder:
            for number in range(1, REPETITIONS + 1):
                now.append(candidate.repeat(clauses, number, Path(folder) / "candidate"))
                if predecessor:
                    was.append(predecessor.repeat(clauses, number, Path(folder) / "predecessor"))
        self.run_count += len(now) + len(was)
        return _paired(was, now, clauses)

    def discard(self, cells: Iterable[CellComparison], folders: Iterable[Path]) -> None:
        """Remove from the caches in ``folders`` what did not repeat: it is no evidence, and is run anew next time."""
        searched = {*folders, *self.folders, release_runs_folder(self.options.cache)}
        for cell in cells:
            for name, repetitions in cell.pair.repetitions.items():
                if cell.kinds.get(name) not in (SPURIOUS, UNDECIDED):
                    continue
                before, now = [each.was for each in repetitions], [each.now for each in repetitions]
                first_now = cell.pair.now.checks.get(name) if cell.pair.now else None
                unsteady = [
                    first
                    for first, repeated in ((cell.pair.check_before(name), before), (first_now, now))
                    if first and not repeats(first, repeated)
                ]
                discard_runs(searched, name, [check for check in (*unsteady, *before, *now) if check])


def _paired(was: Sequence[Record], now: Sequence[Record], clauses: Iterable[str]) -> dict[str, tuple[Repetition, ...]]:
    """The checks of each clause in the runs of both sides, in pairs."""
    pairs = {
        name: zip(repeated_checks(was, name, REPETITIONS), repeated_checks(now, name, REPETITIONS), strict=True)
        for name in clauses
    }
    return {name: tuple(Repetition(before, after) for before, after in checks) for name, checks in pairs.items()}
