"""Capabilities that a question about deployments names."""

from __future__ import annotations

import difflib
from collections.abc import Iterable

from market_data_meta.contract import Contract
from market_data_meta.errors import ErrorCode, MetaError
from market_data_meta.judging.deployments import deployment_capabilities


def check_deployment_needs(contract: Contract, names: Iterable[str]) -> None:
    """Raise MetaError for a name that no capability has, or one of which services decide nothing."""
    decided = list(deployment_capabilities(contract))
    for name in names:
        if name in decided:
            continue
        nearest = difflib.get_close_matches(name.lower(), decided, 3, 0.5) or decided
        hint = f"one of {', '.join(nearest)}" if nearest else ""
        what = (
            f"no clause of {name} is decided by services"
            if name in contract.capabilities
            else f"there is no capability {name!r}"
        )
        raise MetaError(ErrorCode.UNKNOWN_CAPABILITY, what, hint=hint)
