"""The warm lane: a release that misbehaves costs its own cell and no other. The releases here are made to misbehave."""

from __future__ import annotations

import os
import socket
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from market_data_meta.contract import Contract
from market_data_meta.inside.mdm_json import to_json
from market_data_meta.inside.mdm_plan import AttestedPackage, CellRun, RecordFooter
from market_data_meta.inside.mdm_seal import Seal
from market_data_meta.judging.verdicts import why_not_evidence
from market_data_meta.releases.combinations import Cell, newest_of
from market_data_meta.releases.ledger import Ledger
from market_data_meta.running import limits, warm_jobs
from market_data_meta.running.cache import RunCache
from market_data_meta.running.endings import Ending, ending_of
from market_data_meta.running.plans import record_header, suite_plan
from market_data_meta.running.template_process import TemplateProcess, run_jobs
from market_data_meta.running.warm_jobs import Job

SECONDS = 4.0
"""CPU time that each may use: the release that behaves takes less than one."""
SOURCES = {
    "well": "",
    "exits": "import os; os._exit(0)",
    "crashes": "import os, signal; os.kill(os.getpid(), signal.SIGSEGV)",
    "raises": "raise BaseException('<b>no</b>')",
    "recurses": "def f(): return f() + f()\nf()",
    "hangs": "import time\nwhile True: time.sleep(9)",
    "computes": "while True: pass",
    "eats": "hoard = [bytearray(1 << 26) for _ in range(1 << 12)]",
    "forks": "import os, time\nfor _ in range(99):\n    if not os.fork(): time.sleep(99); os._exit(0)\ntime.sleep(99)",
}


@pytest.fixture(scope="module")
def causes(
    contract: Contract, ledger: Ledger, tmp_path_factory: pytest.TempPathFactory
) -> Mapping[str, tuple[str, bool]]:
    """For each source why its run ended early (empty if it did not), and whether its record is whole."""
    folder = tmp_path_factory.mktemp("warm")
    names = tuple(contract.packages)
    plan = replace(suite_plan(contract, names).of_clauses(contract.controls), preload=("market_data_core",))
    header = record_header(contract, ledger, Cell(newest_of(names, ledger)), contract.controls, lane="warm")

    def job(name: str, source: str) -> Job:
        package = folder / "sites" / name / "market_data_core"
        package.mkdir(parents=True)
        (package / "__init__.py").write_text(source)
        request = CellRun(header, (str(package.parent),))
        return Job(name, request, folder / f"{name}.jsonl", folder / f"{name}.log")

    def start() -> TemplateProcess:
        return TemplateProcess(
            contract.root, Path(sys.executable), plan, folder / "template.log", [folder / "sites"]
        ).__enter__()

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(warm_jobs, "BOUNDS", replace(warm_jobs.BOUNDS, processes=20))
        jobs = [job(name, source) for name, source in SOURCES.items()]
        ended = list(run_jobs(start, jobs, at_once=3, seconds=SECONDS))
    return {job.name: (ending.cause or "", '"kind": "footer"' in _text(job.record)) for job, ending in ended}


def _text(file: Path) -> str:
    return file.read_text() if file.exists() else ""


def test_every_job_ends(causes: Mapping[str, tuple[str, bool]]) -> None:
    assert causes.keys() == SOURCES.keys()


def test_a_release_that_behaves_has_a_whole_record_beside_those_that_do_not(
    causes: Mapping[str, tuple[str, bool]],
) -> None:
    assert causes["well"] == ("", True)


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        ("exits", ""),
        ("crashes", "SIGSEGV"),
        ("raises", "status 1"),
        ("hangs", "the run did not end within 20 s of wall time"),
        ("computes", " time and was stopped"),
        ("forks", "more than 20 processes"),
    ],
)
def test_an_early_end_has_a_cause(causes: Mapping[str, tuple[str, bool]], name: str, sentence: str) -> None:
    cause, whole = causes[name]
    assert sentence in cause
    assert not whole


@pytest.mark.parametrize("name", ["recurses", "eats"])
def test_a_recursion_or_memory_error_does_not_end_the_run(causes: Mapping[str, tuple[str, bool]], name: str) -> None:
    """The suite catches it when it imports the module; the machine is not harmed."""
    assert causes[name] == ("", True)


