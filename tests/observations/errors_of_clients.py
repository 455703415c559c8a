"""Errors as the clients of servers raise them, which code that maps or repeats them tells apart."""

from __future__ import annotations

import contextlib
import importlib
from collections.abc import Callable, Iterator
from functools import partial

PLAIN: tuple[Exception, ...] = (
    ValueError("abc"),
    TimeoutError(),
    ConnectionResetError("Connection reset by peer"),
    RuntimeError("deadlock detected"),
    PermissionError(13, "Permission denied"),
)
"""Errors that a policy may tell apart, by their kind or by their text."""
_DATABASE = ("OperationalError", "IntegrityError", "InterfaceError", "ProgrammingError")
_STATES = (
    *("QueryCanceled", "DeadlockDetected", "SerializationFailure", "AdminShutdown", "InsufficientPrivilege"),
    *("UniqueViolation", "ForeignKeyViolation", "CheckViolation", "NotNullViolation", "TooManyConnections"),
)
_OF_LIBRARIES = {
    "psycopg.errors": (*_DATABASE, *_STATES),
    "redis.exceptions": ("ConnectionError", "TimeoutError", "ResponseError"),
    "httpx": ("ConnectError", "ReadTimeout"),
}


def errors() -> Iterator[tuple[str, Callable[[], Exception]]]:
    """Each error by a label, and what makes it. Those of a library are there wherever it is installed."""
    for error in PLAIN:
        yield f"{type(error).__name__} {error}", partial(type(error), *error.args)
    for library, names in _OF_LIBRARIES.items():
        with contextlib.suppress(ImportError):
            module = importlib.import_module(library)
            for name in names:
                if kind := getattr(module, name, None):
                    yield f"{library.split('.')[0]} {name}", partial(kind, "abc")
