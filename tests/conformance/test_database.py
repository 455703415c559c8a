"""Store's clients MDS and AMDS on a real PostgreSQL, with the tables that Store documents."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from itertools import product
from pathlib import Path
from typing import Any

from mdc_postgres_server import PostgresServer
from mdc_store_tables import (
    CLIENTS,
    PROVIDER_CLIENTS,
    ROLE,
    TENANTS,
    StoreDatabase,
    add_role,
    bar,
    call,
    noting,
    ohlcv_bar,
    store_database,
    tenant_of,
    write,
    write_ohlcv,
)
from mdm_clause import ClauseCheck


async def _takes_all(clause: ClauseCheck, postgres: PostgresServer, contracts: Path) -> None:
    """Decide the clause of a documented schema: each client writes a complete row to each table."""
    database = store_database(postgres, contracts, clause.expect["schema"])
    problems: list[str] = []
    for client in CLIENTS:
        for table, values in clause.expect["rows"].items():
            # In some schemas two rows of a symbol are the same row whatever their tenants are.
            row = {"tenant_id": TENANTS["one"]} | values | {"symbol": f"{values['symbol']}.{client}"}
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
        for table, columns in clause.expect["keys"].items():
            key = {"tenant_id": tenant_of(client)} | columns
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
        stored = [
            title for tenant, title in database.rows("news", ["tenant_id", "title"]) if tenant == key["tenant_id"]
        ]
        clause.equal(f"titles that are stored after {client} has written twice", stored, clause.expect["titles"][-1:])


async def test_optional_fields(clause: ClauseCheck, postgres: PostgresServer, contracts: Path) -> None:
    """MDS and AMDS write rows that have nothing but the fields that their models require, and leave the others NULL."""
    database = store_database(postgres, contracts)
    problems: list[str] = []
    for client in CLIENTS:
        for table, values in clause.expect["rows"].items():
            row = {"tenant_id": tenant_of(client)} | values
            left_out = dict.fromkeys(clause.expect["null"][table])
            with noting(problems, f"{client} writes {table}"):
                await write(client, {"dsn": database.url}, table, [row])
                stored = database.rows(table, list(row | left_out))
                if list((row | left_out).values()) not in stored:
                    problems.append(f"{client} writes {table}: {row} is stored as {stored}")
    clause.none("rows that are not written as they were given", problems, examined=len(clause.expect["rows"]))


async def _writes_batch(clause: ClauseCheck, database: StoreDatabase, threshold: str, clients: Sequence[str]) -> None:
    """Decide the clause of a way of writing that is taken from so many rows on."""
    price = clause.expect["price"]
    problems: list[str] = []
    for client in clients:
        config = {"dsn": database.url, threshold: clause.expect[threshold]}
        minutes = [f"2026-01-05 14:{minute:02}:00+00" for minute in range(clause.expect["rows"])]
        rows = [bar(tenant_of(client), ts=ts, close_price=price) for ts in minutes]
        with noting(problems, f"{client} writes {len(rows)} rows"):
            for _ in range(clause.expect["times"]):
                await write(client, config, "bars", rows)
            stored = database.rows("bars", ["tenant_id", "ts", "close_price"])
            if [row[1:] for row in stored if row[0] == tenant_of(client)] != [[ts, price] for ts in minutes]:
                problems.append(f"{client} writes {len(rows)} rows: {len(stored)} are stored, {stored[:1]} the first")
    clause.none("batches that are not written", problems, examined=len(clients))


async def test_large_batch(clause: ClauseCheck, postgres: PostgresServer, contracts: Path) -> None:
    """A batch of copy_min_rows rows and more is written, and written again it replaces the rows, by MDS as by AMDS."""
    await _writes_batch(clause, store_database(postgres, contracts), "copy_min_rows", CLIENTS)


async def test_medium_batch(clause: ClauseCheck, postgres: PostgresServer, contracts: Path) -> None:
    """A batch of values_min_rows rows and more is written, and written again it replaces the rows."""
    await _writes_batch(clause, store_database(postgres, contracts), "values_min_rows", ["MDS"])


async def test_reads_back(clause: ClauseCheck, postgres: PostgresServer, contracts: Path) -> None:
    """bars_window() gives the bars of one symbol from start up to before end, in order, at the instants and prices that
    were written, and latest_prices() the last price.
    """
    database = store_database(postgres, contracts)
    window = clause.expect["window"]
    await write("AMDS", {"dsn": database.url}, "bars", [bar(TENANTS["one"], **row) for row in clause.expect["bars"]])
    for client in CLIENTS:
        config = {"dsn": database.url, "tenant_id": TENANTS["one"]}
        with clause.works(f"reading with {client}"):
            bars = await call(client, config, "bars_window", **window)
            latest = await call(client, config, "latest_prices", [window["symbol"]], window["vendor"])
        read = [[_in_utc(row["ts"]), str(row["close_price"])] for row in bars]
        clause.equal(f"bars_window() of {client}", read, clause.expect["read"])
        prices = [[row["symbol"], str(row["price"]), _in_utc(row["price_timestamp"])] for row in latest]
        clause.equal(f"latest_prices() of {client}", prices, clause.expect["latest"])


def _in_utc(instant: datetime) -> str:
    return instant.astimezone(UTC).isoformat() if instant.tzinfo else f"{instant.isoformat()} without a time zone"


async def _keeps_to_tenant(
    clause: ClauseCheck, database: StoreDatabase, configs: Mapping[str, Mapping[str, Any]]
) -> None:
    """Decide the clause of a way to name the tenant: each tenant's client writes a bar and reads all it can."""
    window = {"symbol": "AAPL", "timeframe": "1m", "vendor": "ibkr", "start": "2026-01-01", "end": "2027-01-01"}
    for client in CLIENTS:
        for name, config in configs.items():
            with clause.works(f"{client} of tenant {name} writes a bar"):
                await write(client, config, "bars", [bar(TENANTS[name])])
                rows = await call(client, config, "bars_window", **window)
            clause.equal(f"bars that {client} of tenant {name} reads", len(rows), clause.expect["read"])
        others = bar(TENANTS["two"], ts="2026-01-05 14:31:00+00")
        with suppress(Exception):
            await write(client, configs["one"], "bars", [others])
        kept = database.count("bars")
        clause.equal(
            f"bars there after {client} of tenant one has also tried to write tenant two's", kept, len(configs)
        )


