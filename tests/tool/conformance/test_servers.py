"""The suite's real servers, started where checks start them: in the sandbox of a run, as the user of this test."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path

import pytest
from examples import PATIENCE, ROOT

from market_data_meta import suite
from market_data_meta.inside.mdm_tree import alive
from market_data_meta.running.isolated import clean_environment
from market_data_meta.running.sandbox import run_in_sandbox
from market_data_meta.running.servers import find_servers, server_folder

SCENARIOS = Path(__file__).parent / "server_scenarios.py"


@pytest.fixture(scope="session")
def servers() -> Mapping[str, str]:
    """What a plan says of servers."""
    return find_servers(ROOT)


def variables(home: Path, servers: Mapping[str, str]) -> dict[str, str]:
    """The environment of a run in ``home``, and the servers."""
    path = os.pathsep.join(map(str, (suite.INSIDE, suite.folder(ROOT))))
    return clean_environment(str(home), home) | {"PYTHONPATH": path, "SERVERS": json.dumps(servers)}


def run(scenario: str, folder: Path, servers: Mapping[str, str]) -> None:
    """Run a scenario in the sandbox; it must end well."""
    home = folder / "home"
    home.mkdir()
    log = folder / "log.txt"
    ending = run_in_sandbox(
        [sys.executable, str(SCENARIOS), scenario],
        log,
        home=str(home),
        variables=variables(home, servers),
        writable=[],
        readable=[suite.INSIDE, suite.folder(ROOT), SCENARIOS, server_folder(ROOT)],
        seconds=60.0,
    )
    assert ending.cause is None, log.read_text()
    # Not even a folder is left of a server.
    assert not list(home.glob("*server*")), list(home.iterdir())


@pytest.mark.parametrize(
    "scenario",
    ["redis", "redis_paused", "users_own", "postgres", "postgres_paused", "sessions_of_others", "service", "ports"],
)
def test_a_real_server_is_at_hand_in_a_run(scenario: str, tmp_path: Path, servers: Mapping[str, str]) -> None:
    """It answers, can be stopped, started again, killed and paused, and leaves nothing behind."""
    run(scenario, tmp_path, servers)


def test_root_is_told_where_postgresql_cannot_run(tmp_path: Path, servers: Mapping[str, str]) -> None:
    """The database refuses to run as root; where it cannot be anybody else, the error says what to do."""
    run("without_namespaces", tmp_path, servers)


def test_no_server_outlives_the_process_that_has_started_it(tmp_path: Path, servers: Mapping[str, str]) -> None:
    """Not even where that is killed, and nobody ends what it has left."""
    holder = subprocess.Popen(
        [sys.executable, str(SCENARIOS), "hold"],
        cwd=tmp_path,
        env=variables(tmp_path, servers),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    with holder:
        assert holder.stdout is not None
        trees = json.loads(holder.stdout.readline())
        holder.kill()
    assert len(trees) == 3
    assert all(trees)
    until = time.monotonic() + PATIENCE
    left = {pid for tree in trees for pid in tree}
    while left and time.monotonic() < until:
        left = {pid for pid in left if alive(pid)}
        time.sleep(0.02)
    assert not left
