"""A real PostgreSQL for one check, which the check may stop, start again on its data, kill and pause."""

from __future__ import annotations

import atexit
import fcntl
import os
import secrets
import shutil
import signal
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from mdc_ports import LOOPBACK
from mdc_process import PATIENCE, ServerError, ServerProcess, plain_environment
from mdc_server import OwnedByUser, Server

USER = "postgres"
_INITDB = ["--auth=trust", "--no-sync", "--no-instructions", "--wal-segsize=1", "--encoding=UTF8", "--locale=C"]
_SETTINGS = {
    "fsync": "off",
    "shared_buffers": "8MB",
    "listen_addresses": LOOPBACK,
    # A socket with a path would need a short one. Shared memory in files of its own needs nothing outside its folder.
    "unix_socket_directories": "",
    "dynamic_shared_memory_type": "mmap",
    # Each would be a process more, in every check that has a server.
    "autovacuum": "off",
    "io_method": "sync",
    "max_logical_replication_workers": "0",
}
_COLUMN, _ROW, _NULL = "\x1f", "\x1e", "\x01"
_MAKER = os.getpid()
_PREPARED = f"postgres-prepared-{_MAKER}"
"""The name of the folder that all checks of a run copy: they are forked from the process that loads this module."""


class PostgresError(Exception):
    """An error that the server has answered with, or that there was no answer."""


@dataclass(frozen=True)
class PostgresDatabase:
    """A database at a URL, and the ``psql`` that asks it."""

    url: str
    psql: str

    @property
    def name(self) -> str:
        """Its name."""
        return urlsplit(self.url).path.strip("/")

    def query(self, sql: str) -> list[list[str | None]]:
        """The rows of all statements, each value as the text that PostgreSQL writes for it; None for NULL."""
        separators = [f"--field-separator={_COLUMN}", f"--record-separator={_ROW}", f"--pset=null={_NULL}"]
        form = ["--no-psqlrc", "--quiet", "--no-align", "--tuples-only", "--set=ON_ERROR_STOP=1", *separators]
        done = subprocess.run(
            [self.psql, *form, f"--dbname={self.url}", f"--command={sql}"],
            capture_output=True,
            text=True,
            encoding="utf-8",
            check=False,
            env=plain_environment() | {"PGCLIENTENCODING": "UTF8", "PGCONNECT_TIMEOUT": f"{PATIENCE:.0f}"},
        )
        if done.returncode:
            raise PostgresError(done.stderr.strip())
        rows = done.stdout.removesuffix("\n").split(_ROW) if done.stdout else []
        return [[None if value == _NULL else value for value in row.split(_COLUMN)] for row in rows]

    def create_database(self) -> PostgresDatabase:
        """A new, empty database beside it."""
        name = f"check_{secrets.token_hex(8)}"
        self.query(f"CREATE DATABASE {name}")
        return PostgresDatabase(urlsplit(self.url)._replace(path=f"/{name}").geturl(), self.psql)


class PostgresServer(Server):
    """A server with data of its own, which it keeps until it is closed.

    ``binaries`` is the folder with ``initdb``, ``postgres`` and ``psql``; ``data`` a prepared data folder, which is
    copied. ``settings`` are those of its configuration: ``PostgresServer(binaries, max_connections="5")``.
    """

    stop_signal = signal.SIGINT
    """Its "fast" shutdown, which hangs up on everybody."""
    no_root = True

    def __init__(self, binaries: str, data: str | None = None, **settings: str) -> None:
        super().__init__()
        self._binaries, self._settings = Path(binaries), _SETTINGS | settings
        self._data = self.folder / "data"
        self._prepared = data
        self._created: list[PostgresDatabase] = []

    @property
    def url(self) -> str:
        """Where its own database ``postgres`` is."""
        return f"postgresql://{USER}@{self.host}:{self.port}/postgres"

    @property
    def database(self) -> PostgresDatabase:
        """Its own database ``postgres``."""
        return PostgresDatabase(self.url, str(self._binaries / "psql"))

    def command_line(self, port: int) -> list[str]:
        settings = [f"--{name}={value}" for name, value in (self._settings | {"port": str(port)}).items()]
        return [str(self._binaries / "postgres"), "-D", str(self._data), *settings]

    def answers(self) -> bool:
        try:
            return self.query("SELECT 1") == [["1"]]
        except PostgresError:
            return False

    def start(self) -> None:
        """Start it on the data that it has, and return when it answers."""
        if not self._data.exists():
            shutil.copytree(self._prepared or prepared_data(self._binaries), self._data)
            # PostgreSQL wants it to be nobody else's.
            self._data.chmod(0o700)
        if self._process is None:
            # What is left of one that was killed: its number may be another process's by now.
            (self._data / "postmaster.pid").unlink(missing_ok=True)
        super().start()

    def query(self, sql: str, database: PostgresDatabase | None = None) -> list[list[str | None]]:
        """The rows of a query in its own database, or in another one."""
        return (database or self.database).query(sql)

    def create_database(self) -> PostgresDatabase:
        """A new, empty database."""
        self._created.append(self.database.create_database())
        return self._created[-1]

    def drop_databases(self) -> None:
        """Drop all that were created, with whatever is still connected to them."""
        while self._created:
            self.query(f"DROP DATABASE {self._created.pop().name} WITH (FORCE)")