async def test_csv_restore(clause: ClauseCheck, postgres: PostgresServer, contracts: Path, tmp_path: Path) -> None:
    """Bars that MDS or AMDS has dumped as CSV, gzipped or not, it restores in another database as they were, and
    restored again they are no more.
    """
    from psycopg import sql

    columns, key, bars = clause.expect["columns"], clause.expect["key"], clause.expect["bars"]
    names = sql.SQL(", ").join(map(sql.Identifier, columns))
    update = [column for column in columns if column not in key]
    target = {"target": "bars", "cols": columns, "conflict_cols": key, "update_cols": update}
    database = store_database(postgres, contracts)
    problems: list[str] = []
    for client, name in product(CLIENTS, clause.expect["files"]):
        tenant, file = tenant_of(client), str(tmp_path / f"{client}-{name}")
        select = sql.SQL("SELECT {names} FROM bars WHERE tenant_id = {tenant} ORDER BY ts").format(
            names=names, tenant=sql.Literal(tenant)
        )
        with noting(problems, f"{client} dumps to {name}"):
            await write(client, {"dsn": database.url}, "bars", [bar(tenant, **values) for values in bars])
            await call(client, {"dsn": database.url}, "copy_out_csv", select_sql=select, out_path=file)
        restore = "copy_restore_csv" if client == "MDS" else "copy_restore_csv_async"
        other = store_database(postgres, contracts)
        with noting(problems, f"{client} restores {name}"):
            for _ in range(clause.expect["times"]):
                await call(client, {"dsn": other.url}, restore, src_path=file, **target)
            restored = other.rows("bars", list(bars[0]))
            if restored != [list(values.values()) for values in bars]:
                problems.append(f"{client} restores {name}: {restored} is stored")
    clause.none("dumps that are not restored as they were", problems, examined=len(bars))


