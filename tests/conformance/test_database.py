"""Store's clients MDS and AMDS on a real PostgreSQL, with the tables that Store documents."""

from __future__ import annotations

from pathlib import Path

from mdc_postgres_server import PostgresServer
from mdc_store_tables import CLIENTS, noting, store_database, tenant_of, write
from mdm_clause import ClauseCheck


async def _takes_all(clause: ClauseCheck, postgres: PostgresServer, contracts: Path) -> None:
    """Decide the clause of a documented schema: each client writes a complete row to each table, for a tenant of its own."""
    database = store_database(postgres, contracts, clause.expect["schema"])
    problems: list[str] = []
    for client in CLIENTS:
        for table, row in clause.expect["rows"].items():
            row = {"tenant_id": tenant_of(client)} | row
            with noting(problems, f"{client} writes {table}"):
                await write(client, {"dsn": database.url}, table, [row])
                stored = database.rows(table, list(row))
                if list(row.values()) not in stored:
                    problems.append(f"{client} writes {table}: {list(row.values())} is stored as {stored}")
    clause.none("rows that are not written as they were given", problems, examined=len(clause.expect["rows"]))


async def test_docker_schema(clause: ClauseCheck, postgres: PostgresServer, contracts: Path) -> None:
    """On the tables of Store's Docker set-up MDS and AMDS write bars, fundamentals, news and options as they were
    given.
    """
    await _takes_all(clause, postgres, contracts)


async def test_migrated_schema(clause: ClauseCheck, postgres: PostgresServer, contracts: Path) -> None:
    """On the tables that Store's migrations create MDS and AMDS write bars, fundamentals, news and options as they were
    given.
    """
    await _takes_all(clause, postgres, contracts)


async def test_script_schema(clause: ClauseCheck, postgres: PostgresServer, contracts: Path) -> None:
    """On the tables of Store's set-up script MDS and AMDS write bars, fundamentals, news and options as they were
    given.
    """
    await _takes_all(clause, postgres, contracts)


async def test_upsert_replaces(clause: ClauseCheck, postgres: PostgresServer, contracts: Path) -> None:
    """A bar, a fundamental or an options snapshot that is written again is one row, with the values that were written
    last.
    """
    database = store_database(postgres, contracts)
    problems: list[str] = []
    for client in CLIENTS:
        for table, key in clause.expect["keys"].items():
            key = {"tenant_id": tenant_of(client)} | key
            last = clause.expect["last"][table]
            with noting(problems, f"{client} writes {table}"):
                for values in (clause.expect["first"][table], last, last):
                    await write(client, {"dsn": database.url}, table, [key | values])
                stored = [row for row in database.rows(table, list(key | last)) if row[0] == key["tenant_id"]]
                if stored != [list((key | last).values())]:
                    problems.append(f"{client} writes {table}: {last} was written last, and {stored} is stored")
    clause.none("rows that are not replaced", problems, examined=len(clause.expect["keys"]))


async def test_news_upsert_replaces(clause: ClauseCheck, postgres: PostgresServer, contracts: Path) -> None:
    """A piece of news that is written again with the same id is one row, with the title that was written last."""
    database = store_database(postgres, contracts)
    for client in CLIENTS:
        key = {"tenant_id": tenant_of(client)} | clause.expect["key"]
        with clause.works(f"{client} writes news"):
            for title in clause.expect["titles"]:
                await write(client, {"dsn": database.url}, "news", [key | {"title": title}])
        stored = [title for tenant, title in database.rows("news", ["tenant_id", "title"]) if tenant == key["tenant_id"]]
        clause.equal(f"titles that are stored after {client} has written twice", stored, clause.expect["titles"][-1:])
