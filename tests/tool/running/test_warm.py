"""The warm lane: a release that misbehaves costs its own cell and no other. The releases here are made up to do so."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from market_data_meta.contract import Contract
from market_data_meta.releases.combinations import Cell, newest_of
from market_data_meta.releases.ledger import Ledger
from market_data_meta.running import warm
from market_data_meta.running.cache import Store
from market_data_meta.running.isolated import record_header, suite_plan
from market_data_meta.running.warm import Job, Template, run_all

SECONDS = 4.0
"""CPU time that each may use: the one that behaves takes less than one."""
DEEDS = {
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
    """What became of each deed: why the run ended early, and whether its record is whole."""
    folder = tmp_path_factory.mktemp("warm")
    names = tuple(contract.packages)
    plan: dict[str, Any] = suite_plan(contract, names) | {"preload": ["market_data_core"]}
    plan["clauses"] = {name: table for name, table in plan["clauses"].items() if name in contract.controls}
    header = record_header(contract, ledger, Cell(newest_of(names, ledger)), (), sorted(contract.controls), "warm")

    def job(name: str, source: str) -> Job:
        package = folder / "sites" / name / "market_data_core"
        package.mkdir(parents=True)
        (package / "__init__.py").write_text(source)
        request = {"header": header, "clauses": sorted(contract.controls), "not_applicable": {}}
        request["path"] = [str(package.parent)]
        return Job(name, request, folder / f"{name}.jsonl", folder / f"{name}.log")

    def start() -> Template:
        return Template(
            contract.root, Path(sys.executable), plan, folder / "template.log", [folder / "sites"]
        ).__enter__()

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(warm, "BOUNDS", replace(warm.BOUNDS, processes=20))
        jobs = [job(name, source) for name, source in DEEDS.items()]
        ended = list(run_all(start, jobs, at_once=3, seconds=SECONDS))
    return {job.name: (cause, '"kind": "footer"' in _text(job.record)) for job, cause in ended}


def _text(file: Path) -> str:
    return file.read_text() if file.exists() else ""


def test_every_job_ends(causes: Mapping[str, tuple[str, bool]]) -> None:
    assert causes.keys() == DEEDS.keys()


def test_a_release_that_behaves_has_a_whole_record_beside_those_that_do_not(
    causes: Mapping[str, tuple[str, bool]],
) -> None:
    assert causes["well"] == ("", True)


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("exits", ""),
        ("crashes", "SIGSEGV"),
        ("raises", "status 1"),
        ("hangs", "the run did not end within 20 s of wall time"),
        ("computes", " time and was stopped"),
        ("forks", "more than 20 processes"),
    ],
)
def test_the_cause_of_an_early_end_is_told(causes: Mapping[str, tuple[str, bool]], name: str, said: str) -> None:
    cause, whole = causes[name]
    assert said in cause
    assert not whole


@pytest.mark.parametrize("name", ["recurses", "eats"])
def test_what_python_itself_stops_leaves_the_checks_to_tell(causes: Mapping[str, tuple[str, bool]], name: str) -> None:
    """A RecursionError or MemoryError of a module body is caught with its import; the machine is not harmed."""
    assert causes[name] == ("", True)


def test_an_early_end_is_kept_as_a_fault_and_never_as_evidence(
    contract: Contract, ledger: Ledger, tmp_path: Path
) -> None:
    header = record_header(contract, ledger, Cell(newest_of(tuple(contract.packages), ledger)), (), [], "warm")
    contents = {name: row["content"] for name, row in header["expected"].items()}
    store = Store(tmp_path, "s" * 64, "f" * 16, sys.executable)
    job = Job("cell", {"header": header}, tmp_path / "no.jsonl", tmp_path / "no.log")
    assert store.keep(contents, job, "").death == "the run brought no record"
    job.record.write_text('{"kind": "header"} torn')
    assert store.keep(contents, replace(job), "the run was killed by SIGKILL").death == "the run was killed by SIGKILL"
    assert len(list(store.records())) == 1


def test_an_unreadable_entry_of_the_cache_is_taken_away(tmp_path: Path) -> None:
    store = Store(tmp_path, "s" * 64, "f" * 16, sys.executable)
    store.folder.mkdir(parents=True)
    (store.folder / "torn.jsonl").write_bytes(b'\x00{"kind":\n\n\n')
    assert list(store.records()) == []
    assert not list(store.folder.glob("*.jsonl"))
