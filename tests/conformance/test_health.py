"""What the services say about themselves, in process over ASGI."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import jsonschema
import pytest

from mdc_asgi import app_of, client_of, configure_store, serving
from mdc_dto_baseline import dtos
from mdc_ports import refusing_port
from mdc_silent_database import SilentDatabase
from mdc_wait import eventually
from mdm_clause import ClauseCheck
from mdm_plan import Plan

# Settings may be read once in a process: those that another check has made hide that its own are not there.
fresh_settings = pytest.mark.fresh

REACHABLE = "sqlite://"


@pytest.fixture
def refused() -> Iterator[str]:
    """The URL of a database that refuses connections."""
    with refusing_port() as port:
        yield f"postgresql+psycopg://store:secret@127.0.0.1:{port}/market_data"


async def ask_store(plan: Plan, path: str = "/health") -> httpx.Response:
    """One answer of Store's service."""
    async with serving(app_of(plan, "store")) as client:
        return await client.get(path)


def states(body: dict[str, Any]) -> dict[str, str]:
    """The state of each component, by its name."""
    return {component["name"]: component["state"] for component in body["components"]}


def health_problems(response: httpx.Response) -> list[str]:
    """Why Core's model does not take the body of ``response`` for a HealthStatus; nothing if it does."""
    from market_data_core.telemetry import HealthStatus
    from pydantic import ValidationError

    try:
        HealthStatus.model_validate_json(response.content)
    except ValidationError as error:
        return [f"{'.'.join(map(str, each['loc']))}: {each['type']}" for each in error.errors()]
    return []


