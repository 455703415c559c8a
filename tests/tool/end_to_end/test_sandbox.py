"""The sandbox: it enforces its limits, no process outlives it, and the caller's secrets are out of reach."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from examples import PATIENCE
from hostile_releases import HARMFUL, HARMLESS, MARK

from market_data_meta.contract import Contract
from market_data_meta.errors import MetaError
from market_data_meta.inside import mdm_tree
from market_data_meta.inside.mdm_landlock import version
from market_data_meta.inside.mdm_tree import below, cpu_seconds, overtime
from market_data_meta.judging.records import Record, read_record
from market_data_meta.releases.combinations import Cell, newest_of
from market_data_meta.releases.ledger import Ledger
from market_data_meta.running.isolated import PreparedCell, clean_environment, run_prepared
from market_data_meta.running.limits import Bounds
from market_data_meta.running.plans import record_header, suite_plan
from market_data_meta.running.sandbox import BOUNDS, run_in_sandbox

ESCAPE = HARMLESS["leaves a child"].replace("MARK", MARK)
SECRETS = {
    "GITHUB_TOKEN": "hidden-1",
    "AWS_SECRET_ACCESS_KEY": "hidden-2",
    "UV_INDEX_PRIVATE_PASSWORD": "hidden-3",
    "PIP_INDEX_URL": "https://user:hidden-4@index.example/simple",
    "PYTEST_ADDOPTS": "hidden-5",
}


def run(source: str, folder: Path, *, seconds: float = 20.0, bounds: Bounds = BOUNDS) -> tuple[str, str]:
    """Run a Python program in the sandbox: why it ended early (empty if it did not), and what it printed."""
    home = folder / "home"
    home.mkdir(exist_ok=True)
    command = [sys.executable, "-c", source]
    variables = clean_environment(str(home), home)
    log = folder / "log.txt"
    ending = run_in_sandbox(
        command, log, home=str(home), variables=variables, writable=[], seconds=seconds, bounds=bounds
    )
    return ending.cause or "", log.read_text()


def marked() -> Iterator[int]:
    """The processes that were started to stay."""
    for file in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            if MARK.encode() in file.read_bytes():
                yield int(file.parent.name)
        except OSError:
            continue


def has_escaped() -> bool:
    """Whether the child is there that is to outlive its parents: it alone has the mark as its last argument."""
    for pid in marked():
        try:
            if Path(f"/proc/{pid}/cmdline").read_bytes().endswith(f"\0{MARK}\0".encode()):
                return True
        except OSError:
            continue
    return False


def all_ended() -> bool:
    """Whether all processes that were started to stay have ended, or end in a moment."""
    until = time.monotonic() + PATIENCE
    while any(True for _ in marked()) and time.monotonic() < until:
        time.sleep(0.05)
    return not list(marked())


@pytest.mark.parametrize(
    ("source", "sentence"),
    [
        ("print('well')", ""),
        ("import sys; sys.exit(3)", "it ended with status 3"),
        ("import os, signal; os.kill(os.getpid(), signal.SIGSEGV)", "it was killed by SIGSEGV"),
        ("import os, signal; os.kill(os.getpid(), signal.SIGKILL)", "it was killed by SIGKILL"),
        ("import os; os.kill(os.getpid(), 40)", "it was killed by signal 40"),
        ("import os; os.write(1, b'x' * (2 << 20))", "it printed more than 1 MiB and was stopped"),
        ("import os; open('f', 'wb').write(os.urandom(9 << 20))", "it wrote more than 8 MiB and was stopped"),
        ("import time; hoard = b'x' * (300 << 20); time.sleep(9)", "it used more than 200 MiB of memory"),
    ],
)
def test_the_cause_of_an_early_end_is_a_sentence(tmp_path: Path, source: str, sentence: str) -> None:
    cause, _ = run(source, tmp_path, bounds=Bounds(200 << 20, 20, written=8 << 20, printed=1 << 20))
    assert cause.startswith(sentence)
    assert bool(cause) == bool(sentence)


def test_a_command_that_cannot_be_started_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(MetaError, match="could not be started"):
        run_in_sandbox(["/no/such"], tmp_path / "log", home=str(tmp_path), variables={}, writable=[], seconds=9)


@pytest.mark.parametrize(
    ("then", "sentence"),
    [
        ("", ""),
        ("import time; time.sleep(99)", "it did not end within 5 s of wall time and was stopped"),
    ],
)
def test_nothing_outlives_a_command(tmp_path: Path, then: str, sentence: str) -> None:
    """A process that has left its session and its parent is ended with the command, whether that ends or is stopped."""
    cause, _ = run(f"{ESCAPE}\n{then}", tmp_path, seconds=1.0)
    assert cause.startswith(sentence)
    assert all_ended()


@pytest.mark.parametrize(
    ("source", "sentence"),
    [
        ("import time; time.sleep(3)", ""),
        ("while True: pass", "it used more than 1 s of CPU time and was stopped"),
        ("import subprocess, sys; subprocess.run([sys.executable, '-c', 'while True: pass'])", "it used more than 1 s"),
        ("import os\nwhile True:\n    if not os.fork(): os._exit(sum(range(2000000)) * 0)\n    os.wait()", "it used"),
    ],
)
def test_the_cpu_time_of_a_command_and_its_descendants_counts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, source: str, sentence: str
) -> None:
    """Waiting does not count, whatever the machine is busy with. The time of many short processes counts together."""
    monkeypatch.setattr(mdm_tree, "WALL", 60.0)
    cause, _ = run(source, tmp_path, seconds=1.0)
    assert cause.startswith(sentence)
    assert bool(cause) == bool(sentence)


@pytest.mark.parametrize("source", ["while True: pass", "import os; os.fork()\nwhile True: pass"])
def test_the_cause_names_the_limit_that_was_exceeded(source: str) -> None:
    """A command that used too much CPU time is stopped for that, however long it took on a busy machine."""
    process = subprocess.Popen([sys.executable, "-c", source], start_new_session=True)
    try:
        until = time.monotonic() + PATIENCE
        while cpu_seconds(below(process.pid) | {process.pid}) < 0.3 and time.monotonic() < until:
            time.sleep(0.01)
        for passed in (1.0, 1000.0):
            assert overtime(process.pid, time.monotonic() - passed, 0.1).startswith("used more than 0.1 s of CPU time")
        assert overtime(process.pid, time.monotonic() - 1.0, 0.21, cpu_before=1000.0) == ""
        assert overtime(process.pid, time.monotonic() - 1000.0, 99.0).startswith("did not end within 495 s of wall")
    finally:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def test_nothing_outlives_the_tool(tmp_path: Path) -> None:
    """When the tool itself is killed, so are the commands that it runs, and all that they have started; what it would
    have removed is removed.
    """
    home = tmp_path / "home"
    source = f"{ESCAPE}\nimport time\ntime.sleep(600)"
    path = [str(Path(__file__).parent), *sys.path]
    code = f"import sys; sys.path[:0] = {path!r}\nfrom test_sandbox import run\nfrom pathlib import Path\n"
    tool = subprocess.Popen([sys.executable, "-c", f"{code}run({source!r}, Path({str(tmp_path)!r}), seconds=600.0)"])
    try:
        until = time.monotonic() + PATIENCE
        while not has_escaped() and time.monotonic() < until:
            time.sleep(0.05)
        assert has_escaped()
    finally:
        assert home.exists()
        tool.send_signal(signal.SIGKILL)
        tool.wait()
    assert all_ended()
    until = time.monotonic() + PATIENCE
    while home.exists() and time.monotonic() < until:
        time.sleep(0.05)
    assert not home.exists()


@pytest.mark.skipif(version() < 1, reason="the kernel has no Landlock")
def test_a_command_changes_only_its_own_files(tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.write_text("whole")
    tries = f"for path in ('mine', '{outside}', '{sys.prefix}/mdm-hostile'):\n    try: open(path, 'w'); print('open')\n"
    _, output = run(f"{tries}    except OSError as error: print(type(error).__name__)", tmp_path)
    assert output.split() == ["open", "PermissionError", "PermissionError"]
    assert outside.read_text() == "whole"


def test_the_callers_secrets_are_out_of_reach(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """They are not among its variables, nor can it read those of the tool, where the kernel can prevent that."""
    for name, value in SECRETS.items():
        monkeypatch.setenv(name, value)
    looking = f"import os\nprint(dict(os.environ))\nfor pid in (os.getppid(), {os.getpid()}):\n"
    looking += "    try: print(open(f'/proc/{pid}/environ').read())\n    except OSError: print('refused')"
    cause, output = run(looking, tmp_path)
    assert cause == ""
    assert output.splitlines()[0].count("PATH")
    if version():
        assert output.splitlines()[1:] == ["refused", "refused"]
    assert "hidden" not in output.splitlines()[0]


@pytest.fixture(scope="module")
def environment(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A virtual environment whose packages are those that the tests run with, and room for one under test."""
    folder = tmp_path_factory.mktemp("isolated") / "environment"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(folder)], check=True)
    (site,) = (folder / "lib").glob("python*/site-packages")
    ours = [path for path in sys.path if path.endswith("site-packages")]
    (site / "tests.pth").write_text("\n".join(ours))
    return folder


