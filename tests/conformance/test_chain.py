"""From a full queue in Store to what Pipeline's provider is granted."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from mdc_clock import StoppedClock
from mdc_doubles import RecordingController, RecordingSubscriber
from mdc_metrics import value
from mdc_queue import levels, stalled
from mdc_rate import drained, granted, handler_of, settles, shown
from mdm_clause import ClauseCheck

# One bus and one registry of metrics for the whole process: who has subscribed before is counted too.
fresh_bus = pytest.mark.fresh


async def test_hard_pauses(
    clause: ClauseCheck, controller: RecordingController, make_event: Callable[..., Any]
) -> None:
    """A hard event gives an adjustment of scale 0.0 with the default policy."""
    from market_data_pipeline.orchestration.feedback import FeedbackHandler

    await FeedbackHandler(rate=controller, provider="ibkr").handle(make_event("hard"))
    got = [adjustment.scale for adjustment in controller.adjustments]
    clause.equal("scales after a hard event", got, [clause.expect["scale"]])


async def test_reaches_pipeline(clause: ClauseCheck, subscriber: RecordingSubscriber) -> None:
    """What a WriteCoordinator of Store signals is delivered on the bus that Pipeline's feedback_bus() returns."""
    from market_data_pipeline.orchestration.feedback import feedback_bus

    queue = await stalled(capacity=10)
    feedback_bus().subscribe(subscriber)
    await queue.fill(to=10)
    await queue.drain(to=0)
    clause.equal("levels heard on Pipeline's bus", levels(subscriber.events), clause.expect["levels"])


async def test_provider_follows(clause: ClauseCheck, rate_coordinator: Any) -> None:
    """A provider's scale and pressure state follow a real queue of Store through soft, hard and ok, and from soft alone
    back to ok.
    """
    from market_data_pipeline.orchestration.feedback import feedback_bus

    queue = await stalled(capacity=10, high_watermark=8, low_watermark=4)
    feedback_bus().subscribe(handler_of(rate_coordinator).handle)
    clause.equal("scale and pressure before any event", shown(rate_coordinator), clause.expect["start"])
    await queue.fill(to=5)
    clause.equal("scale and pressure above the low watermark", shown(rate_coordinator), clause.expect["soft"])
    await queue.fill(to=8)
    clause.equal("scale and pressure at the high watermark", shown(rate_coordinator), clause.expect["hard"])
    await queue.drain(to=4)
    clause.equal("scale and pressure after recovery", shown(rate_coordinator), clause.expect["ok"])
    await queue.fill(to=5)
    clause.equal("scale and pressure above the low watermark again", shown(rate_coordinator), clause.expect["soft"])
    await queue.drain(to=4)
    clause.equal("scale and pressure after soft alone", shown(rate_coordinator), clause.expect["ok"])


async def test_settings_apply(clause: ClauseCheck, monkeypatch: pytest.MonkeyPatch) -> None:
    """The provider and the scales that MDP_FB_* name are the ones that a real event of Store adjusts."""
    from market_data_pipeline.orchestration.coordinator import RateCoordinator
    from market_data_pipeline.orchestration.feedback import FeedbackHandler, RateCoordinatorAdapter, feedback_bus
    from market_data_pipeline.settings.feedback import PipelineFeedbackSettings

    for name, text in clause.expect["environment"].items():
        monkeypatch.setenv(name, text)
    settings = PipelineFeedbackSettings()
    coordinator = RateCoordinator()
    coordinator.register_provider(clause.expect["provider"], capacity=10, refill_rate=100)
    handler = FeedbackHandler(
        rate=RateCoordinatorAdapter(coordinator), provider=settings.provider_name, policy=settings.get_policy()
    )
    queue = await stalled(capacity=10)
    feedback_bus().subscribe(handler.handle)
    await queue.fill(to=6)
    got = shown(coordinator, clause.expect["provider"])
    clause.equal("scale and pressure of the provider in the settings", got, clause.expect["state"])


async def test_soft_halves_rate(clause: ClauseCheck, clock: StoppedClock, make_event: Callable[..., Any]) -> None:
    """After a soft event the provider's bucket grants half as many tokens in the same time, however often it is
    asked.
    """
    coordinator = await drained(rate=clause.expect["rate"], burst=1_000)

    async def in_a_second(asked: int) -> int:
        tokens = 0
        for _ in range(asked):
            clock.advance(1.0 / asked)
            tokens += await granted(coordinator)
        return tokens

    often = clause.expect["asked"]
    full = {asked: await in_a_second(asked) for asked in often}
    clause.equal("tokens granted in a second at full rate", full, dict.fromkeys(often, clause.expect["full"]))
    await handler_of(coordinator).handle(make_event("soft"))
    half = {asked: await in_a_second(asked) for asked in often}
    clause.equal("tokens granted in a second after soft", half, dict.fromkeys(often, clause.expect["half"]))


