"""The picture of the matrix: states told without colour, and nothing that a package says becomes markup."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from typing import Any

import pytest

from market_data_meta.models import parse_document
from market_data_meta.render.matrix.picture import WIDTH, matrix_picture
from market_data_meta.results.matrix import MatrixResult

HOSTILE = "<b>&\x1b[31m"


def state(name: str, of: str) -> dict[str, Any]:
    """What is known of a capability in a set."""
    failures = [{"clause": "area.first", "essential": True, "sentence": HOSTILE * 20, "defect": None}]
    return {
        "name": name,
        "title": name,
        "state": of,
        "reason": "",
        "failures": [] if of == "works" else failures,
        "undecided": [],
    }


@pytest.fixture
def picture() -> str:
    """The picture of a matrix of two capabilities, of which a newest and an oldest set are known."""
    data = {
        "suite": "5" * 64,
        "as_of": "2026-01-02T03:04:05Z",
        "exit": 1,
        "capabilities": [
            {"name": name, "title": f"To {name} {HOSTILE}", "about": "A.", "why": "B.", "essential": [], "others": []}
            for name in ("talk", "read")
        ],
        "sets": [
            {
                "name": name,
                "combination": {"core": "1.0"},
                "cell": 0,
                "verdict": "violates",
                "forbidden": [],
                "capabilities": [state("talk", talk), state("read", "works")],
            }
            for name, talk in (("newest", "limited"), ("oldest", "broken"))
        ],
        "best": [{"capability": "talk", "state": "unknown", "combination": None, "cell": None}],
        "defects": [],
        "packages": {"core": [{"content": "c" * 64, "label": "1", "releases": ["1.0"], "uploaded": ["2026-01-01"]}]},
        "cells": [
            {
                "codes": {"core": 0},
                "combination": {"core": "1.0"},
                "verdict": "violates",
                "reasons": [],
                "counts": {},
                "capabilities": {"talk": "limited", "read": "works"},
                "stands_for": 1,
                "allowed": 1,
                "start": None,
                "interpreter": None,
            }
        ],
        "findings": [],
        "history": {},
        "promises": {},
        "supported": [],
        "refused": {},
        "mended": [],
        "stale_defects": [],
        "wide": [],
        "ran": 1,
    }
    return matrix_picture(parse_document(MatrixResult, data, "matrix.json"))


def test_states_are_told_by_mark_and_word(picture: str) -> None:
    texts = ["".join(text.itertext()) for text in ET.fromstring(picture).iter("{http://www.w3.org/2000/svg}text")]  # noqa: S314 - made a line above
    states = [text for text in texts if text in {"works", "limited", "broken", "unknown"}]
    assert states == ["limited", "broken", "unknown", "works", "works", "unknown"]
    assert [text for text in texts if text in {"✔", "◐", "✘", "?"}] == ["◐", "✘", "?", "✔", "✔", "?"]


def test_it_says_of_what_and_when(picture: str) -> None:
    assert "What works in the newest set, as of 2026-01-02" in picture
    assert "Newest set (core 1.0): 1 of 2 capabilities work, 1 is limited." in picture
    assert "Deployed" not in picture


def test_it_has_room_in_a_readme_and_a_name_for_those_who_cannot_see_it(picture: str) -> None:
    root = ET.fromstring(picture)  # noqa: S314 - made by the fixture
    assert int(root.attrib["width"]) == WIDTH <= 1000
    assert root.attrib["role"] == "img"
    assert root.attrib["aria-label"].startswith("What works in the newest set. Newest set (core 1.0)")
    assert "prefers-color-scheme:dark" in picture


def test_what_a_package_says_is_text(picture: str) -> None:
    assert "<b>" not in picture
    assert "\x1b" not in picture
