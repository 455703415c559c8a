"""The isolated lane with real releases from the index: the record of a run, and runs that are interrupted."""

from __future__ import annotations

import json
import resource
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from examples import PATIENCE
from jsonschema import Draft202012Validator

from market_data_meta import suite
from market_data_meta.contract import Contract
from market_data_meta.inside.mdm_plan import Plan
from market_data_meta.judging.defects import KnownDefects
from market_data_meta.judging.records import Record, read_record, record_text
from market_data_meta.judging.verdicts import judge
from market_data_meta.releases.combinations import Cell, Combination
from market_data_meta.releases.ledger import Ledger
from market_data_meta.running import isolated
from market_data_meta.running.isolated import REPETITIONS, InstalledCell, PreparedCell, prepare, run_cell, run_prepared
from market_data_meta.running.plans import suite_plan
from market_data_meta.schemas import schema

CELL = Cell(Combination((("core", "1.2.9"),)))
TRIO = Cell(Combination((("core", "1.4.61"), ("pipeline", "0.8.70"), ("store", "0.6.73"))))


@pytest.fixture(scope="module")
def prepared(contract: Contract, ledger: Ledger, tmp_path_factory: pytest.TempPathFactory) -> PreparedCell:
    """The three newest releases in an environment, with a plan of a few quick clauses."""
    cell = prepare(contract, ledger, TRIO, tmp_path_factory.mktemp("trio") / "environment")
    quick = [name for name in cell.plan.clauses if name.startswith(("controls.", "enums."))]
    return replace(cell, plan=cell.plan.of_clauses(quick))


def run(contract: Contract, prepared: PreparedCell, folder: Path) -> Path:
    record = folder / "record.jsonl"
    run_prepared(contract.root, prepared, record, folder / "log.txt")
    return record


def test_a_record_has_the_published_shape_and_is_true(
    contract: Contract, ledger: Ledger, prepared: PreparedCell, tmp_path: Path
) -> None:
    record = run(contract, prepared, tmp_path)
    validator = Draft202012Validator(schema(contract.root, "record"))
    for line in record.read_text().splitlines():
        validator.validate(json.loads(line))
    header = read_record(record).header
    assert header.attestation
    for name, version in TRIO.combination.versions:
        assert header.attestation[name].version == version
        assert header.attestation[name].content == ledger.release(name, version).content
    assert "pydantic" in (header.third_party or {})


