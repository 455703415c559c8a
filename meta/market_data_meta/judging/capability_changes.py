"""What candidates change in what users can do: the capabilities that are in another state than with the predecessors.

Pure functions; no I/O.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from market_data_meta.contract import Capability, Contract
from market_data_meta.judging.capabilities import ClauseDecision, state_of_part
from market_data_meta.judging.comparison import CellPair
from market_data_meta.judging.records import Check
from market_data_meta.judging.verdicts import why_not_evidence
from market_data_meta.results.capabilities import StateName


@dataclass(frozen=True)
class CapabilityChange:
    """A capability that is in another state with the candidates than with their predecessors, and where."""

    capability: str
    before: StateName
    after: StateName
    cells: tuple[str, ...]


def capability_changes(contract: Contract, pairs: Iterable[CellPair]) -> tuple[CapabilityChange, ...]:
    """The changes of state, in the order of the capabilities, for the worse before for the better.

    A state is that of the clauses which a cell decides: for a release alone those of release scope. Where it is unknown
    on either side there is nothing to tell: the gate says by itself what it could not decide.
    """
    cells: dict[tuple[str, StateName, StateName], list[str]] = {}
    for pair in pairs:
        if pair.now is None or pair.fault or why_not_evidence(pair.now) or pair.first_release:
            continue
        decided = contract.clauses_shown_for(tuple(pair.combination)).keys() - contract.controls.keys()
        for capability in contract.capabilities.values():
            before = _state(capability, decided, pair.check_before)
            after = _state(capability, decided, pair.now.checks.get)
            if before != after and "unknown" not in (before, after):
                cells.setdefault((capability.name, before, after), []).append(pair.cell)
    order = list(contract.capabilities)
    worst_first = ("broken", "limited", "works")
    return tuple(
        CapabilityChange(*key, tuple(names))
        for key, names in sorted(
            cells.items(), key=lambda item: (worst_first.index(item[0][2]), order.index(item[0][0]))
        )
    )


def _state(capability: Capability, decided: Iterable[str], check_of: Callable[[str], Check | None]) -> StateName:
    """The capability's state by those of its clauses that are decided in the cell.

    Where none of the clauses that it cannot do without is among them, the others say whether it is limited.
    """
    essential = [name for name in capability.essential if name in decided]
    others = [name for name in capability.others if name in decided]
    decisions = [
        ClauseDecision(name, essential=name in essential, check=check_of(name)) for name in (*essential, *others)
    ]
    return state_of_part(decisions)
