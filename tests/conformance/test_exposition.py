"""Metrics as a scraper gets them from the services."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import httpx
import pytest

from mdc_asgi import app_of, client_of, configure_store, serving
from mdc_metrics import exposed, families, total
from mdc_wait import until
from mdm_clause import ClauseCheck
from mdm_plan import Plan

# One application for the whole process: another check may have started it.
fresh_app = pytest.mark.fresh


async def scraped(client: httpx.AsyncClient) -> dict[tuple[str, frozenset[tuple[str, str]]], float]:
    """The samples that /metrics shows."""
    return exposed((await client.get("/metrics")).text)


def shown(clause: ClauseCheck, found: dict[tuple[str, frozenset[tuple[str, str]]], float]) -> None:
    """Hold if every sample that the clause expects is among those found, with its value."""
    for sample in clause.expect["samples"]:
        got = found.get((sample["name"], frozenset(sample["labels"].items())))
        clause.equal(f"{sample['name']} {sample['labels']} on /metrics", got, sample["value"])


async def test_pipeline_metrics(
    clause: ClauseCheck, plan: Plan, rate_coordinator: Any, make_event: Callable[..., Any]
) -> None:
    """Pipeline's /metrics shows the rate, the backpressure and the queue depth that its feedback handler has set."""
    from market_data_pipeline.orchestration.feedback import FeedbackHandler, RateCoordinatorAdapter

    handler = FeedbackHandler(rate=RateCoordinatorAdapter(rate_coordinator), provider="ibkr")
    await handler.handle(make_event(clause.expect["level"], queue_size=clause.expect["queue_size"]))
    async with serving(app_of(plan, "pipeline")) as client:
        shown(clause, await scraped(client))


async def test_pipeline_own_metrics(clause: ClauseCheck, plan: Plan) -> None:
    """Pipeline's /metrics shows the metrics of its PipelineMetrics that its README names."""
    async with serving(app_of(plan, "pipeline")) as client:
        names = families((await client.get("/metrics")).text)
    missing = [name for name in clause.expect["families"] if name not in names]
    clause.none("metrics that /metrics does not show", missing, examined=len(clause.expect["families"]))


class BarsClient:
    """A double at the database's edge: takes bars and keeps none."""

    async def upsert_bars(self, batch: Sequence[Any]) -> None:
        """Succeed."""


async def test_store_metrics(clause: ClauseCheck, plan: Plan, monkeypatch: pytest.MonkeyPatch) -> None:
    """Store's /metrics shows what its coordinators and its sinks count."""
    from market_data_store.coordinator import WriteCoordinator
    from market_data_store.sinks import BarsSink

    count = clause.expect["submitted"]
    coordinator = WriteCoordinator(sink=BarsSink(BarsClient()), workers=1, batch_size=count, coord_id="bars")
    await coordinator.start()
    await coordinator.submit_many(range(count))
    await until(lambda: total("mds_worker_batches_written_total") > 0)
    configure_store(monkeypatch, "sqlite://")
    async with serving(app_of(plan, "store")) as client:
        shown(clause, await scraped(client))


async def test_store_own_metrics(clause: ClauseCheck, plan: Plan, monkeypatch: pytest.MonkeyPatch) -> None:
    """Store's /metrics shows that the service is up, and counts its requests."""
    configure_store(monkeypatch, "sqlite://")
    async with serving(app_of(plan, "store")) as client:
        await client.get("/health")
        shown(clause, await scraped(client))


async def test_parses(clause: ClauseCheck, plan: Plan, monkeypatch: pytest.MonkeyPatch) -> None:
    """Both services' /metrics answer 200 with text/plain that Prometheus' own parser reads, and no family in it
    twice.
    """
    configure_store(monkeypatch, "sqlite://")
    for package in clause.expect["packages"]:
        async with serving(app_of(plan, package)) as client:
            response = await client.get(clause.expect["path"])
        clause.equal(f"status of /metrics of {package}", response.status_code, clause.expect["status"])
        content_type = response.headers["content-type"].split(";")[0]
        clause.equal(f"content type of /metrics of {package}", content_type, clause.expect["content_type"])
        with clause.works(f"parsing /metrics of {package}"):
            exposed(response.text)
        names = families(response.text)
        twice = {name for name in names if names.count(name) > 1}
        clause.none(f"families that /metrics of {package} shows twice", sorted(twice), examined=len(names))


@fresh_app
async def test_pipeline_not_started(clause: ClauseCheck, plan: Plan) -> None:
    """Pipeline answers 503 on /metrics until it has started."""
    async with client_of(app_of(plan, "pipeline")) as client:
        response = await client.get(clause.expect["path"])
    clause.equal("status of /metrics before the startup", response.status_code, clause.expect["status"])
