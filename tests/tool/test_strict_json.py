"""JSON that means the same to every parser: what Python's takes beyond the standard is refused, or read as its name."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from market_data_meta.errors import ErrorCode, MetaError
from market_data_meta.files import read_json
from market_data_meta.inside.mdm_plain import plain
from market_data_meta.strict_json import SAFE_INTEGER, strict_json, tolerant_json

DIGITS = "9" * 5000
"""More digits than Python reads or writes as a number."""


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("NaN", "NaN is not JSON"),
        ('{"a": [-Infinity]}', "-Infinity is not JSON"),
        ("1e999", "too large for a number"),
        ("-1e999", "too large for a number"),
        (DIGITS, "digits"),
        ('{"a": 1, "a": 2}', "'a' is there twice"),
        ('{"a": ["\\uD83D"]}', "half of a surrogate pair"),
        ("[" * 100_000, "nests too deep"),
        ("[1,]", "Expecting value"),
        ("", "Expecting value"),
    ],
    ids=lambda text: text[:20],
)
def test_what_is_not_json_is_refused_by_name(tmp_path: Path, text: str, why: str) -> None:
    with pytest.raises(ValueError, match=why):
        strict_json(text)
    (tmp_path / "file.json").write_text(text)
    with pytest.raises(MetaError, match=r"file\.json is not JSON") as caught:
        read_json(tmp_path / "file.json")
    assert caught.value.code == ErrorCode.NOT_JSON


@pytest.mark.parametrize("text", ['{"a": 1, "b": [1.5, "x", null, true]}', "1e308", str(1 << 64), '"\\ud83d\\ude00"'])
def test_json_is_read_as_python_does(text: str) -> None:
    assert strict_json(text) == json.loads(text)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("[NaN, Infinity, -Infinity]", ["NaN", "Infinity", "-Infinity"]),
        ("[1e999, -1e999, 1e308]", ["1e999", "-1e999", 1e308]),
        (f"[{SAFE_INTEGER}, {SAFE_INTEGER + 1}]", [SAFE_INTEGER, str(SAFE_INTEGER + 1)]),
        (f"[-{DIGITS}]", ["-" + "9" * 199]),
        ('{"\\ud800": "a\\udfffb", "c": "\\ud83d\\ude00"}', {"�": "a�b", "c": "\U0001f600"}),
    ],
)
def test_what_a_package_says_is_read_whatever_it_is(text: str, value: object) -> None:
    assert tolerant_json(text) == value
    strict(json.dumps(tolerant_json(text)))


def strict(text: str) -> object:
    text.encode().decode("ascii")
    assert "\\ud8" not in text.lower() or "\\ud83d\\ude00" in text
    return strict_json(text)


class Named:
    def __str__(self) -> str:
        return "a name"

    __repr__ = __str__


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (float("nan"), "nan"),
        ([float("inf")], ["inf"]),
        ({float("nan"): -float("inf")}, {"nan": "-inf"}),
        (1 << 53, "9007199254740992"),
        (-(1 << 52), -(1 << 52)),
        (10**5000, "an integer of 16610 bits"),
        ({10**5000: 1}, {"an integer of 16610 bits": 1}),
        ("a\ud800", "a�"),
        ({"a\udfff": "\U0001f600"}, {"a�": "\U0001f600"}),
        ({Named(): Named()}, {"a name": "a name"}),
        ({1}, "{1}"),
        ({10**5000}, "set without a text: ValueError"),
        (True, True),
    ],
    ids=lambda value: type(value).__name__,
)
def test_what_a_check_got_is_json_whatever_it_is(value: Any, shown: object) -> None:
    assert plain(value) == shown
    assert strict_json(json.dumps(plain(value), allow_nan=False)) == shown


def test_both_halves_of_a_surrogate_pair_are_a_character() -> None:
    assert strict_json('"\\ud83d\\ude00 \\\\ud83d"') == "\U0001f600 \\ud83d"
