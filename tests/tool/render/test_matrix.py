"""Renderings of the matrix: everything is shown, and no text of a package gets out of its place."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from typing import Any

import pytest
from market_data_meta.render.matrix.heatmap import heatmap

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
            "capabilities": {"talk": "broken"},
            "start": None,
            "interpreter": None,
            "stands_for": 5,
            "allowed": 3 * number,
        }
        for number, verdict in enumerate(("incompatible", "compatible"))
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
    promise = dict.fromkeys(("over-promised", "undecided"), 0)
    promise |= {"kept": 3, "over-restricted": 2, "rightly excluded": 5}
    return {
        "suite": "5" * 64,
        "exit": 1,
        "packages": packages,
        "cells": cells,
        "findings": [finding | {"waived": None, "reproduce": "./scripts/mdmeta run x"}],
        "promise": promise,
        "supported": [],
        "refused": {},
        "history": {},
        "rotten_waivers": [],
        "wide": ["a.b"],
        "ran": 2,
    }


def matrix(data: dict[str, Any]) -> MatrixResult:
    return parse_document(MatrixResult, data, "matrix.json")


def test_the_picture_is_xml_with_a_title_for_each_cell(data: dict[str, Any]) -> None:
    root = ET.fromstring(heatmap(matrix(data)))  # noqa: S314 - made a line above
    titles = [element.text for element in root.iter("{http://www.w3.org/2000/svg}title")]
    assert titles == [
        "core==1.0 pipeline==1.0 store==<b>1</b>: incompatible",
        "core==1.0 pipeline==1.0 store==2.0: compatible",
    ]
    assert "<b>" not in heatmap(matrix(data))


def test_what_is_not_compatible_is_told_without_colour(data: dict[str, Any]) -> None:
    assert heatmap(matrix(data)).count('class="s"') == 1


def test_the_summary_counts_combinations_and_names_violations(data: dict[str, Any]) -> None:
    text = matrix_markdown(matrix(data))
    assert "| ✅ compatible | 5 |" in text
    assert "| kept | 3 |" in text
    assert "| `a.b` | must | 1 | &lt;script&gt;\\|\\`x\\` |" in text
    assert "<script>" not in text


@pytest.mark.parametrize(
    ("change", "colour"), [({}, "brightgreen"), ({"over-promised": 1}, "red"), ({"verdict": "unknown"}, "lightgrey")]
)
def test_a_badge_is_green_only_where_all_that_is_allowed_works(
    data: dict[str, Any], change: dict[str, Any], colour: str
) -> None:
    data["promise"] |= {k: v for k, v in change.items() if k in data["promise"]}
    data["cells"][1] |= {k: v for k, v in change.items() if k == "verdict"}
    assert badge(matrix(data))["color"] == colour
    assert badge(matrix(data))["message"] == "3 of 3 work"
