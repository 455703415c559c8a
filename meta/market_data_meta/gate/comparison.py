"""A gate's comparison of candidates with their predecessors, and what it means. Pure functions; no I/O."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from dataclasses import dataclass

from market_data_meta.candidates.candidate import Candidate
from market_data_meta.errors import Exit
from market_data_meta.gate.observations import GateObservation
from market_data_meta.judging.comparison import HELD, REGRESSED, CellComparison, Difference, known_failures
from market_data_meta.judging.verdicts import UNINSTALLABLE, UNKNOWN
from market_data_meta.results.observations import GateObservations
from market_data_meta.results.parts import BroughtLibrary


@dataclass(frozen=True)
class GateComparison:
    """Every cell of a gate compared, what differs and because of which candidates, and what that rests on.

    ``same_code`` names the published releases that run a candidate's code. ``guilty`` names, for each cell without a
    verdict, the packages that are to blame. ``allowed`` counts the published combinations that all requirements allow,
    with the candidates and with their predecessors. ``seconds`` is wall time. ``is_earlier`` says that ``as_of`` is
    earlier than the ledger. ``brought_libraries`` are those that the candidates bring along. ``observed`` is what was
    seen of them beside the checks, ``observations`` what follows.
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
    is_earlier: bool = False
    brought_libraries: tuple[BroughtLibrary, ...] = ()
    observed: GateObservation | None = None
    observations: GateObservations | None = None

    @property
    def known(self) -> dict[str, tuple[str, ...]]:
        """The clauses that fail as they did before, with their cells."""
        return known_failures(self.cells)

    @property
    def exit(self) -> Exit:
        """Violated by a regression or a finding, undecided where a cell or an observation is, else all is well."""
        verdicts = [cell.verdict for cell in self.cells]
        newly = [c for c in self.cells if c.verdict == UNINSTALLABLE and not c.pair.was_uninstallable]
        observed = self.observations
        if REGRESSED in verdicts or newly or (observed and observed.failing(strict=self.strict)):
            return Exit.VIOLATED
        if UNKNOWN in verdicts or HELD not in verdicts or (observed and observed.fault):
            return Exit.UNDECIDED
        return Exit.OK

    def reproduce(self, cell: str, guilty: tuple[str, ...]) -> str:
        """The command that shows one cell again, with only the guilty candidates in it."""
        shown = [candidate for candidate in self.candidates if candidate.package in guilty or not guilty]
        options = [f"--{candidate.package} {shlex.quote(candidate.source)}" for candidate in shown]
        pair = next(c.pair for c in self.cells if c.pair.cell == cell)
        packages = {candidate.package for candidate in shown}
        predecessors = {c.package: c.predecessor.version for c in self.candidates if c.predecessor}
        versions = {**pair.combination, **predecessors}
        pins = [f"{name}=={versions[name]}" for name in pair.combination if name not in packages]
        options += ["--as-of", self.as_of] if self.is_earlier else []
        return " ".join(["./scripts/mdmeta gate", *options, *pins])
