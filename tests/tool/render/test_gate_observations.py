"""Renderings of what a gate has observed: what differs from the release before, and what that was compared on."""

from __future__ import annotations

import io
import json
from typing import Any
from xml.etree import ElementTree as ET

import gate_sample
import pytest
from pydantic import ValidationError
from rich.console import Console

from market_data_meta.render.gate import github as gate_github
from market_data_meta.render.gate.junit import gate_junit
from market_data_meta.render.gate.markdown import gate_markdown
from market_data_meta.render.gate.sarif import gate_sarif
from market_data_meta.render.gate.terminal import show_gate
from market_data_meta.results.gate import GateResult

Data = dict[str, Any]


def gate(**changes: Any) -> GateResult:
    """The gate whose observations differ, with something otherwise in them or in it."""
    data = gate_sample.differing()
    own = {name: changes.pop(name) for name in ("exit", "strict") if name in changes}
    data["observations"] |= changes
    return gate_sample.gate_of(data | own)


def terminal(result: GateResult, *, verbose: bool = False) -> str:
    out = io.StringIO()
    show_gate(result, Console(file=out, width=120), verbose=verbose)
    return out.getvalue()


def test_a_finding_says_what_was_and_what_is_and_what_it_follows_from() -> None:
    for text in (terminal(gate()), gate_markdown(gate()).replace("\\_", "_")):
        assert "http:GET /health" in text
        assert "body / service" in text
        assert '"store"' in text
        assert '"datastore"' in text
        assert "src/datastore/app.py:37 (health)" in text
        assert "The service has its new name in /health." in text
        assert "4 more places" in text


def test_a_finding_that_fails_the_gate_says_how_it_is_accepted() -> None:
    text = terminal(gate())
    assert "Changes: http:GET /health and the reason" in text
    assert "Changes: functions:market_data_core.events.parse" not in text
    assert "Changes: functions:market_data_core.events.parse" in terminal(gate(strict=True))


def test_the_verdict_counts_findings_by_what_they_mean() -> None:
    text = " ".join(terminal(gate()).split())
    assert (
        "something that held before is broken: 1 observed difference, 1 observed difference that only --strict counts, "
        "1 observed difference that is meant"
    ) in text


def test_what_was_added_is_counted_and_listed_with_verbose() -> None:
    assert "4,321 observations compared, 1 added, 1 unstable, 1 unobserved" in " ".join(terminal(gate()).split())
    for name in ("api:market_data_store.added", "lives:market_data_store.Pool", "lives:market_data_store.Hangs"):
        assert name not in terminal(gate())
        assert name in terminal(gate(), verbose=True)


def test_a_line_that_accepts_nothing_is_shown() -> None:
    assert "accepts nothing  Changes: http:GET /heath it is meant" in terminal(gate())
    assert "accepts nothing" in gate_markdown(gate())


def test_what_is_meant_is_shown_with_its_reason() -> None:
    for text in (terminal(gate()), gate_markdown(gate())):
        assert "nobody has used it since 0.6.2" in text


def test_a_run_without_evidence_is_told_everywhere() -> None:
    fault = "store 0.6.74 could not be observed: it has not written its last line"
    result = gate(exit=3, findings=[], compared=0, fault=fault)
    for text in (terminal(result), gate_junit(result), gate_sarif(result)):
        assert fault in " ".join(text.replace("│", "").split())
    assert fault in gate_markdown(result)
    assert any(fault in line for line in gate_github.annotations(result))
    suite = next(suite for suite in ET.fromstring(gate_junit(result)) if suite.get("name") == "observations")  # noqa: S314 - our own text
    assert [child.tag for case in suite for child in case] == ["error"]


def test_a_gate_whose_observations_differ_is_not_green() -> None:
    for changes in ({}, {"findings": [], "fault": "it has written nothing"}):
        with pytest.raises(ValidationError, match="its observations do not"):
            GateResult.model_validate(_data(exit=0, **changes))
    only_reported = [row for row in gate_sample.differing()["observations"]["findings"] if row["level"] == "should"]
    assert GateResult.model_validate(_data(exit=0, findings=only_reported)).exit == 0
    with pytest.raises(ValidationError, match="its observations do not"):
        GateResult.model_validate(_data(exit=0, strict=True, findings=only_reported))


def _data(**changes: Any) -> Data:
    data = gate_sample.differing()
    own = {name: changes.pop(name) for name in ("exit", "strict") if name in changes}
    data["observations"] |= changes
    return data | own


def test_junit_fails_for_what_fails_the_gate_and_skips_the_rest() -> None:
    suite = next(suite for suite in ET.fromstring(gate_junit(gate())) if suite.get("name") == "observations")  # noqa: S314 - our own text
    assert {str(case.get("name")): case[0].tag for case in suite} == {
        "http:GET /health": "failure",
        "functions:market_data_core.events.parse": "skipped",
        "cli:mds replay": "skipped",
    }


def test_sarif_and_annotations_stand_where_the_change_is() -> None:
    (run,) = json.loads(gate_sarif(gate()))["runs"]
    first, second = run["results"]
    place = first["locations"][0]["physicalLocation"]
    assert (first["ruleId"], first["level"]) == ("observed-changed", "error")
    assert (place["artifactLocation"]["uri"], place["region"]["startLine"]) == ("src/datastore/app.py", 37)
    assert (second["ruleId"], second["level"]) == ("observed-narrowed", "warning")
    assert gate_github.annotations(gate())[0].startswith(
        "::error file=src/datastore/app.py,line=37,title=changed http%3AGET /health (must)::"
    )
