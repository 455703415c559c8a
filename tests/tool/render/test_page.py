"""The page: nothing that a package says leaves its place, and nothing is loaded from anywhere."""

from __future__ import annotations

import copy
import json
import re
from typing import Any

import pytest

from market_data_meta.contract import Contract
from market_data_meta.render.page.site import embedded, site, summary

HOSTILE = "</script><img src=x onerror=alert(1)><!-- & \u2028\u2029 $data ${style}"
DATA: dict[str, Any] = {
    "format": 1,
    "suite": "5" * 64,
    "packages": {
        n: [{"content": "c", "label": "1.0", "releases": ["1.0"], "uploaded": ["2026-01-01"]}]
        for n in ("core", "pipeline", "store")
    },
    "cells": [{"verdict": "compatible", "stands_for": 1200}, {"verdict": "unknown", "stands_for": 34}],
    "findings": [{"clause": "area.first", "message": HOSTILE, "got": [HOSTILE]}],
    "promise": {},
    "supported": [],
    "history": {},
}


def block(text: str) -> Any:
    """What the page's data block says."""
    found = re.search(r'<script type="application/json" id="data">(.*?)</script>', text, re.DOTALL)
    assert found
    return json.loads(found[1])


def test_every_clause_is_on_the_page_with_its_rule_and_source(contract: Contract) -> None:
    shown = {clause["id"]: clause for clause in block(site(DATA, contract))["clauses"]}
    assert list(shown) == list(contract.clauses)
    assert all(shown[c.id]["rule"] == c.rule and shown[c.id]["source"] == c.source for c in contract.clauses.values())


def test_what_a_package_says_stays_in_the_data_block(small: Contract) -> None:
    text = site(DATA, small)
    assert "<img" not in text
    assert text.count("</script>") == 2
    assert block(text)["matrix"]["findings"][0]["message"] == HOSTILE


@pytest.mark.parametrize("character", ["<", ">", "&", "\u2028", "\u2029"])
def test_no_character_that_could_end_the_block_is_in_it(character: str) -> None:
    assert character not in embedded({character: [character]})
    assert json.loads(embedded({character: [character]})) == {character: [character]}


def test_nothing_is_loaded_from_anywhere(small: Contract) -> None:
    text = site(DATA, small)
    loaded = re.findall(r'(?:src|href|action|srcset)="([^"]*)"', text)
    assert all(target.startswith(("#", "data:")) for target in loaded)
    assert "@import" not in text
    assert "url(" not in text


def test_the_policy_names_the_pages_own_style_and_script_only(small: Contract) -> None:
    policy = re.search(r'Content-Security-Policy" content="([^"]*)"', site(DATA, small))
    assert policy
    assert policy[1].startswith("default-src &#x27;none&#x27;; style-src &#x27;sha256-")
    assert "unsafe" not in policy[1]


def test_the_script_parses_no_html(small: Contract) -> None:
    text = site(DATA, small)
    for way in ("innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval("):
        assert way not in text


def test_the_same_data_gives_the_same_page(small: Contract) -> None:
    assert site(DATA, small) == site(copy.deepcopy(DATA), small)


def test_the_summary_counts_combinations_not_cells() -> None:
    assert summary(DATA) == (
        "1,234 published combinations of core, pipeline and store, decided by 2 runs of distinct code: "
        "1,200 are compatible."
    )


PROOF: dict[str, Any] = {
    "start": 0.0,
    "breaks": {"right": 318, "of": 318},
    "harmless": {"right": 57, "of": 58},
    "mutants": {"caught": 190, "of": 200},
}


def test_the_page_says_what_the_suite_detects_and_when(small: Contract) -> None:
    text = site(DATA, small, PROOF)
    assert "Proven on 1970-01-01: of 318 seeded breaks the suite catches 318" in text
    assert "190 of 200 machine-made mutants; of 58 harmless changes it leaves 57 alone." in text
    assert 'id="proof"' not in site(DATA, small)
