"""A database with the tables that Store documents, and Store's two clients, which write to it and read from it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit

from mdc_postgres_server import PostgresDatabase, PostgresServer

DOCKER = "docker-initdb"
"""The schema that Store's guide recommends, which the clauses use that are not about a schema."""
CLIENTS = ("MDS", "AMDS")
TENANTS = {"one": "11111111-1111-4111-8111-111111111111", "two": "22222222-2222-4222-8222-222222222222"}
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
    role: str = field(default=ROLE, init=False)

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
        names = ", ".join(f'"{name}"' for name in columns)
        return self.query(f"SELECT {names} FROM {table} ORDER BY {names}")

    def count(self, table: str) -> int:
        """How many rows it holds."""
        return int(self.query(f"SELECT count(*) FROM {table}")[0][0] or 0)

    def query(self, sql: str) -> list[list[str | None]]:
        """The rows of a query."""
        return self.database.query(f"SET TIME ZONE 'UTC'; {sql}")


def store_database(postgres: PostgresServer, contracts: Path, schema: str = DOCKER) -> StoreDatabase:
    """A new database with the tables of one of the documented schemas, and the tenants."""
    database = postgres.create_database()
    database.query((contracts / "schemas" / "sql" / f"{schema}.sql").read_text(encoding="utf-8"))
    tenants = ", ".join(f"('{number}', '{name}')" for name, number in TENANTS.items())
    database.query(f"INSERT INTO tenants (id, tenant_id) VALUES {tenants}")
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


def tenant_of(client: str) -> str:
    """A tenant for each client, so that their rows are not the same."""
    return TENANTS[("one", "two")[CLIENTS.index(client)]]


@contextmanager
def noting(problems: list[str], what: str) -> Iterator[None]:
    """Note what the block raises as one of the problems, and go on."""
    from mdm_clause import described

    try:
        yield
    except Exception as error:  # noqa: BLE001 - whatever a client raises is what is wrong with it
        problems.append(f"{what}: {described(error)}")
