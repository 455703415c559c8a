"""Observing one published release beside the newest partners, as a gate observes the predecessor of a candidate."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from market_data_meta.contract import Contract
from market_data_meta.errors import ErrorCode, undecided
from market_data_meta.judging.observed_runs import ObservedSide
from market_data_meta.releases.contents import ContentCombination, contents_by_version, distinct_contents
from market_data_meta.releases.ledger import Ledger, Release
from market_data_meta.releases.pins import allowed_combinations
from market_data_meta.running import environments
from market_data_meta.running.cells import RunOptions, resolve_third_party
from market_data_meta.running.observation_runs import ObservationRequest, ObservationRunner, unpacked_sites
from market_data_meta.running.observed_libraries import with_extras
from market_data_meta.running.observed_pairs import HASH_SEEDS
from market_data_meta.running.third_party import ThirdPartyLock
from market_data_meta.running.warm_runner import ProgressStep


def observe_release(
    contract: Contract,
    ledger: Ledger,
    package: str,
    release: Release,
    options: RunOptions,
    on_progress: Callable[[ProgressStep], None],
) -> ObservedSide:
    """What is observed of a release beside the newest partners that all requirements allow, from the cache if known.

    Raises MetaError where there are no such partners, or no evidence.
    """
    python = options.interpreter
    name = f"{package} {release.version}"
    partners = allowed_combinations(contract, ledger, {package: release}, environments.version_of(python)).first()
    if partners is None:
        raise undecided(
            ErrorCode.NO_OBSERVATIONS, f"{name} could not be observed", "its requirements allow no partners"
        )
    contents = contents_by_version(distinct_contents(contract, ledger))
    cell = ContentCombination(
        tuple(
            replace(contents[partner, version.version], releases=(version,))
            for partner, version in zip(contract.packages, partners, strict=True)
        )
    )
    lock = resolve_third_party(contract, ledger, (cell,), python, options.cache)[0].get(cell.requirements)
    if not isinstance(lock, ThirdPartyLock):
        why = lock.reason if lock else cell.why_not_installable(environments.version_of(python))
        raise undecided(ErrorCode.NO_OBSERVATIONS, f"{name} could not be observed", why)
    lock = with_extras(contract, lock, cell, options, as_of=ledger.as_of)
    sites = unpacked_sites(contract, (cell,), options)
    runner = ObservationRunner(contract, python, options.cache, sites, may_run=options.run)
    on_progress(ProgressStep(0, 0, f"observing {cell.combination.label}"))
    return ObservedSide(tuple(runner.run(ObservationRequest(cell, lock, (package,), seed)) for seed in HASH_SEEDS))
