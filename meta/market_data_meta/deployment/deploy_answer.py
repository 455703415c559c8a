"""May these services go out together? The answer from their runs, each service with its own releases."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from market_data_meta.contract import Contract
from market_data_meta.deployment.evidence import DeploymentEvidence
from market_data_meta.judging.deployments import deployed_capabilities
from market_data_meta.releases.services import Services
from market_data_meta.results.capabilities import CapabilityState, StateName
from market_data_meta.results.deployment import DeploymentAnswer
from market_data_meta.results.parts import ExitCode


def deployment_answer(
    services: Services, evidence: DeploymentEvidence, needs: tuple[str, ...] = (), needs_fully: tuple[str, ...] = ()
) -> DeploymentAnswer:
    """What works with these services, whether what is needed does, and what their own requirements say."""
    runs = evidence.run(services.values())
    deployment = {name: runs[releases] for name, releases in services.items()}
    judged = deployed_capabilities(evidence.contract, evidence.suite, deployment, evidence.known)
    capabilities = tuple(capability.state for capability in judged.values())
    states = {state.name: state.state for state in capabilities}
    unmet = _unmet(states, needs, needs_fully)
    forbidden = tuple(sentence for releases in services.values() for sentence in evidence.forbidden(releases))
    exit_code: ExitCode
    uninstallable = any(run.uninstallable for run in runs.values())
    if forbidden or uninstallable or any(states[name] != "unknown" for name in unmet):
        exit_code = 1
    elif needs or needs_fully:
        exit_code = 3 if unmet else 0
    elif _fails_unknown(evidence.contract, capabilities):
        exit_code = 1
    else:
        exit_code = 3 if "unknown" in states.values() or not states else 0
    return DeploymentAnswer(
        exit=exit_code,
        services={name: releases.as_dict() for name, releases in services.items()},
        forbidden=forbidden,
        capabilities=capabilities,
        needs=needs,
        needs_fully=needs_fully,
        unmet=unmet,
        suite=evidence.suite,
        as_of=evidence.ledger.as_of,
    )


def _unmet(states: Mapping[str, StateName], needs: tuple[str, ...], needs_fully: tuple[str, ...]) -> tuple[str, ...]:
    """The needed capabilities that are not as they are needed, or of which that is not known."""
    broken = [name for name in needs if states[name] in ("broken", "unknown")]
    return tuple(dict.fromkeys((*broken, *(name for name in needs_fully if states[name] != "works"))))


def _fails_unknown(contract: Contract, capabilities: Iterable[CapabilityState]) -> bool:
    """Whether a must clause fails in a way that is no known defect."""
    return any(
        failure.defect is None and contract.clauses[failure.clause].level == "must"
        for state in capabilities
        for failure in state.failures
    )
