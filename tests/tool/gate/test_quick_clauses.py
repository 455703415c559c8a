"""What a quick gate asks."""

from __future__ import annotations

from market_data_meta.contract import Contract
from market_data_meta.gate.quick_clauses import quick_clauses
from market_data_meta.judging.deployments import IS_ARCHIVED


def test_of_services_a_quick_gate_asks_what_no_capability_can_do_without(contract: Contract) -> None:
    """Every other scope is asked in full, and each capability that services decide is still decided."""
    asked = quick_clauses(contract)
    of_services = {name for name, clause in contract.clauses.items() if clause.scope == "deployment"}
    assert asked >= contract.clauses.keys() - of_services
    essential = {name for capability in contract.capabilities.values() for name in capability.essential}
    assert asked & of_services == (essential | {IS_ARCHIVED}) & of_services
    assert 0 < len(asked & of_services) < len(of_services)
