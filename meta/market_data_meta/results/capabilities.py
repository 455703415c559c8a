"""The state of a capability: whether users can do what they want with a combination, and what fails in it."""

from __future__ import annotations

from typing import Literal

from market_data_meta.models import Model
from market_data_meta.results.parts import Text

StateName = Literal["works", "limited", "broken", "unknown"]


class CapabilityFailure(Model):
    """A clause of the capability that fails, in one sentence; ``essential`` if the capability cannot do without it.

    ``defect`` is the id of the known defect that it shows, and None where the failure is not known.
    """

    clause: Text
    essential: bool
    sentence: Text
    defect: str | None


class CapabilityState(Model):
    """What is known of a capability in one combination.

    ``reason`` says why nothing is, or that the set cannot be installed, so that all is broken; else it is empty. A
    known defect is a failure here. ``undecided`` are the clauses that have no outcome.
    """

    name: Text
    title: Text
    state: StateName
    reason: str
    failures: tuple[CapabilityFailure, ...]
    undecided: tuple[Text, ...]
