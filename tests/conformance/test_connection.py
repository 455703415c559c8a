"""Store's clients MDS and AMDS and their connections to a real PostgreSQL: settings, errors, restarts, the end."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from typing import Any

from mdc_postgres_server import PostgresServer
from mdc_store_tables import (
    CLIENTS,
    ROLE,
    TENANTS,
    StoreDatabase,
    add_role,
    ask_for_password,
    bar,
    call,
    held,
    logged,
    models,
    sessions,
    store_database,
    tenant_of,
    write,
)
from mdc_wait import BOUND, eventually
from mdm_clause import ClauseCheck, described


async def test_app_name(clause: ClauseCheck, postgres: PostgresServer, contracts: Path) -> None:
    """MDS and AMDS show the configured app_name to the server."""
    import mds_client

    database = store_database(postgres, contracts)
    config: Any = {"dsn": database.url, "app_name": clause.expect["app_name"]}
    with mds_client.MDS(config) as mds:
        mds.health()
        _shows(clause, "MDS", sessions(database))
    await eventually(lambda: not sessions(database))
    async with mds_client.AMDS(config) as amds:
        with clause.works("health() of AMDS"):
            await amds.health()
        _shows(clause, "AMDS", sessions(database))


def _shows(clause: ClauseCheck, client: str, names: list[str]) -> None:
    """A pool may hold connections that nobody has used."""
    name = clause.expect["app_name"]
    clause.that(f"sessions of {client}", name in names, expected=f"one called {name}", got=names)


async def test_statement_timeout(clause: ClauseCheck, postgres: PostgresServer, contracts: Path) -> None:
    """A write that a lock holds up is cancelled when statement_timeout_ms is over, in MDS as in AMDS."""
    database = store_database(postgres, contracts)
    config = {"dsn": database.url, "statement_timeout_ms": clause.expect["statement_timeout_ms"]}
    for client in CLIENTS:
        raised = "nothing"
        with held(database, "bars"):
            try:
                await write(client, config, "bars", [bar(tenant_of(client))])
            except Exception as error:  # noqa: BLE001 - which error it is decides the clause
                raised = described(error)
        names = clause.expect["errors"]
        holds = raised.startswith(tuple(f"{name}:" for name in names))
        clause.that(f"what {client} raises", holds, expected=" or ".join(names), got=raised)


async def test_errors_mapped(clause: ClauseCheck, postgres: PostgresServer, contracts: Path) -> None:
    """A row of an unknown tenant raises ConstraintViolation, and one of another tenant than the session's RLSDenied."""
    database = store_database(postgres, contracts)
    add_role(database)
    unknown, session = "99999999-9999-4999-8999-999999999999", database.url_of(ROLE, tenant=TENANTS["one"])
    cases = {
        "the row of an unknown tenant": (database.url, unknown),
        "the row of another tenant": (session, TENANTS["two"]),
    }
    problems: list[str] = []
    for client in CLIENTS:
        for what, expected in clause.expect.items():
            url, tenant = cases[what]
            raised = "nothing"
            try:
                await write(client, {"dsn": url}, "bars", [bar(tenant)])
            except Exception as error:  # noqa: BLE001 - which error it is decides the clause
                raised = type(error).__name__
            if raised != expected:
                problems.append(f"{what} raises {raised} in {client}, not {expected}")
    clause.none("errors that are not mapped", problems, examined=len(clause.expect))


async def test_pool_closes(clause: ClauseCheck, postgres: PostgresServer, contracts: Path) -> None:
    """A client that was used as a context manager leaves no connection behind, also after a write that failed."""
    import mds_client

    database = store_database(postgres, contracts)
    config: Any = {"dsn": database.url}
    row = models("bars", [bar(TENANTS["one"])])
    refused = models("bars", [bar(TENANTS["one"], vendor="v" * 51)])
    with mds_client.MDS(config) as mds:
        mds.health()
        with suppress(Exception):
            mds.upsert_bars(refused)
        mds.upsert_bars(row)
        clause.that("sessions of MDS", bool(sessions(database)), expected="at least one", got=sessions(database))
    clause.equal("sessions that MDS leaves", await _left(database), clause.expect["connections"])
    async with mds_client.AMDS(config) as amds:
        await amds.health()
        with suppress(Exception):
            await amds.upsert_bars(refused)
        await amds.upsert_bars(row)
        clause.that("sessions of AMDS", bool(sessions(database)), expected="at least one", got=sessions(database))
    clause.equal("sessions that AMDS leaves", await _left(database), clause.expect["connections"])


async def _left(database: StoreDatabase) -> int:
    """How many sessions stay: the server ends one some time after its client has closed it."""
    await eventually(lambda: not sessions(database), BOUND)
    return len(sessions(database))


async def test_goes_on_after_restart(clause: ClauseCheck, postgres: PostgresServer, contracts: Path) -> None:
    """A client that was there before the server was restarted writes again after it, at the latest after a few writes
    that fail.
    """
    import mds_client

    database = store_database(postgres, contracts)
    config: Any = {"dsn": database.url}
    rows = {client: models("bars", [bar(tenant_of(client))]) for client in CLIENTS}
    with mds_client.MDS(config) as mds:
        async with mds_client.AMDS(config) as amds:
            mds.upsert_bars(rows["MDS"])
            await amds.upsert_bars(rows["AMDS"])
            database.query("TRUNCATE bars")
            postgres.restart()
            for _ in range(clause.expect["attempts"]):
                with suppress(Exception):
                    mds.upsert_bars(rows["MDS"])
                with suppress(Exception):
                    await amds.upsert_bars(rows["AMDS"])
    stored = [tenant for (tenant,) in database.rows("bars", ["tenant_id"])]
    silent = [client for client in CLIENTS if tenant_of(client) not in stored]
    clause.none("clients that write no more", silent, examined=len(CLIENTS))


async def test_wrong_password(clause: ClauseCheck, postgres: PostgresServer, contracts: Path) -> None:
    """A client with a wrong password says that the authentication failed, and shows the password nowhere."""
    database = store_database(postgres, contracts)
    password = clause.expect["password"]
    add_role(database, password=f"not-{password}")
    ask_for_password(postgres, ROLE)
    postgres.restart()
    raised = "nothing"
    with logged() as log:
        try:
            await call("AMDS", {"dsn": database.url_of(ROLE, password=password)}, "health")
        except Exception as error:  # noqa: BLE001 - which error it is decides the clause
            raised = described(error)
    shown = [what for what, text in {"the error": raised, "the log": log.getvalue()}.items() if password in text]
    clause.none("where the password is shown", shown, examined=2)
    clause.that("what AMDS raises", clause.expect["says"] in raised, expected=clause.expect["says"], got=raised)
