"""The complete matrix: decide every clause for every cell, running only what is not known yet."""

from __future__ import annotations

import os
import sys
import tempfile
import time
from collections.abc import Callable, Container, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from market_data_meta import suite
from market_data_meta.combination import Cell, Combination, broken_promises
from market_data_meta.contract import Clause, Contract
from market_data_meta.ledger import Ledger
from market_data_meta.matrix import cache as cached
from market_data_meta.matrix import libraries
from market_data_meta.matrix.codes import Code, Square, codes_of, corners_of, squares_of
from market_data_meta.matrix.decisions import Decisions
from market_data_meta.matrix.warm import Job, Template, run_all
from market_data_meta.record import Record
from market_data_meta.run import SUITE_SECONDS, header_of, plan_of

ROUNDS = 4
"""How often what is not decided yet is tried elsewhere: a cell died, a clause is wide, a check was in error."""


@dataclass(frozen=True)
class Step:
    """Where the matrix is: runs ended in this round, and how many there are to be."""

    done: int
    of: int
    what: str


@dataclass(frozen=True)
class Complete:
    """Every cell with its record, or with why it has none."""

    codes: Mapping[str, tuple[Code, ...]]
    squares: tuple[Square, ...]
    records: Mapping[Square, Record]
    faults: Mapping[Square, str]
    uninstallable: Mapping[Square, str]
    wide: frozenset[str]
    ran: int
    stores: tuple[Path, ...] = ()


@dataclass
class _Family:
    """Cells whose third-party libraries have the same versions: runs of one speak for others."""

    decisions: Decisions
    store: cached.Store
    squares: list[Square]


@dataclass(frozen=True)
class Asked:
    """How the matrix is to be run: interpreter, cache, part ``(i, n)`` of the cells, every clause in each or not."""

    cache: Path
    python: str | None = None
    shard: tuple[int, int] = (1, 1)
    exhaustive: bool = False
    run: bool = True


def complete(contract: Contract, ledger: Ledger, asked: Asked, tell: Callable[[Step], None]) -> Complete:
    """Decide every cell. ``tell`` is called with each step; nothing that ``asked.cache`` knows is run again."""
    python = asked.python or os.environ.get("MDMETA_PYTHON") or str(getattr(sys, "_base_executable", sys.executable))
    codes = codes_of(contract, ledger)
    every = squares_of(codes)
    corners = {square.combination for square in corners_of(codes)}
    tell(Step(0, 0, "resolving third-party libraries"))
    sets = libraries.resolved(contract, ledger, every, python, asked.cache)
    uninstallable = {s: why for s in every if isinstance(why := sets[s.libraries], str)}
    known = [one for one in sets.values() if not isinstance(one, str)]
    digests = libraries.families(known)
    families: dict[str, _Family] = {}
    for square in every:
        one = sets[square.libraries]
        if isinstance(one, str):
            continue
        digest = digests[one]
        if digest not in families:
            store = cached.Store(asked.cache, suite.digest(contract.root), digest, python)
            families[digest] = _Family(Decisions(contract, asked.exhaustive), store, [])
            families[digest].decisions.add(store.records())
        families[digest].squares.append(square)
    part, parts = asked.shard
    ran = 0
    if asked.run:
        installable = {wants: one for wants, one in sets.items() if not isinstance(one, str)}
        runner = _Runner(contract, ledger, asked, python, installable, tell)
        for family in families.values():
            mine = frozenset(s for number, s in enumerate(family.squares) if number % parts == part - 1)
            ran += runner.decide(family, mine, corners)
    records: dict[Square, Record] = {}
    faults: dict[Square, str] = {}
    for family in families.values():
        for square in family.squares:
            record = family.decisions.record(square)
            if record:
                records[square] = record
            elif fault := family.decisions.faults.get(tuple(square.contents.values())):
                faults[square] = fault
    stores = tuple(family.store.folder for family in families.values())
    wide = frozenset(name for family in families.values() for name in family.decisions.wide)
    return Complete(codes, tuple(every), records, faults, uninstallable, wide, ran, stores)


