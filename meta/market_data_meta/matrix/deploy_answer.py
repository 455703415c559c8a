"""May these releases go out together? The answer, and the evidence that it rests on. Pure functions; no I/O."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from market_data_meta.contract import Contract
from market_data_meta.errors import Exit
from market_data_meta.judging.verdicts import COMPATIBLE, INCOMPATIBLE, CellVerdict
from market_data_meta.matrix.verdicts import Matrix
from market_data_meta.releases.combinations import Combination
from market_data_meta.releases.contents import Content, ContentCombination
from market_data_meta.releases.ledger import Ledger, Release
from market_data_meta.releases.pins import allowed
from market_data_meta.releases.requirements import broken_promises
from market_data_meta.results.deploy_answer import DeployAnswer, DeployEvidence


@dataclass(frozen=True)
class DeployDecision:
    """What may be said of a combination: its verdict with the run behind it, and what its releases forbid."""

    combination: Combination
    judged: CellVerdict
    stands_for: int
    forbidden: tuple[str, ...]

    @property
    def yes(self) -> bool:
        """Whether it may go out: it works, and its own requirements let it be installed."""
        return self.judged.verdict == COMPATIBLE and not self.forbidden

    @property
    def exit(self) -> Exit:
        """Compatible, violated, or undecided where there is no evidence."""
        if self.judged.verdict == INCOMPATIBLE or (self.judged.verdict == COMPATIBLE and self.forbidden):
            return Exit.VIOLATED
        return Exit.COMPATIBLE if self.yes else Exit.UNDECIDED


def answer_result(decision: DeployDecision) -> DeployAnswer:
    """The answer with its evidence, as programs and renderers read it."""
    header = decision.judged.record.header if decision.judged.record else {}
    return DeployAnswer(
        exit=int(decision.exit),
        deploy=decision.yes,
        combination=decision.combination.as_dict(),
        verdict=decision.judged.verdict,
        reasons=decision.judged.reasons,
        forbidden=decision.forbidden,
        evidence=DeployEvidence(
            counts=dict(decision.judged.counts),
            lane=header.get("lane"),
            suite=header.get("suite"),
            start=header.get("start"),
            interpreter=header.get("interpreter", {}).get("version"),
            attestation=header.get("attestation"),
            stands_for=decision.stands_for,
        ),
        waived=tuple(sorted({finding.clause.id for finding in decision.judged.findings if finding.waiver})),
        failed=tuple(sorted({finding.clause.id for finding in decision.judged.findings if not finding.waiver})),
    )


def answer(contract: Contract, ledger: Ledger, matrix: Matrix, combination: Combination) -> DeployDecision:
    """The answer for one release of each package."""
    code_of = _code_of(matrix)
    codes = tuple(code_of[pair] for pair in combination.versions)
    square = next(square for square in matrix.complete.squares if square.codes == codes)
    forbidden = tuple(broken_promises(combination, contract.packages, ledger, matrix.complete.python))
    return DeployDecision(combination, matrix.judged(square), square.size, forbidden)


def partners(contract: Contract, ledger: Ledger, matrix: Matrix, given: Mapping[str, str]) -> DeployDecision | None:
    """The newest releases of the packages that are not ``given`` with which those may go out; None if there are none.

    Among equals the packages that come first in the contract are kept newest.
    """
    fixed = {name: ledger.release(name, version) for name, version in given.items()}
    combinations = allowed(contract, ledger, fixed, matrix.complete.python)
    code_of = _code_of(matrix)
    # Of a cell, whose combinations share a verdict, the preferred one is enough.
    preferred: list[tuple[tuple[int, ...], ContentCombination, tuple[Release, ...]]] = []
    for square in matrix.complete.squares:
        within = {
            code.package: [r for r in combinations.columns[code.package] if code_of[code.package, r.version] is code]
            for code in square.codes
        }
        if releases := combinations.first(within):
            preferred.append((combinations.place(releases), square, releases))
    for _, square, releases in sorted(preferred, key=lambda entry: entry[0]):
        if matrix.judged(square).verdict == COMPATIBLE:
            pairs = tuple((name, r.version) for name, r in zip(combinations.columns, releases, strict=True))
            return answer(contract, ledger, matrix, Combination(pairs))
    return None


def _code_of(matrix: Matrix) -> dict[tuple[str, str], Content]:
    return {(name, r.version): code for name, column in matrix.codes.items() for code in column for r in code.releases}
