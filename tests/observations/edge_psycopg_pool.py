"""Doubles of psycopg's pools, for both of its ways: no thread, no waiting, and what is done with them is recorded."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any

from edge import EDGE, others_run
from edge_psycopg import AsyncConnection, Connection, awaited, ended


class Pool:
    """A pool: what it is made with, opened, asked and closed."""

    connection_class: Any = Connection

    def __init__(self, conninfo: str = "", *, open: Any = True, kwargs: Any = None, **options: Any) -> None:  # noqa: A002 - psycopg's name
        EDGE.note(pool=conninfo, connections=kwargs or {}, options=options)
        self.conninfo, self.kwargs, self.closed = conninfo, kwargs or {}, not open
        self.min_size, self.max_size, self.name = (
            options.get("min_size", 4),
            options.get("max_size"),
            options.get("name", "pool-1"),
        )
        self._pool: list[Any] = []

    def open(self, wait: bool = False, timeout: float = 30.0) -> None:
        EDGE.note(pool_opens={"wait": wait, "timeout": timeout})
        self.closed = False
        if wait:
            self.wait(timeout)

    def wait(self, timeout: float = 30.0) -> None:
        if EDGE.mood == "refuses":
            raise _timeout(timeout)

    def close(self, timeout: float = 5.0) -> None:
        EDGE.note(pool_closes={"timeout": timeout})
        self.closed = True

    def getconn(self, timeout: Any = None) -> Any:
        if EDGE.mood == "refuses":
            raise _timeout(timeout)
        if self.closed:
            from psycopg_pool import PoolClosed

            raise PoolClosed("the pool is not open")
        options = {key: value for key, value in self.kwargs.items() if key in ("autocommit", "row_factory")}
        return self.connection_class(**options)

    def putconn(self, _connection: Any) -> None:
        EDGE.note(pool="a connection comes back")

    def check(self) -> None:
        """All connections are well."""

    def resize(self, min_size: int, max_size: int | None = None) -> None:
        EDGE.note(pool_resizes=[min_size, max_size])

    def get_stats(self) -> dict[str, int]:
        return {
            "pool_min": self.min_size,
            "pool_max": self.max_size or 4,
            "pool_size": 2,
            "pool_available": 1,
            "requests_waiting": 0,
        }

    @contextlib.contextmanager
    def connection(self, timeout: Any = None) -> Iterator[Any]:
        connection = self.getconn(timeout)
        with ended():
            yield connection

    def __enter__(self) -> Any:
        self.closed = False
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def _timeout(seconds: Any) -> Exception:
    from psycopg_pool import PoolTimeout

    return PoolTimeout(f"couldn't get a connection after {seconds} sec")


async def _closed(self: Any, *_: object) -> None:
    Pool.close(self)


async def _opened(self: Any, wait: bool = False, timeout: float = 30.0) -> None:  # noqa: ASYNC109 - psycopg's signature
    Pool.open(self)
    if wait:
        Pool.wait(self, timeout)


@contextlib.asynccontextmanager
async def _borrowed(self: Any, timeout: Any = None) -> Any:  # noqa: ASYNC109 - psycopg's signature
    connection = Pool.getconn(self, timeout)
    await others_run()
    with ended():
        yield connection


AsyncPool = awaited(Pool, connection_class=AsyncConnection, open=_opened, connection=_borrowed, __aexit__=_closed)


def install(module: Any) -> None:
    """Put the doubles in the place of psycopg's pools."""
    module.ConnectionPool = module.NullConnectionPool = Pool
    module.AsyncConnectionPool = module.AsyncNullConnectionPool = AsyncPool
