"""How Pipeline's RateCoordinator throttles a provider when nobody presses: tokens, circuit, cooldown, what it shows."""

from __future__ import annotations

import asyncio
from typing import Any

from mdc_clock import StoppedClock
from mdc_metrics import value
from mdc_rate import drained, granted, settles
from mdc_wait import turns
from mdm_clause import ClauseCheck


async def test_state(clause: ClauseCheck, rate_coordinator: Any) -> None:
    """A provider that is registered starts at full rate, its circuit closed and no cooldown, in its state and in the
    metrics.
    """
    state = rate_coordinator.get_provider_state("ibkr")
    shown = {name: state.get(name) for name in clause.expect["shown"]}
    clause.equal("the provider's state", shown, clause.expect["shown"])
    got = {name: value(name, provider="ibkr") for name in clause.expect["metrics"]}
    clause.equal("the provider's metrics", got, clause.expect["metrics"])


async def test_scale_is_clamped(clause: ClauseCheck, rate_coordinator: Any) -> None:
    """A scale beyond 0 and 1 is taken for the nearer of the two."""
    got = []
    for scale, _ in clause.expect["scales"]:
        await rate_coordinator.set_budget_scale("ibkr", scale)
        got.append([scale, rate_coordinator.get_provider_state("ibkr")["scale_factor"]])
    clause.equal("the scales asked for and shown", got, clause.expect["scales"])


async def test_circuit_opens(clause: ClauseCheck) -> None:
    """After as many failures in a row as its threshold a provider is refused with CircuitBreakerOpen until its timeout
    is over.
    """
    from market_data_pipeline.orchestration.circuit_breaker import CircuitBreakerOpen
    from market_data_pipeline.orchestration.coordinator import RateCoordinator

    threshold, long, short = (clause.expect[name] for name in ("threshold", "long", "short"))
    coordinator: Any = RateCoordinator()
    # The circuit reads a calendar's clock, which nothing stops: one timeout is never over here, and one always is.
    coordinator.register_provider("ibkr", breaker_threshold=threshold, breaker_timeout=long)
    coordinator.register_provider("brief", breaker_threshold=threshold, breaker_timeout=short)

    def circuit(provider: str = "ibkr") -> str:
        return str(coordinator.get_provider_state(provider)["circuit_state"])

    await coordinator.record_failure("ibkr")
    await coordinator.record_success("ibkr")
    for _ in range(threshold - 1):
        await coordinator.record_failure("ibkr")
    clause.equal("the circuit before the threshold", circuit(), clause.expect["closed"])
    with clause.works("acquiring before the threshold"):
        await coordinator.acquire("ibkr")
    await coordinator.record_failure("ibkr")
    clause.equal("the circuit at the threshold", circuit(), clause.expect["open"])
    with clause.refuses("acquiring while the circuit is open", CircuitBreakerOpen):
        await coordinator.acquire("ibkr")
    for _ in range(threshold):
        await coordinator.record_failure("brief")
    await asyncio.sleep(short * 2)
    with clause.works("acquiring after the timeout"):
        await coordinator.acquire("brief")
    clause.equal("the circuit after the timeout", circuit("brief"), clause.expect["closed"])


async def test_cooldown_blocks(clause: ClauseCheck, clock: StoppedClock) -> None:
    """A provider in cooldown is refused until the cooldown is over, by default as long as it was registered with."""
    from market_data_pipeline.orchestration.coordinator import RateCoordinator

    coordinator: Any = RateCoordinator()
    coordinator.register_provider("ibkr", cooldown_sec=clause.expect["registered"])

    def cooling() -> bool:
        return bool(coordinator.get_provider_state("ibkr")["in_cooldown"])

    for seconds in clause.expect["given"]:
        given = () if seconds == clause.expect["registered"] else (seconds,)
        cooldown = asyncio.create_task(coordinator.trigger_cooldown("ibkr", clause.expect["scope"], *given))
        await turns()
        with clause.refuses("acquiring during the cooldown", Exception):
            await coordinator.acquire("ibkr")
        clock.advance(seconds - 1)
        await turns()
        clause.equal(f"in_cooldown one second before {seconds} s are over", cooling(), True)
        clock.advance(1)
        clause.equal(f"whether the cooldown is over after {seconds} s", await settles(cooldown), True)
        clause.equal("in_cooldown after the cooldown", cooling(), False)
        with clause.works("acquiring after the cooldown"):
            await coordinator.acquire("ibkr")


async def test_waits_for_the_rest(clause: ClauseCheck, clock: StoppedClock) -> None:
    """A caller waits only for what its token lacks, and the time that it waited is not credited twice."""
    rate = clause.expect["rate"]
    coordinator = await drained(rate=rate, burst=10)
    clock.advance(0.5 / rate)
    waiter = asyncio.create_task(coordinator.acquire("ibkr"))
    clause.equal("whether half a token is enough", await settles(waiter), False)
    clock.advance(0.5 / rate)
    clause.equal("whether the other half is", await settles(waiter), True)
    with clause.works("waiting for the other half"):
        await waiter
    got = [await granted(coordinator)]
    for _ in range(2):
        clock.advance(0.5 / rate)
        got.append(await granted(coordinator))
    clause.equal(
        "tokens granted at once, after half the time of one, and after all of it", got, clause.expect["granted"]
    )