def test_a_run_that_ended_early_is_cached_as_a_fault_and_never_as_evidence(
    contract: Contract, ledger: Ledger, tmp_path: Path
) -> None:
    header = record_header(contract, ledger, Cell(newest_of(tuple(contract.packages), ledger)), (), lane="warm")
    contents = {name: expected.content for name, expected in header.expected.items()}
    run_cache = RunCache(tmp_path, "s" * 64, "f" * 16, sys.executable)
    job = Job("cell", CellRun(header, ()), tmp_path / "no.jsonl", tmp_path / "no.log")
    assert run_cache.add(contents, job, Ending()).death == "the run wrote no record"
    job.record.write_text('{"kind": "header"} torn')
    killed = Ending("the run was killed by SIGKILL")
    assert run_cache.add(contents, replace(job), killed).death == "the run was killed by SIGKILL"
    assert len(list(run_cache.records())) == 1


@pytest.mark.parametrize(
    "values",
    [
        {"attestation": {"core": AttestedPackage("1.4.61", "c" * 64, 5)}},  # type: ignore[arg-type] # as in a release
        {"third_party": {"without-version": None}},
    ],
    ids=["direct-url", "version"],
)
@pytest.mark.parametrize("ending", [Ending(), Ending("the run was killed by SIGKILL")], ids=["complete", "killed"])
def test_a_release_whose_metadata_has_wrong_types_is_the_fault_of_its_cell(
    contract: Contract, ledger: Ledger, tmp_path: Path, values: dict[str, Any], ending: Ending
) -> None:
    header = record_header(contract, ledger, Cell(newest_of(tuple(contract.packages), ledger)), (), lane="warm")
    contents = {name: expected.content for name, expected in header.expected.items()}
    job = Job("cell", CellRun(header, ()), tmp_path / "record.jsonl", tmp_path / "log")
    job.record.write_text(Seal(job.secret).sealed(to_json(replace(header, **values))) + "\n")
    record = RunCache(tmp_path, "s" * 64, "f" * 16, sys.executable).add(contents, job, ending)
    assert record.header == header
    assert (ending.cause or "its record has no header that can be read") in str(record.death)


CHECK = {"clause": "a.b", "outcome": "passed", "message": None, "expected": None, "got": None, "duration": 0.1}
MALFORMED: Mapping[str, dict[str, Any]] = {
    "a field missing": {"kind": "check", "clause": "a.b"},
    "a field too many": {"kind": "check", **CHECK, "more": 1},
    "a clause that is no text": {"kind": "check", **CHECK, "clause": []},
    "an outcome that is no text": {"kind": "check", **CHECK, "outcome": {"x": 1}},
    "a kind that is no text": {"kind": [], **CHECK},
    "no kind": CHECK,
    "a trace of nothing": {"kind": "trace"},
    "a death that is no text": {"kind": "death", "cause": 5},
    "a footer that is none": {"kind": "footer"},
}


@pytest.mark.parametrize("ending", [Ending(), Ending("the run was killed by SIGKILL")], ids=["complete", "killed"])
@pytest.mark.parametrize("what", MALFORMED)
def test_a_sealed_line_that_is_malformed_is_the_fault_of_its_cell(
    contract: Contract, ledger: Ledger, tmp_path: Path, what: str, ending: Ending
) -> None:
    header = record_header(contract, ledger, Cell(newest_of(tuple(contract.packages), ledger)), (), lane="warm")
    contents = {name: expected.content for name, expected in header.expected.items()}
    job = Job("cell", CellRun(header, ()), tmp_path / "record.jsonl", tmp_path / "log")
    seal = Seal(job.secret)
    others = [{"kind": "check", **CHECK, "clause": f"a.{number}"} for number in range(3)]
    rows = [to_json(header), MALFORMED[what], *others, to_json(RecordFooter({}, 1.0))]
    job.record.write_text("".join(f"{seal.sealed(row)}\n" for row in rows))
    record = RunCache(tmp_path, "s" * 64, "f" * 16, sys.executable).add(contents, job, ending)
    assert (ending.cause or "its record cannot be read: ") in str(record.death)
    assert not record.checks
    assert why_not_evidence(record)


