"""What a gate found, and what that means. Pure functions; no I/O."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from dataclasses import dataclass

from market_data_meta.errors import Exit
from market_data_meta.gate.brought import Brought
from market_data_meta.gate.candidates import Candidate
from market_data_meta.judging.comparison import CellComparison, Difference, known_failures
from market_data_meta.judging.verdicts import COMPATIBLE, INCOMPATIBLE, UNINSTALLABLE, UNKNOWN


@dataclass(frozen=True)
class GateOutcome:
    """The cells compared, what differs and whose doing it is, and what that rests on.

    ``same_code`` names the published releases that run a candidate's code. ``guilty`` is by cell, for those that came
    to nothing. ``allowed`` counts the published combinations that all requirements allow, with the candidates and with
    their predecessors. ``seconds`` is wall time. ``brought`` are the libraries that the candidates bring along.
    """

    suite: str
    as_of: str
    reach: str
    strict: bool
    candidates: tuple[Candidate, ...]
    same_code: Mapping[str, tuple[str, ...]]
    cells: tuple[CellComparison, ...]
    differences: tuple[Difference, ...]
    guilty: Mapping[str, tuple[str, ...]]
    allowed: tuple[int, int]
    ran: int
    start: float
    seconds: float
    brought: tuple[Brought, ...] = ()

    @property
    def known(self) -> dict[str, tuple[str, ...]]:
        """The clauses that fail as they did before, with their cells."""
        return known_failures(self.cells)

    @property
    def exit(self) -> Exit:
        """Violated by a regression, undecided where something could not be told, else nothing got worse."""
        verdicts = [cell.verdict for cell in self.cells]
        newly = [c for c in self.cells if c.verdict == UNINSTALLABLE and not c.pair.was_uninstallable]
        if INCOMPATIBLE in verdicts or newly:
            return Exit.VIOLATED
        if UNKNOWN in verdicts or COMPATIBLE not in verdicts:
            return Exit.UNDECIDED
        return Exit.COMPATIBLE

    def reproduce(self, cell: str, guilty: tuple[str, ...]) -> str:
        """The command that shows one cell again, with only the guilty candidates in it."""
        given = [one for one in self.candidates if one.package in guilty or not guilty]
        words = [f"--{one.package} {shlex.quote(one.source)}" for one in given]
        pair = next(c.pair for c in self.cells if c.pair.cell == cell)
        own = {one.package for one in given}
        old = {one.package: one.predecessor.version for one in self.candidates if one.predecessor}
        pins = [f"{name}=={old.get(name, version)}" for name, version in pair.combination.items() if name not in own]
        return " ".join(["./scripts/mdmeta gate", *words, *pins])
