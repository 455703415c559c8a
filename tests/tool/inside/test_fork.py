"""The suite's plugin: every way in which a check can end, in a process of its own and in one that it shares."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import textwrap
import time
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from examples import PATIENCE

from market_data_meta.contract import Contract
from market_data_meta.inside.mdm_json import to_json
from market_data_meta.inside.mdm_plan import Limits, Plan, PlannedClause, RecordFile, RecordHeader
from market_data_meta.inside.mdm_raised import fingerprint
from market_data_meta.suite import INSIDE

CHECKS = """
    import asyncio, os, signal, subprocess, sys, threading, time
    import pytest

    STATE = []

    def test_passes(clause): clause.equal("x", 1, 1)
    def test_fails(clause): clause.equal("the x", 2, 1)
    def test_asserts(clause): assert False, "no"
    def test_raises_ours(clause): raise RuntimeError("in the check")
    def test_surface_moved(clause): os.no_such_name
    def test_broken_fixture(clause, nothing_like_this): pass
    def test_skips(clause): pytest.skip("not today")
    def test_not_applicable(clause): clause.not_applicable("no such feature")
    def test_exits(clause): os._exit(0)
    def test_raises_base(clause): raise KeyboardInterrupt
    def test_system_exit(clause): sys.exit(0)
    def test_dies(clause): os.kill(os.getpid(), signal.SIGSEGV)
    def test_hangs(clause): time.sleep(3600)
    def test_waits(clause): time.sleep(3)
    def test_computes(clause):
        while True: pass
    def test_computes_below(clause):
        with clause.works("a command"): subprocess.run([sys.executable, "-c", "while True: pass"], check=True)
    def test_leaves_a_child(clause):
        if os.fork() == 0:
            time.sleep(3600)
            os._exit(0)
    def test_leaves_a_thread(clause): threading.Thread(target=time.sleep, args=(3600,)).start()
    def test_first_writes(clause): STATE.append(1); clause.equal("state", STATE, [1])
    def test_second_writes(clause): STATE.append(1); clause.equal("state", STATE, [1])
    def test_empty_loop(clause): clause.none("things", [], examined=0)
    def test_huge(clause): clause.equal("text", "x" * 100_000, "")
    def test_own_folder(clause): open("x", "x").close()
    def test_own_folder_too(clause): open("x", "x").close()
"""
FOLDER = "suite"
HANG = 3000
"""Seconds; what hangs in these checks takes longer, and no run does on the slowest machine."""
OUTCOMES = {
    "passes": "passed",
    "fails": "failed",
    "asserts": "failed",
    "raises-ours": "error",
    "surface-moved": "failed",
    "broken-fixture": "error",
    "skips": "error",
    "not-applicable": "not-applicable",
    "exits": "error",
    "raises-base": "error",
    "system-exit": "error",
    "dies": "error",
    "hangs": "error",
    "waits": "passed",
    "computes": "error",
    "computes-below": "error",
    "leaves-a-child": "passed",
    "leaves-a-thread": "passed",
    "first-writes": "passed",
    "second-writes": "passed",
    "empty-loop": "failed",
    "huge": "failed",
    "own-folder": "passed",
    "own-folder-too": "passed",
}

LIMITS = Limits(check_seconds=4.0, jobs=4)


def run(
    folder: Path, text: str, *, limits: Limits = LIMITS, until: tuple[str, ...] = (), **changes: Any
) -> tuple[int, list[dict[str, Any]]]:
    """Run the plugin on one test module; pytest's status and the lines of the record."""
    folder.mkdir(exist_ok=True)
    # A record is only ever added to, and a fixture may be made twice.
    (folder / "record.jsonl").unlink(missing_ok=True)
    (folder / "test_area.py").write_text(textwrap.dedent(text))
    (folder / "pytest.ini").write_text("[pytest]\naddopts = -p mdm_suite -p no:cacheprovider --capture=sys\n")
    clauses = {f"area.{name}": PlannedClause("A rule.", "must", "combination") for name in OUTCOMES}
    plan = Plan(
        root=str(folder),
        packages={},
        clauses=clauses,
        limits=limits,
        header=RecordHeader("s", "isolated", "x", {}, {}, (), None, "highest", tuple(clauses), until),
        record=RecordFile(str(folder / "record.jsonl")),
    )
    (folder / "plan.json").write_text(json.dumps(to_json(replace(plan, **changes))))
    command = [sys.executable, "-m", "pytest", "-q", "--mdm-plan", str(folder / "plan.json"), str(folder)]
    environment = {"PATH": os.environ["PATH"], "PYTHONPATH": str(INSIDE)}
    process = subprocess.run(command, cwd=folder, env=environment, capture_output=True, timeout=PATIENCE, check=False)
    file = folder / "record.jsonl"
    return process.returncode, [json.loads(line) for line in file.read_text().splitlines()] if file.exists() else []


