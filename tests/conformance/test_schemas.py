"""What the DTOs accept and emit on the wire, against the baselines in ``contracts/schemas/dto``."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from mdc_dto_baseline import UNKNOWN, Dto, dtos, smallest, usable
from mdc_json_schema import accepts_less, emits_more
from mdm_clause import ClauseCheck


def _less(dto: Dto) -> list[str]:
    return [f"{dto.name}{problem}" for problem in accepts_less(dto.validation, dto.installed_schema("validation"))]


def _more(dto: Dto) -> list[str]:
    return [f"{dto.name}{problem}" for problem in emits_more(dto.validation, dto.installed_schema("serialization"))]


def _still_accepts(clause: ClauseCheck, contracts: Path) -> None:
    named = dtos(contracts, clause.expect["dtos"])
    problems = [problem for dto in named for problem in _less(dto)]
    clause.none("what is accepted no longer", problems, examined=len(named))


def _emits_no_more(clause: ClauseCheck, contracts: Path) -> None:
    named = dtos(contracts, clause.expect["dtos"])
    problems = [problem for dto in named for problem in _more(dto)]
    clause.none("what consumers do not accept", problems, examined=len(named))


def test_feedback_event_accepts(clause: ClauseCheck, contracts: Path) -> None:
    """Core's FeedbackEvent accepts every event that the contract allows a producer to send."""
    _still_accepts(clause, contracts)


def test_feedback_event_emits(clause: ClauseCheck, contracts: Path) -> None:
    """Core's FeedbackEvent emits only what a consumer of the contract's event accepts."""
    _emits_no_more(clause, contracts)


def test_store_event_accepts(clause: ClauseCheck, contracts: Path) -> None:
    """Store's FeedbackEvent accepts what Core's accepts, with an optional reason."""
    store, core = dtos(contracts, clause.expect["dtos"])
    # What Core's own event refuses is the matter of another clause.
    inherited = accepts_less(core.validation, core.installed_schema("validation"))
    problems = [
        line for line in accepts_less(store.validation, store.installed_schema("validation")) if line not in inherited
    ]
    clause.none("what Store's event accepts no longer", problems, examined=1)


def test_store_event_emits(clause: ClauseCheck, contracts: Path) -> None:
    """Store's FeedbackEvent emits only what consumers of Core's event and of Store's own accept."""
    store, core = dtos(contracts, clause.expect["dtos"])
    emitted = store.installed_schema("serialization")
    inherited = emits_more(core.validation, core.installed_schema("serialization"))
    problems = {*emits_more(core.validation, emitted), *emits_more(store.validation, emitted)}.difference(inherited)
    clause.none("what consumers of Store's event do not accept", sorted(problems), examined=2)


def test_rate_adjustment_accepts(clause: ClauseCheck, contracts: Path) -> None:
    """RateAdjustment accepts every adjustment that the contract allows a producer to send."""
    _still_accepts(clause, contracts)


def test_rate_adjustment_emits(clause: ClauseCheck, contracts: Path) -> None:
    """RateAdjustment emits only what a consumer of the contract's adjustment accepts."""
    _emits_no_more(clause, contracts)


def test_health_accepts(clause: ClauseCheck, contracts: Path) -> None:
    """HealthStatus, HealthComponent and Probe accept everything that the contract allows a service to report."""
    _still_accepts(clause, contracts)


def test_health_emits(clause: ClauseCheck, contracts: Path) -> None:
    """HealthStatus, HealthComponent and Probe emit only what a reader of the contract's health report accepts."""
    _emits_no_more(clause, contracts)


def test_events_accepts(clause: ClauseCheck, contracts: Path) -> None:
    """EventEnvelope and EventMeta accept every envelope that the contract allows a publisher to send."""
    _still_accepts(clause, contracts)


def test_events_emits(clause: ClauseCheck, contracts: Path) -> None:
    """EventEnvelope and EventMeta emit only what a subscriber of the contract's envelope accepts."""
    _emits_no_more(clause, contracts)


def _keeps_both_ways(clause: ClauseCheck, contracts: Path) -> None:
    named = dtos(contracts, clause.expect["dtos"])
    accepted = [f"accepts less: {problem}" for dto in named for problem in _less(dto)]
    emitted = [f"emits more: {problem}" for dto in named for problem in _more(dto)]
    clause.none("where the DTOs differ from the contract", accepted + emitted, examined=len(named))


def test_control(clause: ClauseCheck, contracts: Path) -> None:
    """ControlResult and AuditEnvelope accept no less and emit no more than the contract says."""
    _keeps_both_ways(clause, contracts)


def test_federation(clause: ClauseCheck, contracts: Path) -> None:
    """ClusterTopology, NodeStatus and their parts accept no less and emit no more than the contract says."""
    _keeps_both_ways(clause, contracts)


def test_metrics(clause: ClauseCheck, contracts: Path) -> None:
    """MetricPoint, MetricSeries and Labels accept no less and emit no more than the contract says."""
    _keeps_both_ways(clause, contracts)


def test_specs(clause: ClauseCheck, contracts: Path) -> None:
    """ProviderSpec, SinkSpec and Capability accept no less and emit no more than the contract says."""
    _keeps_both_ways(clause, contracts)


def test_registry_events(clause: ClauseCheck, contracts: Path) -> None:
    """The four events and results of the schema registry accept no less and emit no more than the contract says."""
    _keeps_both_ways(clause, contracts)


