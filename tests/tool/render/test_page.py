"""The page: nothing that a package says leaves its place, and nothing is loaded from anywhere."""

from __future__ import annotations

import copy
import json
import re
from typing import Any

import pytest

from market_data_meta.contract import Contract
from market_data_meta.models import parse_document
from market_data_meta.render.page.site import embedded, site
from market_data_meta.render.set_words import newest_sentence, why_in_one_line
from market_data_meta.results.matrix import MatrixResult
from market_data_meta.results.proof import MutantResult, ProofResult, TrialScore

HOSTILE = "</script><img src=x onerror=alert(1)><!-- & \u2028\u2029 $data ${style}"
CELL: dict[str, Any] = {
    "codes": dict.fromkeys(("core", "pipeline", "store"), 0),
    "combination": dict.fromkeys(("core", "pipeline", "store"), "1.0"),
    "reasons": [],
    "counts": {},
    "capabilities": {"talk": "broken", "read": "works", "write": "works"},
    "allowed": 1,
    "start": None,
    "interpreter": None,
}
FAILURES = [
    {"clause": "area.other", "essential": False, "sentence": "It limits.", "defect": "late"},
    {"clause": "area.first", "essential": True, "sentence": f"It breaks. {HOSTILE}", "defect": None},
    {"clause": "area.second", "essential": True, "sentence": f"It breaks. {HOSTILE}", "defect": None},
]


def state(name: str, of: str, failures: list[dict[str, Any]] | None = None) -> dict[str, Any]:
    """What is known of a capability in a set."""
    return {"name": name, "title": name, "state": of, "reason": "", "failures": failures or [], "undecided": []}


DATA: dict[str, Any] = {
    "suite": "5" * 64,
    "as_of": "2026-01-02T03:04:05Z",
    "exit": 3,
    "capabilities": [
        {"name": name, "title": name, "about": "A.", "why": "B.", "essential": ["area.first"], "others": []}
        for name in ("talk", "read", "write")
    ],
    "sets": [
        {
            "name": "newest",
            "combination": dict.fromkeys(("core", "pipeline", "store"), "1.0"),
            "cell": 0,
            "verdict": "violates",
            "forbidden": [],
            "capabilities": [state("talk", "broken", FAILURES), state("read", "works"), state("write", "works")],
        }
    ],
    "best": [{"capability": "talk", "state": "unknown", "combination": None, "cell": None}],
    "defects": [],
    "packages": {
        n: [{"content": "c" * 64, "label": "1.0", "releases": ["1.0"], "uploaded": ["2026-01-01"]}]
        for n in ("core", "pipeline", "store")
    },
    "cells": [
        CELL | {"verdict": "violates", "stands_for": 1200},
        CELL | {"verdict": "unknown", "stands_for": 34},
    ],
    "findings": [
        {
            "clause": "area.first",
            "level": "must",
            "outcome": "failed",
            "message": HOSTILE,
            "expected": None,
            "got": [HOSTILE],
            "fingerprint": "f" * 12,
            "defect": None,
            "sentence": HOSTILE,
            "release": "",
            "reproduce": "./scripts/mdmeta run x",
            "cells": [0],
        }
    ],
    "promises": {"talk": {"allowed": {"broken": 1}, "forbidden": {}}},
    "supported": [],
    "refused": {},
    "history": {},
    "mended": [],
    "stale_defects": [],
    "wide": [],
    "ran": 2,
}
MATRIX = parse_document(MatrixResult, DATA, "matrix.json")


def block(text: str) -> Any:
    """What the page's data block says."""
    match = re.search(r'<script type="application/json" id="data">(.*?)</script>', text, re.DOTALL)
    assert match
    return json.loads(match[1])


def test_every_clause_is_on_the_page_with_its_rule_and_source(contract: Contract) -> None:
    shown = {clause["id"]: clause for clause in block(site(MATRIX, contract))["clauses"]}
    assert list(shown) == list(contract.clauses)
    assert all(shown[c.id]["rule"] == c.rule and shown[c.id]["source"] == c.source for c in contract.clauses.values())


