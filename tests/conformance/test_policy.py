"""How Pipeline's FeedbackHandler turns the level of an event into the scale of an adjustment."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from enum import Enum
from typing import Any

import pytest

from mdc_clock import StoppedClock
from mdc_doubles import RecordingController
from mdc_rate import drained, granted, handler_of, shown
from mdm_clause import ClauseCheck

Make = Callable[..., Any]


def _handler(controller: RecordingController, policy: Any = None, provider: str = "ibkr") -> Any:
    from market_data_pipeline.orchestration.feedback import FeedbackHandler

    return FeedbackHandler(rate=controller, provider=provider, policy=policy)


def _by_member(policy: dict[str, float]) -> dict[Any, float]:
    from market_data_core.telemetry import BackpressureLevel

    return {BackpressureLevel(level): scale for level, scale in policy.items()}


def _scales(controller: RecordingController) -> dict[str, float]:
    return {each.reason.value: each.scale for each in controller.adjustments}


async def test_default_scales(clause: ClauseCheck, controller: RecordingController, make_event: Make) -> None:
    """Without a policy an ok event gives scale 1.0 and a soft event 0.5."""
    handler = _handler(controller)
    for level in clause.expect["scales"]:
        await handler.handle(make_event(level))
    clause.equal("scales of the default policy", _scales(controller), clause.expect["scales"])


async def test_custom_scales(clause: ClauseCheck, controller: RecordingController, make_event: Make) -> None:
    """A policy keyed by Core's levels replaces the default one."""
    handler = _handler(controller, _by_member(clause.expect["scales"]))
    for level in clause.expect["scales"]:
        await handler.handle(make_event(level))
    clause.equal("scales of the custom policy", _scales(controller), clause.expect["scales"])


async def test_mixed_keys(clause: ClauseCheck, controller: RecordingController, make_event: Make) -> None:
    """A policy may name some of its levels by Core's members and others by their string values."""
    from market_data_core.telemetry import BackpressureLevel

    scales = clause.expect["scales"]
    policy = {BackpressureLevel.ok: scales["ok"], "soft": scales["soft"], BackpressureLevel.hard.value: scales["hard"]}
    with clause.works("a policy keyed by members and strings"):
        handler = _handler(controller, policy)
    for level in scales:
        await handler.handle(make_event(level))
    clause.equal("scales of a policy keyed by members and strings", _scales(controller), scales)


async def test_partial_fails_safe(clause: ClauseCheck, controller: RecordingController, make_event: Make) -> None:
    """A level that a custom policy leaves out does not give the full rate."""
    # A handler that refuses such a policy, when it is built or when it is used, is as safe.
    with contextlib.suppress(ValueError, KeyError, TypeError):
        handler = _handler(controller, _by_member(clause.expect["policy"]))
        for level in clause.expect["levels"]:
            await handler.handle(make_event(level))
    unsafe = [
        f"{level}: scale {scale}" for level, scale in _scales(controller).items() if scale >= clause.expect["below"]
    ]
    clause.none("levels left out that give the full rate", unsafe, examined=len(clause.expect["levels"]))


async def test_unknown_level_fails_safe(clause: ClauseCheck, rate_coordinator: Any, make_event: Make) -> None:
    """A level that Core does not define never raises a provider's rate."""
    make_enum: Any = Enum
    newer = make_enum("newer", [(clause.expect["level"], clause.expect["level"])], type=str)
    unknown = make_event("hard").model_copy(update={"level": newer(clause.expect["level"])})
    handler = handler_of(rate_coordinator)
    await handler.handle(make_event("hard"))
    # To refuse it is as good as to throttle: what counts is what becomes of the provider.
    with contextlib.suppress(Exception):
        await handler.handle(unknown)
    clause.equal("scale and pressure after an unknown level", shown(rate_coordinator), clause.expect["state"])


async def test_out_of_range_never_applied(
    clause: ClauseCheck, controller: RecordingController, make_event: Make
) -> None:
    """A scale outside 0.0 to 1.0 never reaches the rate controller."""
    for scale in clause.expect["scales"]:
        # Refused where the policy is given, refused when it is used, or brought into range: any of them will do.
        with contextlib.suppress(ValueError):
            handler = _handler(controller, _by_member({"ok": 1.0, "soft": scale, "hard": 0.0}))
            await handler.handle(make_event("soft"))
    outside = [each.scale for each in controller.adjustments if not 0.0 <= each.scale <= 1.0]
    clause.none(
        "scales that reached the controller", [str(scale) for scale in outside], examined=len(clause.expect["scales"])
    )