class UsersPostgresServer(OwnedByUser, PostgresServer):
    """The user's own server, by the URL of a database from which others can be created. These are dropped in the end.

    It is asked with the user's ``psql``.
    """

    def __init__(self, url: str) -> None:
        super().__init__("")
        self._url = url

    @property
    def database(self) -> PostgresDatabase:
        """The database of the URL."""
        psql = shutil.which("psql")
        if psql is None:
            raise ServerError("there is no psql on the PATH, with which the user's own server would be asked")
        return PostgresDatabase(self._url, psql)

    @property
    def url(self) -> str:
        """Where the database is that others are created from."""
        return self._url

    def close(self) -> None:
        """Drop what was created."""
        self.drop_databases()
        super().close()


class SharedPostgres:
    """One server for all checks of a process: starting one takes longer than what most of them ask it.

    A check that has stopped, killed or paused it has had it for itself: the next one gets another.
    """

    def __init__(self) -> None:
        self._server: PostgresServer | None = None
        self._process = 0

    def take(self, binaries: str, data: str | None) -> PostgresServer:
        """The server of this process, started."""
        if self._server is None or self._process != os.getpid():
            self._server, self._process = PostgresServer(binaries, data).__enter__(), os.getpid()
        return self._server

    def give_back(self, *, keep: bool) -> None:
        """Leave it to the next check as it was for this one. Without a next one, as without ``keep``, end it."""
        if self._server is None:
            return
        try:
            if keep and not self._server.disturbed:
                self._server.drop_databases()
                return
        except PostgresError:
            # The check has brought it down.
            pass
        self._server.close()
        self._server = None


def prepared_data(binaries: Path) -> Path:
    """An empty cluster to be copied, made by the first check of a run that wants one."""
    folder = Path(tempfile.gettempdir()) / _PREPARED
    folder.mkdir(exist_ok=True)
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (folder / "data").exists():
            make_data(binaries, folder / "data")
    return folder / "data"


def make_data(binaries: Path, data: Path) -> None:
    """Make an empty cluster, as a whole or not at all."""
    with tempfile.TemporaryDirectory(dir=data.parent) as folder:
        unfinished = Path(folder) / "data"
        command = [str(binaries / "initdb"), "-D", str(unfinished), "-U", USER, *_INITDB]
        process = ServerProcess(command, Path(folder) / "output.txt", no_root=True)
        if status := process.wait():
            raise ServerError(f"initdb ended with {status}: {process.output[-1000:]}")
        _remove_template0(binaries, unfinished)
        unfinished.rename(data)


def _remove_template0(binaries: Path, data: Path) -> None:
    """Remove the database that nobody connects to: a third of what is copied for each server."""
    statements = "UPDATE pg_database SET datistemplate = false WHERE datname = 'template0';\nDROP DATABASE template0;\n"
    (data.parent / "statements.sql").write_text(statements)
    shell = f'exec "$0" --single -D "$1" template1 < "{data.parent}/statements.sql"'
    command = ["/bin/sh", "-c", shell, str(binaries / "postgres"), str(data)]
    process = ServerProcess(command, data.parent / "output.txt", no_root=True)
    if status := process.wait():
        raise ServerError(f"PostgreSQL ended with {status}: {process.output[-1000:]}")


def main() -> None:
    """Make an empty cluster for all runs: what the tool does once."""
    try:
        make_data(Path(sys.argv[1]), Path(sys.argv[2]))
    except ServerError as error:
        sys.exit(str(error))


@atexit.register
def _remove_prepared() -> None:
    if os.getpid() == _MAKER:
        shutil.rmtree(Path(tempfile.gettempdir()) / _PREPARED, ignore_errors=True)