def test_defaults(clause: ClauseCheck, contracts: Path) -> None:
    """A DTO made from its required fields alone fills in the defaults that the contract declares."""
    named = [dto for dto in usable(contracts) if dto.defaults]
    problems = []
    for dto in named:
        adapter = dto.adapter()
        filled = adapter.dump_python(adapter.validate_python(smallest(dto.validation)), mode="json")
        problems += [
            f"{dto.name}/{name}: {json.dumps(filled.get(name))} instead of {json.dumps(default)}"
            for name, default in dto.defaults.items()
            if filled.get(name, ...) != default
        ]
    clause.none("defaults that differ from the contract", problems, examined=len(named))


def test_boundary_values(clause: ClauseCheck, contracts: Path) -> None:
    """A DTO accepts the values at its declared bounds and refuses those just beyond, and what is not a number."""
    known = {dto.name: dto for dto in usable(contracts)}
    cases = [(case, True) for case in clause.expect["accepted"]] + [(case, False) for case in clause.expect["refused"]]
    cases = [(case, wanted) for case, wanted in cases if case[0] in known]
    problems = []
    for (name, path, value), wanted in cases:
        accepted = _accepts(known[name], _with(smallest(known[name].validation), path.split("."), value))
        if accepted != wanted:
            problems.append(f"{name}: {path} = {value!r} is {'accepted' if accepted else 'refused'}")
    clause.none("bounds that are not the contract's", problems, examined=len(cases))


def _with(instance: dict[str, Any], path: list[str], value: Any) -> dict[str, Any]:
    head, *rest = path
    return instance | {head: _with(instance[head], rest, value) if rest else value}


def _accepts(dto: Dto, instance: Any) -> bool:
    from pydantic import ValidationError

    try:
        dto.adapter().validate_python(instance)
    except ValidationError:
        return False
    return True


@pytest.fixture(scope="module")
def named(contracts: Path) -> list[Dto]:
    """The DTOs of the baselines that the releases have."""
    return usable(contracts)


@pytest.fixture(scope="module")
def instances(contracts: Path, named: list[Dto]) -> list[tuple[Dto, Any]]:
    """Generated instances of what the contract says that each DTO accepts."""
    # Loaded here, in the process of this area, and not before all others: it takes longer than its use.
    from mdc_dto_instances import drawn

    there = {dto.name: dto for dto in named}
    return [(there[name], instance) for name, instance in drawn(contracts) if name in there]


def test_instances_accepted(clause: ClauseCheck, named: list[Dto], instances: list[tuple[Dto, Any]]) -> None:
    """A model reads every generated instance of the contract's schema that its own declared schema admits."""
    adapters = {dto.name: dto.adapter() for dto in named}
    declared = {dto.name: Draft202012Validator(dto.installed_schema("validation")) for dto in named}
    problems: set[str] = set()
    examined = 0
    for dto, instance in instances:
        # A schema that admits less is the matter of the clause on that DTO.
        if declared[dto.name].is_valid(instance):
            examined += 1
            problems.update(_refusals(dto.name, adapters[dto.name], instance))
    clause.none("instances refused though declared", sorted(problems), examined=examined)


def _refusals(name: str, adapter: Any, instance: Any) -> list[str]:
    from pydantic import ValidationError

    try:
        adapter.validate_json(json.dumps(instance))
    except ValidationError as refused:
        # Positions in lists and the values themselves are accidents of the generator.
        return [f"{name}/{'/'.join(_names(error['loc']))}: {error['type']}" for error in refused.errors()]
    return []


def test_instances_emitted(clause: ClauseCheck, named: list[Dto], instances: list[tuple[Dto, Any]]) -> None:
    """What a model makes of a generated instance is JSON that the contract's schema accepts and that says the same."""
    adapters = {dto.name: dto.adapter() for dto in named}
    promised = {dto.name: Draft202012Validator(dto.serialization) for dto in named}
    problems: set[str] = set()
    examined = 0
    for dto, instance in instances:
        if _refusals(dto.name, adapters[dto.name], instance):
            continue
        examined += 1
        emitted = json.loads(adapters[dto.name].dump_json(adapters[dto.name].validate_json(json.dumps(instance))))
        strays = [(error.absolute_path, error.validator) for error in promised[dto.name].iter_errors(emitted)]
        problems.update(f"{dto.name}/{'/'.join(_names(path))}: breaks {rule!r}" for path, rule in strays)
        problems.update(f"{dto.name}/{name}: is not what was read" for name in _changed(instance, emitted))
    clause.none("emitted JSON that the contract does not cover", sorted(problems), examined=examined)


def _names(path: Any) -> list[str]:
    return [part for part in path if isinstance(part, str)]


def _changed(read: Any, emitted: Any, at: str = "") -> set[str]:
    """Where ``emitted`` says something else than ``read``; what nobody knows may be left out, and defaults added."""
    if isinstance(read, dict) and isinstance(emitted, dict):
        missing = {at or name for name in read.keys() - emitted.keys() - {UNKNOWN}}
        both = read.keys() & emitted.keys()
        return missing.union(*(_changed(read[name], emitted[name], at or name) for name in both))
    if isinstance(read, list) and isinstance(emitted, list) and len(read) == len(emitted):
        return set[str]().union(*(_changed(*pair, at) for pair in zip(read, emitted, strict=True)))
    return set() if read == emitted else {at}