def test_what_a_package_says_stays_in_the_data_block(small: Contract) -> None:
    text = site(MATRIX, small)
    assert "<img" not in text
    assert text.count("</script>") == 2
    assert block(text)["matrix"]["findings"][0]["message"] == HOSTILE


@pytest.mark.parametrize("character", ["<", ">", "&", "\u2028", "\u2029"])
def test_no_character_that_could_end_the_block_is_in_it(character: str) -> None:
    assert character not in embedded({character: [character]})
    assert json.loads(embedded({character: [character]})) == {character: [character]}


def test_nothing_is_loaded_from_anywhere(small: Contract) -> None:
    text = site(MATRIX, small)
    loaded = re.findall(r'(?:src|href|action|srcset)="([^"]*)"', text)
    assert all(target.startswith(("#", "data:")) or target == "matrix.json" for target in loaded)
    assert "@import" not in text
    assert "url(" not in text


def test_the_policy_names_the_pages_own_style_and_script_only(small: Contract) -> None:
    policy = re.search(r'Content-Security-Policy" content="([^"]*)"', site(MATRIX, small))
    assert policy
    assert policy[1].startswith("default-src &#x27;none&#x27;; style-src &#x27;sha256-")
    assert "unsafe" not in policy[1]


def test_the_script_parses_no_html(small: Contract) -> None:
    text = site(MATRIX, small)
    for way in ("innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval("):
        assert way not in text


def test_the_same_data_gives_the_same_page(small: Contract) -> None:
    assert site(MATRIX, small) == site(parse_document(MatrixResult, copy.deepcopy(DATA), "matrix.json"), small)


def test_the_page_opens_with_one_sentence_about_the_newest_set(small: Contract) -> None:
    sentence = "Newest set (core 1.0, pipeline 1.0, store 1.0): 2 of 3 capabilities work, 1 is broken."
    assert newest_sentence(MATRIX) == sentence
    assert f'<p class="lead">{sentence}</p>' in site(MATRIX, small)


def test_a_matrix_without_a_newest_set_says_so(small: Contract) -> None:
    unknown = parse_document(MatrixResult, DATA | {"sets": []}, "matrix.json")
    assert "Nothing is known of the newest set." in site(unknown, small)


def test_what_breaks_a_capability_is_said_first_and_each_sentence_once() -> None:
    assert why_in_one_line(MATRIX.sets[0].capabilities[0]) == f"It breaks. {HOSTILE} (and 1 more)"
    assert why_in_one_line(MATRIX.sets[0].capabilities[1]) == ""


def test_nothing_on_the_page_says_compatible(contract: Contract) -> None:
    text = site(MATRIX, contract)
    assert "compatible" not in text.replace(embedded(block(text)), "").lower()


def test_a_package_is_shown_with_its_repository(contract: Contract) -> None:
    packages = block(site(MATRIX, contract))["packages"]
    assert packages["core"] == {
        "versions": ["1.0"],
        "distribution": "market-data-core",
        "repository": "https://github.com/mjdevaccount/market-data-core",
    }


def score(right: int, of: int) -> TrialScore:
    return TrialScore(right=right, of=of, counts={}, by_package={}, by_area={}, trials=())


PROOF = ProofResult(
    exit=1,
    suite="5" * 64,
    as_of="2026-01-01",
    combination={"core": "1.0"},
    start=0.0,
    seconds=1.0,
    breaks=score(318, 318),
    harmless=score(57, 58),
    mutants=MutantResult(possible=900, of=200, caught=190, explained=0, survivors=(), stale_reasons=()),
    fragile=(),
    silent_clauses=(),
)


def test_the_page_says_what_the_suite_detects_and_when(small: Contract) -> None:
    text = site(MATRIX, small, PROOF)
    assert "Proven on 1970-01-01: of 318 seeded breaks the suite catches 318" in text
    assert "190 of 200 machine-made mutants; of 58 harmless changes it leaves 57 alone." in text
    assert 'id="proof"' not in site(MATRIX, small)
