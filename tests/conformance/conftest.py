"""Fixtures that more than one area uses.

The packages are imported inside fixtures and checks, never at module level: a release that cannot be imported must
cost the checks that need it, not the collection of all of them.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

import mdm_hypothesis
from mdc_clock import StoppedClock
from mdc_doubles import GatedSink, RecordingController, RecordingSubscriber
from mdc_feedback_stream import FeedbackStream
from mdc_postgres_server import PostgresServer, SharedPostgres, UsersPostgresServer
from mdc_process import ServerError
from mdc_redis_server import RedisServer, UsersRedisServer
from mdc_reference_payloads import ReferencePayloads
from mdm_clause import ClauseCheck, NotApplicableError
from mdm_plan import Plan


def pytest_collection_finish(session: pytest.Session) -> None:
    """Draw once, before there are processes for the checks, what each of them would draw again."""
    if any(item.path.stem == "test_schemas" for item in session.items):
        from mdc_dto_instances import drawn

        mdm_hypothesis.make_tables()
        drawn(session.config.rootpath / "contracts")


@pytest.fixture
async def clock(monkeypatch: pytest.MonkeyPatch) -> StoppedClock:
    """The process's clocks, stopped."""
    return StoppedClock().stop(monkeypatch)


@pytest.fixture
def make_event() -> Callable[..., Any]:
    """Build a plain Core FeedbackEvent: ``make_event("hard", queue_size=9)``."""

    def build(level: str = "ok", **changes: Any) -> Any:
        from market_data_core.telemetry import BackpressureLevel, FeedbackEvent

        fields = {"coordinator_id": "bars", "queue_size": 5, "capacity": 10, "source": "store", "ts": time.time()}
        return FeedbackEvent(**fields | {"level": BackpressureLevel(level)} | changes)

    return build


@pytest.fixture
def make_store_event() -> Callable[..., Any]:
    """Build Store's extended FeedbackEvent through its own factory: ``make_store_event("soft", reason="…")``."""

    def build(level: str = "ok", **changes: Any) -> Any:
        from market_data_core.telemetry import BackpressureLevel
        from market_data_store.coordinator import FeedbackEvent

        fields = {"coordinator_id": "bars", "queue_size": 5, "capacity": 10, "level": BackpressureLevel(level)}
        return FeedbackEvent.create(**fields | changes)

    return build


@pytest.fixture
def subscriber() -> RecordingSubscriber:
    """A subscriber that remembers what it was sent."""
    return RecordingSubscriber()


@pytest.fixture
def controller() -> RecordingController:
    """A rate controller that remembers what it was told."""
    return RecordingController()


@pytest.fixture
async def gated_sink() -> GatedSink:
    """A sink that holds everything back until ``gate.set()``."""
    return GatedSink()


@pytest.fixture
def rate_coordinator() -> Any:
    """Pipeline's real RateCoordinator with provider ``ibkr`` registered at 100 tokens a second, burst 10."""
    from market_data_pipeline.orchestration.coordinator import RateCoordinator

    coordinator = RateCoordinator()
    coordinator.register_provider("ibkr", capacity=10, refill_rate=100)
    return coordinator


@pytest.fixture
def redis_binary(plan: Plan) -> str:
    """A Redis server's binary, for checks that start one in their own way: ``RedisServer(redis_binary, …)``."""
    if "redis" not in plan.servers and "redis_url" in plan.servers:
        raise NotApplicableError("there is a Redis of the user's own only, and the check needs one that it configures")
    return _server(plan, "redis")


@pytest.fixture
def redis_server(plan: Plan) -> Iterator[RedisServer]:
    """A real Redis, started and empty; the user's own only where there is no other."""
    own = "redis" not in plan.servers and plan.servers.get("redis_url")
    with UsersRedisServer(own) if own else RedisServer(_server(plan, "redis")) as server:
        yield server


_SHARED_POSTGRES = SharedPostgres()


@pytest.fixture
def bare_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """None of the variables that configure the bus or the feedback."""
    variables = ("PULSE_ENABLED", "EVENT_BUS_BACKEND", "REDIS_URL", "MD_NAMESPACE", "SCHEMA_TRACK")
    for name in (*variables, *(f"MDP_FB_{part}" for part in ("PROVIDER_NAME", "SCALE_OK", "SCALE_SOFT", "SCALE_HARD"))):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def stream(redis_server: RedisServer, clause: ClauseCheck) -> FeedbackStream:
    """The stream of feedback with the documented key, in a server of the check's own."""
    return FeedbackStream(redis_server, clause.expect["key"])


@pytest.fixture
def payloads(contracts: Path) -> ReferencePayloads:
    """The contract's reference payloads."""
    return ReferencePayloads.read(contracts)


@pytest.fixture
def postgres(request: pytest.FixtureRequest, plan: Plan) -> Iterator[PostgresServer]:
    """A real PostgreSQL, started: ``postgres.create_database()``. The user's own only where there is no other."""
    own = "postgres" not in plan.servers and plan.servers.get("postgres_url")
    if own:
        with UsersPostgresServer(own) as server:
            yield server
        return
    try:
        yield _SHARED_POSTGRES.take(_server(plan, "postgres"), plan.servers.get("postgres_data"))
    finally:
        alone = plan.limits.checks_per_process == 1 or request.node.get_closest_marker("fresh")
        _SHARED_POSTGRES.give_back(keep=not alone)


def _server(plan: Plan, name: str) -> str:
    if name not in plan.servers:
        raise ServerError(f"the plan of this run names no {name} server (by hand: MDM_SERVERS, JSON of Plan.servers)")
    return plan.servers[name]