async def test_soft_halves_slow_rate(clause: ClauseCheck, clock: StoppedClock, make_event: Callable[..., Any]) -> None:
    """A soft event also halves the rate of a provider that refills one token a second."""
    coordinator = await drained(rate=clause.expect["rate"], burst=1_000)
    await handler_of(coordinator).handle(make_event("soft"))
    clock.advance(clause.expect["seconds"])
    got = await granted(coordinator)
    clause.equal(f"tokens granted in {clause.expect['seconds']} s after soft", got, clause.expect["half"])


async def test_hard_refills_nothing(clause: ClauseCheck, clock: StoppedClock, make_event: Callable[..., Any]) -> None:
    """After a hard event an empty bucket grants nothing, however long it lasts."""
    coordinator = await drained(rate=100, burst=10)
    clock.advance(1.0)
    clause.equal("tokens granted in a second before", await granted(coordinator), clause.expect["before"])
    await handler_of(coordinator).handle(make_event("hard"))
    clock.advance(3600.0)
    clause.equal("tokens granted in an hour after hard", await granted(coordinator), clause.expect["granted"])


async def test_hard_withholds_burst(
    clause: ClauseCheck, clock: StoppedClock, rate_coordinator: Any, make_event: Callable[..., Any]
) -> None:
    """After a hard event what is left of the burst is not granted either."""
    await handler_of(rate_coordinator).handle(make_event("hard"))
    got = await granted(rate_coordinator)
    clause.equal("tokens granted at once after hard, of a full burst", got, clause.expect["granted"])


async def test_ok_restores_rate(clause: ClauseCheck, clock: StoppedClock, make_event: Callable[..., Any]) -> None:
    """After hard and then ok the provider's bucket grants its full rate again."""
    coordinator = await drained(rate=clause.expect["rate"], burst=1_000)
    for level in ("hard", "ok"):
        await handler_of(coordinator).handle(make_event(level))
    clock.advance(1.0)
    clause.equal("tokens granted in a second after recovery", await granted(coordinator), clause.expect["full"])


async def test_pause_earns_nothing(clause: ClauseCheck, clock: StoppedClock, make_event: Callable[..., Any]) -> None:
    """The time that a provider was paused earns it no tokens when it resumes."""
    coordinator = await drained(rate=clause.expect["rate"], burst=1_000)
    handler = handler_of(coordinator)
    await handler.handle(make_event("hard"))
    clock.advance(clause.expect["seconds"])
    await handler.handle(make_event("ok"))
    clause.equal("tokens granted at once after a pause", await granted(coordinator), clause.expect["granted"])


async def test_waiter_outlasts_slowdown(
    clause: ClauseCheck, clock: StoppedClock, make_event: Callable[..., Any]
) -> None:
    """A caller that waits for a token while the rate is lowered goes on waiting and is granted one."""
    coordinator = await drained(rate=64, burst=10)
    waiter = asyncio.create_task(coordinator.acquire("ibkr"))
    await settles(waiter)
    await handler_of(coordinator).handle(make_event("soft"))
    # The first step is as long as the wait at the old rate; at half the rate the token is due after two.
    for _ in range(8):
        clock.advance(1 / 64)
        if await settles(waiter):
            break
    clause.that("a caller waiting at a lowered rate", waiter.done(), expected="granted a token", got="still waiting")
    with clause.works("a caller waiting at a lowered rate"):
        await waiter


async def test_waiter_profits_from_recovery(
    clause: ClauseCheck, clock: StoppedClock, make_event: Callable[..., Any]
) -> None:
    """A caller that waits for a token while the provider is paused is granted one at the full rate after recovery."""
    coordinator = await drained(rate=clause.expect["rate"], burst=10)
    handler = handler_of(coordinator)
    await handler.handle(make_event("hard"))
    waiter = asyncio.create_task(coordinator.acquire("ibkr"))
    await settles(waiter)
    await handler.handle(make_event("ok"))
    clock.advance(clause.expect["seconds"])
    clause.that(
        f"a caller that waited when the rate recovered, {clause.expect['seconds']} s later",
        await settles(waiter),
        expected="granted a token",
        got="still waiting",
    )


