"""Pipeline's runtime as a service of its own: started by its environment, and stopped by SIGTERM."""

from __future__ import annotations

import asyncio
import json
import signal
from typing import Any

from mdc_forked_work import ForkedWork, Tell
from mdc_redis_server import RedisServer
from mdc_wait import eventually, turns

IDLE = "nothing else runs"
"""What a runtime says in which no task is left that could ever do anything."""


def runtime_service(server: RedisServer, **environment: str) -> ForkedWork:
    """Start a process with a PipelineRuntime. It says ``started``, each state of its provider, and ``ended``."""
    bus = {"PULSE_ENABLED": "true", "EVENT_BUS_BACKEND": "redis", "REDIS_URL": server.url}

    def serve(tell: Tell) -> None:
        asyncio.run(_serve(server, tell))

    return ForkedWork(serve, bus | environment, afresh=("market_data_pipeline.pulse",))


def state(scale: float, level: str) -> str:
    """The line that says so much of the provider ``ibkr``."""
    return json.dumps([scale, level])


async def _serve(server: RedisServer, tell: Tell) -> None:
    from market_data_pipeline.orchestration.runtime import PipelineRuntime

    stopped = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stopped.set)
    runtime = PipelineRuntime()
    await runtime.initialize()
    await _round_trips(server)
    tell("started")
    shown: set[str] = set()

    def changed() -> bool:
        return stopped.is_set() or _lines(runtime) != shown

    while not stopped.is_set():
        now = _lines(runtime)
        for line in sorted(now - shown):
            tell(line)
        shown = now
        await eventually(changed)
    await runtime.shutdown()
    tell("ended")


def _lines(runtime: Any) -> set[str]:
    """What is to be said of the runtime as it is now."""
    provider = runtime.rate_coordinator.get_provider_state("ibkr")
    alone = {IDLE} if len(asyncio.all_tasks()) == 1 else set()
    return {state(provider["scale_factor"], provider["pressure_state"])} | alone


async def _round_trips(server: RedisServer, count: int = 5) -> None:
    """Reach the server so often that whatever else was about to has reached it too; where it is away, nothing has."""
    try:
        reader, writer = await asyncio.open_connection(server.host, server.port)
    except OSError:
        await turns()
        return
    for _ in range(count):
        writer.write(b"PING\r\n")
        await reader.readline()
    writer.close()
    await writer.wait_closed()
