"""A database with the tables that Store documents, and Store's two clients, which write to it and read from it."""

from __future__ import annotations

import io
import logging
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from urllib.parse import quote, urlsplit

from mdc_postgres_server import PostgresDatabase, PostgresServer
from mdm_clause import described

DOCKER = "docker-initdb"
"""The schema that Store's guide recommends, which the clauses use that are not about a schema."""
CLIENTS = ("MDS", "AMDS")
PROVIDER_CLIENTS = ("StoreClient", "AsyncStoreClient")
"""The clients of the tables without tenants."""
TENANTS = {"one": "11111111-1111-4111-8111-111111111111", "two": "22222222-2222-4222-8222-222222222222"}
ASKING = "market-data-meta asks"
"""The name of the suite's own sessions in a ``StoreDatabase``: the server ends one some time after it was closed."""
ROLE = "service"
"""A role without privileges of its own: row-level security says nothing to a superuser."""


@dataclass(frozen=True)
class Table:
    """The model of a table's rows and the clients' method that writes them."""

    model: str
    method: str


TABLES = {
    "bars": Table("Bar", "upsert_bars"),
    "fundamentals": Table("Fundamentals", "upsert_fundamentals"),
    "news": Table("News", "upsert_news"),
    "options_snap": Table("OptionSnap", "upsert_options"),
}


@dataclass(frozen=True)
class StoreDatabase:
    """A database with Store's tables and two tenants."""

    database: PostgresDatabase

    @property
    def url(self) -> str:
        """Its URL for a superuser, whom no policy binds."""
        return self.database.url

    def url_of(self, role: str, *, password: str = "", tenant: str | None = None) -> str:
        """Its URL for a role, with the tenant as an option of the session as Store's README writes it."""
        parts = urlsplit(self.url)
        user = f"{role}:{quote(password)}" if password else role
        query = f"options=-c%20app.tenant_id%3D{tenant}" if tenant else ""
        return parts._replace(netloc=f"{user}@{parts.hostname}:{parts.port}", query=query).geturl()

    def rows(self, table: str, columns: Sequence[str]) -> list[list[str | None]]:
        """These columns of all rows, in their order, as PostgreSQL writes the values in the time zone UTC."""
        names = ", ".join(columns)
        return self.query(f"SELECT {names} FROM {table} ORDER BY {names}")  # noqa: S608 - the suite's own names

    def count(self, table: str) -> int:
        """How many rows it holds."""
        return len(self.rows(table, ["1"]))

    def query(self, sql: str) -> list[list[str | None]]:
        """The rows of a query."""
        return self.database.query(f"SET TIME ZONE 'UTC'; SET application_name = '{ASKING}'; {sql}")


def store_database(postgres: PostgresServer, contracts: Path, schema: str = DOCKER) -> StoreDatabase:
    """A new database with the tables of one of the documented schemas, and the tenants."""
    database = postgres.create_database()
    tables = (contracts / "schemas" / "sql" / f"{schema}.sql").read_text(encoding="utf-8")
    tenants = ", ".join(f"('{number}', '{name}')" for name, number in TENANTS.items())
    database.query(f"{tables}\nINSERT INTO tenants (id, tenant_id) VALUES {tenants}")
    return StoreDatabase(database)


def add_role(database: StoreDatabase, password: str = "") -> None:
    """Create the role, which may read and write all tables as far as their policies let it."""
    database.query(
        f"DO $$ BEGIN CREATE ROLE {ROLE} LOGIN; EXCEPTION WHEN duplicate_object THEN END $$;"
        f"ALTER ROLE {ROLE} PASSWORD '{password}';"
        f"GRANT ALL ON ALL TABLES IN SCHEMA public TO {ROLE}; GRANT ALL ON ALL SEQUENCES IN SCHEMA public TO {ROLE}"
    )


def models(table: str, rows: Sequence[Mapping[str, Any]]) -> list[Any]:
    """The rows as the client's models."""
    import mds_client

    model = getattr(mds_client, TABLES[table].model)
    return [model(**{name: _in_minutes(value) for name, value in row.items()}) for row in rows]


def _in_minutes(value: Any) -> Any:
    """A value with the offset of UTC as models take it: PostgreSQL writes it without minutes."""
    return f"{value}:00" if isinstance(value, str) and value.endswith("+00") else value


