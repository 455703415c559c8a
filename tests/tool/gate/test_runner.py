"""The gate for real: changed builds of the newest releases against their newest partners."""

from __future__ import annotations

import html
import io
import json
import tomllib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from jsonschema import Draft202012Validator
from made_wheels import changed_wheel, made_wheel
from rich.console import Console

from market_data_meta import suite
from market_data_meta.cli import cli
from market_data_meta.contract import Contract
from market_data_meta.judging.defect_file import defects_path, load_defects, with_mended
from market_data_meta.judging.defects import defect_changes
from market_data_meta.judging.records import Record, read_records
from market_data_meta.judging.verdicts import judge, why_not_evidence
from market_data_meta.models import parse_document
from market_data_meta.releases.ledger import Ledger
from market_data_meta.render.gate.terminal import show_gate
from market_data_meta.results.gate import GateResult
from market_data_meta.running.cache import default_cache
from market_data_meta.schemas import schema

POLICY = "market_data_pipeline/orchestration/feedback/consumer.py"
LEVELS = "market_data_core/telemetry/backpressure.py"

Gate = Callable[..., dict[str, Any]]
Build = Callable[..., str]


@pytest.fixture(scope="module")
def build(contract: Contract, ledger: Ledger, tmp_path_factory: pytest.TempPathFactory) -> Build:
    """Build the next release of a package: ``build("core", {file: (before, after)})``, the path of its wheel."""

    def make(package: str, changes: Mapping[str, tuple[str, str]]) -> str:
        head, _, last = ledger.newest(package).version.rpartition(".")
        folder = tmp_path_factory.mktemp(package)
        distribution = contract.packages[package].distribution
        return str(changed_wheel(ledger, package, distribution, f"{head}.{int(last) + 1}", folder, changes))

    return make


@pytest.fixture
def gate(contract: Contract, tmp_path: Path) -> Gate:
    """Run ``mdmeta gate --json`` with these arguments; the result, which is valid by the published schema."""
    validator = Draft202012Validator(schema(contract.root, "gate"))

    def run(*words: str) -> dict[str, Any]:
        arguments = ["--root", str(contract.root), "gate", *words, "--out", str(tmp_path), "--json"]
        result = CliRunner().invoke(cli, arguments)
        data: dict[str, Any] = json.loads(result.stdout)
        validator.validate(data)
        assert data["exit"] == result.exit_code
        assert json.loads((tmp_path / "gate.json").read_text()) == data
        assert all(record.death is None for record in read_records(tmp_path / "gate-records"))
        decided = {cell["cell"] for cell in data["cells"] if cell["verdict"] in ("held", "regressed")}
        # A record is named after its cell; its header says which run of the same code it rests on.
        assert decided <= {file.stem for file in (tmp_path / "gate-records").glob("*.jsonl")}
        return data

    return run


