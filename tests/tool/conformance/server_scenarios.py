"""What the suite's real servers do, as a program that runs where checks run: ``python server_scenarios.py NAME``.

SERVERS in the environment is ``Plan.servers`` as JSON.
"""

from __future__ import annotations

import ctypes
import json
import os
import platform
import socket
import struct
import sys
import threading
from collections.abc import Callable
from pathlib import Path

from mdc_ports import SilentServer, listens, refusing_port
from mdc_postgres_server import PostgresError, PostgresServer, UsersPostgresServer
from mdc_process import ServerError, ServerProcess
from mdc_redis_client import RedisConnection, RedisError
from mdc_redis_server import RedisServer, UsersRedisServer
from mdc_service import ServiceProcess
from mdc_store_tables import StoreDatabase, sessions
from mdc_wait import wait_until
from mdm_clause import NotApplicableError

SERVERS: dict[str, str] = json.loads(os.environ["SERVERS"])
LOOPBACK = "127.0.0.1"
APP = """
import http.server, os, signal, sys
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200 if self.path == "/there" else 404)
        self.send_header("X-Name", os.environ["NAME"])
        self.end_headers()
        self.wfile.write(repr([sys.argv[1:], "mdm_tree" in sys.modules, "SETTING" in os.environ]).encode())
signal.signal(signal.SIGTERM, lambda *_: sys.exit(7))
print("it starts", flush=True)
http.server.HTTPServer(("127.0.0.1", int(sys.argv[1])), Handler).serve_forever()
"""


def raised(kind: type[Exception], action: Callable[[], object]) -> str:
    """The message of the error that the action must raise."""
    try:
        action()
    except kind as error:
        return str(error)
    raise AssertionError(f"no {kind.__name__} was raised")


def gone(pids: set[int]) -> bool:
    """Whether these processes end in a moment."""
    return wait_until(lambda: not any(Path(f"/proc/{pid}").exists() for pid in pids))


def redis() -> None:
    """It answers, forgets, comes back on its port, and takes options."""
    with RedisServer(SERVERS["redis"]) as server:
        assert server.command("SET", "key", b"\x00\r\n") == b"OK"
        assert server.command("GET", "key") == b"\x00\r\n"
        assert server.command("INCR", "count") == 1
        assert server.command("GET", "nothing") is None
        assert server.command("MGET", "count", "nothing") == [b"1", None]
        assert "WRONGTYPE" in raised(RedisError, lambda: server.command("LPUSH", "key", "x"))
        with server.connect() as subscriber:
            assert subscriber.command("SUBSCRIBE", "channel") == [b"subscribe", b"channel", 1]
            assert server.command("PUBLISH", "channel", "text") == 1
            assert subscriber.read() == [b"message", b"channel", b"text"]
        port = server.port
        server.stop()
        raised(ConnectionRefusedError, lambda: server.command("PING"))
        server.start()
        assert server.port == port
        assert server.command("DBSIZE") == 0
        server.kill()
        server.start()
        server.restart()
        tree, folder = server.process.tree(), server.folder
        assert len(tree) == 1
    assert gone(tree)
    assert not folder.exists()
    with RedisServer(SERVERS["redis"], requirepass="a:b@/", maxmemory="1mb", maxmemory_policy="noeviction") as server:
        assert server.command("CONFIG", "GET", "maxmemory") == [b"maxmemory", b"1048576"]
        with RedisConnection(f"redis://{LOOPBACK}:{server.port}") as stranger:
            assert "NOAUTH" in raised(RedisError, lambda: stranger.command("PING"))
    faulty = RedisServer(SERVERS["redis"], maxmemory="much")
    assert "maxmemory" in raised(ServerError, faulty.__enter__)
    assert not faulty.folder.exists()


def users_own() -> None:
    """A server of the user's own is asked and left as it is; what would stop it is not applicable."""
    with RedisServer(SERVERS["redis"], requirepass="x") as server:
        with UsersRedisServer(server.url) as own:
            own.command("SET", "key", "value")
            assert "the user's own" in raised(NotApplicableError, own.restart)
        assert server.command("GET", "key") == b"value"
    os.environ["PATH"] = SERVERS["postgres"]
    with PostgresServer(SERVERS["postgres"], SERVERS["postgres_data"]) as database_server:
        with UsersPostgresServer(f"{database_server.url}?application_name=users") as users:
            assert users.create_database().query("SHOW application_name") == [["users"]]
            assert "the user's own" in raised(NotApplicableError, users.pause)
        assert database_server.query("SELECT count(*) FROM pg_database") == [["2"]]


