"""Doubles of asyncpg's connections and pools: they record statements, and answer as the mood is."""

from __future__ import annotations

import asyncio
from collections.abc import Generator, Iterator
from typing import Any, Self

import edge_sql
from edge import EDGE, others_run


def failure(mood: str) -> Exception | None:
    """The driver's own error in this mood."""
    from asyncpg import exceptions

    kinds = {
        "closes": exceptions.ConnectionDoesNotExistError,
        "nonsense": exceptions.InternalClientError,
        "fails": exceptions.DeadlockDetectedError,
        "conflict": exceptions.UniqueViolationError,
        "silent": asyncio.TimeoutError,
    }
    return kinds[mood]("from the server") if mood in kinds else None


class Record(tuple[Any, ...]):  # noqa: SLOT001 - it has names beside its values  # noqa: SLOT001 - it has names beside its values
    """A row: a tuple that is asked by name as well."""

    names: tuple[str, ...] = ()

    @classmethod
    def of(cls, names: list[str], values: Any) -> Record:
        """The row of these values."""
        row = cls(values)
        row.names = tuple(names)
        return row

    def __getitem__(self, key: Any) -> Any:
        if not isinstance(key, str):
            return super().__getitem__(key)
        if key not in self.names:
            raise KeyError(key)
        return super().__getitem__(self.names.index(key))

    def keys(self) -> Iterator[str]:
        """The names of the columns."""
        return iter(self.names)

    def items(self) -> Iterator[tuple[str, Any]]:
        """The names of the columns with their values."""
        return iter(zip(self.names, self, strict=True))

    def values(self) -> Iterator[Any]:
        """The values."""
        return iter(self)

    def get(self, key: str, default: Any = None) -> Any:
        """The value of a column, or the default."""
        return self[key] if key in self.names else default


class _Transaction:
    async def start(self) -> None:
        EDGE.note(transaction="begin")
        await others_run()

    async def commit(self) -> None:
        EDGE.note(transaction="commit")
        await others_run()

    async def rollback(self) -> None:
        EDGE.note(transaction="rollback")
        await others_run()

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(self, kind: object, *_: object) -> None:
        await (self.rollback() if kind else self.commit())


class Statements:
    """What connections and pools are both asked for."""

    async def execute(self, query: str, *args: Any, timeout: Any = None) -> str:  # noqa: ASYNC109
        await self._rows(query, args)
        return " ".join(
            [*query.split()[:1], *(["0"] if query.lower().lstrip().startswith("insert") else []), "1"]
        ).upper()

    async def executemany(self, command: str, args: Any, *, timeout: Any = None) -> None:  # noqa: ASYNC109
        many = list(args)
        await self._rows(command, many[:5], many=len(many))

    async def fetch(self, query: str, *args: Any, timeout: Any = None) -> list[Any]:  # noqa: ASYNC109
        return await self._rows(query, args)

    async def fetchrow(self, query: str, *args: Any, timeout: Any = None) -> Any:  # noqa: ASYNC109
        return next(iter(await self._rows(query, args)), None)

    async def fetchval(self, query: str, *args: Any, column: int = 0, timeout: Any = None) -> Any:  # noqa: ASYNC109
        row = next(iter(await self._rows(query, args)), None)
        return row[column] if row else None

    async def copy_records_to_table(self, table_name: str, *, records: Any, **options: Any) -> str:
        many = [edge_sql.parameters(list(record)) for record in records]
        EDGE.note(copy=table_name, rows=many[:5], size=len(many), options=options)
        await others_run()
        if error := failure(EDGE.answer()):
            raise error
        return f"COPY {len(many)}"

    async def _rows(self, query: str, args: Any, **more: Any) -> list[Any]:
        text = edge_sql.statement(query)
        EDGE.note(sql=text, params=edge_sql.parameters(list(args)), **more)
        await others_run()
        mood = EDGE.answer()
        if error := failure(mood):
            raise error
        return [Record.of(edge_sql.columns(text), row) for row in edge_sql.rows(text, mood)]


class Connection(Statements):
    """A connection."""

    def __init__(self) -> None:
        self._closed = False

    def transaction(self, **_: Any) -> Any:
        """A transaction that is recorded."""
        return _Transaction()

    async def cursor(self, query: str, *args: Any, **_: Any) -> Any:
        """The rows one by one."""
        for row in await self._rows(query, args):
            yield row

    async def close(self, **_: Any) -> None:
        """End it."""
        self._closed = True
        EDGE.note(connection="close")

    def is_closed(self) -> bool:
        """Whether it has ended."""
        return self._closed

    async def set_type_codec(self, typename: str, **_: Any) -> None:
        """Note which type is converted by the package."""
        EDGE.note(type_codec=typename)


class _Borrowed:
    def __init__(self) -> None:
        self.connection = Connection()

    def __await__(self) -> Generator[Any, None, Any]:
        yield
        return self.connection

    async def __aenter__(self) -> Any:
        return await self

    async def __aexit__(self, *_: object) -> None:
        EDGE.note(pool="a connection comes back")


class Pool(Statements):
    """A pool."""

    def acquire(self, **_: Any) -> Any:
        """A connection, awaited or entered."""
        return _Borrowed()

    async def release(self, _connection: Any, **_: Any) -> None:
        """Take a connection back."""
        EDGE.note(pool="a connection comes back")

    async def close(self) -> None:
        """End all connections."""
        EDGE.note(pool="close")

    def terminate(self) -> None:
        """End all connections at once."""
        EDGE.note(pool="terminate")

    def get_size(self) -> int:
        """As many connections as it has."""
        return 2

    def __await__(self) -> Generator[Any, None, Any]:
        yield
        return self

    async def __aenter__(self) -> Any:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()


def _refuse() -> None:
    if EDGE.mood == "refuses":
        raise ConnectionRefusedError(111, "Connect call failed")


async def _connect(dsn: Any = None, **options: Any) -> Any:
    EDGE.note(connect=dsn, options=options)
    await others_run()
    _refuse()
    return Connection()


def _create_pool(dsn: Any = None, **options: Any) -> Any:
    EDGE.note(pool=dsn, options=options)
    _refuse()
    return Pool()


def install(module: Any) -> None:
    """Put the doubles in the place of asyncpg's entry points."""
    module.connect, module.create_pool = _connect, _create_pool
