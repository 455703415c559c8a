"""Running cells in the warm lane: which clauses are missing where, and the jobs that decide them."""

from __future__ import annotations

import os
import tempfile
from collections import Counter
from collections.abc import Callable, Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from market_data_meta.contract import Clause, Contract
from market_data_meta.judging.records import Record
from market_data_meta.releases.combinations import Cell, Combination
from market_data_meta.releases.contents import Content, ContentCombination
from market_data_meta.releases.ledger import Ledger
from market_data_meta.releases.requirements import broken_promises
from market_data_meta.running import environments, third_party
from market_data_meta.running.cache import Store
from market_data_meta.running.decisions import Decisions
from market_data_meta.running.isolated import SUITE_SECONDS, record_header, warm_plan
from market_data_meta.running.templates import Templates
from market_data_meta.running.warm import Job, Template, run_all

ROUNDS = 4
"""How often what is not decided yet is tried again: a cell died, a clause is wide, a check was in error."""
ATTEMPTS = 2
"""How often a clause is tried in the same cell before that is the answer: elsewhere first, where that is possible."""


@dataclass(frozen=True)
class ProgressStep:
    """Where the matrix is: runs ended in this round, how many there are to be, and the run that has just ended."""

    done: int
    of: int
    what: str
    record: Record | None = None


@dataclass(frozen=True)
class RunRequest:
    """What is to be decided.

    ``whole`` are the combinations that run every clause themselves. The template loads what ``scouts`` load (all the
    squares, without any): cells whose code may be trusted to be imported. A run may use ``seconds`` of CPU time, and
    after ``patience`` runs that came to nothing no more are begun. Runs of ``candidates`` (contents by package) are
    kept aside: what they say of other packages' code is believed in these cells and nowhere else.
    """

    squares: tuple[ContentCombination, ...]
    whole: Container[Combination]
    clauses: frozenset[str] | None = None
    scouts: tuple[ContentCombination, ...] = ()
    seconds: float = SUITE_SECONDS
    patience: int | None = None
    candidates: Mapping[str, str] = field(default_factory=dict)


@dataclass
class ThirdPartyGroup:
    """Cells whose third-party libraries have the same versions: runs of one speak for others."""

    decisions: Decisions
    store: Store
    squares: list[ContentCombination]


