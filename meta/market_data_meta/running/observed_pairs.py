"""Observing what comes later and what was before it: the same probes, in the same cell, one after the other."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path

from market_data_meta.contract import Contract
from market_data_meta.inside.mdm_functions import ChangedFunctions
from market_data_meta.inside.mdm_source import SourceChanges
from market_data_meta.judging.changed_definitions import changed_definitions
from market_data_meta.judging.closer_look import CloserLook, places_to_look_at
from market_data_meta.judging.observation_findings import ChangedDefinition
from market_data_meta.judging.observation_rule_file import load_observation_rules
from market_data_meta.judging.observation_rules import ObservationRule
from market_data_meta.judging.observations import ObservedComparison, compare_observations
from market_data_meta.judging.observed_runs import ObservedRun, ObservedSide
from market_data_meta.judging.observed_units import ObservedUnit, ObservedUnits
from market_data_meta.judging.used_names import UsedNames, used_names
from market_data_meta.releases.contents import ContentCombination
from market_data_meta.running.cells import RunOptions
from market_data_meta.running.observation_runs import ObservationRequest, ObservationRunner, unpacked_sites
from market_data_meta.running.observed_libraries import with_extras
from market_data_meta.running.source_changes import read_changed_functions
from market_data_meta.running.third_party import ThirdPartyLock
from market_data_meta.running.warm_runner import ProgressStep

HASH_SEEDS = (0, 1)
"""Each side runs with both, so that what hangs on the order of a set is not taken for a difference."""


@dataclass(frozen=True)
class PairedCells:
    """The two cells to observe, each with the third-party set that it runs with."""

    now: ContentCombination
    was: ContentCombination
    lock_now: ThirdPartyLock
    lock_was: ThirdPartyLock


@dataclass(frozen=True)
class ObservedPair:
    """What was observed of both sides, compared.

    ``used`` are the names of each observed package that others use, ``sites`` the folders of the later side's releases,
    and ``ran`` counts the runs that were not in the cache. ``untouched`` observations were not made of the later side:
    none of the functions that differ runs in them.
    """

    comparison: ObservedComparison
    used: Mapping[str, UsedNames]
    sites: Mapping[str, Path]
    ran: int
    untouched: int = 0

    def definitions(self, changes: Mapping[str, SourceChanges]) -> dict[str, tuple[ChangedDefinition, ...]]:
        """The definitions that the source of the later side has changed, by package."""
        return {
            package: changed_definitions(package, change, lines_of(self.sites.get(package)))
            for package, change in changes.items()
        }


def observe_pair(
    contract: Contract,
    cells: PairedCells,
    observed: tuple[str, ...],
    options: RunOptions,
    on_progress: Callable[[ProgressStep], None],
    *,
    as_of: str,
    candidates: bool = False,
) -> ObservedPair:
    """Observe packages in both cells, with libraries as of a time. Raises MetaError where there is no evidence.

    The libraries are those of the cells and of the extras of what was before: a candidate chooses none of these. The
    later side is observed a second time only where it differs. With ``candidates`` its runs are cached apart. Without
    ``options.run`` nothing is run, and what the cache does not know is no evidence.
    """
    rules = load_observation_rules(contract.root)
    sites = unpacked_sites(contract, (cells.now, cells.was), options)
    runner = ObservationRunner(contract, options.interpreter, options.cache, sites, may_run=options.run)
    lock_now, lock_was = (
        with_extras(contract, lock, cells.was, options, as_of=as_of) for lock in (cells.lock_now, cells.lock_was)
    )
    on_progress(ProgressStep(0, 0, f"observing {cells.was.combination.label}"))
    earlier = [ObservationRequest(cells.was, lock_was, observed, seed) for seed in HASH_SEEDS]
    was = ObservedSide(tuple(map(runner.run, earlier)))
    on_progress(ProgressStep(0, 0, f"observing {cells.now.combination.label}"))
    functions = _changed_functions(cells, observed, sites, options) if lock_now.digest == lock_was.digest else None
    later = ObservationRequest(cells.now, lock_now, observed, HASH_SEEDS[0], was.runs[0], candidates=candidates)
    runs: list[ObservedRun] = []
    untouched: tuple[ObservedUnit, ...] = ()
    for request in earlier:
        if functions is not None:
            untouched = runner.units(request).untouched_by(functions.functions)
        runs.append(runner.run(replace(later, hash_seed=request.hash_seed, untouched=untouched)))
        comparison = compare_observations(was, ObservedSide(tuple(runs)), rules)
        if not comparison.differs and runs[0].unobserved.keys() <= was.unobserved:
            break
    if candidates and functions is not None and not comparison.differs and options.run:
        look = _closer_look(functions, was.runs[0], runner.units(earlier[0]))
        if look.units:
            on_progress(ProgressStep(0, 0, f"looking more closely at {', '.join(place for place, _, _ in look.units)}"))
            closer = [replace(request, closer=look) for request in earlier], replace(later, closer=look)
            comparison = comparison.with_closer_look(_compared_closer(runner, *closer, rules))
    folders = {content.package: sites[content.newest.sha256] for content in cells.now.contents}
    used = {package: _used_names(contract, package, folders) for package in observed}
    return ObservedPair(comparison, used, folders, runner.run_count, sum(len(unit.lines) for unit in untouched))


def _closer_look(changed: ChangedFunctions, was: ObservedRun, units: ObservedUnits) -> CloserLook:
    return CloserLook(
        places_to_look_at(changed.functions, changed.callers, was.places, units), changed.numbers, changed.texts
    )


def _compared_closer(
    runner: ObservationRunner,
    earlier: Sequence[ObservationRequest],
    later: ObservationRequest,
    rules: Sequence[ObservationRule],
) -> ObservedComparison:
    """Both sides at once; where they differ both once more, with the other hash seed."""
    sides: tuple[list[ObservedRun], list[ObservedRun]] = ([], [])
    for request in earlier:
        both = (replace(request, like=later.like), replace(later, hash_seed=request.hash_seed))
        with ThreadPoolExecutor(len(both)) as pool:
            for side, run in zip(sides, pool.map(runner.run, both), strict=True):
                side.append(run)
        comparison = compare_observations(ObservedSide(tuple(sides[0])), ObservedSide(tuple(sides[1])), rules)
        if not comparison.differences:
            break
    return comparison


def _changed_functions(
    cells: PairedCells, observed: tuple[str, ...], sites: Mapping[str, Path], options: RunOptions
) -> ChangedFunctions | None:
    """The functions that differ in the observed packages; None where something else does, there or in the others."""
    found: list[ChangedFunctions] = []
    for was, now in zip(cells.was.contents, cells.now.contents, strict=True):
        if was.package not in observed:
            if was.digest != now.digest:
                return None
            continue
        folders = sites[was.newest.sha256], sites[now.newest.sha256]
        changed = read_changed_functions(folders, options.interpreter)
        if changed.other:
            return None
        found.append(changed)
    return ChangedFunctions(
        tuple(function for each in found for function in each.functions),
        "",
        tuple(number for each in found for number in each.numbers),
        tuple(text for each in found for text in each.texts),
        tuple(function for each in found for function in each.callers),
    )


def lines_of(site: Path | None) -> Callable[[str], Sequence[str]]:
    """The lines of a file of a release; none of one that cannot be read."""

    def lines(file: str) -> Sequence[str]:
        try:
            return (site / file).read_text(encoding="utf-8", errors="replace").splitlines() if site else ()
        except OSError:
            return ()

    return lines


def _used_names(contract: Contract, package: str, sites: Mapping[str, Path]) -> UsedNames:
    imports = contract.packages[package].imports
    own = dict(_python_files(sites[package], imports))
    others = [
        text
        for name, site in sites.items()
        if name != package
        for _, text in _python_files(site, contract.packages[name].imports)
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
