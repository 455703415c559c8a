"""Fixtures of the tests of the tool: the real contract and ledger, and records made up field by field."""

from __future__ import annotations

import shutil
import signal
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from examples import LEDGER, ROOT, SUITE, VERSIONS

from market_data_meta.contract import Capability, Clause, Contract, Level, Package, Scope, Service
from market_data_meta.contract_files import load_contract
from market_data_meta.inside.mdm_json import from_json
from market_data_meta.inside.mdm_plan import RecordFooter, RecordHeader
from market_data_meta.judging.defects import KnownDefects
from market_data_meta.judging.records import Check, Record
from market_data_meta.matrix.verdicts import MatrixVerdicts
from market_data_meta.releases.contents import ContentCombination, content_combinations, distinct_contents
from market_data_meta.releases.ledger import Ledger
from market_data_meta.releases.ledger_files import load_ledger
from market_data_meta.running.cell_records import CellRecords


@pytest.fixture(scope="session")
def root() -> Path:
    """The checkout."""
    return ROOT


@pytest.fixture
def copy(root: Path, tmp_path: Path) -> Path:
    """A copy of what a clause is written to, and of the other files that ``check`` reads."""
    for name in ("contracts", "tests/conformance", "tests/breaks"):
        shutil.copytree(root / name, tmp_path / name, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(root / "tox.ini", tmp_path)
    return tmp_path


@pytest.fixture(scope="session")
def contract(root: Path) -> Contract:
    """The real contract."""
    return load_contract(root)


@pytest.fixture(scope="session")
def ledger(root: Path, contract: Contract) -> Ledger:
    """The committed ledger."""
    return load_ledger(root, contract.packages)


@pytest.fixture
def small() -> Contract:
    """A contract of three packages with one must clause, one should clause, one of release scope, and the controls.

    Its capability cannot do without the must clause.
    """

    def clause(name: str, level: Level = "must", scope: Scope = "combination") -> Clause:
        return Clause(f"The rule of {name}.", level, scope, ("core", "store"), "A source.", id=name)

    clauses = [
        clause("area.first"),
        clause("area.second", "should"),
        clause("area.alone", scope="release"),
        clause("controls.must-pass", "control", "control"),
        clause("controls.must-fail", "control", "control"),
    ]
    packages = {name: Package(f"market-data-{name}", (f"market_data_{name}",), name=name) for name in VERSIONS}
    talk = Capability("talk", "Let the packages talk", "About.", "A source.", "Why.", ("area.first",), ("area.second",))
    return Contract(ROOT, packages, "market-data-orchestrator", {c.id: c for c in clauses}, {"talk": talk})


@pytest.fixture
def deployed(small: Contract) -> Contract:
    """The small contract with two services, and a clause of deployment scope for each and for Core alone."""
    store, pipeline = ("core", "store"), ("core", "pipeline")
    clauses = [
        Clause("It is sent.", "must", "deployment", store, "A source.", id="wire.sent"),
        Clause("It is taken.", "must", "deployment", pipeline, "A source.", id="wire.taken"),
        Clause("A bus is a bus.", "must", "deployment", ("core",), "A source.", id="wire.bus"),
    ]
    services = {"store": Service(store, name="store"), "pipeline": Service(pipeline, name="pipeline")}
    return replace(small, clauses={**small.clauses, **{clause.id: clause for clause in clauses}}, services=services)


@pytest.fixture
def make_record() -> Callable[..., Record]:
    """Build a complete, valid record: ``make_record({"area.first": "failed"}, footer=None, got=[…])``."""

    def build(outcomes: dict[str, str] | None = None, /, **changes: Any) -> Record:
        got = changes.pop("got", "a defect")
        decided = {"area.first": "passed", "area.second": "passed"}
        decided |= {"controls.must-pass": "passed", "controls.must-fail": "failed"} | (outcomes or {})
        checks = {
            name: Check(name, outcome, "what was looked at", "the contract's value", got, 0.01)
            for name, outcome in decided.items()
            if outcome != "missing"
        }
        header: dict[str, Any] = {
            "kind": "header",
            "format": 1,
            "suite": SUITE,
            "cell": "core1.4.61-pipeline0.8.70-store0.6.73",
            "combination": VERSIONS,
            "expected": {name: {"content": "c" * 64, "sha256": "d" * 64} for name in VERSIONS},
            "attestation": {n: {"version": v, "content": "c" * 64, "direct_url": None} for n, v in VERSIONS.items()},
            "forced": [],
            "clauses": [],
            "lane": "isolated",
            "third_party_choice": "highest",
            "as_of": "2026-11-22T00:00:00Z",
            "interpreter": {"version": "3.11.7", "implementation": "cpython", "platform": "linux"},
            "start": 0.0,
        }
        footer = changes.pop("footer", RecordFooter({}, 1.0))
        death = changes.pop("death", None)
        header |= changes
        return Record(header["cell"], from_json(RecordHeader, header), checks, footer, death)

    return build


@pytest.fixture
def make_matrix(small: Contract, make_record: Callable[..., Record]) -> Callable[..., MatrixVerdicts]:
    """Build a matrix of ``LEDGER``: ``make_matrix({"1.3 0.1 0.6": {"area.first": "failed"}, "1.0 0.1": None})``.

    A cell is named by its newest versions. None is a cell that never ran, a text is why it cannot be installed; in all
    others every check passes that is not named. A key without a store is about the cells of all stores.
    """

    def record_of(cell: ContentCombination, outcomes: Mapping[str, str]) -> Record:
        versions, digests = cell.combination.as_dict(), cell.digests
        return make_record(
            dict(outcomes),
            cell=cell.combination.label,
            combination=versions,
            expected={n: {"content": digests[n], "sha256": "d" * 64} for n in versions},
            attestation={n: {"version": v, "content": digests[n], "direct_url": None} for n, v in versions.items()},
        )

    def build(
        outcomes: Mapping[str, Mapping[str, str] | str | None] | None = None, ledger: Ledger = LEDGER
    ) -> MatrixVerdicts:
        contents = distinct_contents(small, ledger)
        records: dict[ContentCombination, Record] = {}
        uninstallable: dict[ContentCombination, str] = {}
        for cell in content_combinations(contents):
            versions = list(cell.combination.as_dict().values())
            key = next((k for k in (" ".join(versions), " ".join(versions[:-1])) if k in (outcomes or {})), None)
            cell_outcomes = {} if key is None else (outcomes or {})[key]
            if isinstance(cell_outcomes, str):
                uninstallable[cell] = cell_outcomes
            elif cell_outcomes is not None:
                records[cell] = record_of(cell, cell_outcomes)
        combinations = tuple(content_combinations(contents))
        cells = CellRecords(contents, combinations, records, {}, uninstallable, frozenset(), 0)
        return MatrixVerdicts(small, SUITE, cells, KnownDefects())

    return build


@pytest.fixture
def foreground() -> Iterator[None]:
    """Ctrl-C reaches what is started here, also where these tests run as a job in the background, which ignores it."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)
