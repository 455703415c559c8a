"""The marks, words and colours of results stand in one table, and the page has no list of its own."""

from __future__ import annotations

import json
import re
from importlib.resources import files
from pathlib import Path
from typing import get_args

import pytest

from market_data_meta.contract import Contract
from market_data_meta.models import parse_document
from market_data_meta.render.page.site import SCRIPTS, site
from market_data_meta.render.signs import GATE_VERDICTS, PROMISES, STATES, VERDICTS
from market_data_meta.results.history import State
from market_data_meta.results.matrix import MatrixResult, PromiseCounts
from market_data_meta.results.parts import Verdict

EMPTY_MATRIX = {
    "suite": "5" * 64,
    "exit": 3,
    "packages": {},
    "cells": [],
    "findings": [],
    "promise": dict.fromkeys(("kept", "over-promised", "over-restricted", "rightly excluded", "undecided"), 0),
    "supported": [],
    "refused": {},
    "history": {},
    "rotten_waivers": [],
    "wide": [],
    "ran": 0,
}


@pytest.fixture
def page(small: Contract) -> str:
    return site(parse_document(MatrixResult, EMPTY_MATRIX, "matrix.json"), small)


def test_every_verdict_state_and_class_of_promise_has_a_sign() -> None:
    assert set(VERDICTS) == set(get_args(Verdict))
    assert set(GATE_VERDICTS) == {"compatible", "incompatible", "undecided"}
    assert set(STATES) == set(get_args(State))
    assert set(PROMISES) == {field.alias or name for name, field in PromiseCounts.model_fields.items()}


def test_the_page_gets_the_marks_and_words_with_its_data(page: str) -> None:
    block = re.search(r'<script type="application/json" id="data">(.*?)</script>', page, re.DOTALL)
    assert block
    data = json.loads(block[1])
    assert {name: (v["mark"], v["words"], v["answer"]) for name, v in data["verdicts"].items()} == {
        name: (sign.mark, sign.words, sign.answer) for name, sign in VERDICTS.items()
    }
    assert {name: (state["mark"], state["words"]) for name, state in data["states"].items()} == {
        name: (sign.mark, sign.words) for name, sign in STATES.items()
    }
    assert {name: (p["words"], p["verdict"], p["allowed"]) for name, p in data["promises"].items()} == {
        name: (sign.words, sign.verdict, sign.allowed) for name, sign in PROMISES.items()
    }


def test_the_page_gets_the_colours_with_its_style(page: str) -> None:
    for verdict, sign in VERDICTS.items():
        assert f"--{verdict}: light-dark({sign.page.fill.light}, {sign.page.fill.dark});" in page
        assert f"--on-{verdict}: light-dark({sign.page.text.light}, {sign.page.text.dark});" in page


def test_every_property_that_the_style_uses_is_declared(page: str) -> None:
    style = page[page.index("<style>") : page.index("</style>")]
    assert set(re.findall(r"var\((--[a-z-]+)\)", style)) <= set(re.findall(r"(--[a-z-]+):", style))


@pytest.mark.parametrize("name", [*SCRIPTS, "page.css"])
def test_the_page_s_own_files_hold_no_sign(name: str) -> None:
    text = Path(str(files("market_data_meta.render.page").joinpath(name))).read_text(encoding="utf-8")
    marks = {sign.mark for sign in VERDICTS.values()} | {sign.mark for sign in STATES.values()}
    marks = {mark for mark in marks if not mark.isascii()}
    phrases = {sign.answer for sign in VERDICTS.values()} | {sign.words for sign in PROMISES.values()}
    colours = {c for sign in VERDICTS.values() for c in (sign.page.fill.light, sign.page.fill.dark)}
    assert {sign for sign in (marks - {"\N{EN DASH}"}) | phrases | colours if sign in text} == set()