def regressions(data: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {d["clause"]: d for d in data["differences"] if d["kind"] == "regression"}


def test_a_regression_is_reported_with_its_clause_and_the_command_that_shows_it(gate: Gate, build: Build) -> None:
    wheel = build("pipeline", {POLICY: ("BackpressureLevel.hard: 0.0,", "BackpressureLevel.hard: 0.1,")})
    data = gate("--pipeline", wheel, "--quick")
    assert data["exit"] == 1
    regression = regressions(data)["chain.hard-pauses"]
    assert (regression["now"]["expected"], regression["now"]["got"]) == ([0.0], [0.1])
    assert (regression["was"]["outcome"], regression["guilty"]) == ("passed", ["pipeline"])
    assert regression["repetitions"] == [{"now": "failed", "was": "passed"}] * 3
    command = regression["reproduce"].split()
    assert command[:2] == ["./scripts/mdmeta", "gate"]
    again = gate(*command[2:])
    assert again["exit"] == 1
    assert "chain.hard-pauses" in regressions(again)
    assert {cell["cell"] for cell in again["cells"]} <= {cell["cell"] for cell in data["cells"]}


def test_what_no_consumer_can_see_passes(gate: Gate, build: Build) -> None:
    data = gate("--core", build("core", {LEVELS: ("Current queue size", "How many items wait")}), "--quick")
    assert (data["exit"], data["differences"]) == (0, [])
    assert {cell["verdict"] for cell in data["cells"]} == {"held"}
    assert "release" in {cell["scope"] for cell in data["cells"]}


def test_the_same_code_under_another_version_runs_in_no_cell(gate: Gate, build: Build) -> None:
    wheel = build("store", {})
    # What is not known of the predecessor yet is run for the first of the two.
    data = gate("--store", wheel, "--quick")
    assert (data["exit"], data["differences"]) == (0, [])
    assert gate("--store", wheel, "--quick")["evidence"]["ran"] == 0
    assert data["candidates"][0]["same_code_as"]


def test_of_two_candidates_the_one_to_blame_is_named(gate: Gate, build: Build) -> None:
    """Core's member more breaks it with the old Pipeline too; Pipeline's own change is harmless."""
    core = build("core", {LEVELS: ('    hard = "hard"', '    critical = "critical"\n    hard = "hard"')})
    pipeline = build("pipeline", {POLICY: ("BackpressureLevel.ok: 1.0,", "BackpressureLevel.ok: 1.00,")})
    data = gate("--core", core, "--pipeline", pipeline, "--quick")
    assert data["exit"] == 1
    assert {name: d["guilty"] for name, d in regressions(data).items()}["enums.members"] == ["core"]
    assert {tuple(d["guilty"]) for d in regressions(data).values()} == {("core",)}


def test_a_candidate_that_takes_the_process_along_is_undecided_and_leaves_no_trace_in_what_is_known(
    gate: Gate, tmp_path: Path
) -> None:
    """Runs of candidates are kept aside: what is known of releases is the same before and after."""
    runs = default_cache() / "runs"
    known = {file: file.read_bytes() for file in runs.rglob("*.jsonl") if ".dead-" not in file.name}
    wheel = made_wheel(
        tmp_path, "market-data-core", "1.4.62", {"market_data_core/__init__.py": "import os\nos._exit(0)\n"}
    )
    data = gate("--core", str(wheel), "--quick")
    assert data["exit"] == 3
    assert {cell["verdict"] for cell in data["cells"]} == {"unknown"}
    assert data["undecided"][0]["guilty"] == ["core"]
    assert {file: file.read_bytes() for file in known} == known
    content = data["candidates"][0]["content"]
    assert not [file for file in runs.rglob("*.jsonl") if content in file.read_text()]


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


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ([], "no candidate is given"),
        (["--core", "1.4.61", "core==1.4.61"], "both a candidate and a partner"),
        (["--core", "1.4.61", "store==0.6.73", "--all"], "nothing to choose"),
    ],
)
def test_bad_usage_is_refused(contract: Contract, words: list[str], message: str) -> None:
    result = CliRunner().invoke(cli, ["--root", str(contract.root), "gate", *words])
    assert message in str(result.exception)


def test_a_candidate_that_may_be_installed_with_nothing_is_undecided(contract: Contract, tmp_path: Path) -> None:
    wheel = made_wheel(tmp_path, "market-data-core", "0.0.1", {"market_data_core/__init__.py": ""})
    result = CliRunner().invoke(cli, ["--root", str(contract.root), "gate", "--core", str(wheel)])
    assert "forbid every combination" in str(result.exception)


QUEUE = "market_data_store/coordinator/queue.py"


