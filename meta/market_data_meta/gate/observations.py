"""Observing a gate's candidates and their predecessors: the same probes, in the same cell, one after the other."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from market_data_meta import suite
from market_data_meta.candidates.as_published import ledger_with_candidates
from market_data_meta.candidates.candidate import Candidate
from market_data_meta.contract import Contract
from market_data_meta.errors import MetaError
from market_data_meta.gate.partners import GateCell
from market_data_meta.judging.observation_rule_file import load_observation_rules
from market_data_meta.judging.observations import ObservedComparison, compare_observations
from market_data_meta.judging.observed_runs import ObservedRun, ObservedSide
from market_data_meta.judging.used_names import UsedNames, used_names
from market_data_meta.releases.contents import ContentCombination
from market_data_meta.releases.ledger import Ledger
from market_data_meta.running import environments
from market_data_meta.running.cells import RunOptions, resolve_third_party
from market_data_meta.running.observation_runs import ObservationRequest, ObservationRunner, unpacked_sites
from market_data_meta.running.third_party import ThirdPartyLock
from market_data_meta.running.warm_runner import ProgressStep

HASH_SEEDS = (0, 1)
"""Each side runs with both, so that what hangs on the order of a set is not taken for a difference."""


@dataclass(frozen=True)
class GateObservation:
    """What was observed in a cell with the candidates, and with their predecessors in their place.

    ``fault`` says why it could not be; there is no comparison then. ``used`` are the names of each candidate's package
    that others use, ``sites`` the folders in which the candidates are unpacked.
    """

    cell: str
    baseline: str
    comparison: ObservedComparison | None = None
    fault: str = ""
    used: Mapping[str, UsedNames] = field(default_factory=dict)
    sites: Mapping[str, Path] = field(default_factory=dict)
    ran: int = 0
    seconds: float = 0.0


@dataclass(frozen=True)
class _Sides:
    """The two cells to observe, each with the third-party set that it runs with."""

    now: ContentCombination
    was: ContentCombination
    lock_now: ThirdPartyLock
    lock_was: ThirdPartyLock


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
            observation = self._observe(observation, sides)
        except MetaError as error:
            observation = replace(observation, fault=f"{error.what}: {error.why}" if error.why else error.what)
        return replace(observation, seconds=time.monotonic() - start)

    def _sides(self, cells: Sequence[GateCell]) -> _Sides | None:
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
                return _Sides(now, was, lock_now, lock_was)
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

    def _observe(self, observation: GateObservation, sides: _Sides) -> GateObservation:
        rules = load_observation_rules(self.contract.root)
        sites = unpacked_sites(self.contract, (sides.now, sides.was), self.options.cache, self.options.interpreter)
        runner = ObservationRunner(self.contract, self.options.interpreter, self.options.cache, sites)
        observed = tuple(candidate.package for candidate in self.candidates)
        self.on_progress(ProgressStep(0, 0, f"observing {observation.baseline}"))
        was = ObservedSide(
            tuple(runner.run(ObservationRequest(sides.was, sides.lock_was, observed, seed)) for seed in HASH_SEEDS)
        )
        preferred = tuple(was.runs[0].names)
        self.on_progress(ProgressStep(0, 0, f"observing {observation.cell}"))
        runs: list[ObservedRun] = []
        for seed in HASH_SEEDS:
            request = ObservationRequest(sides.now, sides.lock_now, observed, seed, preferred, candidates=True)
            runs.append(runner.run(request))
            comparison = compare_observations(was, ObservedSide(tuple(runs)), rules)
            if not comparison.differs and runs[0].unobserved.keys() <= was.unobserved:
                break
        folders = {content.package: sites[content.newest.sha256] for content in sides.now.contents}
        return replace(
            observation,
            comparison=comparison,
            used={package: self._used_names(package, folders) for package in observed},
            sites=folders,
            ran=runner.run_count,
        )

    def _used_names(self, package: str, sites: Mapping[str, Path]) -> UsedNames:
        imports = self.contract.packages[package].imports
        own = dict(_python_files(sites[package], imports))
        others = [
            text
            for name, site in sites.items()
            if name != package
            for _, text in _python_files(site, self.contract.packages[name].imports)
        ]
        readme = "".join(
            file.read_text(encoding="utf-8", errors="replace").partition("\n\n")[2]
            for file in sites[package].glob("*.dist-info/METADATA")
        )
        return used_names(own, readme, others, imports)


def _python_files(site: Path, imports: Iterable[str]) -> Iterator[tuple[str, str]]:
    """The files of the packages that a release installs, by their paths, and their texts."""
    for name in imports:
        for file in sorted((site / name).rglob("*.py")):
            if file.is_file():
                yield file.relative_to(site).as_posix(), file.read_text(encoding="utf-8", errors="replace")
