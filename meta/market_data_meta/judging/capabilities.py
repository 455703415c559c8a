"""Capabilities: what users can do with a combination, from the checks of its records. Pure functions; no I/O.

This is truth and not expectation: a known defect is a failure here. Clauses of release scope are decided by the records
of the three releases alone, those of deployment scope by the records of the services, run in the same way as the
combination. Where such a record is missing they are undecided, and a capability that cannot do without them is unknown:
that a combination runs says nothing about how its releases install or work without the others.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from market_data_meta.contract import Capability, Clause, Contract
from market_data_meta.judging.defects import Defect, KnownDefects
from market_data_meta.judging.records import Check, Record
from market_data_meta.judging.verdicts import OTHER_SUITE, UNINSTALLABLE, CellVerdict, why_not_evidence
from market_data_meta.results.capabilities import CapabilityFailure, CapabilityState, StateName

LONGEST_GOT = 200
"""Characters of what a check got that a sentence quotes."""


@dataclass(frozen=True)
class ClauseDecision:
    """How a clause came out for one of the runs that decide it, or that no run did: then ``check`` is None.

    ``release`` names what was run alone, a release or those of a service, and is empty for the combination itself.
    ``defect`` is the known defect that the check shows, if it shows one.
    """

    clause: str
    essential: bool
    check: Check | None
    release: str = ""
    defect: Defect | None = None

    @property
    def outcome(self) -> str:
        """As in the record. A check that could not run decides nothing, as one that was not run."""
        return "undecided" if self.check is None or self.check.outcome == "error" else self.check.outcome


def capability_states(
    contract: Contract,
    suite: str,
    cell: CellVerdict,
    known: KnownDefects,
    records: Iterable[Record] = (),
    releases: Mapping[str, str] | None = None,
) -> tuple[CapabilityState, ...]:
    """The state of every capability in a cell of all packages; ``records`` are where its releases are looked up.

    With ``releases`` these stand for those of the cell, which have the same code.

    A record that is weak evidence, or none, leaves every capability unknown and says why. In a set that cannot be
    installed every capability is broken: the resolver's answer is evidence, and nobody can do anything with such a set.
    """
    if cell.verdict == UNINSTALLABLE:
        reason = cannot_be_installed(cell.reasons)
        return tuple(_without_clauses(one, "broken", reason) for one in contract.capabilities.values())
    record = cell.record
    weak = why_weak(suite, record) if record else list(cell.reasons)
    if weak or record is None:
        reason = "; ".join(weak) or "there is no record"
        return tuple(_without_clauses(one, "unknown", reason) for one in contract.capabilities.values())
    releases = releases or record.versions
    alone = _records_alone(contract, suite, record, releases, records)
    return tuple(
        capability_state(
            capability, list(_decisions(contract, capability, record, releases, alone, known)), contract.clauses
        )
        for capability in contract.capabilities.values()
    )


def state_of(decisions: Iterable[ClauseDecision]) -> StateName:
    """What the decisions of its clauses make of a capability.

    It is broken as soon as an essential clause fails, whatever else is undecided, and otherwise unknown as long as an
    essential one is undecided or none applies. With all of these holding it is limited as soon as another clause
    fails, and works once all of them are decided.
    """
    outcomes: dict[bool, set[str]] = {True: set(), False: set()}
    for decision in decisions:
        outcomes[decision.essential].add(decision.outcome)
    if "failed" in outcomes[True]:
        return "broken"
    if "undecided" in outcomes[True] or "passed" not in outcomes[True]:
        return "unknown"
    if "failed" in outcomes[False]:
        return "limited"
    return "unknown" if "undecided" in outcomes[False] else "works"


def state_of_part(decisions: Iterable[ClauseDecision]) -> StateName:
    """The same by those of its clauses that are decided in one place, such as in the services of a deployment.

    Where none of the clauses that it cannot do without is among them, the others say whether it is limited.
    """
    decisions = list(decisions)
    if not decisions or any(decision.essential for decision in decisions):
        return state_of(decisions)
    outcomes = {decision.outcome for decision in decisions}
    if "failed" in outcomes:
        return "limited"
    return "unknown" if "undecided" in outcomes else "works"


def is_partial(contract: Contract, cell: CellVerdict) -> bool:
    """Whether the cell is a release alone or a service, which decides a part of the capabilities of combinations."""
    if cell.record and cell.record.versions:
        return len(cell.record.versions) < len(contract.packages)
    return 0 < sum(package in cell.cell for package in contract.packages) < len(contract.packages)


def why_weak(suite: str, record: Record) -> list[str]:
    """Why the record is no evidence, or none of this suite."""
    weak = why_not_evidence(record)
    return weak or ([OTHER_SUITE] if record.header.suite != suite else [])


def _records_alone(
    contract: Contract, suite: str, record: Record, releases: Mapping[str, str], records: Iterable[Record]
) -> dict[tuple[str, ...], Record]:
    """The sound records of releases and services alone by their packages, same interpreter and third-party choice."""
    label = "-".join(f"{package}{version}" for package, version in record.versions.items())
    cells = {
        record.cell.replace(label, "-".join(f"{name}{releases[name]}" for name in packages)): packages
        for packages in (*((name,) for name in releases), *contract.service_packages)
    }
    return {
        cells[candidate.cell]: candidate
        for candidate in records
        if candidate.cell in cells and not why_weak(suite, candidate)
    }


def _decisions(
    contract: Contract,
    capability: Capability,
    record: Record,
    releases: Mapping[str, str],
    alone: Mapping[tuple[str, ...], Record],
    known: KnownDefects,
) -> Iterator[ClauseDecision]:
    """Each clause of the capability with the checks that decide it: one, or in release scope one for each package."""
    for name in (*capability.essential, *capability.others):
        clause, essential = contract.clauses.get(name), name in capability.essential
        decided_by = [] if clause is None or name in record.checks else _run_alone(contract, clause, releases)
        if not decided_by:
            check = record.checks.get(name)
            yield ClauseDecision(name, essential, check, defect=known.defect_of(record, check) if check else None)
        for packages in decided_by:
            check = alone[packages].checks.get(name) if packages in alone else None
            defect = known.defect_of(alone[packages], check) if check else None
            versions = " and ".join(f"{package} {releases[package]}" for package in packages)
            yield ClauseDecision(name, essential, check, versions, defect)


def _run_alone(contract: Contract, clause: Clause, releases: Iterable[str]) -> list[tuple[str, ...]]:
    """The packages whose runs without the others decide the clause; none where the combination's run does."""
    if clause.scope == "release":
        return [(package,) for package in releases if package in clause.binds]
    service = contract.service_of(clause)
    return [service.packages] if service else []


