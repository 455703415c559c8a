"""Candidates that cannot be installed, alone or beside their partners: the gate says which requirement is why."""

from __future__ import annotations

import html
import io
import json
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner
from made_wheels import changed_wheel, made_wheel
from real_gates import Build, Gate
from rich.console import Console

from market_data_meta.cli import cli
from market_data_meta.contract import Contract
from market_data_meta.models import parse_document
from market_data_meta.releases.ledger import Ledger
from market_data_meta.render.gate.terminal import show_gate
from market_data_meta.results.gate import GateResult

POLICY = "market_data_pipeline/orchestration/feedback/consumer.py"


@pytest.fixture(scope="module")
def requiring(ledger: Ledger, tmp_path_factory: pytest.TempPathFactory) -> Callable[..., str]:
    """Build the next Store with another line of METADATA in place of one of its own; the path of its wheel."""

    def make(line: str, *, instead: str = "Requires-Dist: market-data-core<2.0.0,>=1.4.61") -> str:
        newest = ledger.newest("store")
        head, _, last = newest.version.rpartition(".")
        metadata = f"market_data_store-{newest.version}.dist-info/METADATA"
        folder = tmp_path_factory.mktemp("store")
        version = f"{head}.{int(last) + 1}"
        changes = {metadata: (f"{instead}\n", f"{line}\n")}
        return str(changed_wheel(ledger, "store", "market-data-store", version, folder, changes))

    return make


@pytest.mark.parametrize("reach", [[], ["--quick"]])
@pytest.mark.parametrize(
    ("requirement", "why"),
    [
        (
            "market-data-core>=1.5.0",
            "store 0.6.74 requires market-data-core>=1.5.0; the newest published is 1.4.61",
        ),
        (
            "market-data-of-nobody-at-all",
            "store 0.6.74 requires market-data-of-nobody-at-all; the package index has no project of that name",
        ),
    ],
)
def test_a_candidate_that_cannot_be_installed_is_a_violation_that_names_the_requirement(
    gate: Gate, requiring: Callable[..., str], tmp_path: Path, reach: list[str], requirement: str, why: str
) -> None:
    data = gate("--store", requiring(f"Requires-Dist: {requirement}"), *reach)
    assert data["exit"] == 1
    assert {cell["verdict"] for cell in data["cells"]} == {"uninstallable"}
    assert {cell["scope"] for cell in data["cells"]} == {"combination", "release"}
    assert {(row["why"], row["before"]) for row in data["uninstallable"]} == {(why, False)}
    written = {file.suffix: file.read_text() for file in tmp_path.glob("gate.*")}
    assert {".json", ".md", ".xml", ".sarif"} <= written.keys()
    plain = {kind: html.unescape(text).replace("\\", "") for kind, text in written.items()}
    assert [kind for kind, text in plain.items() if why not in text] == []
    assert json.loads(written[".sarif"])["runs"][0]["results"]
    console = Console(record=True, width=200, file=io.StringIO())
    show_gate(parse_document(GateResult, data, "gate.json"), console, verbose=False)
    assert why in console.export_text()


def test_a_pin_that_shuts_out_the_newest_partner_is_a_violation_though_what_is_left_holds(
    gate: Gate, requiring: Callable[..., str]
) -> None:
    data = gate("--store", requiring("Requires-Dist: market-data-core<1.4.61"), "--quick")
    assert (data["exit"], data["differences"]) == (1, [])
    (lost,) = data["uninstallable"]
    assert lost == {
        "cell": "core1.4.61-pipeline0.8.70-store0.6.74",
        "why": "store 0.6.74 requires market-data-core<1.4.61, not 1.4.61; at the newest it can stand beside "
        "core 1.4.60 and pipeline 0.8.69, its predecessor beside core 1.4.61 and pipeline 0.8.70",
        "before": False,
    }
    verdicts = {cell["cell"]: cell["verdict"] for cell in data["cells"]}
    assert verdicts.pop(lost["cell"]) == "uninstallable"
    assert set(verdicts.values()) == {"held"}
    assert "core1.4.60-pipeline0.8.69-store0.6.74" in verdicts


