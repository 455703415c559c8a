"""A candidate alone, and its predecessor alone: what of release scope is compared."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Self

from market_data_meta.candidates.as_published import ledger_with_candidates
from market_data_meta.candidates.candidate import Candidate
from market_data_meta.contract import Contract
from market_data_meta.errors import ErrorCode, MetaError, undecided
from market_data_meta.judging.comparison import CellPair
from market_data_meta.judging.records import Record
from market_data_meta.releases.combinations import Cell, Combination
from market_data_meta.releases.ledger import Ledger, Release
from market_data_meta.releases.requirements import Requirements
from market_data_meta.releases.unmet import unmet_promises
from market_data_meta.running import environments
from market_data_meta.running.cells import RunOptions
from market_data_meta.running.release_runs import ReleaseAlone


class FirstRun:
    """Whether the candidates came through their first run in a cell; the runs alone wait for it.

    A candidate that hangs at import would hang alone as well. Leaving the context without an answer means no.
    """

    def __init__(self) -> None:
        self._is_known = threading.Event()
        self._succeeded = False

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.end(succeeded=False)

    @property
    def is_known(self) -> bool:
        """Whether the first run has ended."""
        return self._is_known.is_set()

    def end(self, *, succeeded: bool) -> None:
        """Say how the first run ended; only the first call counts."""
        if not self.is_known:
            self._succeeded = succeeded
            self._is_known.set()

    def wait(self) -> None:
        """Wait until it has ended. Raises MetaError where it did not succeed."""
        self._is_known.wait()
        if not self._succeeded:
            raise undecided(ErrorCode.NOT_RUN, "it was not run alone: its first run with the others brought no result")


@dataclass(frozen=True)
class ReleasePair:
    """A candidate that runs alone, and its predecessor; ``others`` are the other candidates of the gate."""

    contract: Contract
    ledger: Ledger
    candidate: Candidate
    others: Sequence[Candidate]
    options: RunOptions

    @cached_property
    def alone(self) -> ReleaseAlone:
        """The candidate, with the other candidates that it cannot be installed without."""
        ledger = ledger_with_candidates(self.ledger, [self.candidate, *self._companions()])
        return self._alone(ledger, self.candidate.release.version)

    @cached_property
    def predecessor_alone(self) -> ReleaseAlone | None:
        """The predecessor, if there is one."""
        predecessor = self.candidate.predecessor
        return self._alone(self.ledger, predecessor.version) if predecessor else None

    def run(self, before_run: Callable[[], None]) -> CellPair:
        """Run what is not known yet; the candidate runs when ``before_run`` returns.

        Nothing is run for a candidate that asks for what nobody has published.
        """
        if unmet := self._unmet(self.candidate.release, self._companions()):
            return self._uninstallable_pair("; ".join(unmet))
        record, predecessor_record, fault = None, None, ""
        try:
            predecessor_record = self.predecessor_alone.run() if self.predecessor_alone else None
            record = self.alone.run(before_run)
        except MetaError as error:
            fault = f"{error.what}: {error.why}" if error.why else error.what
        why, why_before = _why_uninstallable(record), _why_uninstallable(predecessor_record)
        package, version = self.candidate.package, self.candidate.release.version
        return CellPair(
            cell=Cell(Combination(((package, version),))).name,
            scope="release",
            combination={package: version},
            now=record,
            was=None if why_before else predecessor_record,
            fault=why or fault,
            uninstallable=bool(why),
            was_uninstallable=bool(why_before),
            was_fault=why_before,
            baseline=predecessor_record.cell if predecessor_record else None,
        )

    def _alone(self, ledger: Ledger, version: str) -> ReleaseAlone:
        package = self.candidate.package
        return ReleaseAlone(self.contract, ledger, package, version, self.options.interpreter, self.options.cache)

    def _companions(self) -> list[Candidate]:
        """The other candidates that this one cannot be installed without: nothing published meets its requirement."""
        release = self.candidate.release
        return [other for other in self.others if len(self._unmet(release, [other])) < len(self._unmet(release, []))]

    def _unmet(self, release: Release, companions: list[Candidate]) -> list[str]:
        """What a release of the candidate's package requires of the others, and neither they nor companions meet."""
        requirements = Requirements(self.contract.packages, environments.version_of(self.options.interpreter))
        ledger = ledger_with_candidates(self.ledger, companions)
        return unmet_promises(self.candidate.package, release, requirements, ledger)

    def _uninstallable_pair(self, why: str) -> CellPair:
        """The candidate that cannot be installed beside its predecessor, which may not have been installable either."""
        package, version, before = self.candidate.package, self.candidate.release.version, self.candidate.predecessor
        why_before = "; ".join(self._unmet(before, [])) if before else ""
        return CellPair(
            cell=Cell(Combination(((package, version),))).name,
            scope="release",
            combination={package: version},
            now=None,
            was=None,
            fault=why,
            uninstallable=True,
            was_uninstallable=bool(why_before),
            was_fault=why_before,
            baseline=Cell(Combination(((package, before.version),))).name if before else None,
        )


def _why_uninstallable(record: Record | None) -> str:
    return record.header.uninstallable if record else ""
