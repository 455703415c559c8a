"""Renderers: what a package says is shown as text, whatever it says."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
from examples import SUITE, known_defect
from jsonschema import Draft202012Validator
from rich.console import Console

from market_data_meta.contract import Contract
from market_data_meta.judging.defects import DefectChanges, KnownDefects, MendedDefect, StaleDefect
from market_data_meta.judging.records import Record
from market_data_meta.judging.report_document import report_result
from market_data_meta.judging.verdicts import judge_records
from market_data_meta.models import json_text
from market_data_meta.render.report.junit import report_junit
from market_data_meta.render.report.markdown import report_markdown
from market_data_meta.render.report.picture import report_picture
from market_data_meta.render.report.terminal import show_report
from market_data_meta.results.report import ReportResult
from market_data_meta.schemas import schema

Make = Callable[..., Record]
NOTHING = KnownDefects()
HOSTILE = "<script>alert(1)</script> | `x` [bold]y[/bold] \x1b[31m \x00 ]]> " + "z" * 50


@pytest.fixture
def report(small: Contract, make_record: Make) -> ReportResult:
    """One violated cell with a hostile message, one with a known defect, one that was not run."""
    violated = make_record({"area.first": "failed"}, got=[HOSTILE], cell="violated")
    versions = {"core": "1.2.9", "pipeline": "0.8.1", "store": "0.6.0"}
    defective = make_record(
        {"area.second": "failed"},
        cell="defective",
        combination=versions,
        attestation={n: {"version": v, "content": "c" * 64, "direct_url": None} for n, v in versions.items()},
    )
    known = KnownDefects((known_defect(defective.checks["area.second"], core="==1.2.9"),))
    records, cells = [violated, defective], ["violated", "defective", "absent-cell"]
    return report_result(small, judge_records(small, SUITE, records, known, expected=cells), known)


def test_json_has_the_published_shape(root: Path, report: ReportResult) -> None:
    data = json.loads(json_text(report))
    Draft202012Validator(schema(root, "report")).validate(data)
    assert [cell["verdict"] for cell in data["cells"]] == ["violates", "conforms", "unknown"]
    assert [(f["clause"], f["defect"], f["means"]) for f in data["findings"]] == [
        ("area.first", None, None),
        ("area.second", "it-is-wrong", "Something is wrong."),
    ]


def test_markdown_escapes_what_packages_say(report: ReportResult) -> None:
    text = report_markdown(report)
    assert "❌ violates" in text
    assert "known defect `it-is-wrong`: Something is wrong." in text
    outside_code = "".join(part for line in text.splitlines() for part in [line] if "``" not in line)
    assert "<script>" not in outside_code


def test_junit_is_xml_with_a_case_for_each_check(report: ReportResult) -> None:
    suites = ET.fromstring(report_junit(report))  # noqa: S314 - our own text
    assert [s.get("name") for s in suites] == ["violated", "defective", "absent-cell", "known defects"]
    assert [s.get("failures") for s in suites] == ["1", "0", "0", "0"]
    assert [s.get("errors") for s in suites] == ["0", "0", "1", "0"]
    skipped = suites[1].find(".//skipped")
    assert skipped is not None
    assert skipped.get("message") == "known defect: Something is wrong."


def test_the_picture_is_xml_with_a_row_for_each_cell(report: ReportResult) -> None:
    picture = ET.fromstring(report_picture(report))  # noqa: S314 - our own text
    rows = picture.findall("{http://www.w3.org/2000/svg}g")
    assert [row[0].text for row in rows][1] == "defective: conforms, 1 passed, 1 known failure"
    assert len(rows) == 3


@pytest.mark.parametrize("verbose", [False, True])
def test_the_terminal_shows_text_and_colours_a_terminal_only(report: ReportResult, *, verbose: bool) -> None:
    out = io.StringIO()
    show_report(report, Console(file=out, width=100), verbose=verbose)
    text = out.getvalue()
    assert "✘ violates" in text
    assert "[bold]y[/bold]" in text
    assert "Something is wrong." in text
    assert ("it-is-wrong: Something is wrong." in text) is verbose
    assert ("known defects: 1 (--verbose" in text) is not verbose
    assert "expectation: 1 failure is not known" in text
    assert "\x1b" not in text


def test_a_finding_names_clause_expected_got_source_and_a_command(report: ReportResult) -> None:
    out = io.StringIO()
    show_report(report, Console(file=out, width=200))
    for words in ("area.first", "the contract's value", "<script>", "A source.", "./scripts/mdmeta run violated"):
        assert words in out.getvalue()


def printed(report: ReportResult) -> str:
    out = io.StringIO()
    show_report(report, Console(file=out, width=100))
    return out.getvalue()


def test_json_says_what_works_whatever_is_expected(report: ReportResult) -> None:
    states = {cell["cell"]: cell["capabilities"] for cell in json.loads(json_text(report))["cells"]}
    assert [(name, [state["state"] for state in row]) for name, row in states.items()] == [
        ("violated", ["broken"]),
        ("defective", ["limited"]),
        ("absent-cell", ["unknown"]),
    ]
    (broken,) = states["violated"]
    (failure,) = broken["failures"]
    assert (broken["title"], failure["clause"], failure["essential"]) == ("Let the packages talk", "area.first", True)
    assert failure["sentence"].startswith("The rule of area.first. This does not hold: what was looked at: <script>")
    assert states["absent-cell"][0]["reason"] == "it was not run: there is no record"


def test_several_cells_are_counted_by_state_before_the_verdicts(report: ReportResult) -> None:
    first, second, third, *_ = printed(report).splitlines()
    assert first.split("  ")[0] == "◐ 1 limited, ✘ 1 broken, ? 1 unknown"
    assert "Let the packages talk" in first
    assert (second, third.split()[0]) == ("", "verdict")
    rows = report_markdown(report).splitlines()
    assert "| cells in which it … | ✅ works | 🟡 limited | ❌ broken | ❔ unknown |" in rows
    assert "| Let the packages talk | 0 | 1 | 1 | 1 |" in rows


@pytest.mark.parametrize(
    ("outcomes", "words", "row"),
    [
        ({}, "✔ works", "| ✅ works | Let the packages talk |  |"),
        ({"area.second": "failed"}, "◐ limited", "| 🟡 limited | Let the packages talk | 1 clause fails |"),
        ({"area.first": "failed"}, "✘ broken", "| ❌ broken | Let the packages talk | 1 clause fails |"),
        ({"area.first": "missing"}, "? unknown", "| ❔ unknown | Let the packages talk | area.first was not run |"),
    ],
)
def test_one_cell_has_a_line_for_each_capability_before_its_verdict(
    small: Contract, make_record: Make, outcomes: dict[str, str], words: str, row: str
) -> None:
    report = report_result(small, judge_records(small, SUITE, [make_record(outcomes)], NOTHING), NOTHING)
    first, *rest = printed(report).splitlines()
    assert first.startswith(words)
    assert "Let the packages talk" in first
    why = ["unknown because area.first was not run"] if words == "? unknown" else []
    assert rest[: len(why) + 1] == [*why, ""]
    assert rest[len(why) + 1].split()[0] == "verdict"
    assert row in report_markdown(report).splitlines()


def test_each_real_capability_has_one_line_on_a_narrow_terminal(contract: Contract, make_record: Make) -> None:
    clauses = contract.clauses_shown_for(("core", "pipeline", "store"))
    decided = dict.fromkeys(clauses, "failed") | {"controls.must-pass": "passed"}
    report = report_result(contract, judge_records(contract, SUITE, [make_record(decided)], NOTHING), NOTHING)
    out = io.StringIO()
    show_report(report, Console(file=out, width=80))
    lines = out.getvalue().splitlines()
    states = lines[: lines.index("")]
    assert len(states) == len(contract.capabilities) + 1
    assert all(capability.title in row for capability, row in zip(contract.capabilities.values(), states, strict=False))
    assert states[-1].startswith("unknown because packaging.documented-imports was not run")


def test_a_release_alone_has_no_capabilities(small: Contract, make_record: Make) -> None:
    records = [make_record(cell="core1.4.61", combination={"core": "1.4.61"})]
    judged = judge_records(small, SUITE, records, NOTHING, expected=["core1.4.61", "store0.6.73"])
    report = report_result(small, judged, NOTHING)
    assert [cell.capabilities for cell in report.cells] == [(), ()]
    assert printed(report).split()[0] == "verdict"


@pytest.fixture
def changed(small: Contract, make_record: Make) -> ReportResult:
    """A run that shows nothing, with a defect that a release has mended, and an entry that is wrong."""
    changes = DefectChanges(
        (MendedDefect("it-is-wrong", "area.first", "core", "1.4.61"),),
        (StaleDefect("it-is-late", "area.second", "it does not show in <b>old</b>, and in later releases it does"),),
    )
    judged = judge_records(small, SUITE, [make_record()], NOTHING)
    return report_result(small, replace(judged, defect_changes=changes), NOTHING)


def test_what_is_mended_and_what_is_stale_are_told_everywhere(changed: ReportResult) -> None:
    assert changed.exit == 1
    terminal, markdown = " ".join(printed(changed).split()), report_markdown(changed)
    for text in (terminal, markdown):
        assert "mended in core 1.4.61: it-is-wrong (area.first no longer shows it)" in text
        assert "mdmeta defects --update writes it down" in text
        assert "contracts/defects.toml is wrong about it-is-late, area.second: it does not show in" in text
    assert "<b>" not in markdown
    suite = ET.fromstring(report_junit(changed))[-1]  # noqa: S314 - our own text
    assert [(case.get("name"), case[0].tag) for case in suite] == [
        ("it-is-late area.second", "failure"),
        ("it-is-wrong area.first", "skipped"),
    ]


def test_what_fails_and_what_is_expected_are_told_apart(small: Contract, make_record: Make) -> None:
    """What works comes first, and the last line says whether anything is not known."""
    record = make_record({"area.first": "failed"})
    known = KnownDefects((known_defect(record.checks["area.first"]),))
    report = report_result(small, judge_records(small, SUITE, [record], known), known)
    lines = printed(report).splitlines()
    assert lines[0].startswith("✘ broken")
    assert lines[-1] == "expectation: nothing fails but known defects"
    assert report.exit == 0