async def write(client: str, config: Mapping[str, Any], table: str, rows: Sequence[Mapping[str, Any]]) -> None:
    """Write the rows with a client of its own, which is closed then."""
    await call(client, config, TABLES[table].method, models(table, rows))


async def call(client: str, config: Mapping[str, Any], method: str, *arguments: Any, **named: Any) -> Any:
    """What a method of a client of its own returns. The client is closed then."""
    import mds_client

    if client == "MDS":
        with mds_client.MDS(dict(config)) as mds:
            return getattr(mds, method)(*arguments, **named)
    async with mds_client.AMDS(dict(config)) as amds:
        return await getattr(amds, method)(*arguments, **named)


def bar(tenant: str, **values: Any) -> dict[str, Any]:
    """A complete bar of a tenant, with these values in place of the usual ones."""
    key = {"ts": "2026-01-05 14:30:00+00", "vendor": "ibkr", "symbol": "AAPL", "timeframe": "1m"}
    prices = dict.fromkeys(("open_price", "high_price", "low_price", "close_price"), "190.25")
    return {"tenant_id": tenant, "volume": "1000"} | key | prices | values


def ohlcv_bar(provider: str, minute: int = 30, **values: Any) -> SimpleNamespace:
    """A bar of a provider, with what the protocol of StoreClient's bars has."""
    prices = dict.fromkeys(("open", "high", "low", "close", "volume"), 1.5) | {k: float(v) for k, v in values.items()}
    ts = datetime(2026, 1, 5, 14, minute, tzinfo=UTC)
    return SimpleNamespace(provider=provider, symbol="AAPL", interval="1m", ts=ts, **prices)


async def write_ohlcv(
    client: str, url: str, bars: Sequence[SimpleNamespace], *, batch_threshold: int, batch_size: int = 1000
) -> None:
    """Write the bars with a client of its own of the tables without tenants."""
    import datastore

    if client == "StoreClient":
        with datastore.StoreClient(url, batch_threshold=batch_threshold) as store:
            store.write_bars(bars, batch_size=batch_size)
        return
    async with datastore.AsyncStoreClient(url, batch_threshold=batch_threshold) as store:
        await store.write_bars(bars, batch_size=batch_size)


def tenant_of(client: str) -> str:
    """A tenant for each client, so that their rows are not the same."""
    return TENANTS[("one", "two")[CLIENTS.index(client)]]


@contextmanager
def noting(problems: list[str], what: str) -> Iterator[None]:
    """Note what the block raises as one of the problems, and go on."""
    try:
        yield
    except Exception as error:  # noqa: BLE001 - whatever a client raises is what is wrong with it
        problems.append(f"{what}: {described(error)}")


@contextmanager
def held(database: StoreDatabase, table: str) -> Iterator[None]:
    """Keep everybody from the table, far longer than anybody has reason to wait, and not for ever."""
    import psycopg

    with psycopg.connect(database.url) as connection:
        connection.execute("SET idle_in_transaction_session_timeout = '30s'")
        connection.execute(f"LOCK TABLE {table}")
        yield


def sessions(database: StoreDatabase) -> list[str]:
    """The names of the sessions that are open in it, but for the suite's own, of which some may still be ending."""
    here = "datname = current_database() AND backend_type = 'client backend'"
    others = f"pg_stat_activity WHERE {here} AND application_name <> '{ASKING}'"
    return [name or "" for (name,) in database.rows(others, ["application_name"])]


def ask_for_password(postgres: PostgresServer, role: str) -> None:
    """Have the server let the role in with its password only, from its next start on."""
    rules = f"host all {role} {postgres.host}/32 scram-sha-256\nhost all all {postgres.host}/32 trust\n"
    Path(str(postgres.query("SHOW hba_file")[0][0])).write_text(rules, encoding="utf-8")


@contextmanager
def logged() -> Iterator[io.StringIO]:
    """What is logged by way of the standard library or loguru, which is Store's."""
    from loguru import logger

    text = io.StringIO()
    handler = logging.StreamHandler(text)
    logging.getLogger().addHandler(handler)
    sink = logger.add(text)
    try:
        yield text
    finally:
        logger.remove(sink)
        logging.getLogger().removeHandler(handler)
