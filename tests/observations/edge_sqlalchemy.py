"""Doubles of SQLAlchemy's engines: statements are recorded as PostgreSQL would get them, and answered."""

from __future__ import annotations

import contextlib
from collections import namedtuple
from collections.abc import Iterator
from typing import Any

import edge_sql
from edge import EDGE


def _failure(mood: str, text: str) -> Exception | None:
    from sqlalchemy import exc

    if mood in ("refuses", "closes", "silent", "nonsense", "fails"):
        return exc.OperationalError(text, None, Exception("server closed the connection unexpectedly"))
    return exc.IntegrityError(text, None, Exception("duplicate key")) if mood == "conflict" else None


class Result:
    """The rows of a statement."""

    def __init__(self, names: list[str], rows: list[Any], count: int) -> None:
        valid = [
            name if name.isidentifier() and not name.startswith("_") else f"column{n}" for n, name in enumerate(names)
        ]
        kind = namedtuple("Row", valid, rename=True) if names else None  # noqa: PYI024 - made from a statement
        self._names, self._rows, self.rowcount = names, [kind(*row) if kind else row for row in rows], count
        self.returns_rows = bool(names)

    def fetchall(self) -> list[Any]:
        """All rows that are left."""
        taken, self._rows = self._rows, []
        return taken

    all = fetchall

    def fetchone(self) -> Any:
        """The next row."""
        return self._rows.pop(0) if self._rows else None

    first = one_or_none = fetchone

    def one(self) -> Any:
        """The only row."""
        return self._rows[0]

    def scalar(self) -> Any:
        """The first value of the first row."""
        return self._rows[0][0] if self._rows else None

    scalar_one = scalar_one_or_none = scalar

    def scalars(self) -> Any:
        """The first value of each row."""
        return Result([], [row[0] for row in self._rows], self.rowcount)

    def mappings(self) -> Any:
        """Each row by the names of its columns."""
        return Result([], [dict(zip(self._names, row, strict=True)) for row in self._rows], self.rowcount)

    def keys(self) -> list[str]:
        """The names of the columns."""
        return self._names

    def __iter__(self) -> Iterator[Any]:
        return iter(self.fetchall())


class Connection:
    """A connection: what it executes is recorded."""

    def execute(self, query: Any, params: Any = None, **_: Any) -> Any:
        """Record a statement and answer it."""
        text = _text(query)
        EDGE.note(sql=text, **({"params": edge_sql.parameters(params)} if params is not None else {}))
        mood = EDGE.answer()
        if error := _failure(mood, text):
            raise error
        rows, names = edge_sql.rows(text, mood), edge_sql.columns(text)
        return Result(names, rows, len(rows) if names else int(mood != "empty"))

    exec_driver_sql = execute

    def scalar(self, query: Any, params: Any = None) -> Any:
        """The first value of the answer."""
        return self.execute(query, params).scalar()

    def execution_options(self, **options: Any) -> Any:
        """Note what the statements are executed with."""
        EDGE.note(options=options)
        return self

    def commit(self) -> None:
        """Note it."""
        EDGE.note(transaction="commit")

    def rollback(self) -> None:
        """Note it."""
        EDGE.note(transaction="rollback")

    def close(self) -> None:
        """Note it."""
        EDGE.note(connection="close")

    @contextlib.contextmanager
    def begin(self) -> Iterator[Any]:
        """A transaction that is recorded."""
        EDGE.note(transaction="begin")
        try:
            yield self
        except BaseException:
            self.rollback()
            raise
        self.commit()

    def __enter__(self) -> Any:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


class Engine:
    """An engine."""

    def __init__(self, url: Any = "postgresql://127.0.0.1/db") -> None:
        self.url = url

    def connect(self) -> Any:
        """A connection, unless nobody listens."""
        if EDGE.mood == "refuses" and (error := _failure("refuses", "")):
            raise error
        return Connection()

    @contextlib.contextmanager
    def begin(self) -> Iterator[Any]:
        """A connection in a transaction."""
        with self.connect() as connection, connection.begin():
            yield connection

    def dispose(self, **_: Any) -> None:
        """Note it."""
        EDGE.note(engine="dispose")


def _text(query: Any) -> str:
    if isinstance(query, str):
        return edge_sql.statement(query)
    from sqlalchemy.dialects import postgresql

    return edge_sql.statement(query.compile(dialect=postgresql.dialect()))


def _create_engine(url: Any, **options: Any) -> Engine:
    from sqlalchemy import make_url

    EDGE.note(engine=str(make_url(url)), options=options)
    return Engine(make_url(url))


def install(module: Any) -> None:
    """Put the double in the place of the function that makes engines."""
    module.create_engine = _create_engine
    module.engine.create_engine = _create_engine
