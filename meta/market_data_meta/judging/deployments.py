"""Deployments: what users can do with services that each have their own releases. Pure functions; no I/O.

Only clauses of deployment scope count: each is decided by the run of one service, without the others. What one service
sends to another is in a recording, so one run of the other says of all its producers whether it takes what they send.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from market_data_meta.contract import Capability, Contract
from market_data_meta.judging.capabilities import (
    ClauseDecision,
    cannot_be_installed,
    capability_state,
    state_of_part,
    why_weak,
)
from market_data_meta.judging.defects import KnownDefects
from market_data_meta.judging.records import Check, Record
from market_data_meta.judging.verdicts import run_faults
from market_data_meta.releases.combinations import Combination
from market_data_meta.results.capabilities import CapabilityState

TAKES_RECORDINGS = "consumer.takes-recordings"
"""The clause whose check gives a service all recordings; ``got`` has what happened, by the recording's name."""
IS_ARCHIVED = "publisher.recording-is-archived"
"""The clause whose check compares what a service sends with all recordings: it must be among them."""


@dataclass(frozen=True)
class ServiceRun:
    """A service of a deployment: its releases, and the record of the run that stands for it.

    ``fault`` says why there is no record, ``uninstallable`` that nothing satisfies the releases' requirements.
    ``recordings`` are the names of what the service is known to send, ``archive`` the names of all that are
    recorded and it may send. ``sends`` are the recordings of it that the archive lacks, by name; ``takes`` is how the
    clause about recordings came out with those of another service, by their names in order. ``brought`` are the
    entries of its third-party lock that candidates have chosen.
    """

    releases: Combination
    record: Record | None = None
    fault: str = ""
    uninstallable: str = ""
    recordings: tuple[str, ...] = ()
    archive: tuple[str, ...] = ()
    sends: Mapping[str, Any] = field(default_factory=dict)
    takes: Mapping[tuple[str, ...], Check] = field(default_factory=dict)
    brought: tuple[str, ...] = ()

    @property
    def is_archived(self) -> bool | None:
        """Whether what it sends is among the recordings, though it may not be known which of them; None if unknown."""
        check = self.record.checks.get(IS_ARCHIVED) if self.record and not run_faults(self.record) else None
        return {"passed": True, "failed": False}.get(check.outcome) if check else None

    def __str__(self) -> str:
        return " and ".join(f"{package} {version}" for package, version in self.releases.versions)


Deployment = Mapping[str, ServiceRun]
"""The services that are out together, by name; or one of them, by itself."""


@dataclass(frozen=True)
class DecidedClause(ClauseDecision):
    """How a clause came out in a deployment, and the ``service`` whose run says so."""

    service: str = field(kw_only=True)


@dataclass(frozen=True)
class DeployedCapability:
    """A capability in a deployment: its state, and how each of its clauses of deployment scope came out."""

    state: CapabilityState
    clauses: tuple[DecidedClause, ...]

    @property
    def failing(self) -> dict[str, tuple[DecidedClause, Check]]:
        """The clauses that fail by id, each with its check, those first that it cannot do without."""
        failing = [(one, one.check) for one in self.clauses if one.check and one.outcome == "failed"]
        return {one.clause: (one, check) for one, check in sorted(failing, key=lambda pair: not pair[0].essential)}


def deployment_capabilities(contract: Contract) -> dict[str, Capability]:
    """The capabilities that services decide, each with those of its clauses only that they do."""
    in_scope = {clause.id for clause in contract.clauses.values() if contract.service_of(clause)}
    parts = {
        name: replace(
            capability,
            essential=tuple(clause for clause in capability.essential if clause in in_scope),
            others=tuple(clause for clause in capability.others if clause in in_scope),
        )
        for name, capability in contract.capabilities.items()
    }
    return {name: part for name, part in parts.items() if part.essential or part.others}