class Runner:
    """Runs what is missing, one third-party set after the other."""

    def __init__(
        self,
        contract: Contract,
        ledger: Ledger,
        wanted: RunRequest,
        cache: Path,
        python: str,
        sets: Mapping[tuple[tuple[str, ...], ...], third_party.ThirdPartyLock],
        tell: Callable[[ProgressStep], None],
    ) -> None:
        self._contract, self._ledger, self._wanted, self._cache, self._python = contract, ledger, wanted, cache, python
        every = contract.clauses_for(tuple(contract.packages)).values()
        chosen = wanted.clauses
        self._clauses = [c for c in every if c.scope != "control" and (chosen is None or c.id in chosen)]
        self._sets, self._tell = sets, tell
        self._faults: dict[str, str] = {}
        self._paths: dict[str, Path] = {}
        self._died = 0

    def decide(self, family: ThirdPartyGroup, mine: Container[ContentCombination]) -> int:
        """Run what the family's decisions lack, in the cells that are ours; the number of runs that it took."""
        ran = 0
        tried: Counter[tuple[str, ContentCombination]] = Counter()
        for _ in range(ROUNDS):
            missing = self._missing(family, tried)
            wanted = {square: clauses for square, clauses in missing.items() if square in mine}
            if not wanted or self._impatient:
                break
            tried.update((clause, square) for square, clauses in wanted.items() for clause in clauses)
            ran += self._run(family, wanted)
        if self._impatient:
            for square in family.squares:
                why = f"it was not run: {self._died} runs before it came to nothing"
                family.decisions.faults.setdefault(tuple(square.digests.values()), why)
        return ran

    def _missing(
        self, family: ThirdPartyGroup, tried: Mapping[tuple[str, ContentCombination], int]
    ) -> dict[ContentCombination, list[str]]:
        """The clauses to run in each cell: each that is undecided in the first cell that it is decided by.

        A cell in which a clause was tried comes after those in which it was not, and is tried ``ATTEMPTS`` times.
        """
        decisions = family.decisions
        claimed: set[tuple[str, tuple[str, ...]]] = set()
        wanted: dict[ContentCombination, list[str]] = {}
        for times in range(ATTEMPTS if tried else 1):
            for square in family.squares:
                contents = square.digests
                every = square.combination in self._wanted.whole
                for clause in self._clauses:
                    if tried.get((clause.id, square), 0) != times:
                        continue
                    key = (clause.id, decisions.key(clause, contents))
                    open_ = decisions.of(clause, contents) is None and key not in claimed
                    if open_ or (every and not decisions.own(square, clause.id)):
                        wanted.setdefault(square, []).append(clause.id)
                        claimed.add(key)
        return {square: [*names, *self._contract.controls] for square, names in wanted.items()}

    @property
    def _impatient(self) -> bool:
        return self._wanted.patience is not None and self._died >= self._wanted.patience

    def _run(self, family: ThirdPartyGroup, wanted: Mapping[ContentCombination, list[str]]) -> int:
        groups: dict[third_party.ThirdPartyLock, list[ContentCombination]] = {}
        for square in wanted:
            groups.setdefault(self._sets[square.requirements], []).append(square)
        plan, root = warm_plan(self._contract, self._ledger), self._contract.root
        done = 0
        squares = [*wanted, *self._wanted.scouts]
        releases = self._folders(squares)
        with Templates(root, plan, groups, python=self._python, cache=self._cache, releases=releases) as templates:
            self._unpack(squares)
            for one in templates.order:
                mine = {square: wanted[square] for square in groups[one] if self._unpacked(family, square)}
                for record in self._ran(family, templates, one, mine):
                    done += 1
                    self._died += record.footer is None
                    self._tell(ProgressStep(done, len(wanted), record.cell, record))
                    if self._impatient:
                        return done
        return done

    def _ran(
        self,
        family: ThirdPartyGroup,
        templates: Templates,
        one: third_party.ThirdPartyLock,
        wanted: Mapping[ContentCombination, list[str]],
    ) -> Iterator[Record]:
        """Run the cells, the longest first, and keep what has come of each."""
        if not wanted:
            return
        with tempfile.TemporaryDirectory(prefix="mdmeta-") as folder:
            jobs, homes = [], {}
            for square in sorted(wanted, key=lambda s: -len(wanted[s])):
                job = self._job(square, wanted[square], one, Path(folder))
                jobs.append(job)
                homes[job.name] = square

            def start() -> Template:
                self._tell(ProgressStep(0, 0, "loading the third-party libraries"))
                ends = map(self._path, _ends(self._wanted.scouts or tuple(wanted)))
                return templates.take(one, list({str(path): path for path in ends}.values()))

            at_once = (os.cpu_count() or 1) + 1
            for job, cause in run_all(start, jobs, at_once=at_once, seconds=self._wanted.seconds):
                record = family.store.keep(homes[job.name].digests, job, cause)
                family.decisions.add([record])
                yield record

    def _unpacked(self, family: ThirdPartyGroup, square: ContentCombination) -> bool:
        """Whether the cell's releases are there; what is lost is the cell's fault."""
        why = next((self._faults[c.newest.sha256] for c in square.contents if c.newest.sha256 in self._faults), None)
        if why:
            family.decisions.faults[tuple(square.digests.values())] = why
        return not why

    def _unpack(self, squares: Iterable[ContentCombination]) -> None:
        new: dict[str, dict[str, Content]] = {}
        for square in squares:
            for code in square.contents:
                if code.newest.sha256 not in self._paths | self._faults:
                    name = self._contract.packages[code.package].distribution
                    new.setdefault(name, {})[code.newest.sha256] = code
        if new:
            # Imported here: the client of the index costs more to load than reading what is cached.
            from market_data_meta.running import wheels

            self._tell(ProgressStep(0, 0, f"unpacking {sum(map(len, new.values()))} wheels"))
            releases = {name: [code.newest for code in rows.values()] for name, rows in new.items()}
            paths, faults = wheels.unpack_all(releases, self._cache, self._python)
            self._paths |= paths
            self._faults |= faults

    def _folders(self, squares: Iterable[ContentCombination]) -> list[Path]:
        """The folders in which the cells' releases are, or will be once they are unpacked."""
        found = {self._cache / "wheels" / code.newest.sha256[:16] for square in squares for code in square.contents}
        for folder in found:
            folder.mkdir(parents=True, exist_ok=True)
        return sorted(found)

    def _path(self, square: ContentCombination) -> list[str]:
        return [str(self._paths[code.newest.sha256]) for code in square.contents]

    def _job(
        self, square: ContentCombination, clauses: Sequence[str], one: third_party.ThirdPartyLock, folder: Path
    ) -> Job:
        contract, combination = self._contract, square.combination
        cell = Cell(combination)
        forced = tuple(
            broken_promises(combination, contract.packages, self._ledger, environments.version_of(self._python))
        )
        versions = combination.as_dict()
        tables: list[Clause] = [contract.clauses[name] for name in clauses]
        request = {
            "header": record_header(contract, self._ledger, cell, forced, sorted(clauses), "warm"),
            "clauses": list(clauses),
            "not_applicable": {c.id: why for c in tables if (why := c.why_not_applicable(versions, set(one.optional)))},
            "path": self._path(square),
        }
        return Job(cell.name, request, folder / f"{cell.name}.jsonl", folder / f"{cell.name}.log")


def _ends(squares: Sequence[ContentCombination]) -> tuple[ContentCombination, ContentCombination]:
    """The newest and the oldest of some cells: what both load, the others are taken to load too."""
    return squares[0], min(squares, key=lambda s: [code.releases[0].uploaded for code in s.contents])
