"""Store's sinks, batch processors and write coordinator in front of a real PostgreSQL, which also fails."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from mdc_metrics import total
from mdc_postgres_server import PostgresServer
from mdc_store_tables import CLIENTS, TENANTS, StoreDatabase, bar, held, models, store_database
from mdc_wait import BOUND, ended, eventually
from mdm_clause import ClauseCheck

FLUSH = 60.0
"""Out of reach: a worker that was idle for as long as its flush interval takes no item, as another clause says."""
REFUSED = {"vendor": "v" * 51}
"""What makes the database refuse a bar for good: its column holds 50 characters."""


def _bars(*symbols: str, **values: Any) -> list[Any]:
    return models("bars", [bar(TENANTS["one"], symbol=symbol, **values) for symbol in symbols])


def _symbols(database: StoreDatabase) -> list[str | None]:
    return [symbol for (symbol,) in database.rows("bars", ["symbol"])]


class _Counted:
    """What the sinks have counted since it was made."""

    def __init__(self) -> None:
        self._before = {status: self._total(status) for status in ("success", "failure")}

    @staticmethod
    def _total(status: str, sink: str = "bars") -> int:
        return int(total("sink_writes_total", sink=sink, status=status))

    @property
    def successes(self) -> int:
        return self._total("success") - self._before["success"]

    @property
    def failures(self) -> int:
        return self._total("failure") - self._before["failure"]


@asynccontextmanager
async def _coordinating(url: str, **options: Any) -> AsyncIterator[Any]:
    """A coordinator in front of a BarsSink, not started yet, that retries far more often than any check needs."""
    from market_data_store.coordinator import CircuitBreaker, RetryPolicy, WriteCoordinator
    from market_data_store.sinks import BarsSink
    from mds_client import AMDS

    usual = {"capacity": 100, "workers": 1, "batch_size": 1, "flush_interval": FLUSH}
    usual["retry_policy"] = RetryPolicy(max_attempts=1_000, initial_backoff_ms=1, max_backoff_ms=10)
    usual["circuit_breaker"] = CircuitBreaker(failure_threshold=1_000_000)
    async with AMDS({"dsn": url}) as amds:
        yield WriteCoordinator(sink=BarsSink(amds), **usual | options)


async def _until(coordinator: Any, holds: Callable[[], bool]) -> None:
    """Return when it ``holds`` or when no worker is left that could bring it about."""
    await eventually(lambda: holds() or coordinator.health().workers_alive == 0, BOUND)


async def test_sinks_write(clause: ClauseCheck, postgres: PostgresServer, contracts: Path) -> None:
    """Each of Store's sinks writes its batch to its table, and counts it as one success."""
    from market_data_store import sinks
    from mds_client import AMDS

    database = store_database(postgres, contracts)
    async with AMDS({"dsn": database.url}) as amds:
        for name, values in clause.expect["rows"].items():
            row = {"tenant_id": TENANTS["one"]} | values
            table = row.pop("table")
            before = total("sink_writes_total", status="success")
            with clause.works(f"{name} writes"):
                async with getattr(sinks, name)(amds) as sink:
                    await sink.write(models(table, [row]))
            clause.equal(f"what {name} has written", database.rows(table, list(row)), [list(row.values())])
            counted = int(total("sink_writes_total", status="success") - before)
            clause.equal(f"successes that {name} counts", counted, clause.expect["success"])


async def test_refused_batch_leaves_nothing(clause: ClauseCheck, postgres: PostgresServer, contracts: Path) -> None:
    """A sink whose batch has a row that the database refuses raises, counts a failure and keeps no row of the batch;
    the next batch is written.
    """
    from market_data_store.sinks import BarsSink
    from mds_client import AMDS

    database = store_database(postgres, contracts)
    counted = _Counted()
    symbols = [f"S{number}" for number in range(clause.expect["rows"])]
    batch, refused = _bars(*symbols), _bars(*symbols)
    refused[clause.expect["refused"]] = _bars("REFUSED", **REFUSED)[0]
    async with AMDS({"dsn": database.url}) as amds:
        sink = BarsSink(amds)
        with clause.refuses("a batch with a row that the database refuses", Exception):
            await sink.write(refused)
        clause.equal("failures that are counted", counted.failures, clause.expect["failures"])
        clause.equal("rows of the refused batch", database.count("bars"), clause.expect["kept_of_refused"])
        with clause.works("the next batch"):
            await sink.write(batch)
    clause.equal("rows after the next batch", database.count("bars"), clause.expect["kept_of_next"])


async def test_coordinator_writes(clause: ClauseCheck, postgres: PostgresServer, contracts: Path) -> None:
    """A coordinator in front of a BarsSink writes every submitted bar, with several workers and in batches."""
    symbols = [f"S{number:02}" for number in range(clause.expect["bars"])]
    for what, options in clause.expect["settings"].items():
        database = store_database(postgres, contracts)
        await _write_all(database, symbols, options)
        clause.equal(f"bars that are written {what}", _symbols(database), symbols)


