"""Releases that do harm, each a real wheel in the warm lane: it is told, is no evidence, and nobody else is hurt."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from hostile_releases import DEEDS, HARMLESS, MARK
from made_wheels import made_wheel

from market_data_meta.contract import Contract
from market_data_meta.judging.records import Record
from market_data_meta.judging.verdicts import weaknesses
from market_data_meta.releases.combinations import Cell, newest_of
from market_data_meta.releases.ledger import Ledger
from market_data_meta.running import limits, warm
from market_data_meta.running.cache import Store
from market_data_meta.running.isolated import record_header, suite_plan
from market_data_meta.running.warm import Job, Template, run_all
from market_data_meta.running.wheels import extract


@dataclass(frozen=True)
class Ran:
    """What became of a deed: the record that is kept, and its log."""

    record: Record
    log: str


@pytest.fixture(scope="module")
def run(
    contract: Contract, ledger: Ledger, tmp_path_factory: pytest.TempPathFactory
) -> Callable[[Mapping[str, str]], dict[str, Ran]]:
    """Run packages made of these sources in the warm lane, several at a time in one template."""
    names = tuple(contract.packages)
    plan: dict[str, Any] = suite_plan(contract, names) | {"preload": ["market_data_core"]}
    plan["clauses"] = {name: table for name, table in plan["clauses"].items() if name in contract.controls}
    header = record_header(contract, ledger, Cell(newest_of(names, ledger)), (), sorted(contract.controls), "warm")
    contents = {name: row["content"] for name, row in header["expected"].items()}

    def ran(sources: Mapping[str, str]) -> dict[str, Ran]:
        folder = tmp_path_factory.mktemp("hostile")
        store = Store(folder / "cache", "s" * 64, "f" * 16, sys.executable)
        jobs = []
        for number, (name, source) in enumerate(sources.items()):
            wheel = made_wheel(
                folder,
                "market-data-core",
                f"9.{number}",
                {"market_data_core/__init__.py": source.replace("MARK", MARK)},
            )
            extract(wheel, folder / "sites" / str(number))
            request = {"header": header, "clauses": sorted(contract.controls), "not_applicable": {}}
            request["path"] = [str(folder / "sites" / str(number))]
            jobs.append(Job(name, request, folder / f"{number}.jsonl", folder / f"{number}.log"))

        def start() -> Template:
            return Template(
                contract.root, Path(sys.executable), plan, folder / "template.log", [folder / "sites"]
            ).__enter__()

        bounds = replace(warm.BOUNDS, processes=30, printed=8 << 20, written=16 << 20)
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(warm, "BOUNDS", bounds)
            patch.setattr(limits, "FILES", 500)
            found = {}
            for job, cause in run_all(start, jobs, at_once=4, seconds=8.0):
                found[job.name] = Ran(store.keep(contents, job, cause), job.log.read_text(errors="replace")[:2000])
        assert not list(folder.glob("*.jsonlx"))
        assert all((folder / "sites" / str(n) / "market_data_core" / "__init__.py").exists() for n in range(len(jobs)))
        return found

    return ran


@pytest.fixture(scope="module")
def after(run: Callable[[Mapping[str, str]], dict[str, Ran]]) -> dict[str, Ran]:
    """All deeds side by side."""
    return run({**{name: source for name, (_, source) in DEEDS.items()}, **HARMLESS})


@pytest.mark.parametrize("name", DEEDS)
def test_a_harmful_release_is_no_evidence_and_a_sentence_says_why(after: Mapping[str, Ran], name: str) -> None:
    said, _ = DEEDS[name]
    reasons = [why for why in weaknesses(after[name].record) if "is not installed" not in why]
    if said:
        assert any(said in why for why in reasons), (reasons, after[name].log)


@pytest.mark.parametrize("name", HARMLESS)
def test_beside_harmful_releases_the_others_have_whole_records(after: Mapping[str, Ran], name: str) -> None:
    record = after[name].record
    assert record.footer is not None, (record.death, after[name].log)
    assert {c: check.outcome for c, check in record.checks.items()} == {
        "controls.must-pass": "passed",
        "controls.must-fail": "failed",
    }


def test_nothing_outlives_the_runs(after: Mapping[str, Ran]) -> None:
    assert len(after) == len(DEEDS) + len(HARMLESS)
    until = time.monotonic() + 5
    while (left := list(marked())) and time.monotonic() < until:
        time.sleep(0.05)
    assert left == []


def marked() -> Iterator[str]:
    """The processes that a deed has started to stay."""
    for file in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            if MARK.encode() in file.read_bytes():
                yield file.parent.name
        except OSError:
            continue


def test_code_that_is_not_pythons_is_held_by_the_kernel(
    run: Callable[[Mapping[str, str]], dict[str, Ran]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Files outside the home, processes outside the run, and the tool's own variables are out of reach for any code."""
    target = tmp_path / "target"
    target.write_text("whole")
    monkeypatch.setenv("GITHUB_TOKEN", "a-token-of-the-caller")
    source = f"""
import ctypes, os
library = ctypes.CDLL(None, use_errno=True)
def told(what, result): print(what, result, ctypes.get_errno() if result < 0 else 0, flush=True)
told("open", library.open(b"{target}", os.O_WRONLY | os.O_TRUNC))
told("unlink", library.unlink(b"{target}"))
told("read", library.open(b"{target}", os.O_RDONLY))
told("signal", library.kill({os.getpid()}, 0))
told("parent", library.kill(os.getppid(), 0))
for who, pid in ("tool", {os.getpid()}), ("template", os.getppid()):
    told(who, library.open(b"/proc/%d/environ" % pid, os.O_RDONLY))
told("home", library.open(b"mine", os.O_WRONLY | os.O_CREAT, 0o600))
print("names", [n for n in os.environ if "TOKEN" in n])
"""
    done = run({"looks around": source})["looks around"]
    said = dict(line.split(" ", 1) for line in done.log.splitlines() if line.split(" ")[0] in source)
    assert target.read_text() == "whole"
    held = {
        "open": "-1 13",
        "unlink": "-1 13",
        "read": "-1 13",
        "signal": "-1 1",
        "parent": "-1 1",
        "tool": "-1 13",
        "template": "-1 13",
    }
    assert {name: said[name] for name in held} == held
    assert said["home"].split()[1] == "0"
    assert said["names"] == "[]"
    assert done.record.header["cage"]["signals"] is True
