"""Doubles of psycopg's connections, for both of its ways: they record, and answer as the mood is."""

from __future__ import annotations

import contextlib
import inspect
from collections.abc import Callable, Iterator
from typing import Any

import edge_sql
from edge import EDGE, others_run


def failure(mood: str) -> Exception | None:
    """The driver's own error in this mood."""
    import psycopg
    from psycopg import errors

    if mood in ("refuses", "closes", "nonsense"):
        return psycopg.OperationalError("server closed the connection unexpectedly")
    if mood == "fails":
        return errors.DeadlockDetected("deadlock detected")
    if mood == "conflict":
        return errors.UniqueViolation("duplicate key value violates unique constraint")
    return errors.QueryCanceled("canceling statement due to statement timeout") if mood == "silent" else None


def _refused() -> Exception | None:
    import psycopg

    if EDGE.mood == "refuses":
        return psycopg.OperationalError("connection failed: connection refused")
    return None


class _Column:
    def __init__(self, name: str) -> None:
        self.name, self.type_code = name, 25

    def __getitem__(self, index: int) -> Any:
        return (self.name, self.type_code, None, None, None, None, None)[index]


class _Result:
    """As much of libpq's result as the row factories look at."""

    def __init__(self, names: list[str]) -> None:
        from psycopg import pq

        self.names, self.nfields, self.status = names, len(names), pq.ExecStatus.TUPLES_OK

    def fname(self, index: int) -> bytes:
        return self.names[index].encode()


class Cursor:
    """A cursor: what it is told to execute is recorded."""

    _encoding = "utf-8"

    def __init__(self, connection: Any, row_factory: Any = None) -> None:
        self.connection, self.row_factory = connection, row_factory or connection.row_factory
        self.description: list[_Column] | None = None
        self.rowcount, self.closed, self.arraysize = -1, False, 1
        self.pgresult: _Result | None = None
        self._rows: list[Any] = []

    def execute(self, query: Any, params: Any = None, **_: Any) -> Any:
        text = edge_sql.statement(query)
        EDGE.note(sql=text, **({"params": edge_sql.parameters(params)} if params is not None else {}))
        self._answer(text)
        return self

    def executemany(self, query: Any, params_seq: Any, **_: Any) -> None:
        text, many = edge_sql.statement(query), [edge_sql.parameters(each) for each in params_seq]
        EDGE.note(sql=text, many=len(many), params=many[:5])
        self._answer(text)
        self.rowcount = len(many)

    def _answer(self, text: str) -> None:
        mood = EDGE.answer()
        if error := failure(mood):
            self.connection.broken = mood == "closes"
            raise error
        found, names = edge_sql.rows(text, mood), edge_sql.columns(text)
        self.description = [_Column(name) for name in names] or None
        self.pgresult = _Result(names)
        self.rowcount = len(found) if names else int(mood != "empty")
        factory = self.row_factory
        make = factory(self) if factory and names else tuple
        self._rows = [make(row) for row in found]

    def fetchone(self) -> Any:
        return self._rows.pop(0) if self._rows else None

    def fetchmany(self, size: int = 0) -> list[Any]:
        size = size or self.arraysize
        taken, self._rows = self._rows[:size], self._rows[size:]
        return taken

    def fetchall(self) -> list[Any]:
        taken, self._rows = self._rows, []
        return taken

    def close(self) -> None:
        self.closed = True

    def stream(self, query: Any, params: Any = None, **_: Any) -> Any:
        self.execute(query, params)
        return iter(self.fetchall())

    def copy(self, query: Any, params: Any = None, **_: Any) -> Any:
        text = edge_sql.statement(query)
        EDGE.note(copy=text, **({"params": edge_sql.parameters(params)} if params is not None else {}))
        mood = EDGE.answer()
        if error := failure(mood):
            raise error
        return self._copying(edge_sql.copied_out(text) if " TO " in text and mood != "empty" else [])

    def _copying(self, lines: list[bytes]) -> Any:
        return Copy(lines)

    def __iter__(self) -> Iterator[Any]:
        return iter(self.fetchall())

    def __enter__(self) -> Any:
        return self

    def __exit__(self, *_: object) -> None:
        self.closed = True


class Copy:
    """A COPY: what is written is recorded as one text when it ends; what is read are two lines."""

    def __init__(self, lines: list[bytes]) -> None:
        self._lines, self._written, self._rows = lines, b"", []  # type: ignore[var-annotated]

    def write(self, data: Any) -> None:
        self._written += data.encode() if isinstance(data, str) else bytes(data)

    def write_row(self, row: Any) -> None:
        self._rows.append(edge_sql.parameters(list(row)))

    def set_types(self, types: Any) -> None:
        EDGE.note(copy_types=list(types))

    def read(self) -> bytes:
        return self._lines.pop(0) if self._lines else b""

    def rows(self) -> Iterator[Any]:
        return iter([tuple(line.decode().strip().split(",")) for line in self._lines])

    def __iter__(self) -> Iterator[bytes]:
        return iter(self._lines)

    def __enter__(self) -> Any:
        return self

    def __exit__(self, kind: object, *_: object) -> None:
        if self._written or self._rows:
            EDGE.note(copied=self._written[:2000], rows=self._rows[:5], size=len(self._written) or len(self._rows))
        if kind:
            EDGE.note(copy_ends="with an error")


