"""Releases that do harm, each a real wheel in the warm lane: it is no evidence, says why, and harms no other run."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from examples import PATIENCE
from hostile_releases import HARMFUL, HARMLESS, MARK
from made_wheels import made_wheel

from market_data_meta.contract import Contract
from market_data_meta.inside.mdm_plan import CellRun
from market_data_meta.judging.records import Record
from market_data_meta.judging.verdicts import why_not_evidence
from market_data_meta.releases.combinations import Cell, newest_of
from market_data_meta.releases.ledger import Ledger
from market_data_meta.running import limits, warm_jobs
from market_data_meta.running.cache import RunCache
from market_data_meta.running.plans import record_header, suite_plan
from market_data_meta.running.template_process import TemplateProcess, run_jobs
from market_data_meta.running.warm_jobs import Job
from market_data_meta.running.wheels import extract


@dataclass(frozen=True)
class HostileRun:
    """The run of a release: the record that is cached, and its log."""

    record: Record
    log: str


@pytest.fixture(scope="module")
def run(
    contract: Contract, ledger: Ledger, tmp_path_factory: pytest.TempPathFactory
) -> Callable[[Mapping[str, str]], dict[str, HostileRun]]:
    """Run packages made of these sources in the warm lane, several at a time in one template."""
    names = tuple(contract.packages)
    plan = replace(suite_plan(contract, names).of_clauses(contract.controls), preload=("market_data_core",))
    header = record_header(contract, ledger, Cell(newest_of(names, ledger)), contract.controls, lane="warm")
    contents = {name: expected.content for name, expected in header.expected.items()}

    def run_sources(sources: Mapping[str, str]) -> dict[str, HostileRun]:
        folder = tmp_path_factory.mktemp("hostile")
        run_cache = RunCache(folder / "cache", "s" * 64, "f" * 16, sys.executable)
        jobs = []
        for number, (name, source) in enumerate(sources.items()):
            wheel = made_wheel(
                folder,
                "market-data-core",
                f"9.{number}",
                {"market_data_core/__init__.py": source.replace("MARK", MARK)},
            )
            extract(wheel, folder / "sites" / str(number))
            request = CellRun(header, (str(folder / "sites" / str(number)),))
            jobs.append(Job(name, request, folder / f"{number}.jsonl", folder / f"{number}.log"))

        def start() -> TemplateProcess:
            return TemplateProcess(
                contract.root, Path(sys.executable), plan, folder / "template.log", [folder / "sites"]
            ).__enter__()

        bounds = replace(warm_jobs.BOUNDS, processes=30, printed=8 << 20, written=16 << 20)
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(warm_jobs, "BOUNDS", bounds)
            patch.setattr(limits, "MAX_FILES", 500)
            runs = {}
            for job, ending in run_jobs(start, jobs, at_once=4, seconds=8.0):
                log = job.log.read_text(errors="replace")[:2000]
                runs[job.name] = HostileRun(run_cache.add(contents, job, ending), log)
        assert not list(folder.glob("*.jsonlx"))
        assert all((folder / "sites" / str(n) / "market_data_core" / "__init__.py").exists() for n in range(len(jobs)))
        return runs

    return run_sources


@pytest.fixture(scope="module")
def runs(run: Callable[[Mapping[str, str]], dict[str, HostileRun]]) -> dict[str, HostileRun]:
    """All harmful and harmless releases, run side by side."""
    return run({**{name: source for name, (_, source) in HARMFUL.items()}, **HARMLESS})


@pytest.mark.parametrize("name", HARMFUL)
def test_a_harmful_release_is_no_evidence_and_a_sentence_says_why(runs: Mapping[str, HostileRun], name: str) -> None:
    sentence, _ = HARMFUL[name]
    reasons = [why for why in why_not_evidence(runs[name].record) if "is not installed" not in why]
    if sentence:
        assert any(sentence in why for why in reasons), (reasons, runs[name].log)


@pytest.mark.parametrize("name", HARMLESS)
def test_beside_harmful_releases_the_others_have_whole_records(runs: Mapping[str, HostileRun], name: str) -> None:
    record = runs[name].record
    assert record.footer is not None, (record.death, runs[name].log)
    assert {c: check.outcome for c, check in record.checks.items()} == {
        "controls.must-pass": "passed",
        "controls.must-fail": "failed",
    }


def test_nothing_outlives_the_runs(runs: Mapping[str, HostileRun]) -> None:
    assert len(runs) == len(HARMFUL) + len(HARMLESS)
    until = time.monotonic() + PATIENCE
    while (remaining := list(marked())) and time.monotonic() < until:
        time.sleep(0.05)
    assert remaining == []


def marked() -> Iterator[str]:
    """The processes that a release has started to stay."""
    for file in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            if MARK.encode() in file.read_bytes():
                yield file.parent.name
        except OSError:
            continue


def test_the_kernel_confines_native_code_too(
    run: Callable[[Mapping[str, str]], dict[str, HostileRun]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Files outside the home, processes outside the run, and the tool's own variables are out of reach for any code."""
    target = tmp_path / "target"
    target.write_text("whole")
    monkeypatch.setenv("GITHUB_TOKEN", "a-token-of-the-caller")
    source = f"""
import ctypes, os
library = ctypes.CDLL(None, use_errno=True)
def report(what, result): print(what, result, ctypes.get_errno() if result < 0 else 0, flush=True)
report("open", library.open(b"{target}", os.O_WRONLY | os.O_TRUNC))
report("unlink", library.unlink(b"{target}"))
report("read", library.open(b"{target}", os.O_RDONLY))
report("signal", library.kill({os.getpid()}, 0))
report("parent", library.kill(os.getppid(), 0))
for who, pid in ("tool", {os.getpid()}), ("template", os.getppid()):
    report(who, library.open(b"/proc/%d/environ" % pid, os.O_RDONLY))
report("home", library.open(b"mine", os.O_WRONLY | os.O_CREAT, 0o600))
print("names", [n for n in os.environ if "TOKEN" in n])
"""
    hostile = run({"looks around": source})["looks around"]
    results = dict(line.split(" ", 1) for line in hostile.log.splitlines() if line.split(" ")[0] in source)
    assert target.read_text() == "whole"
    refused = {
        "open": "-1 13",
        "unlink": "-1 13",
        "read": "-1 13",
        "signal": "-1 1",
        "parent": "-1 1",
        "tool": "-1 13",
        "template": "-1 13",
    }
    assert {name: results[name] for name in refused} == refused
    assert results["home"].split()[1] == "0"
    assert results["names"] == "[]"
    assert hostile.record.header.cage
    assert hostile.record.header.cage.signals is True
