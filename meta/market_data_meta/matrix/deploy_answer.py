"""May these releases go out together? The answer, and the evidence that it rests on. Pure functions; no I/O."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache

from packaging.specifiers import SpecifierSet

from market_data_meta.contract import Contract
from market_data_meta.errors import Exit
from market_data_meta.judging.verdicts import COMPATIBLE, INCOMPATIBLE, CellVerdict
from market_data_meta.matrix.promises import asked_of
from market_data_meta.matrix.verdicts import Matrix
from market_data_meta.releases.combinations import Combination, broken_promises
from market_data_meta.releases.contents import Content
from market_data_meta.releases.ledger import Ledger, Release
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
    forbidden = tuple(broken_promises(combination, contract.packages, ledger))
    return DeployDecision(combination, matrix.judged(square), square.size, forbidden)


def partners(contract: Contract, ledger: Ledger, matrix: Matrix, given: Mapping[str, str]) -> DeployDecision | None:
    """The newest releases of the packages that are not ``given`` with which those may go out; None if there are none.

    Among equals the packages that come first in the contract are kept newest.
    """
    rows: list[list[Release]] = [
        [ledger.release(name, given[name])] if name in given else [r for r in reversed(releases) if not r.yanked]
        for name, releases in ledger.releases.items()
    ]
    names = tuple(ledger.releases)
    code_of, squares = _code_of(matrix), {square.codes: square for square in matrix.complete.squares}
    asked = {
        (r.filename, name): asked_of(contract, r, name) or SpecifierSet() for row in rows for r in row for name in names
    }
    verdict = cache(lambda square: matrix.judged(square).verdict)
    for releases in itertools.product(*rows):
        pairs = list(zip(names, releases, strict=True))
        square = squares[tuple(code_of[name, release.version] for name, release in pairs)]
        if verdict(square) == COMPATIBLE and all(
            asked[one.filename, name].contains(other.version, prereleases=True)
            for one in releases
            for name, other in pairs
        ):
            return answer(contract, ledger, matrix, Combination(tuple((n, r.version) for n, r in pairs)))
    return None


def _code_of(matrix: Matrix) -> dict[tuple[str, str], Content]:
    return {(name, r.version): code for name, column in matrix.codes.items() for code in column for r in code.releases}
