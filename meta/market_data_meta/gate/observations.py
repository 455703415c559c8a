"""Observing a gate's candidates and their predecessors, all at once, in one cell."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from market_data_meta import suite
from market_data_meta.candidates.as_published import ledger_with_candidates
from market_data_meta.candidates.candidate import Candidate
from market_data_meta.contract import Contract
from market_data_meta.errors import MetaError
from market_data_meta.gate.partners import GateCell
from market_data_meta.releases.contents import ContentCombination
from market_data_meta.releases.ledger import Ledger
from market_data_meta.running import environments
from market_data_meta.running.cells import RunOptions, resolve_third_party
from market_data_meta.running.observed_pairs import ObservedPair, PairedCells, observe_pair
from market_data_meta.running.third_party import ThirdPartyLock
from market_data_meta.running.warm_runner import ProgressStep


@dataclass(frozen=True)
class GateObservation:
    """What was observed in a cell with the candidates, and with their predecessors in their place.

    ``fault`` says why it could not be; there is no ``pair`` then.
    """

    cell: str
    baseline: str
    pair: ObservedPair | None = None
    fault: str = ""
    seconds: float = 0.0


@dataclass(frozen=True)
class GateObserver:
    """Observes the candidates of a gate, all at once, in the first of its cells that can be installed on both sides."""

    contract: Contract
    ledger: Ledger
    candidates: tuple[Candidate, ...]
    options: RunOptions
    on_progress: Callable[[ProgressStep], None] = lambda _: None

    def run(self, cells: Sequence[GateCell]) -> GateObservation | None:
        """What is observed; None where nothing can be compared: no predecessor, no cell, or no probes."""
        start = time.monotonic()
        if not (suite.observations_folder(self.contract.root) / "observe.py").is_file():
            return None
        if any(candidate.predecessor is None for candidate in self.candidates):
            return None
        sides = self._sides(cells)
        if sides is None:
            return None
        observation = GateObservation(sides.now.combination.label, sides.was.combination.label)
        try:
            pair = observe_pair(
                self.contract,
                sides,
                tuple(candidate.package for candidate in self.candidates),
                self.options,
                self.on_progress,
                as_of=self.ledger.as_of,
                candidates=True,
            )
            observation = replace(observation, pair=pair)
        except MetaError as error:
            observation = replace(observation, fault=f"{error.what}: {error.why}" if error.why else error.what)
        return replace(observation, seconds=time.monotonic() - start)

    def _sides(self, cells: Sequence[GateCell]) -> PairedCells | None:
        """The first cell that can be installed on both sides; the candidates' predecessors are the very releases."""
        python = self.options.interpreter
        version = environments.version_of(python)
        pairs = [(cell.with_candidates, self._with_predecessors(cell)) for cell in cells if cell.with_predecessors]
        ledger = ledger_with_candidates(self.ledger, self.candidates)
        for now, was in pairs:
            if now.why_not_installable(version) or was.why_not_installable(version):
                continue
            locks, _ = resolve_third_party(self.contract, ledger, (now, was), python, self.options.cache)
            lock_now, lock_was = locks.get(now.requirements), locks.get(was.requirements)
            if isinstance(lock_now, ThirdPartyLock) and isinstance(lock_was, ThirdPartyLock):
                return PairedCells(now, was, lock_now, lock_was)
        return None

    def _with_predecessors(self, cell: GateCell) -> ContentCombination:
        predecessors = {candidate.package: candidate.predecessor for candidate in self.candidates}
        contents = cell.with_predecessors.contents if cell.with_predecessors else ()
        return ContentCombination(
            tuple(
                replace(content, releases=(release,)) if (release := predecessors.get(content.package)) else content
                for content in contents
            )
        )