def redis_paused() -> None:
    """A server that is paused accepts and does not answer, and answers all of it afterwards."""
    with RedisServer(SERVERS["redis"]) as server, server.connect() as before:
        server.pause()
        with socket.create_connection((LOOPBACK, server.port), 60.0) as client:
            client.sendall(b"PING\r\n")
            before.send("PING")
            client.settimeout(0.2)
            raised(TimeoutError, lambda: client.recv(1))
            client.settimeout(60.0)
            server.resume()
            assert client.recv(7) == b"+PONG\r\n"
            assert before.read() == b"PONG"
        server.pause()
        server.stop()
        server.start()
        server.pause()


def postgres() -> None:
    """It answers, keeps what it has over an orderly and a sudden end, and is made ready once for all."""
    with PostgresServer(SERVERS["postgres"], SERVERS["postgres_data"], max_connections="7") as server:
        assert server.query("SHOW max_connections") == [["7"]]
        assert server.query("SELECT 1 WHERE false") == []
        assert server.query("SELECT ''") == [[""]]
        assert server.query("SELECT 'a\nb', NULL, 1.50, 'ü' UNION ALL SELECT 'c', 'd', 2, ''") == [
            ["a\nb", None, "1.50", "ü"],
            ["c", "d", "2", ""],
        ]
        assert 'relation "nowhere" does not exist' in raised(PostgresError, lambda: server.query("TABLE nowhere"))
        first, second = server.create_database(), server.create_database()
        first.query("CREATE TABLE kept AS SELECT generate_series(1, 3) AS n")
        raised(PostgresError, lambda: second.query("TABLE kept"))
        port = server.port
        server.stop()
        raised(PostgresError, lambda: server.query("SELECT 1"))
        server.start()
        assert server.port == port
        first.query("INSERT INTO kept VALUES (4)")
        tree = server.process.tree()
        server.kill()
        assert gone(tree)
        server.start()
        assert first.query("SELECT sum(n) FROM kept") == [["10"]]
        assert server.query("TABLE kept", first) == [["1"], ["2"], ["3"], ["4"]]
        tree, folder = server.process.tree(), server.folder
        with PostgresServer(SERVERS["postgres"], SERVERS["postgres_data"]) as other:
            assert other.query("SELECT count(*) FROM pg_database") == [["2"]]
    assert gone(tree)
    assert not folder.exists()
    faulty = PostgresServer(SERVERS["postgres"], None, max_connections="many")
    assert "max_connections" in raised(ServerError, faulty.__enter__)
    assert not faulty.folder.exists()


def postgres_paused() -> None:
    """A server that is paused accepts and does not answer, on no connection, and goes on afterwards."""
    with PostgresServer(SERVERS["postgres"], SERVERS["postgres_data"]) as server:
        server.pause()
        with socket.create_connection((LOOPBACK, server.port), 60.0) as client:
            # A request for encryption, which it answers with one letter.
            client.sendall(struct.pack("!ii", 8, 80877103))
            client.settimeout(0.2)
            raised(TimeoutError, lambda: client.recv(1))
            server.resume()
            client.settimeout(60.0)
            assert client.recv(1) == b"N"
        assert server.query("SELECT 1") == [["1"]]
        server.pause()


def service() -> None:
    """A service imports what this process does and nothing of the suite; it is asked from outside, and ends as told."""
    folder = Path("packages").absolute()
    folder.mkdir()
    (folder / "app_under_test.py").write_text(APP)
    sys.path.append(str(folder))
    os.environ["SETTING"] = "not for it"
    with ServiceProcess("-m", "app_under_test", "{port}", environment={"NAME": "the service"}) as served:
        answer = served.get("/there")
        assert (answer.status, answer.headers["x-name"]) == (200, "the service")
        assert answer.text == f"[['{served.port}'], False, False]", answer.text
        assert served.get("/elsewhere").status == 404
        assert served.running
        served.terminate()
        assert served.wait() == 7
        assert "it starts" in served.output
        raised(ConnectionRefusedError, lambda: served.get("/there"))
    with ServiceProcess("-c", "import mdm_tree") as unstarted:
        assert not unstarted.running
        assert unstarted.wait() == 1
        assert "No module named 'mdm_tree'" in unstarted.output
    with ServiceProcess("-c", "import mdc_ports") as unstarted:
        assert "No module named 'mdc_ports'" in unstarted.output


