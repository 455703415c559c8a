"""Core's enums and closed sets of strings: what is in them, and that a value survives every way it travels."""

from __future__ import annotations

import copy
import functools
import json
import pickle
import pkgutil
import typing
from collections.abc import Callable
from typing import Any

import pytest

from mdm_clause import ClauseCheck

# One registry for the whole process: what another check has had counted would be counted too.
fresh_counters = pytest.mark.fresh


def _short(place: str) -> str:
    return place.rpartition(":")[2]


def _members(place: str) -> list[Any]:
    return list(pkgutil.resolve_name(place))


def test_members(clause: ClauseCheck) -> None:
    """Each of Core's enums has exactly the names and values of the contract."""
    for place, expected in clause.expect["enums"].items():
        enum = pkgutil.resolve_name(place)
        # __members__ holds aliases too, which iteration leaves out.
        got = {name: member.value for name, member in enum.__members__.items()}
        clause.equal(f"names and values of {_short(place)}", got, expected)


def test_literals(clause: ClauseCheck) -> None:
    """Each of Core's closed sets of strings has exactly the values of the contract."""
    for place, expected in clause.expect["values"].items():
        got = sorted(typing.get_args(pkgutil.resolve_name(place)))
        clause.equal(f"values of {place}", got, sorted(expected))


def test_strings(clause: ClauseCheck) -> None:
    """A member of Core's enums is a string: it equals its value, hashes as it, and JSON writes it as its value."""
    for place, values in clause.expect["enums"].items():
        enum = pkgutil.resolve_name(place)
        for value in values:
            member, what = enum(value), f"{_short(place)}({value!r})"
            clause.equal(f"{what} == {value!r}, both ways", (member == value, value == member), (True, True))
            clause.equal(f"{what} looked up by a string key", {value: "found"}.get(member), "found")
            clause.equal(f"{what}.value", (member.value, type(member.value)), (value, str))
            clause.equal(f"{what} as JSON", json.dumps([member, {member: 1}]), json.dumps([value, {value: 1}]))
            clause.equal(f"{what} by name and by itself", (enum[member.name], enum(member)), (member, member))


def test_fields(clause: ClauseCheck) -> None:
    """A Core model takes each value of its enum or closed set as a string, holds the member, and writes the string."""
    for each in clause.expect["fields"]:
        model, field = pkgutil.resolve_name(each["model"]), each["field"]
        for value in each["values"]:
            what = f"{_short(each['model'])}({field}={value!r})"
            with clause.works(what):
                made = model(**each["others"], **{field: value})
            held = getattr(made, field)
            clause.equal(f"{what}.{field}", held, value)
            clause.equal(f"{what} dumped for JSON", made.model_dump(mode="json").get(field), value)
            clause.equal(f"{what} written as JSON", json.loads(made.model_dump_json()).get(field), value)
            with clause.works(f"{what} made from its own JSON, from its dump and with the member"):
                again = [model.model_validate_json(made.model_dump_json()), model.model_validate(made.model_dump())]
                again.append(model(**each["others"], **{field: held}))
            clause.equal(f"{what} is what it was", [other == made for other in again], [True] * len(again))
            clause.equal(f"the type that {what} holds", type(held).__name__, each.get("holds", "str"))


def test_unknown_values(clause: ClauseCheck) -> None:
    """A string that is no value is refused by Core's enums and by each model that carries one."""
    from pydantic import ValidationError

    refused = clause.expect["refused"]
    for place in clause.expect["enums"]:
        for value in refused:
            with clause.refuses(f"{_short(place)}({value!r})", ValueError):
                pkgutil.resolve_name(place)(value)
    for each in clause.expect["fields"]:
        model, field = pkgutil.resolve_name(each["model"]), each["field"]
        with clause.works(f"{_short(each['model'])}({field}={each['known']!r})"):
            model(**each["others"], **{field: each["known"]})
        for value in (*refused, None, 1):
            with clause.refuses(f"{_short(each['model'])}({field}={value!r})", ValidationError):
                model(**each["others"], **{field: value})


def _pickled(member: Any, protocol: int) -> Any:
    return pickle.loads(pickle.dumps(member, protocol))


def test_copies(clause: ClauseCheck) -> None:
    """A member of Core's enums that is copied or pickled is still that very member."""
    members = [member for place in clause.expect["enums"] for member in _members(place)]
    ways: dict[str, Callable[[Any], Any]] = {"copied": copy.copy, "deep-copied": copy.deepcopy}
    for protocol in range(pickle.HIGHEST_PROTOCOL + 1):
        ways[f"pickled (protocol {protocol})"] = functools.partial(_pickled, protocol=protocol)
    changed = [
        f"{type(member).__name__}.{member.name} {way}"
        for member in members
        for way, do in ways.items()
        if do(member) is not member
    ]
    clause.none("members that are another object afterwards", changed, examined=len(members))


def _foreign(clause: ClauseCheck, used: dict[str, type]) -> None:
    """No place uses another BackpressureLevel than Core's."""
    core = pkgutil.resolve_name(clause.expect["core"])
    others = [place for place, kind in used.items() if kind is not core]
    clause.none("places with a BackpressureLevel that is not Core's", others, examined=len(used))


