"""What commands about deployments share: the evidence of a checkout."""

from __future__ import annotations

from collections.abc import Callable

from market_data_meta import suite
from market_data_meta.candidates.as_published import ledger_with_candidates, put_into_cache
from market_data_meta.candidates.candidate import Candidate
from market_data_meta.commands.common import Checkout
from market_data_meta.deployment.evidence import DeploymentEvidence
from market_data_meta.deployment.recordings import load_recordings
from market_data_meta.deployment.runs import given_recordings, service_runs
from market_data_meta.running.brought_libraries import brought_libraries
from market_data_meta.running.cells import RunOptions
from market_data_meta.running.warm_runner import ProgressStep


def deployment_evidence(
    checkout: Checkout,
    options: RunOptions,
    on_progress: Callable[[ProgressStep], None],
    candidates: tuple[Candidate, ...] = (),
) -> DeploymentEvidence:
    """The evidence that the checkout has, and the services' runs as the options say, with the candidates."""
    contract, ledger = checkout.contract, ledger_with_candidates(checkout.ledger, candidates)
    put_into_cache(candidates, options.cache)
    return DeploymentEvidence(
        contract,
        suite.digest(checkout.root),
        ledger,
        checkout.known_defects,
        load_recordings(checkout.root, ledger),
        lambda services: service_runs(contract, ledger, checkout.known_defects, services, options, on_progress),
        candidates=candidates,
        give=lambda consumers, sent: given_recordings(contract, ledger, consumers, sent, options, on_progress),
        origins=lambda entries: brought_libraries(entries, options.interpreter, ledger.as_of),
    )