def test_the_checks_of_a_run_are_counted_while_it_runs(
    contract: Contract, prepared: PreparedCell, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("market_data_meta.running.sandbox._WATCH_SECONDS", 0.01)
    counts: list[tuple[int, int]] = []
    run_prepared(
        contract.root, prepared, tmp_path / "record.jsonl", tmp_path / "log", lambda *count: counts.append(count)
    )
    assert {total for _, total in counts} == {len(prepared.plan.clauses)}
    ended = [number for number, _ in counts]
    assert ended == sorted(ended)
    assert 0 < max(ended) <= len(prepared.plan.clauses)


def test_installed_files_are_attested_from_their_bytes(
    contract: Contract, prepared: PreparedCell, tmp_path: Path
) -> None:
    """A file changed after the installation makes the verdict unknown, whatever the checks say."""
    module = next(prepared.folder.glob("lib/*/site-packages/market_data_core/federation/types.py"))
    original = module.read_bytes()
    module.unlink()
    module.write_bytes(original + b"\n# changed\n")
    try:
        verdict = judge(
            contract, suite.digest(contract.root), read_record(run(contract, prepared, tmp_path)), KnownDefects()
        )
    finally:
        module.unlink()
        module.write_bytes(original)
    assert verdict.verdict == "unknown"
    assert "the files of core 1.4.61 are not those of the release" in verdict.reasons


def _cpu_seconds_of_children() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def test_a_suite_that_is_stopped_leaves_an_incomplete_record_with_its_cause(
    contract: Contract, prepared: PreparedCell, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Stopped after half of the CPU time that it takes on this machine: it has begun by then, and has not ended."""
    plan = suite_plan(contract, TRIO.combination.packages)
    whole = replace(prepared, plan=replace(plan, header=prepared.plan.header, limits=replace(plan.limits, jobs=1)))
    before = _cpu_seconds_of_children()
    assert read_record(run(contract, whole, tmp_path)).footer
    half = float(round((_cpu_seconds_of_children() - before) / 2))
    monkeypatch.setattr("market_data_meta.running.isolated.SUITE_SECONDS", half)
    record = read_record(run(contract, whole, tmp_path))
    assert (record.footer, record.death) == (None, f"the suite used more than {half:g} s of CPU time and was stopped")
    verdict = judge(contract, suite.digest(contract.root), record, KnownDefects())
    assert verdict.verdict == "unknown"
    assert "used more than" in verdict.reasons[0]


def mdmeta(root: Path, out: Path, *arguments: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "market_data_meta", "--root", str(root), "run", *arguments, "--out", str(out)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def test_two_runs_at_once_both_end_with_a_whole_record(contract: Contract, tmp_path: Path) -> None:
    both = [mdmeta(contract.root, tmp_path, CELL.name, "--json") for _ in range(2)]
    reports = [process.communicate(timeout=PATIENCE)[0] for process in both]
    validator = Draft202012Validator(schema(contract.root, "report"))
    for text in reports:
        data = json.loads(text)
        validator.validate(data)
        assert [cell["verdict"] for cell in data["cells"]] != ["unknown"]
    assert read_record(tmp_path / "records" / f"{CELL.name}.jsonl").footer is not None
    assert [file.name for file in (tmp_path / "records").iterdir()] == [f"{CELL.name}.jsonl"]


@pytest.mark.usefixtures("foreground")
@pytest.mark.parametrize("step", ["resolving", "installing", "running"])
def test_an_interrupt_leaves_nothing_half_written(contract: Contract, tmp_path: Path, step: str) -> None:
    process = mdmeta(contract.root, tmp_path, TRIO.name)
    assert process.stderr
    assert any(step in line for line in process.stderr)
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=PATIENCE)
    assert process.returncode == 130, errors
    assert "Traceback" not in errors
    records = tmp_path / "records"
    assert not records.exists() or not list(records.iterdir())
    # What uv had started to ask an interpreter ends by itself, a moment after uv was ended.
    until = time.monotonic() + PATIENCE
    while remaining := [process for process in Path("/proc").glob("[0-9]*") if _belongs(process, tmp_path)]:
        assert time.monotonic() < until, remaining
        time.sleep(0.1)


def _belongs(process: Path, folder: Path) -> bool:
    try:
        return str(folder) in (process / "cmdline").read_text()
    except OSError:
        return False


@pytest.mark.parametrize(("repeated", "outcome"), [("failed", "failed"), ("passed", "error")])
def test_a_run_repeats_what_it_is_asked_to_and_takes_for_an_error_what_does_not_repeat(
    contract: Contract,
    ledger: Ledger,
    make_record: Callable[..., Record],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    repeated: str,
    outcome: str,
) -> None:
    """The first run fails; the others come out as they are made up here, and have the clause and the controls only.

    In the first run checks share processes, in the others each has its own.
    """
    clause = next(name for name, one in contract.clauses_for(("core",)).items() if one.scope == "release")
    plans: list[Plan] = []

    def run_made_up(_root: Path, prepared: PreparedCell, record: Path, _log: Path, *_: object) -> None:
        plans.append(prepared.plan)
        made_up = make_record({clause: repeated if len(plans) > 1 else "failed"}, cell=CELL.name)
        record.parent.mkdir(parents=True, exist_ok=True)
        record.write_text(record_text(made_up))

    (tmp_path / "lib" / "python3.11").mkdir(parents=True)
    installed = InstalledCell(tmp_path, tmp_path / "bin" / "python", (), frozenset(), None)
    monkeypatch.setattr(isolated, "install_cell", lambda *_: installed)
    monkeypatch.setattr(isolated, "run_prepared", run_made_up)
    seen: list[Record] = []

    def to_repeat(record: Record) -> list[str]:
        seen.append(record)
        return [clause]

    record = run_cell(contract, ledger, CELL, out=tmp_path, to_repeat=to_repeat, cache=tmp_path / "cache")
    assert [record.checks[clause].outcome for record in seen] == ["failed"]
    assert [set(plan.clauses) for plan in plans[1:]] == [{clause, *contract.controls}] * REPETITIONS
    assert [plan.limits.checks_per_process > 1 for plan in plans] == [True] + [False] * REPETITIONS
    assert record.checks[clause].outcome == outcome