def test_store_uses_core_level(clause: ClauseCheck, make_store_event: Callable[..., Any]) -> None:
    """The BackpressureLevel that Core and Store export and that Store's events carry is one class, Core's."""
    from market_data_store.coordinator import FeedbackEvent

    used = {place: pkgutil.resolve_name(place) for place in clause.expect["exported"]}
    used["the level of a Store event"] = type(make_store_event("soft").level)
    fields = make_store_event("soft").model_dump(mode="json")
    used["the level of a Store event read from JSON"] = type(FeedbackEvent.model_validate(fields).level)
    _foreign(clause, used)


def test_pipeline_uses_core_level(clause: ClauseCheck) -> None:
    """The policy that Pipeline's settings give has members of Core's own BackpressureLevel as its keys."""
    from market_data_pipeline.settings.feedback import PipelineFeedbackSettings

    policy = PipelineFeedbackSettings().get_policy()
    _foreign(clause, {f"the policy's key {getattr(key, 'value', key)}": type(key) for key in policy})


def test_settings_policy(clause: ClauseCheck, monkeypatch: pytest.MonkeyPatch) -> None:
    """Pipeline's feedback settings give a policy keyed by every member of Core's BackpressureLevel, from the
    environment.
    """
    from market_data_core.telemetry import BackpressureLevel
    from market_data_pipeline.settings.feedback import PipelineFeedbackSettings

    def policy() -> dict[str, float]:
        return {BackpressureLevel(key).value: scale for key, scale in PipelineFeedbackSettings().get_policy().items()}

    for name in clause.expect["environment"]:
        monkeypatch.delenv(name, raising=False)
    clause.equal("the policy with nothing set", policy(), clause.expect["default"])
    for name, value in clause.expect["environment"].items():
        monkeypatch.setenv(name, value)
    clause.equal("the policy set by the environment", policy(), clause.expect["custom"])
    missing = [member.name for member in BackpressureLevel if member.value not in policy()]
    clause.none("members without a scale", missing, examined=len(BackpressureLevel))


async def test_legacy_strings(
    clause: ClauseCheck, rate_coordinator: Any, controller: Any, make_event: Callable[..., Any]
) -> None:
    """Where Pipeline promises to take legacy strings, each string does what the member of that value does."""
    from market_data_core.telemetry import BackpressureLevel
    from market_data_pipeline.orchestration.feedback import FeedbackHandler

    kinds: dict[str, Callable[[str], Any]] = {"string": str, "member": BackpressureLevel}
    for kind, level in kinds.items():
        for value in clause.expect["levels"]:
            what = f"set_global_pressure(…, the {kind} {value})"
            with clause.works(what):
                await rate_coordinator.set_global_pressure("ibkr", level(value))
            state = rate_coordinator.get_provider_state("ibkr")
            clause.equal(f"the pressure state after {what}", state["pressure_state"], value)
    policy = clause.expect["policy"]
    with clause.works("a FeedbackHandler whose policy has the strings as keys"):
        handler = FeedbackHandler(rate=controller, provider="ibkr", policy=dict(policy))
    for value in policy:
        await handler.handle(make_event(value))
    got = {each.reason.value: each.scale for each in controller.adjustments}
    clause.equal("the scales of a policy with the strings as keys", got, policy)


@fresh_counters
async def test_metric_labels(clause: ClauseCheck, rate_coordinator: Any, make_event: Callable[..., Any]) -> None:
    """After real events of every level, metrics are labelled with the enum's values and never with a member's repr."""
    from market_data_pipeline.orchestration.feedback import FeedbackHandler, RateCoordinatorAdapter
    from prometheus_client import REGISTRY

    handler = FeedbackHandler(rate=RateCoordinatorAdapter(rate_coordinator), provider="ibkr")
    for value in clause.expect["levels"]:
        await handler.handle(make_event(value))
    samples = [sample for metric in REGISTRY.collect() for sample in metric.samples if sample.labels]
    counted = sorted({each.labels.get("level", "none") for each in samples if each.name == clause.expect["counted"]})
    clause.equal(f"the levels that {clause.expect['counted']} counts", counted, sorted(clause.expect["levels"]))
    starts = tuple(f"{name}." for name in clause.expect["enums"])
    wrong = {
        f"{sample.name}{{{label}={value!r}}}"
        for sample in samples
        for label, value in sample.labels.items()
        if str(value).lstrip("<").startswith(starts)
    }
    clause.none("labels that show a member and not its value", sorted(wrong), examined=len(samples))


def test_enforcement_from_environment(clause: ClauseCheck, monkeypatch: pytest.MonkeyPatch) -> None:
    """Core reads its EnforcementMode from REGISTRY_ENFORCEMENT, in any case of letters, and takes warn when it is unset
    or unknown.
    """
    from market_data_core.models.registry import EnforcementMode
    from market_data_core.registry import get_enforcement_mode

    for value, expected in clause.expect["modes"].items():
        monkeypatch.setenv("REGISTRY_ENFORCEMENT", value)
        got = get_enforcement_mode()
        clause.equal(f"the mode with REGISTRY_ENFORCEMENT={value!r}", got, EnforcementMode(expected))
    monkeypatch.delenv("REGISTRY_ENFORCEMENT")
    clause.equal("the mode with nothing set", get_enforcement_mode(), EnforcementMode("warn"))
