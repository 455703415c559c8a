"""Renderings of the matrix: everything is shown, and no text of a package gets out of its place."""

from __future__ import annotations

from typing import Any

import pytest

from market_data_meta.models import parse_document
from market_data_meta.render.matrix.badge import badge
from market_data_meta.render.matrix.markdown import matrix_markdown
from market_data_meta.results.matrix import MatrixResult


@pytest.fixture
def data() -> dict[str, Any]:
    """A matrix of two cells, in the shape of matrix.json, with a hostile version and failure in it."""
    uploaded = {"uploaded": ["2026-01-01"]}
    content = {"content": "a" * 64, "label": "1.0", "releases": ["1.0"]} | uploaded
    packages = {name: [content] for name in ("core", "pipeline")}
    packages["store"] = [
        {"content": "b" * 64, "label": "<b>1</b>", "releases": ["<b>1</b>"]} | uploaded,
        {"content": "c" * 64, "label": "2.0", "releases": ["2.0"]} | uploaded,
    ]
    cells: list[dict[str, Any]] = [
        {
            "codes": {"core": 0, "pipeline": 0, "store": number},
            "combination": {"core": "1.0", "pipeline": "1.0", "store": packages["store"][number]["releases"][0]},
            "verdict": verdict,
            "reasons": [],
            "counts": {},
            "capabilities": {"talk": state},
            "start": None,
            "interpreter": None,
            "stands_for": 5,
            "allowed": 3 * number,
        }
        for number, (verdict, state) in enumerate((("violates", "broken"), ("conforms", "works")))
    ]
    finding = {
        "clause": "a.b",
        "level": "must",
        "outcome": "failed",
        "message": "m",
        "expected": None,
        "got": "<script>|`x`",
        "fingerprint": "f" * 12,
        "cells": [0],
    }
    state = {"name": "talk", "title": "Let <b>them</b> talk", "reason": "", "undecided": []}
    failure = {"clause": "a.b", "essential": True, "sentence": "It says <b>no</b>.", "defect": None}
    return {
        "suite": "5" * 64,
        "as_of": "2026-11-22",
        "exit": 1,
        "capabilities": [
            {"name": "talk", "title": state["title"], "about": "A.", "why": "W.", "essential": ["a.b"], "others": []}
        ],
        "sets": [
            {
                "name": name,
                "combination": cells[place]["combination"],
                "cell": place,
                "verdict": cells[place]["verdict"],
                "forbidden": [],
                "capabilities": [state | {"state": cells[place]["capabilities"]["talk"], "failures": failures}],
            }
            for name, place, failures in (("newest", 1, []), ("oldest", 0, [failure]))
        ],
        "best": [{"capability": "talk", "state": "works", "combination": cells[1]["combination"], "cell": 1}],
        "defects": [],
        "packages": packages,
        "cells": cells,
        "findings": [
            finding | {"defect": None, "sentence": "So.", "release": "", "reproduce": "./scripts/mdmeta run x"}
        ],
        "promises": {"talk": {"allowed": {"works": 3}, "forbidden": {"works": 1200, "broken": 5}}},
        "supported": [
            {"package": "core", "version": "1.0", "other": "store", "asks": "<2.0", "usable": {"talk": "==2.0"}}
        ],
        "refused": {"store": {"<2.0": ["2.0"]}},
        "history": {},
        "mended": [],
        "stale_defects": [],
        "wide": ["a.b"],
        "ran": 2,
    }


def matrix(data: dict[str, Any]) -> MatrixResult:
    return parse_document(MatrixResult, data, "matrix.json")


def test_the_summary_says_what_works_where_and_names_what_is_not_known(data: dict[str, Any]) -> None:
    text = matrix_markdown(matrix(data))
    assert (
        "| Let &lt;b&gt;them&lt;/b&gt; talk | ✅ works | ❌ broken | ✅ works: core 1.0, pipeline 1.0, store 2.0 |"
    ) in text
    assert "| Let &lt;b&gt;them&lt;/b&gt; talk | 3 | 0 | 0 | 0 | 1,200 | 0 | 5 | 0 |" in text
    assert "| capability | core 1.0 asks for store &lt;2.0 |" in text
    assert "| Let &lt;b&gt;them&lt;/b&gt; talk | ==2.0 |" in text
    assert "| ✅ conforms | 3 | 2 |" in text
    assert "| `a.b` | must | 1 | &lt;script&gt;\\|\\`x\\` |" in text
    assert "<script>" not in text
    assert "<b>" not in text


def test_the_summary_says_what_does_not_work_in_the_newest_set(data: dict[str, Any]) -> None:
    assert "It says" not in matrix_markdown(matrix(data))
    data["sets"][0], data["sets"][1] = ({**data["sets"][1 - n], "name": data["sets"][n]["name"]} for n in (0, 1))
    text = matrix_markdown(matrix(data))
    assert "- **Let &lt;b&gt;them&lt;/b&gt; talk** is broken\n  - It says &lt;b&gt;no&lt;/b&gt;." in text


def test_the_summary_tells_what_is_mended_and_what_is_stale(data: dict[str, Any]) -> None:
    data["mended"] = [{"defect": "late", "clause": "a.b", "package": "core", "version": "1.0"}]
    data["stale_defects"] = [{"defect": "early", "clause": "a.c", "how": "it shows in <b>none</b>"}]
    text = matrix_markdown(matrix(data))
    assert "mended in core 1.0: late (a.b no longer shows it)" in text
    assert "contracts/defects.toml is wrong about early, a.c: it shows in &lt;b&gt;none&lt;/b&gt;" in text


@pytest.mark.parametrize(
    ("states", "colour", "message"),
    [
        (["works", "works"], "brightgreen", "2 of 2 work"),
        (["works", "limited"], "yellow", "1 of 2 work, 1 limited"),
        (["limited", "unknown"], "lightgrey", "0 of 2 work, 1 limited, 1 unknown"),
        (["broken", "unknown"], "red", "0 of 2 work, 1 broken, 1 unknown"),
        ([], "lightgrey", "0 of 0 work"),
    ],
)
def test_a_badge_is_green_only_where_everything_works_in_the_newest_set(
    data: dict[str, Any], states: list[str], colour: str, message: str
) -> None:
    (state,) = data["sets"][0]["capabilities"]
    data["sets"][0]["capabilities"] = [state | {"state": name} for name in states]
    assert (badge(matrix(data))["color"], badge(matrix(data))["message"]) == (colour, message)


def test_a_badge_of_no_newest_set_is_grey(data: dict[str, Any]) -> None:
    assert badge(matrix(data | {"sets": []}))["color"] == "lightgrey"


def test_the_failures_of_a_cell_are_those_of_the_combination_each_by_itself(data: dict[str, Any]) -> None:
    (finding,) = data["findings"]
    again = finding | {"fingerprint": "0" * 12, "sentence": "So too."}
    data["findings"] = [finding, again, finding | {"release": "core 1.0", "sentence": "So in core alone."}]
    (capability,) = matrix(data).capabilities
    assert [row.sentence for row in matrix(data).failures(capability, 0)] == ["So.", "So too."]
    assert matrix(data).failures(capability, 1) == ()