def capability_state(
    capability: Capability,
    decisions: list[ClauseDecision],
    clauses: Mapping[str, Clause],
    state: StateName | None = None,
) -> CapabilityState:
    """The state that the decisions make, unless they are those of a part and it is given, with what fails in it."""
    state = state or state_of(decisions)
    undecided = [decision for decision in decisions if decision.outcome == "undecided"]
    return CapabilityState(
        name=capability.name,
        title=capability.title,
        state=state,
        reason=_why_unknown(undecided) if state == "unknown" else "",
        failures=tuple(
            CapabilityFailure(
                clause=decision.clause,
                essential=decision.essential,
                sentence=failure_sentence(clauses[decision.clause], decision.check, decision.defect, decision.release),
                defect=decision.defect.id if decision.defect else None,
            )
            for decision in decisions
            if decision.check is not None and decision.outcome == "failed"
        ),
        undecided=tuple(dict.fromkeys(decision.clause for decision in undecided)),
    )


def _why_unknown(undecided: list[ClauseDecision]) -> str:
    """Why the state is unknown, in one sentence about the first clause that would have to be decided."""
    if not undecided:
        return "none of the clauses that it cannot do without applies to these releases"
    first = next((decision for decision in undecided if decision.essential), undecided[0])
    if first.check is not None:
        return f"{first.clause} could not run: {first.check.message}"
    where = f": there is no run of {first.release} alone" if first.release else ""
    return f"{first.clause} was not run{where}"


def cannot_be_installed(reasons: Iterable[str]) -> str:
    """Why every capability of a set is broken that no set of versions satisfies."""
    return f"the set cannot be installed: {'; '.join(reasons)}"


def _without_clauses(capability: Capability, state: StateName, reason: str) -> CapabilityState:
    """The state of a capability of which no clause was decided."""
    return CapabilityState(
        name=capability.name,
        title=capability.title,
        state=state,
        reason=reason,
        failures=(),
        undecided=capability.essential + capability.others,
    )


def failure_sentence(clause: Clause, check: Check, defect: Defect | None, release: str = "") -> str:
    """What the failure means: of a known defect for a user, of any other the rule that does not hold and what was got.

    ``release`` is the release that was run alone, if one was.
    """
    if defect:
        return defect.means
    text = _in_words(check.got)
    short = f"{text}." if len(text) <= LONGEST_GOT else f"{text[: LONGEST_GOT - 1]}…"
    where = f"{release}, " if release else ""
    return f"{clause.rule} This does not hold: {where}{check.message}: {short}"


def _in_words(got: object) -> str:
    """What a check got: texts as they are, the items of a list of texts one after the other, all else as JSON."""
    if got == []:
        return "nothing"
    if isinstance(got, list) and all(isinstance(item, str) for item in got):
        return "; ".join(got)
    return got if isinstance(got, str) else json.dumps(got, ensure_ascii=False)
