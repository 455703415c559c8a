"""What is changed in libraries once they are imported: servers are doubles, and metrics say what they count."""

from __future__ import annotations

import importlib.abc
import importlib.util
import sys
from collections.abc import Callable
from importlib.machinery import ModuleSpec
from typing import Any

import counting
import edge_asyncpg
import edge_commands
import edge_ib_async
import edge_kafka
import edge_psycopg
import edge_psycopg_pool
import edge_sqlalchemy
import edge_tls

INSTALLERS: dict[str, Callable[[Any], None]] = {
    "psycopg": edge_psycopg.install,
    "psycopg_pool": edge_psycopg_pool.install,
    "asyncpg": edge_asyncpg.install,
    "sqlalchemy": edge_sqlalchemy.install,
    "aiokafka": edge_kafka.install,
    "ib_async.ib": edge_ib_async.install,
    "anyio.streams.tls": edge_tls.install,
    "prometheus_client.values": counting.install,
}


class _Finder(importlib.abc.MetaPathFinder):
    """Finds nothing itself: it has the doubles installed when a library has been executed."""

    def __init__(self) -> None:
        self._busy: set[str] = set()

    def find_spec(self, fullname: str, path: Any, target: Any = None) -> ModuleSpec | None:
        """The library's own specification, with a loader that installs the doubles afterwards."""
        if fullname not in INSTALLERS or fullname in self._busy:
            return None
        self._busy.add(fullname)
        try:
            spec = importlib.util.find_spec(fullname)
        finally:
            self._busy.discard(fullname)
        if spec is None or spec.loader is None:
            return spec
        execute, install = spec.loader.exec_module, INSTALLERS[fullname]

        def exec_module(module: Any) -> None:
            execute(module)
            install(module)

        spec.loader.exec_module = exec_module  # type: ignore[method-assign]
        return spec


def install() -> None:
    """Have the doubles at the edge from now on: before anything of the packages is imported."""
    edge_commands.install()
    sys.meta_path.insert(0, _Finder())
