"""Makes of what a gate has observed the part of its result that says what differs from the release before."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from market_data_meta.candidates.candidate import Candidate
from market_data_meta.contract import Contract
from market_data_meta.gate.meant_changes import MeantChange, accept_meant
from market_data_meta.gate.observations import GateObservation
from market_data_meta.inside.mdm_source import SourceChanges
from market_data_meta.judging.observation_document import NAMES, added_symbols, comparison_groups, finding_document
from market_data_meta.judging.observation_findings import ObservedFinding, find_findings
from market_data_meta.results.observations import GateObservations, ObservationFinding


def observation_report(
    observed: GateObservation,
    contract: Contract,
    candidates: Sequence[Candidate],
    changes: Mapping[str, SourceChanges],
    meant: Sequence[MeantChange] = (),
) -> GateObservations:
    """The findings of what was observed, with what accepts them and what the candidates' CHANGELOGs say of them."""
    pair = observed.pair
    of_package = {candidate.package: candidate for candidate in candidates}
    groups = comparison_groups(pair.comparison, contract, of_package, pair.used) if pair else []
    groups, unused = accept_meant(groups, meant)
    findings = find_findings(groups, pair.definitions(changes)) if pair else ()
    return GateObservations(
        cell=observed.cell,
        baseline=observed.baseline,
        fault=observed.fault or None,
        findings=tuple(_finding(finding, of_package) for finding in findings),
        added=added_symbols(groups),
        compared=pair.comparison.compared if pair else 0,
        unstable=pair.comparison.unstable[:NAMES] if pair else (),
        unobserved=pair.comparison.unobserved[:NAMES] if pair else (),
        accepts_nothing=unused,
        ran=pair.ran if pair else 0,
        untouched=pair.untouched if pair else 0,
        seconds=round(observed.seconds, 3),
    )


def _finding(finding: ObservedFinding, candidates: Mapping[str, Candidate]) -> ObservationFinding:
    candidate = candidates.get(finding.groups[0].package)
    return (
        finding_document(finding, candidate.source_file, candidate.changelog)
        if candidate
        else finding_document(finding)
    )