def test_a_syntax_error_is_one_cause_with_its_file_and_line(gate: Gate, build: Build) -> None:
    """What tells of it is folded under it and whole in gate.json; the rest stands for itself. It fits a screen."""
    line = "        self._capacity = capacity\n        self._coord_id"
    data = gate(
        "--store", build("store", {QUEUE: (line, line.replace(" self", " if capacity\n        self", 1))}), "--quick"
    )
    assert data["exit"] == 1
    (cause,) = data["causes"]
    assert (cause["kind"], cause["package"], cause["stops_import"]) == ("syntax", "store", True)
    assert (cause["file"], cause["line"], cause["text"]) == (QUEUE, 34, "expected ':'")
    following = [difference for difference in data["differences"] if difference["cause"] == 0]
    assert len(following) > 100
    assert all("expected ':'" in json.dumps(difference["now"]) for difference in following)
    assert len(data["differences"]) - len(following) < 10
    console = Console(record=True, width=80, file=io.StringIO())
    show_gate(parse_document(GateResult, data, "gate.json"), console, verbose=False)
    rows = console.export_text().splitlines()
    assert sum(max(1, -(-len(row) // 80)) for row in rows) <= 40
    assert f"{QUEUE}:34: expected ':'" in rows


def test_a_renamed_field_is_one_cause_with_its_line_before_and_after(gate: Gate, build: Build) -> None:
    data = gate("--core", build("core", {LEVELS: ("    queue_size: int =", "    queue_length: int =")}), "--quick")
    (cause,) = data["causes"]
    assert (cause["kind"], cause["file"]) == ("definition", LEVELS)
    assert cause["text"] == "FeedbackEvent.queue_size is gone, FeedbackEvent.queue_length is new"
    assert [line.split(":")[0] for line in (*cause["before"], *cause["after"])] == ["queue_size", "queue_length"]
    following = [difference for difference in data["differences"] if difference["cause"] == 0]
    assert len(following) > 80
    assert all("queue_" in json.dumps(difference["now"]) for difference in following)


COORDINATOR = "market_data_pipeline/orchestration/coordinator.py"
PAUSES = {
    COORDINATOR: (
        "new_rate = max(1, int(base_rate * scale))  # Ensure at least 1 token/sec",
        "new_rate = base_rate * scale or 1e-12  # As good as nothing",
    )
}


def records_of(folder: Path, contract: Contract) -> list[Record]:
    """The records of the gate that are evidence about combinations."""
    records = [record for record in read_records(folder / "gate-records") if not why_not_evidence(record)]
    return [record for record in records if len(record.versions) == len(contract.packages)]


def test_a_release_that_mends_a_defect_is_told_and_written_down(
    gate: Gate, build: Build, contract: Contract, tmp_path: Path
) -> None:
    """All else in it is known still, the capability is broken no more, and the range of the defect gets its end."""
    wheel = build("pipeline", PAUSES)
    data = gate("--pipeline", wheel, "--quick")
    assert (data["exit"], regressions(data)) == (0, {})
    changes = {(change["name"], change["before"], change["after"]) for change in data["capabilities"]}
    assert ("pause", "broken", "limited") in changes
    known, version = load_defects(contract.root), data["candidates"][0]["version"]
    records = records_of(tmp_path, contract)
    assert {judge(contract, suite.digest(contract.root), record, known).verdict for record in records} == {"defective"}
    mended = defect_changes(known, records, complete=False).mended
    assert {(one.defect, one.package, one.version) for one in mended} == {
        ("paused-provider-goes-on", "pipeline", version)
    }
    text = defects_path(contract.root).read_text()
    table = tomllib.loads(with_mended(text, mended))["defects"]["paused-provider-goes-on"]
    assert table["versions"]["pipeline"] == f">=0.8.1,<{version}"


def test_a_release_that_mends_one_defect_and_brings_another_is_a_violation(
    gate: Gate, build: Build, contract: Contract, tmp_path: Path
) -> None:
    other = {POLICY: ("BackpressureLevel.soft: 0.5,", "BackpressureLevel.soft: 0.9,")}
    data = gate("--pipeline", build("pipeline", PAUSES | other), "--quick")
    assert data["exit"] == 1
    known = load_defects(contract.root)
    verdicts = [
        judge(contract, suite.digest(contract.root), record, known) for record in records_of(tmp_path, contract)
    ]
    assert {verdict.verdict for verdict in verdicts} == {"violates"}
    assert "policy.default-scales" in {reason for verdict in verdicts for reason in verdict.reasons}


IN_A_LONG_RUN_ONLY = (
    "BackpressureLevel.hard: 0.1 if any(len(frame.f_locals['request'].run.header.clauses) > 100"
    " for frame, _ in __import__('traceback').walk_stack(None) if hasattr(frame.f_locals.get('request'), 'run'))"
    " else 0.0,"
)
"""A scale that is wrong only where the run has many clauses: what it breaks does not repeat where a check is alone."""


def test_what_does_not_repeat_is_spurious_blames_nobody_and_is_run_anew_by_the_next_gate(
    gate: Gate, build: Build
) -> None:
    wheel = build("pipeline", {POLICY: ("BackpressureLevel.hard: 0.0,", IN_A_LONG_RUN_ONLY)})
    for _ in range(2):
        data = gate("--pipeline", wheel, "--quick")
        assert (data["exit"], regressions(data)) == (0, {})
        spurious = {row["clause"]: row for row in data["differences"] if row["kind"] == "spurious"}
        pauses = spurious["chain.hard-pauses"]
        assert (pauses["guilty"], pauses["now"]["outcome"]) == ([], "failed")
        assert pauses["repetitions"] == [{"now": "passed", "was": "passed"}] * 3
        # The run that showed it, and for every repetition one with each of the two sides.
        assert data["evidence"]["ran"] >= 1 + 2 * 3
