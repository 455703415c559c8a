"""What commands about deployments share: the evidence of a checkout."""

from __future__ import annotations

from collections.abc import Callable

from market_data_meta import suite
from market_data_meta.commands.common import Checkout
from market_data_meta.deployment.evidence import DeploymentEvidence
from market_data_meta.deployment.recordings import load_recordings
from market_data_meta.deployment.runs import service_runs
from market_data_meta.running.cells import RunOptions
from market_data_meta.running.warm_runner import ProgressStep


def deployment_evidence(
    checkout: Checkout, options: RunOptions, on_progress: Callable[[ProgressStep], None]
) -> DeploymentEvidence:
    """The evidence that the checkout has, and the services' runs as the options say."""
    contract, ledger = checkout.contract, checkout.ledger
    return DeploymentEvidence(
        contract,
        suite.digest(checkout.root),
        ledger,
        checkout.known_defects,
        load_recordings(checkout.root, ledger),
        lambda services: service_runs(contract, ledger, checkout.known_defects, services, options, on_progress),
    )