async def test_tenant_of_dsn(clause: ClauseCheck, postgres: PostgresServer, contracts: Path) -> None:
    """A client whose DSN names a tenant reads and writes rows of this tenant only."""
    database = store_database(postgres, contracts)
    add_role(database)
    configs = {name: {"dsn": database.url_of(ROLE, tenant=tenant)} for name, tenant in TENANTS.items()}
    await _keeps_to_tenant(clause, database, configs)


async def test_tenant_of_config(clause: ClauseCheck, postgres: PostgresServer, contracts: Path) -> None:
    """A client that is configured with a tenant_id reads and writes rows of this tenant only, with a DSN that names
    none.
    """
    database = store_database(postgres, contracts)
    add_role(database)
    configs = {name: {"dsn": database.url_of(ROLE), "tenant_id": tenant} for name, tenant in TENANTS.items()}
    await _keeps_to_tenant(clause, database, configs)


async def test_enqueues_job_once(clause: ClauseCheck, postgres: PostgresServer, contracts: Path) -> None:
    """enqueue_job() of MDS and AMDS puts a job into jobs_outbox, and the same idempotency key a second time adds
    none.
    """
    database = store_database(postgres, contracts)
    job = {name: clause.expect[name] for name in ("job_type", "payload", "priority")}
    for client in CLIENTS:
        config = {"dsn": database.url, "tenant_id": tenant_of(client)}
        with clause.works(f"enqueue_job() of {client}"):
            for _ in range(2):
                await call(client, config, "enqueue_job", idempotency_key=f"job of {client}", **job)
        stored = database.rows("jobs_outbox", ["idempotency_key", "job_type", "priority"])
        added = [row[1:] for row in stored if row[0] == f"job of {client}"]
        clause.equal(f"jobs of {client}", added, [[job["job_type"], job["priority"]]] * clause.expect["jobs"])


async def test_bars_ohlcv(clause: ClauseCheck, postgres: PostgresServer, contracts: Path) -> None:
    """StoreClient and AsyncStoreClient write a bar once however often it is given, by UPSERT as by COPY, with its last
    values, and touch no row that has them.
    """
    for schema in clause.expect["schemas"]:
        database = store_database(postgres, contracts, schema)
        for client, (way, threshold) in product(PROVIDER_CLIENTS, clause.expect["batch_thresholds"].items()):
            what = f"{client} by {way} on {schema}"
            stored: list[list[list[str | None]]] = []
            for values in (clause.expect["first"], clause.expect["last"], clause.expect["last"]):
                with clause.works(f"writing with {what}"):
                    await write_ohlcv(client, database.url, [ohlcv_bar(what, **values)], batch_threshold=threshold)
                rows = database.rows("bars_ohlcv", ["provider", *clause.expect["last"], "updated_at"])
                stored.append([row[1:] for row in rows if row[0] == what])
            clause.equal(f"rows of {what}", [row[:-1] for row in stored[1]], [list(clause.expect["last"].values())])
            clause.equal(
                f"rows of {what} after the same bar once more, with the time of their change", stored[2], stored[1]
            )


async def test_bars_ohlcv_batches(clause: ClauseCheck, postgres: PostgresServer, contracts: Path) -> None:
    """write_bars() of StoreClient and AsyncStoreClient writes more bars than one batch holds, also where the batches
    are copied.
    """
    database = store_database(postgres, contracts)
    sizes = {name: clause.expect[name] for name in ("batch_size", "batch_threshold")}
    for client in PROVIDER_CLIENTS:
        bars = [ohlcv_bar(client, minute=minute) for minute in range(clause.expect["bars"])]
        with clause.works(f"write_bars() of {client}"):
            await write_ohlcv(client, database.url, bars, **sizes)
        stored = [provider for provider, _ in database.rows("bars_ohlcv", ["provider", "ts"])].count(client)
        clause.equal(f"bars that {client} has stored", stored, clause.expect["bars"])