class Connection:
    """A connection: statements, transactions and its end are recorded."""

    cursor_class: Any = Cursor

    def __init__(self, autocommit: Any = False, row_factory: Any = None) -> None:
        self.autocommit, self.row_factory, self.closed, self.broken = bool(autocommit), row_factory, False, False
        self.prepare_threshold: Any = 5
        self.info = None

    def cursor(self, *_: Any, row_factory: Any = None, **__: Any) -> Any:
        return self.cursor_class(self, row_factory)

    def execute(self, query: Any, params: Any = None, **_: Any) -> Any:
        return self.cursor_class(self).execute(query, params)

    def commit(self) -> None:
        EDGE.note(transaction="commit")

    def rollback(self) -> None:
        EDGE.note(transaction="rollback")

    def close(self) -> None:
        self.closed = True
        EDGE.note(connection="close")

    def set_autocommit(self, value: Any) -> None:
        self.autocommit = bool(value)

    @contextlib.contextmanager
    def transaction(self, *_: Any, **__: Any) -> Iterator[Any]:
        EDGE.note(transaction="begin")
        with ended():
            yield self

    def __enter__(self) -> Any:
        return self

    def __exit__(self, kind: object, *_: object) -> None:
        EDGE.note(transaction="rollback" if kind else "commit")
        self.close()


@contextlib.contextmanager
def ended() -> Iterator[None]:
    """A block at whose end a transaction is committed, or rolled back where the block raises."""
    try:
        yield
    except BaseException:
        EDGE.note(transaction="rollback")
        raise
    EDGE.note(transaction="commit")


def awaited(kind: type, **members: Any) -> Any:  # noqa: C901 - three helpers and the loop that uses them
    """The asynchronous twin of a class: its public methods are awaited, its contexts entered asynchronously."""

    def later(function: Callable[..., Any]) -> Any:
        async def method(self: Any, *args: Any, **kwargs: Any) -> Any:
            result = function(self, *args, **kwargs)
            await others_run()
            return result

        return method

    def context(function: Callable[..., Any]) -> Any:
        @contextlib.asynccontextmanager
        async def method(self: Any, *args: Any, **kwargs: Any) -> Any:
            with function(self, *args, **kwargs) as entered:
                await others_run()
                yield entered

        return method

    own: dict[str, Any] = {}
    for name, part in vars(kind).items():
        if not inspect.isfunction(part):
            continue
        if name in ("transaction", "connection"):
            own[name] = context(part)
        elif name in ("__enter__", "__exit__"):
            own[name.replace("__e", "__ae")] = later(part)
        elif not name.startswith("_") and name not in ("cursor", "copy", "stream", "rows", "get_stats", "set_types"):
            own[name] = later(part)

    async def each(self: Any) -> Any:
        for item in kind.__iter__(self):  # type: ignore[attr-defined]
            yield item

    if hasattr(kind, "__iter__"):
        own["__aiter__"] = each
    return type(f"Async{kind.__name__}", (kind,), own | members)


def _stream(self: Any, query: Any, params: Any = None, **_: Any) -> Any:
    async def rows() -> Any:
        Cursor.execute(self, query, params)
        for row in Cursor.fetchall(self):
            yield row

    return rows()


AsyncCopy = awaited(Copy)
AsyncCursor = awaited(Cursor, stream=_stream, _copying=lambda _self, lines: AsyncCopy(lines))


async def _execute(self: Any, query: Any, params: Any = None, **_: Any) -> Any:
    cursor = AsyncCursor(self)
    await cursor.execute(query, params)
    return cursor


async def _left(self: Any, kind: Any, *_: object) -> None:
    EDGE.note(transaction="rollback" if kind else "commit")
    Connection.close(self)


AsyncConnection = awaited(Connection, cursor_class=AsyncCursor, execute=_execute, __aexit__=_left)


def _connect(conninfo: str = "", *, autocommit: bool = False, row_factory: Any = None, **options: Any) -> Any:
    EDGE.note(connect=conninfo, options=options)
    if error := _refused():
        raise error
    return Connection(autocommit, row_factory)


async def _connect_later(
    conninfo: str = "", *, autocommit: bool = False, row_factory: Any = None, **options: Any
) -> Any:
    EDGE.note(connect=conninfo, options=options)
    await others_run()
    if error := _refused():
        raise error
    return AsyncConnection(autocommit, row_factory)


def install(module: Any) -> None:
    """Put the doubles in the place of psycopg's entry points."""
    module.connect = _connect
    module.Connection.connect = staticmethod(_connect)
    module.AsyncConnection.connect = staticmethod(_connect_later)