FAILS = {"area.fails": (fingerprint("the x", 2, None),)}
RUNS: dict[int, Mapping[str, tuple[str, ...]]] = {1: {}, 4: {}, 100: FAILS}
"""By how many checks share a process, the failures that are known."""


@pytest.fixture(scope="module")
def records(tmp_path_factory: pytest.TempPathFactory) -> Mapping[int, list[dict[str, Any]]]:
    """The records of ``RUNS``, which go on side by side: each of them waits for the check that hangs."""
    # Made before there are threads: two that ask for it first would both make it.
    base, started = tmp_path_factory.getbasetemp(), time.monotonic()

    def recorded(checks_per_process: int) -> list[dict[str, Any]]:
        folder = base / f"{FOLDER}{checks_per_process}"
        limits = replace(LIMITS, checks_per_process=checks_per_process)
        status, lines = run(folder, CHECKS, limits=limits, known_failures=RUNS[checks_per_process])
        assert status == 1
        return lines

    with ThreadPoolExecutor(len(RUNS)) as pool:
        lines = dict(zip(RUNS, pool.map(recorded, RUNS), strict=True))
    assert time.monotonic() - started < HANG, "a check that hangs or leaves something behind held up the run"
    return lines


@pytest.fixture(params=RUNS)
def lines(request: pytest.FixtureRequest, records: Mapping[int, list[dict[str, Any]]]) -> list[dict[str, Any]]:
    """The record of a run in which checks end in every way that they can: the same, however many share a process."""
    return records[request.param]


def test_every_end_has_its_outcome(lines: list[dict[str, Any]]) -> None:
    """The record is complete and counts all."""
    header, *checks, footer = lines
    assert {line["clause"].removeprefix("area."): line["outcome"] for line in checks} == OUTCOMES, checks
    assert [header["kind"], footer["kind"]] == ["header", "footer"]
    assert sum(footer["counts"].values()) == len(OUTCOMES) == len(checks)


def test_an_error_has_its_cause_in_the_record(lines: list[dict[str, Any]]) -> None:
    causes = {line["clause"]: line["message"] for line in lines if line.get("outcome") == "error"}
    assert "SIGSEGV" in causes["area.dies"]
    assert causes["area.hangs"] == "waited for 6 s without doing anything and was stopped"
    for name in ("area.computes", "area.computes-below"):
        # Where the machine gives them next to nothing, the other limit comes first.
        assert causes[name] in (
            "used more than 4 s of CPU time and was stopped",
            "did not end within 20 s of wall time and was stopped",
        )
    assert "no result" in causes["area.exits"]
    assert "nothing_like_this" in causes["area.broken-fixture"]


def test_what_a_check_got_is_bounded_in_the_record(lines: list[dict[str, Any]]) -> None:
    (line,) = [line for line in lines if line.get("clause") == "area.huge"]
    assert len(line["got"]) <= 2000


def test_nothing_outlives_the_run(lines: list[dict[str, Any]], tmp_path_factory: pytest.TempPathFactory) -> None:
    assert lines
    left = subprocess.run(["ps", "-eo", "args"], capture_output=True, text=True, check=True).stdout
    # Runs of other tests, or of somebody else on this machine, are not this one's.
    assert f"--mdm-plan {tmp_path_factory.getbasetemp() / FOLDER}" not in left


def test_a_module_that_cannot_be_imported_writes_no_footer(tmp_path: Path) -> None:
    status, lines = run(tmp_path, "import no_such_module")
    assert status == 2
    assert not any(line["kind"] == "footer" for line in lines)


def test_what_the_plan_calls_not_applicable_is_not_run(tmp_path: Path) -> None:
    text = "def test_fails(clause): clause.equal('x', 1, 2)"
    _, lines = run(tmp_path, text, not_applicable={"area.fails": "came later"})
    assert [(line["outcome"], line["message"]) for line in lines[1:-1]] == [("not-applicable", "came later")]


def test_a_check_that_waits_holds_up_no_other(tmp_path: Path) -> None:
    """Where one check runs at a time, another begins beside one that sleeps: here the one that it waits for."""
    text = f"""
        import pathlib, time
        FILE = pathlib.Path({str(tmp_path / "there")!r})
        def test_waits(clause):
            while not FILE.exists(): time.sleep(0.1)
        def test_passes(clause): FILE.touch()
    """
    _, lines = run(tmp_path, text, limits=Limits(check_seconds=60.0, jobs=1))
    assert {line["clause"]: line["outcome"] for line in lines[1:-1]} == {
        "area.waits": "passed",
        "area.passes": "passed",
    }