ISOLATED = ("exits", "crashes", "adds to the record", "replaces the judgement", "connects", "signals its parent")


@pytest.mark.parametrize("name", [*ISOLATED, "leaves a child"])
def test_in_the_isolated_lane_a_harmful_release_is_no_evidence(
    contract: Contract, ledger: Ledger, environment: Path, tmp_path: Path, name: str
) -> None:
    sentence, source = HARMFUL[name] if name in HARMFUL else ("", HARMLESS[name].replace("MARK", MARK))
    record = isolated(contract, ledger, environment, source, tmp_path)
    assert sentence in (record.death or ""), record
    assert bool(record.death) == bool(sentence)
    assert all_ended()


def isolated(contract: Contract, ledger: Ledger, environment: Path, source: str, folder: Path) -> Record:
    """The record of the controls, on a package made of ``source``."""
    (site,) = (environment / "lib").glob("python*/site-packages")
    package = site / "market_data_core"
    package.mkdir(exist_ok=True)
    (package / "__init__.py").write_text(source)
    names = tuple(contract.packages)
    plan = replace(suite_plan(contract, names).of_clauses(contract.controls), preload=("market_data_core",))
    header = record_header(contract, ledger, Cell(newest_of(names, ledger)), contract.controls)
    plan = replace(plan, header=header)
    prepared = PreparedCell(environment, environment / "bin" / "python", plan)
    run_prepared(contract.root, prepared, folder / "record.jsonl", folder / "log.txt")
    return read_record(folder / "record.jsonl")
