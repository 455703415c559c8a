"""A contract has one class, Core's: no package defines a second one by the same name."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from mdc_source import Sources, class_names
from mdc_surface import at_runtime, resolve
from mdm_clause import ClauseCheck
from mdm_plan import Plan


def _check(clause: ClauseCheck, plan: Plan, packages: Iterable[str]) -> None:
    contracts = {name: resolve(f"{module}:{name}") for module, names in clause.expect.items() for name in names}
    tops = [top for package in packages for top in plan.packages[package].imports]
    modules = list(Sources.installed(tops).all())
    # A quick look first: few files define a class by such a name, and parsing is what costs.
    named = re.compile(rf"^\s*class ({'|'.join(contracts)})\b".encode(), re.MULTILINE)
    second = [
        f"{module.file}: class {qualname}"
        for module in modules
        if named.search(module.text)
        for qualname in class_names(module.tree)
        if _is_second(module.name, qualname, contracts)
    ]
    clause.none("second definitions of a contract", second, examined=len(modules))


def _is_second(module: str, qualname: str, contracts: Mapping[str, Any]) -> bool:
    name = qualname.rpartition(".")[2]
    # By __mro__: issubclass would accept whatever has the methods of a runtime-checkable protocol.
    return name in contracts and contracts[name] not in getattr(at_runtime(module, qualname), "__mro__", ())


def test_telemetry(clause: ClauseCheck, plan: Plan) -> None:
    """Pipeline and Store define no second class with the name of one of Core's telemetry, federation, event or
    feedback contracts.
    """
    _check(clause, plan, ["pipeline", "store"])


def test_protocols(clause: ClauseCheck, plan: Plan) -> None:
    """Pipeline and Store define no second class with the name of one of Core's pipeline and registry protocols."""
    _check(clause, plan, ["pipeline", "store"])


def test_models(clause: ClauseCheck, plan: Plan) -> None:
    """Pipeline and Store define no second class with the name of one of Core's market data models."""
    _check(clause, plan, ["pipeline", "store"])


def test_errors(clause: ClauseCheck, plan: Plan) -> None:
    """Pipeline and Store define no second class with the name of one of Core's errors."""
    _check(clause, plan, ["pipeline", "store"])


def test_core(clause: ClauseCheck, plan: Plan) -> None:
    """Core defines each of its contracts once."""
    _check(clause, plan, ["core"])