async def test_unregistered_provider_harmless(
    clause: ClauseCheck, clock: StoppedClock, rate_coordinator: Any, make_event: Callable[..., Any]
) -> None:
    """An adjustment for a provider that is not registered raises nothing and changes nothing."""
    with clause.works("handling a hard event for a provider that is not registered"):
        await handler_of(rate_coordinator, "nobody").handle(make_event("hard"))
    clause.equal("scale and pressure of the registered one", shown(rate_coordinator), clause.expect["state"])
    clause.equal("tokens granted to the registered one", await granted(rate_coordinator), clause.expect["granted"])
    with clause.refuses("acquiring for the provider that is not registered", ValueError):
        await rate_coordinator.acquire("nobody")


async def test_providers_independent(clause: ClauseCheck, clock: StoppedClock, make_event: Callable[..., Any]) -> None:
    """Pausing one provider leaves another at its full rate."""
    coordinator = await drained(rate=clause.expect["rate"], burst=1_000, provider="polygon")
    coordinator.register_provider("ibkr", capacity=10, refill_rate=100)
    await handler_of(coordinator).handle(make_event("hard"))
    clause.equal("scale and pressure of the paused provider", shown(coordinator), clause.expect["paused"])
    clause.equal("scale and pressure of the other", shown(coordinator, "polygon"), clause.expect["other"])
    clock.advance(1.0)
    got = await granted(coordinator, "polygon")
    clause.equal("tokens granted in a second to the other", got, clause.expect["full"])


@fresh_bus
async def test_stopped_runtime_hears_nothing(clause: ClauseCheck) -> None:
    """A runtime of Pipeline that was stopped is no longer subscribed to the feedback bus."""
    from market_data_pipeline.runtime import UnifiedRuntime
    from market_data_pipeline.settings.runtime_unified import UnifiedRuntimeSettings
    from market_data_store.coordinator import feedback_bus

    runtime: Any = UnifiedRuntime(UnifiedRuntimeSettings(mode="dag", dag={"graph": clause.expect["graph"]}))
    await runtime.start()
    clause.equal("subscribers while it runs", feedback_bus().subscriber_count, clause.expect["running"])
    await runtime.stop()
    clause.equal("subscribers after it was stopped", feedback_bus().subscriber_count, clause.expect["stopped"])


@fresh_bus
async def test_runtime_says_whether_it_runs(clause: ClauseCheck) -> None:
    """A runtime of Pipeline says in status() and in runtime_up{mode} whether it runs, runs a job only while it does,
    and subscribes once even if started twice.
    """
    from market_data_pipeline.runtime import UnifiedRuntime, UnifiedRuntimeError
    from market_data_pipeline.settings.runtime_unified import UnifiedRuntimeSettings
    from market_data_store.coordinator import feedback_bus

    with clause.refuses("a runtime of mode dag without a graph", ValueError):
        UnifiedRuntimeSettings(mode="dag")
    job, named = clause.expect["job"], clause.expect["named"]
    dag = {"name": named, "graph": clause.expect["graph"]}
    runtime: Any = UnifiedRuntime(UnifiedRuntimeSettings(mode="dag", dag=dag))

    async def says(when: str, expected: dict[str, Any]) -> None:
        status = await runtime.status()
        names = clause.expect["running"]
        clause.equal(f"status() {when}", {name: status.get(name) for name in names}, dict.fromkeys(names) | expected)

    async def idle(when: str) -> None:
        await says(when, clause.expect["stopped"])
        with clause.refuses(f"running a job {when}", UnifiedRuntimeError):
            await runtime.run(job)
        clause.equal(f"runtime_jobs_running {when}", value("runtime_jobs_running", mode="dag"), 0.0)

    await idle("before the start")
    for _ in range(2):
        await runtime.start()
    await says("after two starts", clause.expect["running"])
    clause.equal("runtime_up after two starts", value("runtime_up", mode="dag"), clause.expect["up"])
    clause.equal("subscribers after two starts", feedback_bus().subscriber_count, clause.expect["subscribers"])
    got = [await runtime.run(job), await runtime.run()]
    clause.equal("what running a job returns, and one without a name of its own", got, [job, named])
    for _ in range(2):
        await runtime.stop()
    clause.equal("runtime_up after two stops", value("runtime_up", mode="dag"), clause.expect["down"])
    await idle("after two stops")