async def test_policy_not_shared(clause: ClauseCheck, controller: RecordingController, make_event: Make) -> None:
    """A policy that its caller changes afterwards does not change the handler's."""
    policy = _by_member(clause.expect["policy"])
    handler = _handler(controller, policy)
    policy.update(_by_member(clause.expect["change"]))
    await handler.handle(make_event("hard"))
    got = [each.scale for each in controller.adjustments]
    clause.equal("scales of hard after the caller's change", got, [clause.expect["scale"]])


async def test_adjustment_fields(clause: ClauseCheck, controller: RecordingController, make_event: Make) -> None:
    """An event becomes one Core RateAdjustment with the handler's provider, the policy's scale, and the event's level
    and ts.
    """
    from market_data_core.telemetry import BackpressureLevel, RateAdjustment

    expect = clause.expect
    await _handler(controller, provider=expect["provider"]).handle(make_event(expect["level"], ts=expect["ts"]))
    clause.equal("number of adjustments of one event", len(controller.adjustments), 1)
    adjustment = controller.adjustments[0]
    kind = type(adjustment)
    is_cores = isinstance(adjustment, RateAdjustment)
    clause.that("the adjustment", is_cores, expected="Core's RateAdjustment", got=f"{kind.__module__}.{kind.__name__}")
    got = {"provider": adjustment.provider, "scale": adjustment.scale, "level": adjustment.reason, "ts": adjustment.ts}
    clause.equal("the adjustment", got, {**expect, "level": BackpressureLevel(expect["level"])})


async def test_store_event_same_adjustment(
    clause: ClauseCheck, controller: RecordingController, make_store_event: Make
) -> None:
    """Store's extended event gives the same adjustment as the plain Core event with its fields."""
    from market_data_core.telemetry import FeedbackEvent

    handler = _handler(controller)
    for level in clause.expect["levels"]:
        extended = make_store_event(level, reason="circuit_open").model_copy(update={"ts": clause.expect["ts"]})
        plain = FeedbackEvent(**{name: getattr(extended, name) for name in FeedbackEvent.model_fields})
        controller.adjustments.clear()
        for event in (plain, extended):
            with clause.works(f"handling {level} as {event.__class__.__module__}.FeedbackEvent"):
                await handler.handle(event)
        of_plain, of_extended = (each.model_dump(mode="json") for each in controller.adjustments)
        clause.equal(f"the adjustment of Store's {level} event", of_extended, of_plain)


async def test_two_handlers(clause: ClauseCheck, controller: RecordingController, make_event: Make) -> None:
    """Two handlers in one process each adjust their own provider by every event."""
    from market_data_pipeline.orchestration.feedback import FeedbackBus

    bus = FeedbackBus()
    providers = list(clause.expect["adjustments"])
    with clause.works("building a second handler"):
        handlers = [_handler(controller, provider=provider) for provider in providers]
    for handler in handlers:
        bus.subscribe(handler.handle)
    for level in clause.expect["levels"]:
        await bus.publish(make_event(level))
    got = {name: [each.scale for each in controller.adjustments if each.provider == name] for name in providers}
    clause.equal("scales that each provider was given", got, clause.expect["adjustments"])


async def test_repeated_event_is_idempotent(
    clause: ClauseCheck, monkeypatch: pytest.MonkeyPatch, make_event: Make
) -> None:
    """The same event handled twice leaves the provider as it was after the first time."""
    clock = StoppedClock().stop(monkeypatch)
    event = make_event("soft")
    bursts = []
    for times in clause.expect["times"]:
        coordinator = await drained(rate=clause.expect["rate"], burst=clause.expect["burst"])
        for _ in range(times):
            await handler_of(coordinator).handle(event)
        clause.equal(f"scale and pressure after {times} soft events", shown(coordinator), clause.expect["state"])
        clock.advance(1.0)
        half = await granted(coordinator)
        clause.equal(f"tokens granted in a second after {times} soft events", half, clause.expect["half"])
        clock.advance(3600.0)
        bursts.append(await granted(coordinator))
    clause.equal("tokens granted at once after an hour, however often handled", bursts, bursts[:1] * len(bursts))
