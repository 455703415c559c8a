"""What a package alone does when it is asked for a transport: run as a script by the clean install's own interpreter.

``mdc_transports.py QUESTION PORT`` starts what sends or receives, and has it do so once. It answers in JSON: by stage,
the warnings and errors that were logged and the exceptions that were raised, and what was said of the delivery.
"""

from __future__ import annotations

import asyncio
import json
import logging
import os
import sys
import time
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from typing import Any


class Lines(logging.Handler):
    """The warnings and errors that a process logs, by either of the two libraries that the packages log with."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.by_stage: dict[str, list[str]] = {}
        self._lines: list[str] = []
        logging.getLogger().addHandler(self)
        try:
            from loguru import logger
        except ImportError:
            return
        logger.add(lambda message: self._lines.append(message.record["message"]), level="WARNING", format="{message}")

    def emit(self, record: logging.LogRecord) -> None:
        self._lines.append(record.getMessage())

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        """Keep what is said while the block runs; what it raises is said too, and ends it."""
        self._lines = self.by_stage.setdefault(name, [])
        try:
            yield
        except Exception as error:  # noqa: BLE001 - whatever it is, it is what the user is told
            self._lines.append(f"{type(error).__name__}: {error}")


def _event() -> dict[str, Any]:
    from market_data_core.telemetry import BackpressureLevel

    return {"coordinator_id": "bars", "queue_size": 8, "capacity": 10, "level": BackpressureLevel.hard}


async def core_redis(lines: Lines, port: int) -> Any:
    """Publish an event on Core's bus."""
    with lines.stage("start"):
        from market_data_core.events import create_event_bus
        from market_data_core.telemetry import FeedbackEvent

        bus: Any = create_event_bus(backend="redis", redis_url=f"redis://127.0.0.1:{port}/0")
        await bus.publish("telemetry.feedback", FeedbackEvent(**_event(), source="store", ts=time.time()))


async def store_redis(lines: Lines, _port: int) -> Any:
    """Signal once with Store's publisher; how many events are counted as sent."""
    with lines.stage("start"):
        from market_data_store.coordinator import FeedbackEvent, feedback_bus
        from market_data_store.pulse import FeedbackPublisherService

        await FeedbackPublisherService().start()
    with lines.stage("event"):
        await feedback_bus().publish(FeedbackEvent.create(**_event()))
    from prometheus_client import REGISTRY

    metrics = [sample for metric in REGISTRY.collect() for sample in metric.samples]
    return sum(
        sample.value
        for sample in metrics
        if sample.name == "pulse_publish_total" and sample.labels.get("outcome") == "success"
    )


async def pipeline_redis(lines: Lines, _port: int) -> Any:
    """Start Pipeline's runtime, which starts its consumer."""
    with lines.stage("start"):
        from market_data_pipeline.orchestration.runtime import PipelineRuntime, PipelineRuntimeSettings

        runtime = PipelineRuntime(PipelineRuntimeSettings())
        await runtime.initialize()
    others = asyncio.all_tasks() - {asyncio.current_task()}
    if find_spec("redis") and others:
        # The consumer ends, as the server hangs up. Without the library there is none.
        await asyncio.wait(others, timeout=60.0, return_when=asyncio.FIRST_COMPLETED)


async def store_http(lines: Lines, port: int) -> Any:
    """Broadcast one event by Store's broadcaster; what broadcast_one returns."""
    with lines.stage("start"):
        from market_data_store.coordinator import FeedbackEvent, HttpFeedbackBroadcaster

        options: dict[str, Any] = {"max_retries": 1, "backoff_base": 0.0}
        broadcaster: Any = HttpFeedbackBroadcaster(f"http://127.0.0.1:{port}/feedback", **options)
        await broadcaster.start()
    with lines.stage("event"):
        return await broadcaster.broadcast_one(FeedbackEvent.create(**_event()))
    return None


def main() -> None:
    """Answer on the standard output, which the packages' own printing does not reach."""
    answer = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    questions: dict[str, Callable[[Lines, int], Coroutine[Any, Any, Any]]] = {
        "core-redis": core_redis,
        "store-redis": store_redis,
        "pipeline-redis": pipeline_redis,
        "store-http": store_http,
    }
    lines = Lines()
    said = asyncio.run(questions[sys.argv[1]](lines, int(sys.argv[2])))
    with answer:
        json.dump({"lines": lines.by_stage, "said": said}, answer)
    # What the packages have left running is of no interest, and must not keep the process.
    os._exit(0)


if __name__ == "__main__":
    main()