async def _write_all(database: StoreDatabase, symbols: Sequence[str], options: Mapping[str, int]) -> None:
    counted = _Counted()
    async with _coordinating(database.url, **options) as coordinator:
        await coordinator.submit_many(_bars(*symbols))
        await coordinator.start()
        await _until(coordinator, lambda: counted.successes >= len(symbols) // options["batch_size"])


async def test_refused_batch_costs_itself(clause: ClauseCheck, postgres: PostgresServer, contracts: Path) -> None:
    """A batch that the database refuses for good is given up by the coordinator, and what was queued behind it is
    written.
    """
    database = store_database(postgres, contracts)
    counted = _Counted()
    items = _bars(*clause.expect["written"])
    items[clause.expect["refused_after"] : clause.expect["refused_after"]] = _bars("REFUSED", **REFUSED)
    async with _coordinating(database.url) as coordinator:
        await coordinator.submit_many(items)
        await coordinator.start()
        await _until(coordinator, lambda: counted.successes >= len(clause.expect["written"]))
    clause.equal("bars that are written", _symbols(database), clause.expect["written"])


async def test_retries_lock_timeout(clause: ClauseCheck, postgres: PostgresServer, contracts: Path) -> None:
    """A write that fails because a lock was not to be had in time is tried again by the coordinator, and succeeds when
    it is.
    """
    database = store_database(postgres, contracts)
    counted = _Counted()
    async with _coordinating(f"{database.url}?options=-c%20lock_timeout%3D20") as coordinator:
        with held(database, "bars"):
            await coordinator.submit_many(_bars("AAPL"))
            await coordinator.start()
            await _until(coordinator, lambda: counted.failures >= clause.expect["failures"])
            failures = counted.failures
        await _until(coordinator, lambda: counted.successes > 0)
    enough = failures >= clause.expect["failures"]
    clause.that("failed writes", enough, expected=f"{clause.expect['failures']} or more", got=failures)
    clause.equal("rows that are written", database.count("bars"), clause.expect["rows"])


async def test_outlives_restart(clause: ClauseCheck, postgres: PostgresServer, contracts: Path) -> None:
    """A coordinator in front of a BarsSink goes on after a restart of the server, and loses nothing that was
    submitted.
    """
    database = store_database(postgres, contracts)
    counted = _Counted()
    first, *later = _bars(*clause.expect["written"])
    async with _coordinating(database.url) as coordinator:
        await coordinator.submit(first)
        await coordinator.start()
        await _until(coordinator, lambda: counted.successes > 0)
        postgres.restart()
        await coordinator.submit_many(later)
        await _until(coordinator, lambda: counted.successes >= len(clause.expect["written"]))
    clause.equal("bars that are written", _symbols(database), clause.expect["written"])


async def test_silent_server(clause: ClauseCheck, postgres: PostgresServer, contracts: Path) -> None:
    """While the server answers nobody submit() takes what the queue holds without waiting for it, and all of it is
    written when the server answers again.
    """
    database = store_database(postgres, contracts)
    counted = _Counted()
    first, *later = _bars(*clause.expect["written"])
    async with _coordinating(database.url) as coordinator:
        await coordinator.submit(first)
        await coordinator.start()
        await _until(coordinator, lambda: counted.successes > 0)
        postgres.pause()
        with clause.works("submitting while the server answers nobody"):
            taken = await ended(coordinator.submit_many(later))
        clause.that("submitting while the server answers nobody", taken, expected="comes to an end", got="waits for it")
        postgres.resume()
        await _until(coordinator, lambda: counted.successes >= len(clause.expect["written"]))
    clause.equal("bars that are written", _symbols(database), clause.expect["written"])


async def test_batch_processors(clause: ClauseCheck, postgres: PostgresServer, contracts: Path) -> None:
    """BatchProcessor and AsyncBatchProcessor write as soon as max_rows rows are there, and the rest at the end of their
    context.
    """
    for client in CLIENTS:
        database = store_database(postgres, contracts)
        rows = _bars(*[f"S{number}" for number in range(clause.expect["rows"])])
        async with _processing(client, database.url, clause.expect["max_rows"]) as processor:
            for row in rows:
                await processor.add(row)
            written = database.count("bars")
        clause.equal(f"bars of {client} before the end", written, clause.expect["written_before_the_end"])
        clause.equal(f"bars of {client} after the end", database.count("bars"), clause.expect["rows"])


async def test_failed_flush_keeps_rows(clause: ClauseCheck, postgres: PostgresServer, contracts: Path) -> None:
    """Rows that a batch processor could not write stay pending, and are written by the next flush that can."""
    for client in CLIENTS:
        database = store_database(postgres, contracts)
        database.query("ALTER TABLE bars RENAME TO bars_away")
        async with _processing(client, database.url, clause.expect["pending"] + 1) as processor:
            for row in _bars(*[f"S{number}" for number in range(clause.expect["pending"])]):
                await processor.add(row)
            with clause.refuses(f"a flush of {client} without the table", Exception):
                await processor.flush()
            pending = processor.pending
            database.query("ALTER TABLE bars_away RENAME TO bars")
            with clause.works(f"the next flush of {client}"):
                await processor.flush()
        clause.equal(f"rows that are pending in {client}", pending, clause.expect["pending"])
        clause.equal(f"rows that {client} has written", database.count("bars"), clause.expect["written"])


class _Processor:
    """A batch processor of either client, which never flushes because of the time."""

    def __init__(self, processor: Any) -> None:
        self._processor = processor

    async def add(self, row: Any) -> None:
        if (done := self._processor.add_bar(row)) is not None:
            await done

    async def flush(self) -> None:
        done = self._processor.flush()
        if asyncio.iscoroutine(done):
            await done

    @property
    def pending(self) -> int:
        return int(self._processor.stats()["bars"])


@asynccontextmanager
async def _processing(client: str, url: str, max_rows: int) -> AsyncIterator[_Processor]:
    import mds_client

    config = mds_client.BatchConfig(max_rows=max_rows, max_ms=10_000_000)
    if client == "MDS":
        with mds_client.BatchProcessor(mds_client.MDS({"dsn": url}), config) as processor:
            yield _Processor(processor)
    else:
        async with mds_client.AsyncBatchProcessor(mds_client.AMDS({"dsn": url}), config) as processor:
            yield _Processor(processor)