def deployed_capabilities(
    contract: Contract, suite: str, deployment: Deployment, known: KnownDefects
) -> dict[str, DeployedCapability]:
    """Every capability that services decide, as it is in the deployment.

    A service without a sound record leaves what it decides unknown, and one that cannot be installed breaks it. A
    service by itself has the capabilities of which it decides something, and must take all that is recorded.
    """
    weak = {name: why_undecided(suite, run) for name, run in deployment.items()}
    capabilities = {}
    for name, capability in deployment_capabilities(contract).items():
        clauses = tuple(_decided(contract, capability, deployment, weak, known))
        if not clauses:
            continue
        services = dict.fromkeys(clause.service for clause in clauses)
        broken = [deployment[service].uninstallable for service in services if deployment[service].uninstallable]
        state = capability_state(
            capability, list(clauses), contract.clauses, "broken" if broken else state_of_part(clauses)
        )
        if broken:
            state = state.model_copy(update={"reason": cannot_be_installed(broken)})
        elif state.state == "unknown":
            reasons = [why for service in services if (why := weak[service]) and state.undecided]
            state = state.model_copy(update={"reason": "; ".join(reasons) or state.reason})
        capabilities[name] = DeployedCapability(state, clauses)
    return capabilities


def narrowed(
    check: Check, producers: Iterable[ServiceRun], takes: Mapping[tuple[str, ...], Check] | None = None
) -> Check:
    """The check of the clause about recordings, narrowed to what these producers send.

    Where it is not known which recordings a producer sends, it is enough that all or none of those are taken which it
    may send; otherwise nothing is known. What it sends and the archive lacks has been given to the consumer: ``takes``
    says how that came out.
    """
    if check.outcome not in ("passed", "failed"):
        return check
    if check.outcome == "failed" and not isinstance(check.got, Mapping):
        return replace(check, outcome="error", message="the check does not say which recordings were not taken")
    refused = check.got if check.outcome == "failed" else {}
    got: dict[str, object] = {}
    for producer in producers:
        given = (takes or {}).get(tuple(sorted(producer.sends))) if producer.sends else None
        if given and given.outcome == "failed" and isinstance(given.got, Mapping):
            got |= given.got
            continue
        if given and given.outcome != "passed":
            return replace(check, outcome="error", message=given.message, got=None)
        known = () if producer.is_archived is False else producer.recordings
        names = known or (producer.archive if producer.is_archived or given else ())
        not_taken = {name: refused[name] for name in names if name in refused}
        is_known_which = not given and (bool(known) or len(not_taken) == len(names))
        if not names and not given:
            why = f"there is no recording of what {producer} sends"
        elif not_taken and not is_known_which:
            why = f"it is not known which of the recordings {producer} sends, and {', '.join(not_taken)} is not taken"
        else:
            got |= not_taken
            continue
        return replace(check, outcome="error", message=why, got=None)
    return replace(check, outcome="failed" if got else "passed", got=got or None)


def _decided(
    contract: Contract,
    capability: Capability,
    deployment: Deployment,
    weak: Mapping[str, str],
    known: KnownDefects,
) -> Iterator[DecidedClause]:
    for name in (*capability.essential, *capability.others):
        deciding = contract.service_of(contract.clauses[name])
        if deciding is None or deciding.name not in deployment:
            continue
        service, run = deciding.name, deployment[deciding.name]
        check = run.record.checks.get(name) if run.record and not weak[service] else None
        defect = known.defect_of(run.record, check) if run.record and check else None
        partners = [other for partner, other in deployment.items() if partner != service]
        if check and partners and name == TAKES_RECORDINGS:
            check = narrowed(check, partners, run.takes)
            defect = defect if check.outcome == "failed" else None
        essential = name in capability.essential
        yield DecidedClause(name, essential, check, str(run), defect, service=service)


def why_undecided(suite: str, run: ServiceRun) -> str:
    """Why the service's run says nothing; empty where it does."""
    if run.record is None:
        return f"{run}: {run.uninstallable or run.fault or 'it was not run'}"
    return f"{run}: {'; '.join(reasons)}" if (reasons := why_weak(suite, run.record)) else ""