class _Runner:
    """Runs what is missing, one third-party set after the other."""

    def __init__(
        self,
        contract: Contract,
        ledger: Ledger,
        asked: Asked,
        python: str,
        sets: Mapping[tuple[tuple[str, ...], ...], libraries.Libraries],
        tell: Callable[[Step], None],
    ) -> None:
        self._contract, self._ledger, self._asked, self._python = contract, ledger, asked, python
        self._sets, self._tell = sets, tell
        self._faults: dict[str, str] = {}
        self._paths: dict[str, Path] = {}

    def decide(self, family: _Family, mine: Container[Square], corners: Container[Combination]) -> int:
        """Run what the family's decisions lack, in the cells that are ours; the number of runs that it took."""
        ran = 0
        tried: set[tuple[str, Square]] = set()
        for _ in range(ROUNDS):
            missing = self._missing(family, corners, tried)
            wanted = {square: clauses for square, clauses in missing.items() if square in mine}
            if not wanted:
                break
            tried |= {(clause, square) for square, clauses in wanted.items() for clause in clauses}
            ran += self._run(family, wanted)
        return ran

    def _missing(
        self, family: _Family, corners: Container[Combination], tried: set[tuple[str, Square]]
    ) -> dict[Square, list[str]]:
        """The clauses to run in each cell: each that is undecided in the first cell that it is decided by."""
        decisions = family.decisions
        clauses = list(self._contract.clauses_for(tuple(self._contract.packages)).values())
        claimed: set[tuple[str, tuple[str, ...]]] = set()
        wanted: dict[Square, list[str]] = {}
        for square in family.squares:
            contents = square.contents
            every = square.combination in corners
            names = []
            for clause in clauses:
                if (clause.id, square) in tried or clause.scope == "control":
                    continue
                key = (clause.id, decisions.key(clause, contents))
                open_ = decisions.of(clause, contents) is None and key not in claimed
                if open_ or (every and not decisions.own(square, clause.id)):
                    names.append(clause.id)
                    claimed.add(key)
            if names:
                wanted[square] = [*names, *self._contract.controls]
        return wanted

    def _run(self, family: _Family, wanted: Mapping[Square, list[str]]) -> int:
        self._unpack(wanted)
        groups: dict[libraries.Libraries, list[Square]] = {}
        for square in wanted:
            groups.setdefault(self._sets[square.libraries], []).append(square)
        done = 0
        for one, squares in groups.items():
            lost = {s: why for s in squares if (why := self._lost(s))}
            for square, why in lost.items():
                family.decisions.faults[tuple(square.contents.values())] = why
            whole = [square for square in squares if square not in lost]
            if not whole:
                continue
            interpreter = libraries.installed(one, self._python, self._asked.cache)
            with tempfile.TemporaryDirectory(prefix="mdmeta-") as folder:
                jobs, homes = [], {}
                for square in sorted(whole, key=lambda s: -len(wanted[s])):
                    job = self._job(square, wanted[square], one, Path(folder))
                    jobs.append(job)
                    homes[job.name] = square

                def start(
                    interpreter: Path = interpreter, folder: str = folder, whole: list[Square] = whole
                ) -> Template:
                    return self._template(interpreter, Path(folder), whole)

                at_once = (os.cpu_count() or 1) + 1
                for job, cause in run_all(start, jobs, at_once=at_once, seconds=SUITE_SECONDS):
                    done += 1
                    family.decisions.add([family.store.keep(homes[job.name].contents, job, cause)])
                    self._tell(Step(done, len(wanted), job.name))
        return done

    def _unpack(self, squares: Iterable[Square]) -> None:
        new: dict[str, dict[str, Code]] = {}
        for square in squares:
            for code in square.codes:
                if code.newest.sha256 not in self._paths | self._faults:
                    name = self._contract.packages[code.package].distribution
                    new.setdefault(name, {})[code.newest.sha256] = code
        if new:
            # Imported here: the client of the index costs more to load than reading what is cached.
            from market_data_meta.matrix import wheels

            self._tell(Step(0, 0, f"unpacking {sum(map(len, new.values()))} wheels"))
            releases = {name: [code.newest for code in rows.values()] for name, rows in new.items()}
            paths, faults = wheels.unpack_all(releases, self._asked.cache, self._python)
            self._paths |= paths
            self._faults |= faults

    def _lost(self, square: Square) -> str | None:
        return next((self._faults[c.newest.sha256] for c in square.codes if c.newest.sha256 in self._faults), None)

    def _path(self, square: Square) -> list[str]:
        return [str(self._paths[code.newest.sha256]) for code in square.codes]

    def _template(self, interpreter: Path, folder: Path, squares: Sequence[Square]) -> Template:
        self._tell(Step(0, 0, "loading the third-party libraries"))
        names = tuple(self._contract.packages)
        plan = plan_of(self._contract, names) | {"jobs": 1 + (os.cpu_count() or 1)}
        template = Template(self._contract.root, interpreter, plan, folder / f"template-{time.monotonic_ns()}.log")
        template.__enter__()
        try:
            scouts = list({str(path): path for path in map(self._path, _ends(squares))}.values())
            template.warm(scouts, plan["preload"])
        except BaseException:
            template.__exit__(None, None, None)
            raise
        return template

    def _job(self, square: Square, clauses: Sequence[str], one: libraries.Libraries, folder: Path) -> Job:
        contract, combination = self._contract, square.combination
        cell = Cell(combination)
        forced = tuple(broken_promises(combination, contract.packages, self._ledger))
        versions = combination.as_dict()
        tables: list[Clause] = [contract.clauses[name] for name in clauses]
        request = {
            "header": header_of(contract, self._ledger, cell, forced, sorted(clauses), "warm"),
            "clauses": list(clauses),
            "not_applicable": {c.id: why for c in tables if (why := c.why_not(versions, set(one.optional)))},
            "path": self._path(square),
        }
        return Job(cell.name, request, folder / f"{cell.name}.jsonl", folder / f"{cell.name}.log")


def _ends(squares: Sequence[Square]) -> tuple[Square, Square]:
    """The newest and the oldest of some cells: what both load, the others are taken to load too."""
    return squares[0], min(squares, key=lambda s: [code.releases[0].uploaded for code in s.codes])
