"""The complete matrix: decide every clause for every cell, running only what is not known yet."""

from __future__ import annotations

import hashlib
import json
import os
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from market_data_meta import suite
from market_data_meta.contract import Contract
from market_data_meta.ledger import Ledger
from market_data_meta.matrix import cache as cached
from market_data_meta.matrix import libraries
from market_data_meta.matrix.codes import Code, Square, codes_of, corners_of, squares_of
from market_data_meta.matrix.decisions import Decisions
from market_data_meta.matrix.runner import Family, Runner, Step, Wanted
from market_data_meta.record import Record


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
    stores: tuple[Path, ...] = field(default=())


@dataclass(frozen=True)
class Asked:
    """How the matrix is to be run: interpreter, cache, part ``(i, n)`` of the cells, every clause in each or not."""

    cache: Path
    python: str | None = None
    shard: tuple[int, int] = (1, 1)
    exhaustive: bool = False
    run: bool = True

    @property
    def interpreter(self) -> str:
        """The interpreter that runs the cells: the one asked for, or the one that this tool was set up with."""
        own = os.environ.get("MDMETA_PYTHON") or str(getattr(sys, "_base_executable", sys.executable))
        return self.python or own


def complete(contract: Contract, ledger: Ledger, asked: Asked, tell: Callable[[Step], None]) -> Complete:
    """Decide every cell of the matrix. ``tell`` is called with each step."""
    codes = codes_of(contract, ledger)
    every = squares_of(codes)
    wanted = Wanted(tuple(every), frozenset(s.combination for s in corners_of(codes)))
    return decide(contract, ledger, codes, wanted, asked, tell)


def decide(
    contract: Contract,
    ledger: Ledger,
    codes: Mapping[str, tuple[Code, ...]],
    wanted: Wanted,
    asked: Asked,
    tell: Callable[[Step], None],
) -> Complete:
    """Decide what is wanted. ``tell`` is called with each step; nothing that ``asked.cache`` knows is run again."""
    python = asked.interpreter
    folders = [asked.cache]
    if wanted.candidates:
        aside = hashlib.sha256(json.dumps(sorted(wanted.candidates.items())).encode()).hexdigest()[:16]
        folders.append(asked.cache / "candidates" / aside)
    tell(Step(0, 0, "resolving third-party libraries"))
    # All that is published comes first, so that a family has one digest whatever is wanted of it.
    published = squares_of(codes_of(contract, ledger.published))
    sets = libraries.resolved(contract, ledger.published, published, python, asked.cache)
    own = {s.libraries for s in wanted.squares} - sets.keys()
    new = libraries.resolved(contract, ledger, (s for s in wanted.squares if s.libraries in own), python, asked.cache)
    digests = libraries.families(*([one for one in some.values() if not isinstance(one, str)] for some in (sets, new)))
    sets |= new
    uninstallable = {s: why for s in wanted.squares if isinstance(why := sets[s.libraries], str)}
    families: dict[str, Family] = {}
    for square in wanted.squares:
        one = sets[square.libraries]
        if isinstance(one, str):
            continue
        digest = digests[one]
        if digest not in families:
            decisions = Decisions(contract, asked.exhaustive, also=frozenset(wanted.candidates))
            stores = [cached.Store(folder, suite.digest(contract.root), digest, python) for folder in folders]
            for store in stores:
                decisions.add(store.records())
            families[digest] = Family(decisions, stores[-1], [])
        families[digest].squares.append(square)
    part, parts = asked.shard
    ran = 0
    if asked.run:
        installable = {wants: one for wants, one in sets.items() if not isinstance(one, str)}
        runner = Runner(contract, ledger, wanted, asked.cache, python, installable, tell)
        for family in families.values():
            mine = frozenset(s for number, s in enumerate(family.squares) if number % parts == part - 1)
            ran += runner.decide(family, mine)
    records: dict[Square, Record] = {}
    faults: dict[Square, str] = {}
    for family in families.values():
        for square in family.squares:
            record = family.decisions.record(square)
            if record:
                records[square] = record
            elif fault := family.decisions.faults.get(tuple(square.contents.values())):
                faults[square] = fault
    kept = tuple(family.store.folder for family in families.values())
    wide = frozenset(name for family in families.values() for name in family.decisions.wide)
    return Complete(codes, wanted.squares, records, faults, uninstallable, wide, ran, kept)
