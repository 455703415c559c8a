"""May these releases go out together? The answer and its evidence. Pure functions; no I/O."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from market_data_meta.contract import Contract
from market_data_meta.errors import Exit
from market_data_meta.judging.capabilities import capability_states
from market_data_meta.judging.report_document import attested_packages
from market_data_meta.judging.verdicts import COMPATIBLE, INCOMPATIBLE, CellVerdict
from market_data_meta.matrix.verdicts import MatrixVerdicts
from market_data_meta.releases.combinations import Combination
from market_data_meta.releases.contents import Content, ContentCombination
from market_data_meta.releases.ledger import Ledger, Release
from market_data_meta.releases.pins import allowed_combinations
from market_data_meta.releases.requirements import broken_promises
from market_data_meta.results.capabilities import CapabilityState
from market_data_meta.results.deploy_answer import DeployAnswer, DeployEvidence


@dataclass(frozen=True)
class DeployDecision:
    """Whether a combination may be deployed: the verdict of its cell, and the promises that it breaks.

    ``stands_for`` is how many published combinations the cell stands for.
    """

    combination: Combination
    cell_verdict: CellVerdict
    stands_for: int
    broken_promises: tuple[str, ...]
    capabilities: tuple[CapabilityState, ...]

    @property
    def may_deploy(self) -> bool:
        """Whether the combination works, and its own requirements allow it."""
        return self.cell_verdict.verdict == COMPATIBLE and not self.broken_promises

    @property
    def exit(self) -> Exit:
        """Compatible, violated, or undecided where there is no evidence."""
        verdict = self.cell_verdict.verdict
        if verdict == INCOMPATIBLE or (verdict == COMPATIBLE and self.broken_promises):
            return Exit.VIOLATED
        return Exit.OK if self.may_deploy else Exit.UNDECIDED


def answer_result(decision: DeployDecision) -> DeployAnswer:
    """The answer with its evidence, as programs and renderers read it."""
    verdict = decision.cell_verdict
    header = verdict.record.header if verdict.record else None
    return DeployAnswer(
        exit=int(decision.exit),
        deploy=decision.may_deploy,
        combination=decision.combination.as_dict(),
        verdict=verdict.verdict,
        reasons=verdict.reasons,
        forbidden=decision.broken_promises,
        capabilities=decision.capabilities,
        evidence=DeployEvidence(
            counts=dict(verdict.counts),
            lane=(header and header.lane) or None,
            suite=(header and header.suite) or None,
            start=header and header.start,
            interpreter=header and header.python_version,
            attestation=attested_packages(header),
            stands_for=decision.stands_for,
        ),
        waived=tuple(sorted({finding.clause.id for finding in verdict.findings if finding.waiver})),
        failed=tuple(sorted({finding.clause.id for finding in verdict.findings if not finding.waiver})),
    )


def deploy_decision(
    contract: Contract, ledger: Ledger, matrix: MatrixVerdicts, combination: Combination
) -> DeployDecision:
    """The decision about one release of each package."""
    content_of = _content_of(matrix)
    contents = tuple(content_of[pair] for pair in combination.versions)
    cell = next(cell for cell in matrix.cell_records.cells if cell.contents == contents)
    broken = tuple(broken_promises(combination, contract.packages, ledger, matrix.cell_records.python))
    verdict = matrix.verdict_of(cell)
    capabilities = capability_states(contract, matrix.suite_digest, verdict)
    return DeployDecision(combination, verdict, cell.stands_for, broken, capabilities)


def newest_deployable(
    contract: Contract, ledger: Ledger, matrix: MatrixVerdicts, versions: Mapping[str, str]
) -> DeployDecision | None:
    """The decision about the newest combination with these ``versions`` that may be deployed; None if none may.

    A newer release of a package that comes first in the contract counts more than one of a later package.
    """
    fixed = {name: ledger.release(name, version) for name, version in versions.items()}
    combinations = allowed_combinations(contract, ledger, fixed, matrix.cell_records.python)
    content_of = _content_of(matrix)
    # The combinations of a cell share its verdict, so that the preferred combination of each cell is enough.
    preferred: list[tuple[tuple[int, ...], ContentCombination, tuple[Release, ...]]] = []
    for cell in matrix.cell_records.cells:
        within = {
            content.package: [
                release
                for release in combinations.columns[content.package]
                if content_of[content.package, release.version] is content
            ]
            for content in cell.contents
        }
        if releases := combinations.first(within):
            preferred.append((combinations.preference_of(releases), cell, releases))
    for _, cell, releases in sorted(preferred, key=lambda entry: entry[0]):
        if matrix.verdict_of(cell).verdict == COMPATIBLE:
            pairs = tuple((name, r.version) for name, r in zip(combinations.columns, releases, strict=True))
            return deploy_decision(contract, ledger, matrix, Combination(pairs))
    return None


def _content_of(matrix: MatrixVerdicts) -> dict[tuple[str, str], Content]:
    """The content of each release, by package and version."""
    return {
        (package, release.version): content
        for package, column in matrix.contents.items()
        for content in column
        for release in content.releases
    }