def test_a_run_ends_with_the_check_that_it_was_to_go_on_until(tmp_path: Path) -> None:
    """The record of a run that has seen enough is whole, and holds what had come out by then."""
    text = """
        import time
        def test_fails(clause): clause.equal("x", 1, 2)
        def test_hangs(clause): time.sleep(3600)
        def test_passes(clause): clause.equal("x", 1, 1)
    """
    started = time.monotonic()
    _, lines = run(tmp_path, text, until=("area.fails",), limits=Limits(60.0, jobs=2))
    assert time.monotonic() - started < HANG
    assert ("area.fails", "failed") in [(line["clause"], line["outcome"]) for line in lines[1:-1]]
    assert lines[-1]["kind"] == "footer"


def test_checks_with_a_process_of_their_own_begin_first(tmp_path: Path) -> None:
    """What takes longest is not what the end of a run waits for."""
    text = """
        import pytest
        def test_passes(clause): clause.equal("x", 1, 1)
        @pytest.mark.fresh
        def test_waits(clause): clause.equal("x", 1, 1)
    """
    _, lines = run(tmp_path, text, limits=Limits(60.0, jobs=1))
    assert [line["clause"] for line in lines[1:-1]] == ["area.waits", "area.passes"]


def test_the_lines_that_a_check_and_its_fixtures_execute_are_recorded(tmp_path: Path) -> None:
    package = tmp_path / "site"
    package.mkdir()
    (package / "thing.py").write_text(
        "def one():\n    return 1\n\ndef two():\n    return 2\n\ndef three():\n    return 3\n"
    )
    text = f"""
        import sys
        import pytest
        sys.path.insert(0, {str(package)!r})
        import thing
        @pytest.fixture
        def made(): return thing.one()
        def test_passes(clause, made): clause.equal("x", made + thing.three(), 4)
    """
    _, lines = run(tmp_path, text, trace=(str(package),))
    (traced,) = [line for line in lines if line["kind"] == "trace"]
    assert traced["lines"] == {"thing.py": [2, 8]}


def test_a_question_to_a_clean_install_has_no_limit_but_that_of_its_check(contract: Contract, tmp_path: Path) -> None:
    """One that it runs into is an error that says which, whatever a check makes of exceptions."""
    text = f"""
        import sys
        from pathlib import Path
        sys.path.insert(0, {str(contract.root / "tests" / "conformance")!r})
        from mdc_release import Release
        def test_computes(clause):
            release = Release("core", "thing", (), None, Path(sys.executable), {{}}, {{}}, {{}})
            with clause.works("the question"): release.run("-c", "while True: pass")
    """
    _, lines = run(tmp_path, text, limits=Limits(1.0, jobs=4))
    (line,) = lines[1:-1]
    assert line["outcome"] == "error"
    assert line["message"].endswith(" time and was stopped")


WRITTEN_DOWN = """
    import os
    def note(name):
        with open({file!r}, "a") as file:
            file.write(f"{{name}} {{os.getpid()}}\\n")
    def test_passes(clause): note("passes")
    def test_fails(clause): note("fails"); clause.equal("the x", 2, 1)
    def test_first_writes(clause): note("first-writes")
"""


@pytest.mark.parametrize(
    ("checks_per_process", "known", "executions"),
    [
        (1, {}, [["passes"], ["fails"], ["first-writes"]]),
        (3, {}, [["passes", "fails"], ["fails"], ["first-writes"]]),
        (3, {"area.fails": (fingerprint("the x", 3, None),)}, [["passes", "fails"], ["fails"], ["first-writes"]]),
        (3, {"area.passes": FAILS["area.fails"]}, [["passes", "fails"], ["fails"], ["first-writes"]]),
        (3, FAILS, [["passes", "fails", "first-writes"]]),
    ],
)
def test_a_failure_that_is_not_known_counts_only_as_the_first_of_its_process(
    tmp_path: Path, checks_per_process: int, known: Mapping[str, tuple[str, ...]], executions: list[list[str]]
) -> None:
    """A check that fails in a way of its own after another is run again, alone like those after it."""
    file = tmp_path / "executions"
    limits = Limits(2.0, jobs=1, checks_per_process=checks_per_process)
    _, lines = run(tmp_path, WRITTEN_DOWN.format(file=str(file)), limits=limits, known_failures=known)
    outcomes = {line["clause"].removeprefix("area."): line["outcome"] for line in lines[1:-1]}
    assert outcomes == {"passes": "passed", "fails": "failed", "first-writes": "passed"}
    processes: dict[str, list[str]] = {}
    for name, process in (row.split() for row in file.read_text().splitlines()):
        processes.setdefault(process, []).append(name)
    assert list(processes.values()) == executions
