"""Settings of Pipeline, of Core, and of what Pipeline and Store share."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from mdc_clock import StoppedClock
from mdc_metrics import value
from mdc_rate import granted
from mdc_settings import built, named, only, picked, refused
from mdm_clause import ClauseCheck

FEEDBACK = "market_data_pipeline.settings.feedback:PipelineFeedbackSettings"
GRAPH = {"graph": {"nodes": [{"id": "buffer", "type": "operator.buffer", "params": {"max_items": 1}}], "edges": []}}


def test_feedback_defaults(clause: ClauseCheck, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without any MDP_FB_* variable feedback is enabled, for provider ibkr, at the scales 1.0, 0.5 and 0.0."""
    only(monkeypatch, {})
    clause.equal("default feedback settings", picked(built(clause, FEEDBACK), clause.expect), clause.expect)


def test_feedback_environment(clause: ClauseCheck, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each MDP_FB_* variable sets the setting that it names."""
    only(monkeypatch, clause.expect["environment"])
    wanted = clause.expect["settings"]
    clause.equal("feedback settings from the environment", picked(built(clause, FEEDBACK), wanted), wanted)


def test_feedback_bounds(clause: ClauseCheck, monkeypatch: pytest.MonkeyPatch) -> None:
    """A scale of 0 or 1 is accepted, and one outside of that range is refused with an error that names the setting."""
    expect = clause.expect
    problems = []
    for variable, setting in expect["variables"].items():
        for given in expect["accepted"]:
            only(monkeypatch, {variable: given})
            clause.equal(f"{setting} from {variable}={given}", getattr(built(clause, FEEDBACK), setting), float(given))
        for given in expect["refused"]:
            only(monkeypatch, {variable: given})
            problems += refused(named(FEEDBACK), setting, f"{variable}={given}")
    clause.none("scales that are not refused as they should be", problems, examined=len(expect["variables"]))


def test_feedback_bad_values(clause: ClauseCheck, monkeypatch: pytest.MonkeyPatch) -> None:
    """A value of the wrong kind is refused with an error that names the setting."""
    problems = []
    for variable, bad in clause.expect.items():
        only(monkeypatch, {variable: bad["value"]})
        problems += refused(named(FEEDBACK), bad["names"], f"{variable}={bad['value']}")
    clause.none("bad values that are not refused as they should be", problems, examined=len(clause.expect))


def test_feedback_unknown(clause: ClauseCheck, monkeypatch: pytest.MonkeyPatch) -> None:
    """A MDP_FB_* variable that the settings do not know is ignored."""
    only(monkeypatch, {clause.expect["variable"]: "true"})
    wanted = clause.expect["settings"]
    clause.equal("feedback settings beside an unknown variable", picked(built(clause, FEEDBACK), wanted), wanted)


async def started_runtime() -> Any:
    """Pipeline's runtime in DAG mode, started with what the environment says."""
    from market_data_pipeline.runtime.unified_runtime import UnifiedRuntime
    from market_data_pipeline.settings import UnifiedRuntimeSettings

    runtime = UnifiedRuntime(UnifiedRuntimeSettings(mode="dag", dag=GRAPH))
    await runtime.start()
    return runtime


async def test_feedback_disabled(
    clause: ClauseCheck, monkeypatch: pytest.MonkeyPatch, make_store_event: Callable[..., Any]
) -> None:
    """With MDP_FB_ENABLE_FEEDBACK=false a runtime that starts listens to no feedback, with true it does."""
    from market_data_pipeline.orchestration.feedback import feedback_bus

    got = {}
    for switch in clause.expect["heard"]:
        # A provider for each, because the two runtimes hear the events of one bus.
        only(monkeypatch, {"MDP_FB_ENABLE_FEEDBACK": switch, "MDP_FB_PROVIDER_NAME": f"provider-{switch}"})
        await started_runtime()
        await feedback_bus().publish(make_store_event("soft"))
        got[switch] = value(clause.expect["metric"], provider=f"provider-{switch}") == clause.expect["scale"]
    clause.equal("whether a runtime hears an event, by the switch", got, clause.expect["heard"])


async def test_feedback_reaches_runtime(
    clause: ClauseCheck, monkeypatch: pytest.MonkeyPatch, make_store_event: Callable[..., Any]
) -> None:
    """A runtime applies the provider and the scales of the environment to the events that it hears."""
    from market_data_pipeline.orchestration.feedback import feedback_bus

    expect = clause.expect
    only(monkeypatch, expect["environment"])
    await started_runtime()
    await feedback_bus().publish(make_store_event("soft"))
    got = value(expect["metric"], provider=expect["provider"])
    clause.equal(f"{expect['metric']} of {expect['provider']} after a soft event", got, expect["scale"])


async def test_scales_wait_for_events(clause: ClauseCheck, monkeypatch: pytest.MonkeyPatch) -> None:
    """Before any event the scales of the environment leave the rate of a runtime's provider as it is without them."""
    from market_data_pipeline.orchestration.coordinator import RateCoordinator

    coordinators: list[Any] = []
    register = RateCoordinator.register_provider

    def watched(self: Any, *args: Any, **options: Any) -> None:
        coordinators.append(self)
        register(self, *args, **options)

    monkeypatch.setattr(RateCoordinator, "register_provider", watched)
    provider = clause.expect["environment"]["MDP_FB_PROVIDER_NAME"]
    for environment in ({"MDP_FB_PROVIDER_NAME": provider}, clause.expect["environment"]):
        only(monkeypatch, environment)
        await started_runtime()
    clock = StoppedClock().stop(monkeypatch)
    rates = []
    for coordinator in coordinators:
        await granted(coordinator, provider)
        clock.advance(1.0)
        rates.append(await granted(coordinator, provider))
    clause.equal("number of runtimes with a provider", len(rates), 2)
    clause.equal("tokens granted in a second, with scales in the environment", rates[1], rates[0])


def test_runtime_when_built(clause: ClauseCheck, monkeypatch: pytest.MonkeyPatch) -> None:
    """Runtime settings read MDP_FB_* when they are built, not when their module is imported."""
    from market_data_pipeline.settings import UnifiedRuntimeSettings

    got = []
    for given in clause.expect["values"]:
        only(monkeypatch, {clause.expect["variable"]: given})
        got.append(UnifiedRuntimeSettings.from_dict({"mode": "dag", "dag": GRAPH}).feedback.scale_soft)
    clause.equal("scales of settings built one after the other", got, clause.expect["scales"])


def test_runtime_environment(clause: ClauseCheck, monkeypatch: pytest.MonkeyPatch) -> None:
    """UnifiedRuntimeSettings.from_env reads mode and graph from MDP_UNIFIED_MODE and MDP_UNIFIED_DAG_JSON."""
    from market_data_pipeline.settings import UnifiedRuntimeSettings

    only(monkeypatch, clause.expect["environment"])
    with clause.works("UnifiedRuntimeSettings.from_env()"):
        settings = UnifiedRuntimeSettings.from_env()
    clause.equal("mode", settings.mode.value, clause.expect["mode"])
    clause.equal("name of the graph", settings.dag.name, clause.expect["name"])


def test_metrics_switch(clause: ClauseCheck, monkeypatch: pytest.MonkeyPatch) -> None:
    """MDP_METRICS_ENABLE=false switches metrics off in the runtime settings."""
    from market_data_pipeline.settings import UnifiedRuntimeSettings

    variable, given = clause.expect["variable"], clause.expect["value"]
    only(monkeypatch, {variable: given})
    got = UnifiedRuntimeSettings(mode="dag", dag=GRAPH).metrics.enable
    clause.equal(f"metrics.enable with {variable}={given}", got, clause.expect["enable"])


def test_core_contracts_flag(clause: ClauseCheck, monkeypatch: pytest.MonkeyPatch) -> None:
    """MDP_FB_USE_CORE_CONTRACTS is a setting, on by default."""
    only(monkeypatch, {})
    got = getattr(built(clause, FEEDBACK), clause.expect["setting"], "<missing>")
    clause.equal(clause.expect["setting"], got, clause.expect["default"])


def test_pulse_when_built(clause: ClauseCheck, monkeypatch: pytest.MonkeyPatch) -> None:
    """Pipeline's and Store's PulseConfig both read the environment when they are built, not when their module is
    imported.
    """
    expect = clause.expect
    classes = {path: named(path) for path in expect["configurations"]}
    for variable, given in expect["environment"].items():
        monkeypatch.setenv(variable, given)
    late = [
        f"{path}: {name}"
        for path, configuration in classes.items()
        for name, got in picked(configuration(), expect["settings"]).items()
        if got != expect["settings"][name]
    ]
    clause.none("settings that do not follow the environment", late, examined=len(classes))


def test_dotenv_alike(clause: ClauseCheck, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A .env file in the working directory sets the feedback settings of Pipeline as it does those of Store."""
    deaf = []
    for path, wanted in clause.expect.items():
        only(monkeypatch, {})
        monkeypatch.chdir(tmp_path)
        # One line alone: that settings refuse the lines of others is another clause.
        (tmp_path / ".env").write_text(f"{wanted['line']}\n")
        if getattr(built(clause, path), wanted["setting"]) != wanted["value"]:
            deaf.append(path)
    clause.none("settings that do not read .env", deaf, examined=len(clause.expect))


def test_dotenv_shared(clause: ClauseCheck, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No settings of Pipeline or Store refuse a .env file because it also holds variables of the others."""
    only(monkeypatch, {})
    monkeypatch.chdir(tmp_path)
    (tmp_path / ".env").write_text("".join(f"{line}\n" for line in clause.expect["lines"]))
    refusing = []
    for path in clause.expect["settings"]:
        try:
            named(path)()
        except ValueError:
            refusing.append(path)
    clause.none("settings that refuse a shared .env", refusing, examined=len(clause.expect["settings"]))


def test_core_environment(clause: ClauseCheck, monkeypatch: pytest.MonkeyPatch) -> None:
    """CoreSettings.from_env reads the documented variables, and has the documented defaults without them."""
    from market_data_core.settings import CoreSettings

    for what, environment in (("defaults", {}), ("settings", clause.expect["environment"])):
        only(monkeypatch, environment)
        wanted = clause.expect[what]
        clause.equal(f"Core's {what} from the environment", picked(CoreSettings.from_env(), wanted), wanted)