SHUTS_OUT = {
    "a library that a partner requires otherwise": (
        ("Requires-Dist: pydantic<2", "Requires-Dist: pydantic>=2.7"),
        "core >=1.4.61 requires pydantic>=2.7,<3 and store 0.6.74 requires pydantic<2; no version of pydantic is both",
        {"combination", "release"},
    ),
    "a library that only a partner requires otherwise": (
        ("Requires-Dist: prometheus-client==0.16", "Requires-Dist: prometheus-client>=0.20"),
        "pipeline >=0.8.70 requires prometheus-client>=0.17.0 and store 0.6.74 requires prometheus-client==0.16; no",
        {"combination"},
    ),
    "another Python": (
        ("Requires-Python: >=3.99", "Requires-Python: >=3.11"),
        "store 0.6.74 requires Python >=3.99, not ",
        {"combination", "release"},
    ),
}


@pytest.mark.parametrize("what", SHUTS_OUT)
def test_a_requirement_that_the_newest_partners_cannot_stand_beside_is_a_violation(
    gate: Gate, requiring: Callable[..., str], what: str
) -> None:
    """The newest set cannot be installed any more, and the cause is told in a sentence."""
    (line, instead), why, scopes = SHUTS_OUT[what]
    data = gate("--store", requiring(line, instead=instead), "--quick")
    assert (data["exit"], data["differences"], data["undecided"]) == (1, [], [])
    assert {row["why"][: len(why)] for row in data["uninstallable"]} == {why}
    assert {cell["scope"] for cell in data["cells"] if cell["verdict"] == "uninstallable"} == scopes


@pytest.mark.parametrize(
    ("requirement", "needed"),
    [("pytest<8", "pytest>=8.2"), ("hypothesis<5", "hypothesis>=6"), ("pytest-asyncio==0.21", "pytest-asyncio>=0.24")],
)
def test_a_library_that_the_suite_cannot_run_with_leaves_the_gate_undecided(
    gate: Gate, requiring: Callable[..., str], requirement: str, needed: str
) -> None:
    """The candidate can be installed: that nothing can look at it with others is no fault of its own."""
    own = "Requires-Dist: market-data-core<2.0.0,>=1.4.61"
    data = gate("--store", requiring(f"{own}\nRequires-Dist: {requirement}"), "--quick")
    assert (data["exit"], data["uninstallable"], data["differences"]) == (3, [], [])
    why = f"store 0.6.74 requires {requirement}, and the suite needs {needed}"
    assert {row["why"] for row in data["undecided"]} == {
        f"the suite cannot run with the libraries of these packages: {why}"
    }
    assert {cell["scope"]: cell["verdict"] for cell in data["cells"]} == {"combination": "unknown", "release": "held"}


def test_an_extra_that_nobody_needs_makes_nothing_uninstallable(gate: Gate, requiring: Callable[..., str]) -> None:
    """That it cannot be had is what its own clause says, and all that is said."""
    own = "Requires-Dist: market-data-core<2.0.0,>=1.4.61"
    extra = "Provides-Extra: odd\nRequires-Dist: market-data-of-nobody-at-all; extra == 'odd'"
    data = gate("--store", requiring(f"{own}\n{extra}"), "--quick")
    assert (data["uninstallable"], data["undecided"]) == ([], [])
    assert {d["clause"] for d in data["differences"]} == {"packaging.extras-resolvable"}


def test_two_candidates_that_exclude_every_partner_are_a_violation_without_blame(
    gate: Gate, build: Build, requiring: Callable[..., str]
) -> None:
    """The excluded cell is run in no smaller set: the requirement that excludes it says whose doing it is."""
    pipeline = build("pipeline", {POLICY: ("BackpressureLevel.ok: 1.0,", "BackpressureLevel.ok: 1.00,")})
    data = gate("--store", requiring("Requires-Dist: market-data-core>=1.5.0"), "--pipeline", pipeline, "--quick")
    assert data["exit"] == 1
    (excluded,) = [cell for cell in data["cells"] if cell["scope"] == "combination"]
    assert excluded["verdict"] == "uninstallable"
    assert "store 0.6.74 requires market-data-core>=1.5.0" in str(data["uninstallable"])


def test_a_candidate_that_may_be_installed_with_nothing_is_undecided(contract: Contract, tmp_path: Path) -> None:
    wheel = made_wheel(tmp_path, "market-data-core", "0.0.1", {"market_data_core/__init__.py": ""})
    result = CliRunner().invoke(cli, ["--root", str(contract.root), "gate", "--core", str(wheel)])
    assert "forbid every combination" in str(result.exception)
