"""A gate for other systems: JUnit, SARIF, and the file that mdmeta report reads back from strangers."""

from __future__ import annotations

import html
import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import gate_sample
import pytest
from click.testing import CliRunner, Result

from market_data_meta import schemas
from market_data_meta.cli import cli
from market_data_meta.commands import report_gate
from market_data_meta.errors import MetaError
from market_data_meta.render.gate.files import NAMES, write_gate
from market_data_meta.render.gate.junit import gate_junit
from market_data_meta.render.gate.sarif import gate_sarif
from market_data_meta.strict_json import strict_json

Data = dict[str, Any]
GATES = (
    gate_sample.worse,
    gate_sample.same,
    gate_sample.undecided,
    gate_sample.hostile,
    gate_sample.differing,
    gate_sample.hostile_differing,
    gate_sample.not_importable,
    gate_sample.renamed_field,
)
every_gate = pytest.mark.parametrize("gate", GATES)


def junit(data: Data) -> dict[str, list[tuple[str, str]]]:
    """The cases of each suite, with what they are."""
    root = ET.fromstring(gate_junit(gate_sample.gate_of(data)))  # noqa: S314 - our own text
    return {
        str(suite.get("name")): [
            (str(case.get("name")), next((child.tag for child in case), "passed")) for case in suite.iter("testcase")
        ]
        for suite in root
    }


def report(root: Path, *arguments: str) -> Result:
    return CliRunner().invoke(cli, ["--root", str(root), "report", *arguments])


@pytest.fixture
def written(tmp_path: Path) -> Callable[[object], str]:
    """Write a gate as another job would, and name the file."""

    def write(data: object) -> str:
        file = tmp_path / "gate.json"
        file.write_text(data if isinstance(data, str) else json.dumps(data))
        return str(file)

    return write


@every_gate
def test_what_is_written_for_other_programs_is_strictly_json(gate: Callable[[], Data], tmp_path: Path) -> None:
    write_gate(tmp_path, gate_sample.gate_of(gate()))
    texts = [(tmp_path / name).read_text() for name in NAMES if name.endswith((".json", ".sarif"))]
    assert len(texts) == 2
    for text in texts:
        assert "\ud800" not in json.dumps(strict_json(text), ensure_ascii=False)


def test_junit_tells_failures_errors_and_what_is_known_apart() -> None:
    suites = junit(gate_sample.worse())
    assert suites["clauses"][:6] == [
        ("chain.hard-pauses", "failure"),
        ("surface.names", "failure"),
        ("metrics.labels", "skipped"),
        ("bus.delivers", "error"),
        ("queue.hysteresis", "system-out"),
        ("enums.labels", "system-out"),
    ]
    assert {what for _, what in suites["clauses"][6:]} == {"skipped"}
    assert [what for _, what in suites["cells"]] == ["error", "failure", "passed"]
    assert ("metrics.labels", "failure") in junit(gate_sample.worse() | {"strict": True})["clauses"]


@every_gate
def test_junit_is_green_only_where_the_gate_is(gate: Callable[[], Data]) -> None:
    bad = any(what in ("failure", "error") for rows in junit(gate()).values() for _, what in rows)
    assert bad is (gate()["exit"] != 0)


@every_gate
def test_sarif_has_what_the_standard_and_github_ask_for(gate: Callable[[], Data]) -> None:
    """Rules and results agree, each result has a message, a place with a line, and a fingerprint of its own."""
    log = json.loads(gate_sarif(gate_sample.gate_of(gate())))
    (run,) = log["runs"]
    assert log["version"] == "2.1.0"
    rules = run["tool"]["driver"]["rules"]
    assert len({rule["id"] for rule in rules}) == len(rules)
    for result in run["results"]:
        assert rules[result["ruleIndex"]]["id"] == result["ruleId"]
        assert (result["kind"] == "fail") is (result["level"] != "none")
        assert result["message"]["text"]
        (place,) = (location["physicalLocation"] for location in result["locations"])
        is_cause = result["ruleId"].startswith(("cause-", "observed-"))
        pattern = r"(market_data_\w+/\w+/\w+|.*src/datastore/app)\.py" if is_cause else r"contracts/clauses/[^/]+\.toml"
        pattern += r"|contracts/observation_rules\.toml"
        assert re.fullmatch(pattern, place["artifactLocation"]["uri"])
        assert is_cause or place["region"]["startLine"] == 1
    prints = [result["partialFingerprints"]["primaryLocationLineHash"] for result in run["results"]]
    assert len(set(prints)) == len(prints)
    assert run["invocations"][0]["exitCode"] == gate()["exit"]


def test_sarif_shows_what_is_worse_or_undecided() -> None:
    (run,) = json.loads(gate_sarif(gate_sample.gate_of(gate_sample.worse())))["runs"]
    assert [(result["ruleId"], result["level"]) for result in run["results"]] == [
        ("chain.hard-pauses", "error"),
        ("surface.names", "error"),
        ("metrics.labels", "warning"),
        ("bus.delivers", "none"),
        ("installable", "error"),
    ]
    rules = run["tool"]["driver"]["rules"]
    assert all(rules[result["ruleIndex"]]["id"] == result["ruleId"] for result in run["results"])
    assert run["results"][0]["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] == (
        "contracts/clauses/chain.toml"
    )
    assert len(run["invocations"][0]["toolExecutionNotifications"]) == 3
    (run,) = json.loads(gate_sarif(gate_sample.gate_of(gate_sample.undecided())))["runs"]
    assert run["invocations"][0]["executionSuccessful"] is False