async def test_store_health_status(
    clause: ClauseCheck, plan: Plan, contracts: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every health path of Store answers a Core HealthStatus, by its JSON Schema and by Core's own model."""
    configure_store(monkeypatch, REACHABLE)
    schema = jsonschema.Draft202012Validator(dtos(contracts, [clause.expect["baseline"]])[0].serialization)
    problems = []
    async with serving(app_of(plan, "store")) as client:
        for path in clause.expect["paths"]:
            response = await client.get(path)
            clause.equal(f"status of {path}", response.status_code, clause.expect["status"])
            content_type = response.headers["content-type"].split(";")[0]
            clause.equal(f"content type of {path}", content_type, clause.expect["content_type"])
            found = [
                f"{error.json_path}: {error.validator}" for error in schema.iter_errors(response.json())
            ] + health_problems(response)
            problems += [f"{path}: {problem}" for problem in found]
    clause.none("what keeps Store's answers from being a HealthStatus", problems, examined=len(clause.expect["paths"]))


async def test_store_healthy(clause: ClauseCheck, plan: Plan, monkeypatch: pytest.MonkeyPatch) -> None:
    """With a reachable database every component of Store is healthy, and so is Store."""
    configure_store(monkeypatch, REACHABLE)
    body = (await ask_store(plan)).json()
    got = states(body)
    clause.equal("state of the database", got.get(clause.expect["component"]), clause.expect["state"])
    ill = [f"{name}: {state}" for name, state in got.items() if state != clause.expect["state"]]
    clause.none("components that are not healthy", ill, examined=len(got))
    clause.equal("state of Store", body["state"], clause.expect["state"])


@fresh_settings
async def test_store_degraded(clause: ClauseCheck, plan: Plan, refused: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """With a database that refuses connections Store answers 200 on /health, and neither its database nor Store is
    healthy.
    """
    configure_store(monkeypatch, refused)
    response = await ask_store(plan)
    clause.equal("status of /health", response.status_code, clause.expect["status"])
    database, wanted = states(response.json()).get(clause.expect["component"]), clause.expect["states"]
    clause.that("state of the database", database in wanted, expected=wanted, got=database)
    state = response.json()["state"]
    clause.that("state of Store", state in wanted, expected=wanted, got=state)


@fresh_settings
async def test_store_unconfigured(clause: ClauseCheck, plan: Plan, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without any setting Store answers 200 on /health, and is not healthy."""
    for name in ("DATABASE_URL", "ADMIN_DATABASE_URL", "ADMIN_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    response = await ask_store(plan)
    clause.equal("status of /health", response.status_code, clause.expect["status"])
    state, wanted = response.json()["state"], clause.expect["states"]
    clause.that("state of Store", state in wanted, expected=wanted, got=state)


async def test_store_not_ready(clause: ClauseCheck, plan: Plan, refused: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Store answers 503 on /readyz while its database refuses connections."""
    configure_store(monkeypatch, refused)
    response = await ask_store(plan, "/readyz")
    clause.equal("status of /readyz", response.status_code, clause.expect["status"])


@contextlib.contextmanager
def connections_refused() -> Iterator[None]:
    """A double at the database's edge: it refuses new connections and has dropped those that it had."""
    from sqlalchemy import event
    from sqlalchemy.engine import Engine

    def refuse(*_args: object) -> None:
        raise ConnectionRefusedError("connection refused")

    hooks = ("do_connect", "before_cursor_execute")
    for hook in hooks:
        event.listen(Engine, hook, refuse)
    try:
        yield
    finally:
        for hook in hooks:
            event.remove(Engine, hook, refuse)


async def test_store_no_longer_ready(clause: ClauseCheck, plan: Plan, monkeypatch: pytest.MonkeyPatch) -> None:
    """Store that was ready answers 503 on /readyz when its database refuses connections, and is ready again after."""
    configure_store(monkeypatch, REACHABLE)
    async with serving(app_of(plan, "store")) as client:
        before = await client.get("/readyz")
        with connections_refused():
            meanwhile = await client.get("/readyz")
        after = await client.get("/readyz")
    got = [response.status_code for response in (before, meanwhile, after)]
    clause.equal("status of /readyz before, while and after connections are refused", got, clause.expect["statuses"])


async def test_store_not_ready_status(
    clause: ClauseCheck, plan: Plan, refused: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Store answers a Core HealthStatus on /readyz when it is not ready, too."""
    configure_store(monkeypatch, refused)
    response = await ask_store(plan, "/readyz")
    clause.none("what keeps the answer of /readyz from being a HealthStatus", health_problems(response), examined=1)
    state, wanted = response.json()["state"], clause.expect["states"]
    clause.that("state in the answer of /readyz", state in wanted, expected=wanted, got=state)


async def test_store_silent_database(clause: ClauseCheck, plan: Plan, monkeypatch: pytest.MonkeyPatch) -> None:
    """Store answers other requests while its health check waits for a database that accepts connections and says
    nothing.
    """
    database = SilentDatabase()
    database.thread.start()
    configure_store(monkeypatch, f"postgresql+psycopg://store:secret@127.0.0.1:{database.port}/market_data")
    async with serving(app_of(plan, "store")) as client:
        health = asyncio.create_task(client.get("/health"))
        await eventually(lambda: database.connected.is_set() or health.done())
        other = await client.get(clause.expect["path"])
        held = database.gave_up
        database.told.set()
        await health
    clause.that("the health check", database.connected.is_set(), expected="asks the database", got="did not ask it")
    clause.equal("status of the other request", other.status_code, clause.expect["status"])
    got = "only after the database hung up" if held else "meanwhile"
    clause.equal("when the other request was answered", got, "meanwhile")


async def test_store_service(clause: ClauseCheck, plan: Plan, monkeypatch: pytest.MonkeyPatch) -> None:
    """Store reports its health as service market-data-store."""
    configure_store(monkeypatch, REACHABLE)
    clause.equal("service in Store's health", (await ask_store(plan)).json()["service"], clause.expect["service"])


async def test_store_timestamp(clause: ClauseCheck, plan: Plan, monkeypatch: pytest.MonkeyPatch) -> None:
    """The time in Store's health status is that of the answer, in epoch seconds."""
    configure_store(monkeypatch, REACHABLE)
    slack = clause.expect["tolerance_seconds"]
    async with serving(app_of(plan, "store")) as client:
        before = time.time()
        first = ts = (await client.get("/health")).json()["ts"]
        now = before - slack <= ts <= time.time() + slack
        clause.that("ts in Store's health", now, expected="now, in epoch seconds", got="another time or unit")
        # The next answer may fall into the same tick of a clock that is rounded, but not one that is so much later.
        for _ in range(int(2 * slack / 0.05)):
            if ts > first:
                break
            await asyncio.sleep(0.05)
            ts = (await client.get("/health")).json()["ts"]
    clause.that("ts in a later answer", ts > first, expected="a later time", got="the time of the first")


@fresh_settings
async def test_store_no_secrets(clause: ClauseCheck, plan: Plan, monkeypatch: pytest.MonkeyPatch) -> None:
    """No answer of Store's health paths holds the password of its database or its admin token."""
    expect = clause.expect
    leaks = []
    with refusing_port() as port:
        database = f"postgresql+psycopg://store:{expect['password']}@127.0.0.1:{port}/market_data"
        configure_store(monkeypatch, database, token=expect["token"])
        async with serving(app_of(plan, "store")) as client:
            for path in expect["paths"]:
                text = (await client.get(path)).text
                leaks += [f"{path}: {secret}" for secret in ("password", "token") if expect[secret] in text]
    clause.none("secrets in public answers", leaks, examined=len(expect["paths"]))


@fresh_settings
async def test_store_admin_refuses(clause: ClauseCheck, plan: Plan, monkeypatch: pytest.MonkeyPatch) -> None:
    """Store's admin endpoints refuse a request without a token and one with a wrong token, however much of it is
    right.
    """
    configure_store(monkeypatch, REACHABLE, token=clause.expect["token"])
    wrong = {f"token {token}": {"Authorization": f"Bearer {token}"} for token in clause.expect["wrong"]}
    let_in = []
    async with serving(app_of(plan, "store")) as client:
        for endpoint in clause.expect["endpoints"]:
            for kind, headers in {"no token": {}, **wrong}.items():
                status = (await client.post(endpoint, headers=headers)).status_code
                if status not in clause.expect["statuses"]:
                    let_in.append(f"{endpoint} with {kind}: {status}")
    clause.none("requests that were not refused", let_in, examined=len(clause.expect["endpoints"]))


@fresh_settings
async def test_store_admin_accepts(clause: ClauseCheck, plan: Plan, monkeypatch: pytest.MonkeyPatch) -> None:
    """Store's admin endpoints accept the token that ADMIN_TOKEN configures."""
    configure_store(monkeypatch, REACHABLE, token="sesame")
    expected = dict.fromkeys(clause.expect["endpoints"], clause.expect["status"])
    async with serving(app_of(plan, "store")) as client:
        headers = {"Authorization": "Bearer sesame"}
        got = {endpoint: (await client.post(endpoint, headers=headers)).status_code for endpoint in expected}
    clause.equal("answers to the right token", got, expected)


async def test_pipeline_alive(clause: ClauseCheck, plan: Plan) -> None:
    """Pipeline answers /health with 200 and healthy, before its startup has run as well as after."""
    app = app_of(plan, "pipeline")
    async with client_of(app) as client:
        answers = {"before its startup": await client.get("/health")}
    async with serving(app) as client:
        answers["after its startup"] = await client.get("/health")
    for when, response in answers.items():
        clause.equal(f"status of /health {when}", response.status_code, clause.expect["status"])
        said = [response.json()[key] for key in clause.expect["keys"] if key in response.json()]
        healthy = bool(said) and all(word == clause.expect["value"] for word in said)
        clause.that(f"health of Pipeline {when}", healthy, expected=clause.expect["value"], got=said)


async def test_pipeline_health_status(clause: ClauseCheck, plan: Plan) -> None:
    """Pipeline answers a Core HealthStatus on /health."""
    async with serving(app_of(plan, "pipeline")) as client:
        response = await client.get("/health")
    clause.none("what keeps Pipeline's /health from being a HealthStatus", health_problems(response), examined=1)


async def test_pipeline_service(clause: ClauseCheck, plan: Plan) -> None:
    """Pipeline reports its health as service market-data-pipeline."""
    async with serving(app_of(plan, "pipeline")) as client:
        body = (await client.get("/health")).json()
    clause.equal("service in Pipeline's health", body["service"], clause.expect["service"])
