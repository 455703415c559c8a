"""The gate for real: changed builds of the newest releases against their newest partners.

One gate runs the whole suite; the others, which ask how a gate answers, run a part of it.
"""

from __future__ import annotations

import io
import json
import tomllib
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from made_wheels import made_wheel
from real_gates import Build, Gate
from rich.console import Console

from market_data_meta import suite
from market_data_meta.cli import cli
from market_data_meta.contract import Contract
from market_data_meta.judging.defect_file import defects_path, load_defects, with_mended
from market_data_meta.judging.defects import defect_changes
from market_data_meta.judging.records import Record, read_records
from market_data_meta.judging.verdicts import judge, why_not_evidence
from market_data_meta.models import parse_document
from market_data_meta.render.gate.terminal import show_gate
from market_data_meta.results.gate import GateResult
from market_data_meta.running.cache import default_cache

POLICY = "market_data_pipeline/orchestration/feedback/consumer.py"
LEVELS = "market_data_core/telemetry/backpressure.py"


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
    """Not one check comes out otherwise; that this is so of the whole suite, mdmeta prove tells in less time."""
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
    assert len(following) > 10
    assert all("expected ':'" in json.dumps(difference["now"]) for difference in following)
    assert len(data["differences"]) - len(following) < 3
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
    assert len(following) > 5
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
    gate: Gate, build: Build, part: Contract, tmp_path: Path
) -> None:
    """All else in it is known still, the capability is broken no more, and the range of the defect gets its end."""
    wheel = build("pipeline", PAUSES)
    data = gate("--pipeline", wheel, "--quick")
    assert (data["exit"], regressions(data)) == (0, {})
    changes = {(change["name"], change["before"], change["after"]) for change in data["capabilities"]}
    assert ("pause", "broken", "limited") in changes
    known, version = load_defects(part.root), data["candidates"][0]["version"]
    records = records_of(tmp_path, part)
    assert {judge(part, suite.digest(part.root), record, known).verdict for record in records} == {"defective"}
    mended = defect_changes(known, records, complete=False).mended
    assert {(one.defect, one.package, one.version) for one in mended} == {
        ("paused-provider-goes-on", "pipeline", version)
    }
    text = defects_path(part.root).read_text()
    table = tomllib.loads(with_mended(text, mended))["defects"]["paused-provider-goes-on"]
    assert table["versions"]["pipeline"] == f">=0.8.1,<{version}"


def test_a_release_that_mends_one_defect_and_brings_another_is_a_violation(
    gate: Gate, build: Build, part: Contract, tmp_path: Path
) -> None:
    other = {POLICY: ("BackpressureLevel.soft: 0.5,", "BackpressureLevel.soft: 0.9,")}
    data = gate("--pipeline", build("pipeline", PAUSES | other), "--quick")
    assert data["exit"] == 1
    known = load_defects(part.root)
    verdicts = [judge(part, suite.digest(part.root), record, known) for record in records_of(tmp_path, part)]
    assert {verdict.verdict for verdict in verdicts} == {"violates"}
    assert "policy.default-scales" in {reason for verdict in verdicts for reason in verdict.reasons}


IN_A_LONG_RUN_ONLY = (
    "BackpressureLevel.hard: 0.1 if any(len(frame.f_locals['request'].run.header.clauses) > 10"
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
