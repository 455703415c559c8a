"""Candidates that ask for a release which the ledger does not have yet: whether the package index has it by now."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from market_data_meta.candidates.as_published import ledger_with_candidates
from market_data_meta.candidates.candidate import Candidate
from market_data_meta.contract import Contract
from market_data_meta.releases.ledger import Ledger
from market_data_meta.releases.requirements import Requirements
from market_data_meta.releases.unmet import unmet_promises


def ledger_that_meets(
    contract: Contract, ledger: Ledger, candidates: Sequence[Candidate], python: str, read: Callable[[], Ledger]
) -> Ledger:
    """The ledger, or the newer one that ``read`` makes of the index, where only that has what the candidates require.

    A bot raises a pin within minutes of the release that it asks for, and the ledger is a day old: it alone would say
    that nobody has published that release. The ledger stays where the index has no more of it, and so does its date.
    """

    def unmet(of: Ledger) -> int:
        requirements = Requirements(contract.packages, python)
        with_candidates = ledger_with_candidates(of, candidates)
        return sum(len(unmet_promises(c.package, c.release, requirements, with_candidates)) for c in candidates)

    if not unmet(ledger):
        return ledger
    newer = replace(read(), allows_direct_references=ledger.allows_direct_references)
    return newer if unmet(newer) < unmet(ledger) else ledger
