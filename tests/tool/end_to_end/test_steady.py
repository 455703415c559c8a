"""``scripts/steady`` as a whole: its rounds, its load, and that it finds checks that depend on what no check may."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from bench.steady import ZONES, Round, SteadyResult, ended, planned_rounds
from bench.unsteady import UnsteadyCheck
from examples import ROOT

from market_data_meta.errors import Exit
from market_data_meta.inside.mdm_plan import ENVIRONMENT
from market_data_meta.inside.mdm_tree import alive, below
from market_data_meta.running.servers import PREPARING

CLAUSES = """
[clauses.{name}]
rule = "A rule."
level = "must"
scope = "{scope}"
binds = {binds}
source = "A test of the tool."
"""
CHECKS = {
    "time-zone": "time.localtime(0).tm_gmtoff",
    "hash-seed": 'list({"a", "b", "c", "d", "e", "f", "g", "h"})',
    "steady": "os.isatty(0) or os.environ.get('FROM_THE_CALLER')",
    "chance": "os.urandom(8).hex()",
}
"""Clauses, and what the check of each says that it got: it fails with that. What is chance is asked in services."""


def test_rounds_differ_in_all_that_a_caller_may_have() -> None:
    """The zones come in turn, a terminal in every other round, and a hash seed of its own in each."""
    rounds = list(planned_rounds(6))
    assert [each.time_zone for each in rounds] == [*ZONES, *ZONES]
    assert [each.terminal for each in rounds] == [False, True] * 3
    assert len({each.hash_seed for each in rounds}) == 6
    assert {(each.time_zone, each.terminal) for each in rounds} == {
        (zone, on) for zone in ZONES for on in (False, True)
    }


def test_a_round_has_an_environment_of_its_own() -> None:
    own = Round(1, "UTC", "7", terminal=False).environment
    assert own == {**ENVIRONMENT, "TZ": "UTC", "PYTHONHASHSEED": "7"}


@pytest.mark.parametrize(
    ("unsteady", "faults", "code"),
    [(0, 0, Exit.OK), (1, 0, Exit.VIOLATED), (0, 1, Exit.UNDECIDED), (1, 1, Exit.UNDECIDED)],
)
def test_exit_codes(unsteady: int, faults: int, code: Exit) -> None:
    checks = (UnsteadyCheck("cell", "area.first", ()),) * unsteady
    assert SteadyResult("cell", (), 0, checks, ("round 1: it could not be run",) * faults).exit == code


def test_the_load_ends_with_whoever_has_made_it() -> None:
    """Two processes a core compute, and none of them outlives a killed parent."""
    program = "from bench.busy import busy_cores\nwith busy_cores(): print('busy', flush=True); input()"
    command = [sys.executable, "-c", program]
    with subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "busy\n"
        spinners = below(process.pid)
        process.kill()
    assert len(spinners) == 2 * (os.cpu_count() or 1)
    until = time.monotonic() + 60.0
    while any(map(alive, spinners)) and time.monotonic() < until:
        time.sleep(0.05)
    assert not any(map(alive, spinners))


def steady(folder: Path, *arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "bench.steady", *arguments]
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "meta"), **variables}
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)


def test_bad_usage_is_told_as_such() -> None:
    assert steady(ROOT, "--rounds", "1").returncode == Exit.BAD_INPUT
    assert steady(ROOT, "core==newest").returncode == Exit.BAD_INPUT
    help_text = steady(ROOT, "--help")
    assert help_text.returncode == 0
    assert "Example: steady --rounds 3" in help_text.stdout


@pytest.fixture(scope="module")
def small_suite(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A checkout with a suite of four checks, three of which depend on what no check may depend on."""
    root = tmp_path_factory.mktemp("checkout")
    contracts, suite = root / "contracts", root / "tests" / "conformance"
    for folder in (contracts / "clauses", suite):
        folder.mkdir(parents=True)
    shutil.copytree(ROOT / "bench", root / "bench", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copytree(ROOT / "contracts" / "releases", contracts / "releases")
    (root / "requirements").mkdir()
    for file in ("contracts/packages.toml", "contracts/clauses/controls.toml", "tox.ini", "requirements/servers.txt"):
        shutil.copy(ROOT / file, root / file)
    for file in ("pytest.ini", "test_controls.py", PREPARING):
        shutil.copy(ROOT / "tests" / "conformance" / file, suite)
    (contracts / "capabilities.toml").write_text("[capabilities]\n")
    (contracts / "defects.toml").write_text("[defects]\n")
    scopes = dict.fromkeys(CHECKS, "combination") | {"chance": "deployment"}
    clauses = [CLAUSES.format(name=name, scope=scopes[name], binds='["core"]') for name in CHECKS]
    (contracts / "clauses" / "area.toml").write_text("\n".join(clauses))
    functions = {f"test_{name.replace('-', '_')}": got for name, got in CHECKS.items()}
    checks = [f'def {name}(clause):\n    clause.equal("it", {got}, None)' for name, got in functions.items()]
    (suite / "test_area.py").write_text("\n\n".join(["import os, time", *checks]) + "\n")
    return root


def test_checks_that_depend_on_time_zone_or_hash_seed_are_found(small_suite: Path) -> None:
    """Three of four checks depend on what their run has, one of them in services; one sees nothing of the caller's."""
    process = steady(small_suite, "--rounds", "2", "--json", FROM_THE_CALLER="secret")
    assert process.returncode == Exit.VIOLATED, process.stderr
    result: dict[str, Any] = json.loads(process.stdout)
    assert result["faults"] == []
    assert result["runs"] == 2 * (2 + 3 + 2)
    found = {check["clause"]: check for check in result["unsteady"]}
    assert sorted(found) == ["area.chance", "area.hash-seed", "area.time-zone"]
    answers = {answer["outcome"]: answer["runs"] for answer in found["area.time-zone"]["answers"]}
    offsets = {"20700": 2, "0": 1, "19800": 1}
    assert {seconds: len(answers[f"failed [it, got {seconds}]"]) for seconds in offsets} == offsets


@pytest.mark.usefixtures("foreground")
def test_an_interrupt_while_a_round_starts_ends_it() -> None:
    """A process that has just been started is known to whoever ends it, whenever the interrupt comes."""
    started: list[subprocess.Popen[bytes]] = []

    def start() -> subprocess.Popen[bytes]:
        started.append(subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"]))
        signal.raise_signal(signal.SIGINT)
        return started[0]

    with pytest.raises(KeyboardInterrupt), ended(start):
        pytest.fail("the interrupt was lost")
    assert started[0].poll() is not None


@pytest.mark.usefixtures("foreground")
def test_an_interrupt_leaves_nothing_behind(small_suite: Path) -> None:
    """Neither the load nor a round outlives an interrupt."""
    command = [sys.executable, "-m", "bench.steady", "--rounds", "9"]
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "meta")}
    with subprocess.Popen(command, cwd=small_suite, env=environment, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        while "round 1" not in process.stderr.readline():
            assert process.poll() is None
        processes = below(process.pid)
        process.send_signal(signal.SIGINT)
        said = process.stderr.read()
        assert process.wait() == Exit.INTERRUPTED, said
    assert "nothing half-written" in said
    assert not any(map(alive, processes))
