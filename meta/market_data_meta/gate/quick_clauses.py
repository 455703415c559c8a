"""What a quick gate asks: of services only whether what they are for works at all."""

from __future__ import annotations

from market_data_meta.contract import Contract
from market_data_meta.judging.deployments import IS_ARCHIVED


def quick_clauses(contract: Contract) -> frozenset[str]:
    """All clauses but those of deployment scope that no capability needs: their checks wait for real servers longest.

    What limits a capability is left to the gate that is not quick, which has the time for it. Whether a candidate sends
    something new is asked all the same: it is given to the consumers then.
    """
    needed = {clause for capability in contract.capabilities.values() for clause in capability.essential}
    needed.add(IS_ARCHIVED)
    return frozenset(c.id for c in contract.clauses.values() if c.scope != "deployment" or c.id in needed)
