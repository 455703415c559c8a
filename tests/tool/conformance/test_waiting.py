"""How checks wait: by what happens, or on a clock that stands still, and never by how fast the machine is."""

from __future__ import annotations

import ast
import asyncio
import sys
import timeit
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest
from examples import ROOT

from mdc_clock import StoppedClock
from mdc_wait import settled, until, wait_until

CHECKS = sorted((ROOT / "tests" / "conformance").glob("*.py"))
REAL_TIME = {
    "mdc_wait.py": {"monotonic", "sleep", "wait"},  # for a thread or a server, with far more time than it takes
    "mdc_http_endpoint.py": {"monotonic"},  # times of arrival, between which no wait can be too short
    "mdc_transports.py": {"wait"},  # a minute, for what ends at once
    "test_broadcast.py": {"wait_for"},  # half a minute, where ten of them would be wrong
    "test_health.py": {"sleep"},  # so that the time of two answers differs
    "test_metrics.py": {"perf_counter"},  # as much as passes, between which a duration that is shown must lie
    "test_provider.py": {"sleep"},  # twice as long as a timeout, after which alone something must hold
    "test_queue.py": {"sleep"},  # so that the time of two events differs
}
"""Where real time may pass, and why no check there depends on how much of it does."""


def waits(text: str) -> Iterator[str]:
    """The calls that measure time, or let it pass. To sleep for no time lets others run, and is none."""
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Call):
            name = ast.unparse(node.func).rpartition(".")[2]
            nothing = ast.unparse(node.args[0]) == "0" if node.args else False
            if name in ("monotonic", "perf_counter", "sleep", "timeout") and not nothing:
                yield name
            if ast.unparse(node.func) in ("asyncio.wait_for", "asyncio.wait"):
                yield name


@pytest.mark.parametrize("file", CHECKS, ids=lambda file: file.name)
def test_real_time_passes_in_named_places_only(file: Path) -> None:
    """A check that waits has an event to wait for, or a stopped clock; whoever adds another says here why it holds."""
    assert set(waits(file.read_text(encoding="utf-8"))) == REAL_TIME.get(file.name, set())


@pytest.mark.parametrize(
    "call",
    ["time.monotonic()", "time.perf_counter()", "asyncio.sleep(0.1)", "time.sleep(x)", "asyncio.wait_for(a, 1)"],
)
def test_each_way_to_wait_is_found(call: str) -> None:
    assert list(waits(call))
    assert not list(waits("asyncio.sleep(0)"))


def test_what_goes_on_by_itself_is_waited_for() -> None:
    steps: list[int] = []

    async def work() -> None:
        for number in range(100):
            await asyncio.sleep(0)
            steps.append(number)

    async def check() -> None:
        task = asyncio.create_task(work())
        await until(lambda: len(steps) >= 90)
        # What follows is not cut short by that.
        assert len(steps) == 100
        await task
        assert (await settled(asyncio.Event().wait())).cancelled()
        assert (await settled(asyncio.sleep(0, "result"))).result() == "result"

    asyncio.run(check())


def test_a_stopped_clock_lets_hours_pass_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """A timer ends when its time has passed on the clock, and not before."""

    async def check() -> None:
        clock = StoppedClock().stop(monkeypatch)
        hour = asyncio.create_task(asyncio.sleep(3600.0))
        assert not await clock.ends(hour, 1.0)
        clock.advance(3599.0)
        assert await clock.ends(hour)
        assert await clock.run(asyncio.sleep(30.0, "result")) == "result"
        with pytest.raises(TimeoutError):
            await clock.run(asyncio.sleep(3600.0))
        monkeypatch.undo()

    before = timeit.default_timer()
    asyncio.run(check())
    assert timeit.default_timer() - before < 600.0


@pytest.mark.parametrize("name", ["market_data_store.worker", "prometheus_client.context_managers"])
def test_a_stopped_clock_stops_those_that_were_imported_by_name(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    """By the packages, and by the library that measures durations for them."""
    module = ModuleType(name)
    vars(module)["default_timer"] = timeit.default_timer
    monkeypatch.setitem(sys.modules, name, module)
    clock = StoppedClock().stop(monkeypatch)
    for timer in (vars(module)["default_timer"], timeit.default_timer):
        before = timer()
        clock.advance(7.0)
        assert timer() - before == 7.0


def test_who_has_waited_long_looks_less_often() -> None:
    """A look at a server may cost milliseconds of a core, which the server itself would need."""
    looks = []
    wait_until(lambda: looks.append(1) is not None, 1.0)  # type: ignore[func-returns-value]
    assert 1 < len(looks) < 60
