"""The marks, words and colours of results stand in one table, and the page has no list of its own."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from importlib.resources import files
from pathlib import Path
from typing import get_args

import pytest

from market_data_meta.contract import Contract
from market_data_meta.models import parse_document
from market_data_meta.render.page.site import SCRIPTS, site
from market_data_meta.render.signs import (
    CAPABILITY_STATES,
    GATE_CELLS,
    GATE_VERDICTS,
    PROMISES,
    STATES,
    VERDICTS,
    PageColours,
    Sign,
    SignColours,
    with_mark,
    with_state_mark,
)
from market_data_meta.results.capabilities import StateName
from market_data_meta.results.history import State
from market_data_meta.results.matrix import MatrixResult
from market_data_meta.results.parts import Verdict

EMPTY_MATRIX = {
    "suite": "5" * 64,
    "as_of": "2026-01-02T03:04:05Z",
    "exit": 3,
    "capabilities": [],
    "sets": [],
    "best": [],
    "defects": [],
    "packages": {},
    "cells": [],
    "findings": [],
    "history": {},
    "promises": {},
    "supported": [],
    "refused": {},
    "mended": [],
    "stale_defects": [],
    "wide": [],
    "ran": 0,
}
COLOURS: dict[str, SignColours] = {
    **{name: sign.colours for name, sign in VERDICTS.items()},
    **{name: sign.colours for name, sign in CAPABILITY_STATES.items()},
}


@pytest.fixture
def page(small: Contract) -> str:
    return site(parse_document(MatrixResult, EMPTY_MATRIX, "matrix.json"), small)


def test_every_verdict_state_and_class_of_promise_has_a_sign() -> None:
    assert set(VERDICTS) == set(get_args(Verdict))
    assert set(GATE_VERDICTS) == {"passed", "failed", "undecided"}
    assert set(GATE_CELLS) == {"held", "regressed", "uninstallable", "unknown"}
    assert set(STATES) == set(get_args(State))
    assert set(CAPABILITY_STATES) == set(get_args(StateName))
    assert {(sign.requirements, sign.state) for sign in PROMISES} == {
        (requirements, state) for requirements in ("allowed", "forbidden") for state in get_args(StateName)
    }


def test_no_sign_calls_anything_compatible() -> None:
    signs: tuple[Sign, ...] = (*VERDICTS.values(), *GATE_VERDICTS.values(), *CAPABILITY_STATES.values())
    words = [*(sign.words for sign in signs), *(sign.words for sign in PROMISES)]
    assert [text for text in (*words, *(sign.answer for sign in VERDICTS.values())) if "compatible" in text] == []


@pytest.mark.parametrize("signs", [VERDICTS, GATE_VERDICTS, GATE_CELLS, CAPABILITY_STATES])
def test_marks_tell_the_signs_of_a_table_apart(signs: Mapping[str, Sign]) -> None:
    assert len({sign.mark for sign in signs.values()}) == len(signs)
    assert len({sign.emoji for sign in signs.values()}) == len(signs)


def test_signs_at_a_terminal() -> None:
    assert with_mark("conforms") == "[green]✔ conforms[/]"
    assert with_state_mark("broken", 3) == "[red]✘ 3 broken[/]"


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
    assert {name: (s["mark"], s["words"], s["plural"]) for name, s in data["capability_states"].items()} == {
        name: (sign.mark, sign.words, sign.plural) for name, sign in CAPABILITY_STATES.items()
    }
    assert [(p["requirements"], p["state"], p["words"]) for p in data["promises"]] == [
        (sign.requirements, sign.state, sign.words) for sign in PROMISES
    ]


def test_the_page_gets_the_colours_with_its_style(page: str) -> None:
    for name, colours in COLOURS.items():
        assert f"--{name}: light-dark({colours.page.fill.light}, {colours.page.fill.dark});" in page
        assert f"--on-{name}: light-dark({colours.page.text.light}, {colours.page.text.dark});" in page
        assert f"--{name}-pale: light-dark({colours.pale.fill.light}, {colours.pale.fill.dark});" in page


@pytest.mark.parametrize("name", COLOURS)
def test_text_can_be_read_on_its_fill_in_both_themes(name: str) -> None:
    colours = COLOURS[name]
    on_hatch = PageColours(colours.hatch, colours.pale.text)
    for pair in (colours.page, colours.pale, on_hatch):
        assert contrast(pair.fill.light, pair.text.light) >= 4.5
        assert contrast(pair.fill.dark, pair.text.dark) >= 4.5


def contrast(one: str, other: str) -> float:
    """The contrast of two colours, as the Web Content Accessibility Guidelines count it."""
    dark, light = sorted((luminance(one), luminance(other)))
    return (light + 0.05) / (dark + 0.05)


def luminance(colour: str) -> float:
    """The relative luminance of a colour such as ``#0b5fa5``."""
    parts = [int(colour[start : start + 2], 16) / 255 for start in (1, 3, 5)]
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def test_every_property_that_the_style_uses_is_declared(page: str) -> None:
    style = page[page.index("<style>") : page.index("</style>")]
    assert set(re.findall(r"var\((--[a-z-]+)\)", style)) <= set(re.findall(r"(--[a-z-]+):", style))


@pytest.mark.parametrize("name", [*SCRIPTS, "page.css"])
def test_the_page_s_own_files_hold_no_sign(name: str) -> None:
    text = Path(str(files("market_data_meta.render.page").joinpath(name))).read_text(encoding="utf-8")
    marks = {sign.mark for table in (VERDICTS, CAPABILITY_STATES) for sign in table.values()}
    marks = {mark for mark in marks | {sign.mark for sign in STATES.values()} if not mark.isascii()}
    phrases = {sign.answer for sign in VERDICTS.values()} | {sign.words for sign in PROMISES}
    colours = {c for of in COLOURS.values() for c in (of.page.fill.light, of.page.fill.dark)}
    assert {sign for sign in (marks - {"\N{EN DASH}"}) | phrases | colours if sign in text} == set()
