"""Decide every clause for some cells, running only what is not known yet."""

from __future__ import annotations

import hashlib
import json
import os
import sys
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from market_data_meta import suite
from market_data_meta.contract import Contract
from market_data_meta.judging.records import Record
from market_data_meta.releases.contents import Content, ContentCombination, content_combinations, distinct_contents
from market_data_meta.releases.ledger import Ledger
from market_data_meta.releases.requirements import PYTHON
from market_data_meta.running import environments, third_party
from market_data_meta.running.cache import Store
from market_data_meta.running.decisions import Decisions
from market_data_meta.running.third_party import ThirdPartyLock
from market_data_meta.running.warm_runner import ProgressStep, Runner, RunRequest, ThirdPartyGroup


@dataclass(frozen=True)
class CellRecords:
    """Every cell with its record, or with why it has none."""

    contents: Mapping[str, tuple[Content, ...]]
    cells: tuple[ContentCombination, ...]
    records: Mapping[ContentCombination, Record]
    faults: Mapping[ContentCombination, str]
    uninstallable: Mapping[ContentCombination, str]
    wide: frozenset[str]
    ran: int
    stores: tuple[Path, ...] = field(default=())
    python: str = PYTHON
    """The version of the interpreter that they were run on."""
    brought: tuple[str, ...] = ()
    """The third-party entries of locks that candidates have brought along."""

    def why_none(self, square: ContentCombination | None) -> str:
        """Why a cell has no record, or nothing."""
        return (self.uninstallable.get(square) or self.faults.get(square, "")) if square else ""


@dataclass(frozen=True)
class RunOptions:
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


def decide(
    contract: Contract,
    ledger: Ledger,
    codes: Mapping[str, tuple[Content, ...]],
    wanted: RunRequest,
    asked: RunOptions,
    tell: Callable[[ProgressStep], None],
) -> CellRecords:
    """Decide what is wanted. ``tell`` is called with each step; nothing that ``asked.cache`` knows is run again."""
    python = asked.interpreter
    tell(ProgressStep(0, 0, "resolving third-party libraries"))
    sets, digests = _libraries(contract, ledger, wanted, python, asked.cache)
    installable = {wants: one for wants, one in sets.items() if not isinstance(one, str)}
    uninstallable = {s: why for s in wanted.squares if isinstance(why := sets[s.requirements], str)}
    families: dict[str, ThirdPartyGroup] = {}
    for square in wanted.squares:
        if square in uninstallable:
            continue
        one = installable[square.requirements]
        digest = digests[one]
        if digest not in families:
            families[digest] = _family(contract, wanted, asked, digest, one)
        families[digest].squares.append(square)
    ran = 0
    if asked.run:
        part, parts = asked.shard
        runner = Runner(contract, ledger, wanted, asked.cache, python, installable, tell)
        for family in families.values():
            if _begins(family, installable, python, asked.cache):
                continue
            mine = frozenset(s for number, s in enumerate(family.squares) if number % parts == part - 1)
            ran += runner.decide(family, mine)
    found = _collected(codes, wanted, families.values(), uninstallable, ran)
    brought = {entry: None for one in installable.values() for entry in one.brought}
    return replace(found, brought=tuple(sorted(brought)), python=environments.version_of(python))


def _begins(
    family: ThirdPartyGroup, sets: Mapping[tuple[tuple[str, ...], ...], ThirdPartyLock], python: str, cache: Path
) -> bool:
    """Whether something that was brought along runs at every start of Python: the cells' fault, and none is run."""
    one = sets[family.squares[0].requirements]
    why = third_party.begins(one, third_party.installed(one, python, cache)) if one.brought else ""
    if why:
        family.decisions.faults.update({tuple(square.digests.values()): why for square in family.squares})
    return bool(why)


def _libraries(
    contract: Contract, ledger: Ledger, wanted: RunRequest, python: str, cache: Path
) -> tuple[dict[tuple[tuple[str, ...], ...], ThirdPartyLock | str], dict[ThirdPartyLock, str]]:
    """The third-party set of each distinct set of requirements, and the digest of each set's family.

    All that is published comes first, so that a family has one digest whatever is wanted of it.
    """
    published = content_combinations(distinct_contents(contract, ledger.published))
    sets = third_party.resolved(contract, ledger.published, published, python, cache)
    others = (square for square in wanted.squares if square.requirements not in sets)
    new = third_party.resolved(contract, ledger, others, python, cache)
    known = [one for one in sets.values() if not isinstance(one, str)]
    told = {wants: one if isinstance(one, str) else one.beside(known) for wants, one in new.items()}
    added = [one for one in told.values() if not isinstance(one, str)]
    return sets | told, third_party.families(known, added)


def _aside(wanted: RunRequest, cache: Path) -> Path:
    """The folder that keeps the runs: of candidates one of their own."""
    if not wanted.candidates:
        return cache
    name = hashlib.sha256(json.dumps(sorted(wanted.candidates.items())).encode()).hexdigest()[:16]
    return cache / "candidates" / name


def _family(
    contract: Contract, wanted: RunRequest, asked: RunOptions, digest: str, one: ThirdPartyLock
) -> ThirdPartyGroup:
    """A family with what is known of it: the runs of releases, and those of the candidates.

    With libraries that a candidate has brought along only its own runs are known, and kept beside these.
    """
    folder = _aside(wanted, one.home(asked.cache))
    places = (folder,) if one.brought else (asked.cache, folder)
    decisions = Decisions(contract, asked.exhaustive, also=frozenset(wanted.candidates))
    stores = [Store(place, suite.digest(contract.root), digest, asked.interpreter) for place in dict.fromkeys(places)]
    for store in stores:
        decisions.add(store.records())
    return ThirdPartyGroup(decisions, stores[-1], [])


def _collected(
    codes: Mapping[str, tuple[Content, ...]],
    wanted: RunRequest,
    families: Iterable[ThirdPartyGroup],
    uninstallable: Mapping[ContentCombination, str],
    ran: int,
) -> CellRecords:
    records: dict[ContentCombination, Record] = {}
    faults: dict[ContentCombination, str] = {}
    wide: set[str] = set()
    stores = []
    for family in families:
        wide |= family.decisions.wide
        stores.append(family.store.folder)
        for square in family.squares:
            record = family.decisions.record(square)
            if record:
                records[square] = record
            elif fault := family.decisions.faults.get(tuple(square.digests.values())):
                faults[square] = fault
    return CellRecords(codes, wanted.squares, records, faults, uninstallable, frozenset(wide), ran, tuple(stores))
