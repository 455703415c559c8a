"""What answers about deployments rest on."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from market_data_meta.candidates.candidate import Candidate
from market_data_meta.contract import Contract
from market_data_meta.deployment.recordings import Recording
from market_data_meta.judging.defects import KnownDefects
from market_data_meta.judging.deployments import ServiceRun
from market_data_meta.judging.records import Check
from market_data_meta.releases.combinations import Combination
from market_data_meta.releases.interpreters import PYTHON
from market_data_meta.releases.ledger import Ledger
from market_data_meta.releases.requirements import Requirements
from market_data_meta.results.parts import BroughtLibrary

GiveRecordings = Callable[[Iterable[Combination], Mapping[str, Any]], Mapping[Combination, Check]]
"""Gives services recordings that the archive lacks, by name: how the clause about recordings comes out with each."""
FindOrigins = Callable[[Iterable[str]], tuple[BroughtLibrary, ...]]
"""Says of entries of third-party locks which libraries they are, and where these come from."""
RunServices = Callable[[Iterable[Combination]], Mapping[Combination, ServiceRun]]
"""Runs services, each on its own, or looks up their runs."""


@dataclass(frozen=True)
class DeploymentEvidence:
    """Contract, suite and ledger, known defects, recordings, and how services are run on which Python.

    ``candidates`` are the builds that take part beside the releases, ``give`` is asked about what they send, and
    ``origins`` about the libraries that they bring along.
    """

    contract: Contract
    suite: str
    ledger: Ledger
    known: KnownDefects
    recordings: tuple[Recording, ...]
    run: RunServices
    python: str = PYTHON
    candidates: tuple[Candidate, ...] = ()
    give: GiveRecordings = lambda _consumers, _recordings: {}
    origins: FindOrigins = lambda _entries: ()

    def forbidden(self, service: Combination) -> list[str]:
        """What the releases of a service require of each other that is not so."""
        return Requirements(self.contract.packages, self.python).broken_promises(service, self.ledger)
