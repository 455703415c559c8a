"""What Core's protocols declare, and that Pipeline and Store use them as declared."""

from __future__ import annotations

import contextlib
import importlib
import inspect
import pkgutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from mdc_publisher import entries, environment, keys
from mdc_redis_server import RedisServer
from mdc_signatures import awaited_streams, call_problems, declaration_problems, is_protocol, read_as_used, shallow
from mdm_clause import ClauseCheck


class CoreSink:
    """A double at the database's edge: exactly what Core's Sink declares."""

    def __init__(self) -> None:
        self.written: list[Any] = []

    async def write(self, items: list[Any]) -> None:
        self.written.extend(items)

    async def flush(self) -> None:
        pass

    async def close(self) -> None:
        pass


def _declared_as_expected(clause: ClauseCheck) -> None:
    expected = clause.expect["protocols"]
    problems = [
        problem
        for place, lines in expected.items()
        for problem in declaration_problems(pkgutil.resolve_name(place), lines)
    ]
    clause.none("Core's declarations, compared with the contract", problems, examined=len(expected))


def test_rate_controller_declared(clause: ClauseCheck) -> None:
    """Core declares RateController as the contract says."""
    _declared_as_expected(clause)


def test_feedback_publisher_declared(clause: ClauseCheck) -> None:
    """Core declares FeedbackPublisher as the contract says."""
    _declared_as_expected(clause)


def test_dataflow_declared(clause: ClauseCheck) -> None:
    """Core declares Source, Transform, Sink and PipelineRunner as the contract says."""
    _declared_as_expected(clause)


def test_market_data_provider_declared(clause: ClauseCheck) -> None:
    """Core declares MarketDataProvider as the contract says."""
    _declared_as_expected(clause)


def test_directories_declared(clause: ClauseCheck) -> None:
    """Core declares ProviderRegistry, SinkRegistry and FederationDirectory as the contract says."""
    _declared_as_expected(clause)


def test_event_bus_declared(clause: ClauseCheck) -> None:
    """Core declares EventPublisher, EventSubscriber and EventBus as the contract says."""
    _declared_as_expected(clause)


def test_runtime_provider_declared(clause: ClauseCheck) -> None:
    """Core declares the runtime Provider as the contract says."""
    _declared_as_expected(clause)


def test_schema_registry_declared(clause: ClauseCheck) -> None:
    """Core declares RegistryClient, DriftDetector, EnforcementPolicy and SchemaUsageTracker as the contract says."""
    _declared_as_expected(clause)


def test_isinstance_allowed(clause: ClauseCheck) -> None:
    """Each protocol in market_data_core.protocols can be asked about with isinstance."""
    from market_data_core import protocols

    names = clause.expect["protocols"]
    refused = [name for name in names if shallow(object(), getattr(protocols, name)) is None]
    clause.none("protocols that isinstance refuses (not runtime_checkable)", refused, examined=len(names))


def test_streams_need_no_await(clause: ClauseCheck) -> None:
    """Core declares a method that is iterated with 'async for' so that its caller need not await it first."""
    places = clause.expect["protocols"]
    problems = [problem for place in places for problem in awaited_streams(pkgutil.resolve_name(place))]
    clause.none("streams that a caller would have to await", problems, examined=len(places))


def _classes(package: str) -> Iterator[type]:
    """Each class that a module of ``package`` defines; a module that cannot be imported is judged by other clauses."""
    root = importlib.import_module(package)
    for found in pkgutil.walk_packages(root.__path__, f"{package}.", onerror=lambda _: None):
        if not found.name.endswith("__main__"):
            with contextlib.suppress(Exception, SystemExit):
                module = importlib.import_module(found.name)
                yield from (
                    value
                    for value in vars(module).values()
                    if inspect.isclass(value) and value.__module__ == module.__name__
                )


def test_pipeline_no_accidental_conformance(clause: ClauseCheck) -> None:
    """No class of Pipeline passes isinstance with a Core protocol that it cannot be called as, but for those known."""
    _no_accident(clause, "market_data_pipeline")


def test_store_no_accidental_conformance(clause: ClauseCheck) -> None:
    """No class of Store passes isinstance with a Core protocol that it cannot be called as."""
    _no_accident(clause, "market_data_store")


def _no_accident(clause: ClauseCheck, package: str) -> None:
    from market_data_core import protocols

    declared = {name: getattr(protocols, name) for name in clause.expect["protocols"]}
    lines = {name: read_as_used(protocol) for name, protocol in declared.items()}
    classes = [each for each in _classes(package) if not is_protocol(each)]
    known, claimed = clause.expect["known"], clause.expect["claimed"]
    problems = []
    for cls in classes:
        where = f"{cls.__module__}.{cls.__qualname__}"
        passes = [name for name, protocol in declared.items() if where not in claimed and shallow(cls, protocol)]
        for name in passes:
            if known.get(where) != name:
                found = call_problems(cls, lines[name])
                problems += [f"{where}: isinstance with {name} says yes, but {problem}" for problem in found]
    clause.none("classes that pass isinstance by accident", problems, examined=len(classes))


async def test_coordinator_drives_core_sink(clause: ClauseCheck) -> None:
    """Store's WriteCoordinator writes through a sink that is what Core's Sink declares and no more."""
    from market_data_store.coordinator import WriteCoordinator

    sink = CoreSink()
    coordinator = WriteCoordinator(sink=sink, workers=1, batch_size=3, flush_interval=0.01, capacity=100)
    await coordinator.start()
    await coordinator.submit_many(clause.expect["items"])
    await coordinator.stop()
    clause.equal("what a sink with write(items), flush() and close() was given", sink.written, clause.expect["items"])


async def test_drift_reporter_publishes(
    clause: ClauseCheck, monkeypatch: pytest.MonkeyPatch, redis_server: RedisServer
) -> None:
    """Store's DriftReporter publishes a drift that it detects on Core's event bus."""
    from market_data_store.pulse import PulseConfig
    from market_data_store.telemetry.drift_reporter import DriftReporter, SchemaSnapshot

    environment(monkeypatch, redis_server.url)
    reporter = DriftReporter(pulse_config=PulseConfig())
    await reporter.start()
    local = SchemaSnapshot(name="telemetry.FeedbackEvent", track="v1", sha256="a" * 64)
    detected = await reporter.detect_and_emit_drift(local, registry_sha="b" * 64)
    await reporter.stop()
    clause.equal("drift between different digests detected", detected, True)
    published = [entry for key in keys(redis_server) for entry in entries(redis_server, key)]
    clause.equal("drift events published on Core's bus", len(published), clause.expect["events"])
    clause.equal("the schema that the event names", published[0].event.get("schema"), local.name)


def test_job_runner_resolves_providers(clause: ClauseCheck, tmp_path: Path) -> None:
    """Pipeline's job runner resolves a configured provider with Core's registry class, not with the protocol of the
    same name.
    """
    from market_data_pipeline.jobs.runner import run_job

    config = tmp_path / "prices.yaml"
    config.write_text(
        "version: 2\n"
        "providers: {made_up: {type: synthetic, enabled: true, seed: 1}}\n"
        "datasets: {prices: {provider: made_up, symbols: [AAPL], interval: 1min}}\n"
        "jobs: {live: {dataset: prices, mode: live}}\n"
        "features: {write_enabled: false}\n"
    )
    with clause.works("a live job on the synthetic provider, writing nothing"):
        run_job(str(config), "live")