def test_a_file_of_the_cache_that_cannot_be_read_is_removed(tmp_path: Path) -> None:
    run_cache = RunCache(tmp_path, "s" * 64, "f" * 16, sys.executable)
    run_cache.folder.mkdir(parents=True)
    (run_cache.folder / "torn.jsonl").write_bytes(b'\x00{"kind":\n\n\n')
    assert list(run_cache.records()) == []
    assert not list(run_cache.folder.glob("*.jsonl"))


@pytest.fixture
def stopped(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The processes that would be stopped: in these tests nothing is, whatever a template says."""
    pids: list[int] = []
    monkeypatch.setattr(warm_jobs, "stop", pids.append)
    return pids


@pytest.fixture
def said(
    contract: Contract, ledger: Ledger, tmp_path: Path, stopped: list[int]
) -> Iterator[Callable[[bytes], list[Ending]]]:
    """How a job ends in a template that says this in answer to it, and then hangs up."""
    assert stopped == []
    assert stopped == []
    ours, theirs = socket.socketpair()
    names = tuple(contract.packages)
    template = TemplateProcess(contract.root, Path(sys.executable), suite_plan(contract, names), tmp_path / "log")
    template.channel = ours
    template.home = tempfile.TemporaryDirectory(dir=tmp_path)
    header = record_header(contract, ledger, Cell(newest_of(names, ledger)), contract.controls, lane="warm")

    def endings(answers: bytes) -> list[Ending]:
        theirs.sendall(answers)
        theirs.shutdown(socket.SHUT_WR)
        job = Job("job", CellRun(header, ()), tmp_path / "job.jsonl", tmp_path / "job.log")
        return [ending for _, ending in template.run([job], at_once=1, seconds=1)]

    yield endings
    theirs.close()
    template.__exit__(None, None, None)


@pytest.mark.parametrize(
    "answers",
    [
        b"no JSON\n",
        b"\xff\n",
        b'{"id": "1"}\n',
        b"[]\n",
        b"[" * 9000 + b"\n",
        b'{"id": 7, "status": 0}\n',
        b"x" * ((1 << 16) + 1),
    ],
    ids=["text", "bytes", "type", "list", "nested", "unasked", "endless"],
)
def test_a_template_that_says_what_is_no_answer_counts_as_dead(
    said: Callable[[bytes], list[Ending]], answers: bytes
) -> None:
    """A stranger's library is loaded in it and may speak in its place: that ends no command."""
    with pytest.raises(EOFError):
        said(answers)


@pytest.mark.parametrize("pid", [None, -1, 0, 1, "our own"])
def test_a_template_cannot_have_another_process_of_the_user_stopped(
    said: Callable[[bytes], list[Ending]], stopped: list[int], pid: int | str | None
) -> None:
    """It says which process is its cell's; only one that it has started itself is believed to be."""
    number = os.getpid() if pid == "our own" else pid
    first = b"" if pid is None else f'{{"id": 1, "pid": {number}}}\n'.encode()
    assert said(first + b'{"id": 1, "status": 0}\n') == [Ending()]
    assert stopped == []


@pytest.mark.parametrize("pid", [-1, 0, 1])
def test_the_processes_from_which_all_others_come_are_never_stopped(monkeypatch: pytest.MonkeyPatch, pid: int) -> None:
    monkeypatch.setattr(limits, "end", lambda _: pytest.fail("it would stop the whole machine"))
    with pytest.raises(ValueError, match="no process that was started for a run"):
        limits.stop(pid)


@pytest.mark.parametrize(
    ("status", "cause"),
    [
        (0, None),
        (3 << 8, "the run ended early with status 3"),
        (9, "the run was killed by SIGKILL"),
        (40, "the run was killed by signal 40"),
        (0x137F, "the run ended with 4991, which is no status of a process"),
        (1 << 99, f"the run ended with {1 << 99}, which is no status of a process"),
    ],
)
def test_every_status_is_told(status: int, cause: str | None) -> None:
    assert ending_of(status) == Ending(cause)
