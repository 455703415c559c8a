"""What is handed over where a package asks for a library's connection, pool or engine: a double that records."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import edge_asyncpg
import edge_psycopg
import edge_psycopg_pool
import edge_sqlalchemy

_DOUBLES: dict[tuple[str, str], Callable[[], Any]] = {
    ("psycopg", "Connection"): edge_psycopg.Connection,
    ("psycopg", "AsyncConnection"): edge_psycopg.AsyncConnection,
    ("psycopg", "Cursor"): lambda: edge_psycopg.Connection().cursor(),
    ("psycopg", "AsyncCursor"): lambda: edge_psycopg.AsyncConnection().cursor(),
    ("edge_psycopg_pool", "Pool"): lambda: edge_psycopg_pool.Pool("postgresql://127.0.0.1/db"),
    ("edge_psycopg_pool", "AsyncPool"): lambda: edge_psycopg_pool.AsyncPool("postgresql://127.0.0.1/db"),
    ("asyncpg", "Connection"): edge_asyncpg.Connection,
    ("asyncpg", "Pool"): edge_asyncpg.Pool,
    ("sqlalchemy", "Engine"): edge_sqlalchemy.Engine,
    ("sqlalchemy", "Connection"): edge_sqlalchemy.Connection,
}


def double_at_edge(kind: type) -> Callable[[], Any] | None:
    """What makes the double of a library's class, if there is one."""
    return _DOUBLES.get((kind.__module__.split(".")[0], kind.__name__))