def test_a_cause_is_one_failure_at_its_own_place() -> None:
    """In SARIF it is a result in its file; in JUnit what follows from it is passed over with a reference to it."""
    data = gate_sample.not_importable()
    (run,) = json.loads(gate_sarif(gate_sample.gate_of(data)))["runs"]
    assert [result["ruleId"] for result in run["results"]] == ["cause-syntax", "definitions.telemetry"]
    place = run["results"][0]["locations"][0]["physicalLocation"]
    assert (place["artifactLocation"]["uri"], place["region"]["startLine"]) == (gate_sample.QUEUE, 41)
    assert "area.clause-173" in run["results"][0]["message"]["text"]
    suites = junit(data)
    assert suites["causes"] == [(f"{gate_sample.QUEUE}:41", "failure")]
    outcomes = [what for name, what in suites["clauses"] if name.startswith("area.")]
    assert outcomes == ["skipped"] * 174
    assert f"it follows from {gate_sample.QUEUE}:41: expected" in html.unescape(gate_junit(gate_sample.gate_of(data)))
    assert ("definitions.telemetry", "failure") in suites["clauses"]


def with_whole_characters(data: Any) -> Any:
    """The data without halves of characters, which no other parser would read."""
    if isinstance(data, dict):
        return {name: with_whole_characters(value) for name, value in data.items()}
    if isinstance(data, list):
        return [with_whole_characters(value) for value in data]
    return data.replace("\ud800", "\ufffd") if isinstance(data, str) else data


@every_gate
def test_all_files_are_written_whole(gate: Callable[[], Data], tmp_path: Path) -> None:
    write_gate(tmp_path / "results", gate_sample.gate_of(gate()))
    assert sorted(file.name for file in (tmp_path / "results").iterdir()) == sorted(NAMES)
    assert json.loads((tmp_path / "results" / "gate.json").read_text()) == with_whole_characters(gate())


@pytest.mark.parametrize("gate", GATES[:3])
def test_report_shows_a_gate_and_ends_with_its_exit_code(
    root: Path, written: Callable[[object], str], gate: Callable[[], Data]
) -> None:
    command_result = report(root, "--gate", written(gate()))
    assert command_result.exit_code == gate()["exit"]
    assert "core 1.4.62 in" in command_result.stdout or "core 1.4.62 and store" in command_result.stdout
    command_result = report(root, "--gate", written(gate()), "--json")
    assert command_result.exit_code == gate()["exit"]
    assert json.loads(command_result.stdout) == with_whole_characters(gate())


def test_report_adds_to_the_summary_and_prints_annotations(
    root: Path, written: Callable[[object], str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    summary = tmp_path / "summary.md"
    summary.write_text("before\n")
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(summary))
    command_result = report(root, "--gate", written(gate_sample.worse()), "--github")
    assert command_result.exit_code == 1
    assert all(row.startswith("::") for row in command_result.stdout.splitlines())
    assert summary.read_text().startswith("before\n# ❌ failed")
    monkeypatch.delenv("GITHUB_STEP_SUMMARY")
    assert report(root, "--gate", written(gate_sample.worse()), "--github").stdout == command_result.stdout


def test_report_writes_the_files_where_it_is_told_to(
    root: Path, written: Callable[[object], str], tmp_path: Path
) -> None:
    report(root, "--gate", written(gate_sample.worse()), "--out", str(tmp_path / "again"))
    assert sorted(file.name for file in (tmp_path / "again").iterdir()) == sorted(NAMES)


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"exit": 2}, "exit: "),
        ({"format": 1}, "format: "),
        ({"more": 1}, "more"),
        ({"differences": [gate_sample.difference("repair", "a.b", cause=0)]}, "a cause that is not there"),
        ({"exit": 0}, "it says that nothing got worse, and its cells do not"),
        ({"exit": 0, "cells": []}, "it says that nothing got worse, and its cells do not"),
    ],
)
def test_a_file_that_is_no_gate_is_named(written: Callable[[object], str], change: Data, why: str) -> None:
    file = written(gate_sample.worse() | change)
    with pytest.raises(MetaError) as caught:
        report_gate.read_gate(Path(file))
    assert file in caught.value.what
    assert why in caught.value.why


def test_values_are_not_nested_without_end(written: Callable[[object], str]) -> None:
    data = gate_sample.worse()
    data["differences"][0]["now"]["got"] = json.loads("[" * 90 + "]" * 90)
    with pytest.raises(MetaError) as caught:
        report_gate.read_gate(Path(written(data)))
    assert "nests deeper" in caught.value.why


@pytest.mark.parametrize("text", ["", "{", "[" * 100_000, '{"a": ' * 90 + "1" + "}" * 90, "[]", "1" * 5000, "\ud7ff"])
def test_what_is_not_even_json_is_bad_input(written: Callable[[object], str], text: str) -> None:
    with pytest.raises(MetaError, match=re.escape(str(written("")))):
        report_gate.read_gate(Path(written(text)))


def test_a_gate_is_read_up_to_a_size(written: Callable[[object], str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(schemas, "MAX_BYTES", 1000)
    with pytest.raises(MetaError, match="has more than"):
        report_gate.read_gate(Path(written(gate_sample.worse())))


@pytest.mark.parametrize(
    "arguments", [["--github"], ["--gate", "x", "--complete"], ["--gate", "x", "--github", "--json"]]
)
def test_options_that_do_not_go_together_are_refused(root: Path, arguments: list[str]) -> None:
    assert report(root, *arguments).exit_code == 2