def ports() -> None:
    """Who listens is told, a silent server counts its clients, a refusing port refuses, threads start no server."""
    with SilentServer() as silent, socket.create_connection((LOOPBACK, silent.port)) as client:
        assert wait_until(lambda: silent.connections == 1)
        client.sendall(b"anybody there?")
        client.settimeout(0.1)
        raised(TimeoutError, lambda: client.recv(1))
        assert listens(lambda: [os.getpid()], silent.port)
        assert not listens(lambda: [os.getppid()], silent.port)
    assert not listens(lambda: [os.getpid()], silent.port)
    with refusing_port() as port:
        raised(ConnectionRefusedError, lambda: socket.create_connection((LOOPBACK, port)))
    messages: list[str] = []
    server = RedisServer(SERVERS["redis"])
    thread = threading.Thread(target=lambda: messages.append(raised(ServerError, server.__enter__)))
    thread.start()
    thread.join()
    assert "main thread" in messages[0]


def without_namespaces() -> None:
    """Where the kernel gives no namespaces, root is told what to do; for others PostgreSQL runs all the same."""
    _deny_unshare()
    server = PostgresServer(SERVERS["postgres"], SERVERS["postgres_data"])
    if os.geteuid() == 0:
        message = raised(ServerError, server.__enter__)
        assert "does not run as root" in message, message
        assert "start the run as another user" in message, message
    else:
        with server:
            assert server.query("SELECT 1") == [["1"]]


def sessions_of_others() -> None:
    """A session of the suite that still ends, or goes on, is not one that a client has left open."""
    with PostgresServer(SERVERS["postgres"], SERVERS["postgres_data"]) as server:
        database = StoreDatabase(server.create_database())
        ours, theirs = "SELECT pg_advisory_lock(1), pg_sleep(60)", "SELECT pg_advisory_lock(2), pg_sleep(60)"
        for ask in (lambda: database.query(ours), lambda: database.database.query(theirs)):
            threading.Thread(target=ask, daemon=True).start()
        locks = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'"
        assert wait_until(lambda: server.query(locks) == [["2"]])
        assert sessions(database) == ["psql"]


def _deny_unshare() -> None:
    """Have the kernel refuse unshare(2) to this process and its children, as containers do (seccomp(2))."""
    number = {"x86_64": 272, "aarch64": 97}[platform.machine()]
    load, if_equal, answer = 0x20, 0x15, 0x06
    allowed, refused = 0x7FFF0000, 0x00050000 | 1
    lines = [(load, 0, 0, 0), (if_equal, 0, 1, number), (answer, 0, 0, refused), (answer, 0, 0, allowed)]
    code = ctypes.create_string_buffer(b"".join(struct.pack("=HBBI", *line) for line in lines))
    program = ctypes.create_string_buffer(struct.pack("@HP", len(lines), ctypes.addressof(code)))
    library = ctypes.CDLL(None, use_errno=True)
    assert library.prctl(38, 1, 0, 0, 0) == 0
    assert library.prctl(22, 2, program) == 0


def hold() -> None:
    """Start one of each, say which processes they are, and wait to be killed."""
    redis_server, postgres_server = RedisServer(SERVERS["redis"]), PostgresServer(SERVERS["postgres"])
    served = ServiceProcess("-m", "http.server", "{port}", "--bind", LOOPBACK)
    processes: list[ServerProcess] = []
    for server in (redis_server, postgres_server, served):
        server.start()
        processes.append(server.process)
    pids = [sorted(process.tree()) for process in processes]
    print(json.dumps(pids), flush=True)
    sys.stdin.read()


if __name__ == "__main__":
    globals()[sys.argv[1]]()
